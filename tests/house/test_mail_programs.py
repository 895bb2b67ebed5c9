"""What mail programs cannot do is known: caniemail's data over the HTML and CSS of every mail, beside our own list.

The list stands in docs/mail-programs.md: each feature that Gmail, Outlook, Apple Mail or Yahoo lacks, and what a reader
sees instead. A feature that is used and not tested by caniemail is named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from service.model import DeliveryKind
from tests import mails, outside
from tests.house.code import ROOT

FAMILIES = {"gmail": "Gmail", "outlook": "Outlook", "apple-mail": "Apple Mail", "yahoo": "Yahoo"}
LIST = ROOT / "docs" / "mail-programs.md"
# Older than mail programs that matter, and so not tested by anybody.
UNTESTED = {
    "<a>", "<b>", "<head>", "<html>", "<mark>", "<meta>", "<tbody>", "<td>", "<title>", "<tr>",
    "[class]", "[content]", "[href]", "[http-equiv]", "[name]",
    "-webkit-text-size-adjust", "color", "font-family", ":root", "supported-color-schemes",
}  # fmt: skip
# Where a use goes by another name in the data.
NAMES = {
    "<h1>": "html-h1-h6", "<h2>": "html-h1-h6", "<ul>": "html-lists", "<li>": "html-lists",
    "border-top": "css-border", "border-color": "css-border", "padding-top": "css-padding", "margin-top": "css-margin",
    "@media (prefers-color-scheme)": "css-at-media-prefers-color-scheme", "%": "css-unit-percent",
    "[aria-roledescription]": "html-aria-label", "[color-scheme]": "html-meta-color-scheme",
}  # fmt: skip
_BLOCK = re.compile(r"([^{}]+)\{([^{}]*)\}")
_UNIT = re.compile(r"(?<![\w#])\d*\.?\d+(px|em|rem|pt|vh|vw|ch|%)")


def every_mail() -> Iterator[str]:
    renderer = mails.renderer()
    for kind in DeliveryKind:
        if kind is not DeliveryKind.DIGEST:
            yield mails.read(renderer.letter(kind, mails.ENVELOPE, mails.facts(kind))).html
    for more in (
        {"sections": mails.SECTIONS, "weekly": True, "per_day": mails.PER_DAY, "more": 3, **mails.FOOT},
        {"first": True, "counts": (4, 2, 2, 1), "since": date(2026, 11, 18)},
    ):
        yield mails.read(renderer.digest(mails.digest(**more), mails.ENVELOPE)).html


def uses(html: str) -> Iterator[str]:
    """Elements, attributes, declarations, units, selectors, at-rules and comments, by short names."""
    tree = LexborHTMLParser(html)
    yield "doctype" if html.startswith("<!doctype html>") else "<!doctype>"
    for node in tree.css("*"):
        if node.tag == "-comment":
            continue
        yield f"<{node.tag}>"
        yield from (f"[{name}]" for name in node.attributes if name != "style")
        yield from declarations(node.attributes.get("style") or "")
    if "<!--" in html:
        yield "comments"
    if tree.css_first('meta[name="color-scheme"]'):
        yield "[color-scheme]"
    for sheet in tree.css("style"):
        yield from rules(sheet.text())


def rules(sheet: str) -> Iterator[str]:
    for query in re.findall(r"@media \((\S+?):", sheet):
        yield "@media"
        yield f"@media ({query})"
    for selector, body in _BLOCK.findall(re.sub(r"@media[^{]*\{", "", sheet)):
        yield from declarations(body)
        yield from selectors(selector.strip())


def selectors(text: str) -> Iterator[str]:
    if "," in text:
        yield "css-selector-grouping"
    for each in text.split(","):
        yield from re.findall(r":[a-z-]+", each)
        if " " in each.strip():
            yield "css-selector-descendant"
        if "." in each:
            yield "css-selector-class"
        if re.search(r"\w\.\w", each):
            yield "css-selector-chaining"
        if re.match(r"\s*[a-z]", each):
            yield "css-selector-type"


def declarations(body: str) -> Iterator[str]:
    for name, value in (each.split(":", 1) for each in body.split(";") if ":" in each):
        yield name.strip()
        yield from (unit for unit in _UNIT.findall(value))
        if "!important" in value:
            yield "!important"
        if value.strip() == "none" and name.strip() == "display":
            yield "css-display-none"


def slug(use: str, known: set[str]) -> str:
    """The name of a use in caniemail's data, or nothing where it is not in there."""
    plain = use.strip("<>[]:@!")
    tried = [f"html-{plain}"] if use[0] in "<[" or use in ("doctype", "comments") else []
    tried += [f"css-{plain}", f"css-at-{plain}", f"css-pseudo-class-{plain}", f"css-unit-{plain}", use]
    return next((name for name in (NAMES.get(use, ""), *tried) if name in known), "")


def lacking(feature: dict[str, Any]) -> set[str]:
    """The families with a program that does not know this feature at all in its newest version."""
    found = set()
    for family, name in FAMILIES.items():
        for versions in feature["stats"].get(family, {}).values():
            if list(versions.values())[-1].startswith("n"):
                found.add(name)
    return found


@cache
def used() -> frozenset[str]:
    return frozenset(use for html in every_mail() for use in uses(html))


def listed() -> dict[str, set[str]]:
    """The rows of our list: feature → who lacks it."""
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|([^|]*)\|([^|]+)\|$", LIST.read_text("utf-8"), re.MULTILINE)
    assert all(len(instead.strip()) > 10 for _, _, instead in rows), "each row says what is seen instead"
    return {name: {each.strip() for each in who.split(",")} for name, who, _ in rows}


@pytest.fixture(scope="module")
def features() -> dict[str, dict[str, Any]]:
    return {feature["slug"]: feature for feature in outside.caniemail()}


def test_every_feature_of_our_mails_is_known_to_caniemail_or_named_here(features: dict[str, dict[str, Any]]) -> None:
    assert {use for use in used() if not slug(use, set(features))} == UNTESTED


def test_what_a_mail_program_lacks_stands_in_the_list_with_what_is_seen_instead(
    features: dict[str, dict[str, Any]],
) -> None:
    names = {slug(use, set(features)) for use in used()} - {""}
    assert {name: who for name in sorted(names) if (who := lacking(features[name]))} == listed()
