"""Every mail, and the digest as a page, in a browser: readable for everybody, narrow and wide, asking for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from service.cli.pictures import SCHEMES, WIDTHS, Scheme
from service.messages import bibtex, ris
from service.model import DeliveryKind, Digest
from tests import corpus, mails, outside

RENDERER = mails.renderer()
LETTERS = [kind for kind in DeliveryKind if kind is not DeliveryKind.DIGEST]
LOOKS = tuple(product(SCHEMES, WIDTHS))
DIGESTS = 20


@pytest.fixture(scope="module")
def axe() -> str:
    return outside.axe()


def page_of(digest: Digest) -> str:
    papers = [each.paper.paper for each in digest.papers]
    records = {"bibtex": bibtex(papers), "ris": ris(papers), "bib_link": "t.bib", "ris_link": "t.ris"}
    return RENDERER.page(digest, records)


def letters() -> dict[str, str]:
    return {str(kind): mails.read(RENDERER.letter(kind, mails.ENVELOPE, mails.facts(kind))).html for kind in LETTERS}


def invented() -> dict[str, str]:
    """What needs no corpus: a digest with all it can say, and the same as a page."""
    digest = mails.digest(sections=mails.SECTIONS, weekly=True, per_day=mails.PER_DAY, **mails.FOOT)
    return {"digest": mails.read(RENDERER.digest(digest, mails.ENVELOPE)).html, "page": page_of(digest)}


def looked_at(browser: Browser, axe: str, shown: Mapping[str, str], looks: tuple[tuple[Scheme, int], ...]) -> list[str]:
    """What is wrong with any of these in any of these looks."""
    wrong = []
    for scheme, width in looks:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        asked: list[str] = []
        page.route("**/*", lambda route, asked=asked: refuse(route, asked))
        for name, html in shown.items():
            page.set_content(html)
            wrong += [f"{name}, {scheme} {width}: {each}" for each in (*faults(page, axe), *asked)]
        page.close()
    return wrong


def refuse(route: Route, asked: list[str]) -> None:
    asked.append(f"asked for {route.request.url}")
    route.abort()


def faults(page: Page, axe: str) -> Iterator[str]:
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        yield "it can be scrolled sideways"
    page.evaluate(axe)
    for each in page.evaluate("axe.run().then(found => found.violations)"):
        yield f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:120]})"


def test_every_mail_can_be_read_by_everybody(
    axe: str, browser: Browser, full: bool, figure: Callable[[str], None]
) -> None:
    shown = letters() | invented()
    looks = LOOKS if full else (("light", 360), ("dark", 900))
    chosen = shown if full else {name: shown[name] for name in ("digest", "page", "confirm")}
    assert looked_at(browser, axe, chosen, looks) == []
    figure(f"axe-core: {len(chosen)} mails and pages in {len(looks)} looks, no violation, no request, nothing too wide")


def test_digests_of_real_papers_can_be_read_by_everybody(
    axe: str, browser: Browser, shared: Path, full: bool, figure: Callable[[str], None]
) -> None:
    made = list(corpus.digests(shared, DIGESTS if full else 1, 12))
    shown = {
        f"digest {number}": mails.read(RENDERER.digest(each, mails.ENVELOPE)).html for number, each in enumerate(made)
    }
    looks = LOOKS if full else (("dark", 360),)
    assert looked_at(browser, axe, shown, looks) == []
    figure(f"axe-core: {len(shown)} digests of real papers in {len(looks)} looks, no violation, no request")
