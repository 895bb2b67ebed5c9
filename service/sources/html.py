"""An HTML page → papers, where it is one of Hugging Face's or arXiv's; else a ParseError that says what it is.

Comes in: the text of a page. Goes out: a Listing. Refuses to know: what a record means (`huggingface` does).

A page may be hostile, and building its whole tree may then take minutes or crash. So only start tags are looked
through, in one pass, and only the few elements that matter are handed to the HTML parser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from service.errors import ParseError
from service.model import Links, Listing, Paper
from service.papers import arxiv_id
from service.sources import arxivlist
from service.sources.huggingface import SITE, paper_links, props, single
from service.sources.text import fold, joined, plain

# Possessive, so that a tag left open is given up in one step. What stands in a comment or a script is no tag.
_START = re.compile(
    r"""<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1|\Z)"""
    r"""|<[a-z][^\s/>]*+(?P<attributes>(?:[^"'>]++|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+)""",
    re.DOTALL | re.IGNORECASE,
)
_TARGET = re.compile(r"""data-target\s*=\s*["']?(DailyPapers|PaperContent)(?=["'\s>]|\Z)""")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_FEED = re.compile(r"<link\b[^<>]{0,500}application/(?:rss|atom)\+xml[^<>]{0,500}>", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]{1,500})""", re.IGNORECASE)
_FOR_PEOPLE = re.compile(
    r"just a moment|attention required|captcha|not a (?:ro)?bot\b|\bare (?:a )?human|security check|checking your"
)
_PAPER_PATH = re.compile(r"/papers/([\w.-]{4,64})")
_MOST_TAGS, _MOST_CARDS, _MOST_IN_CARD, _LONGEST_CARD = 300_000, 1_000, 1_000, 50_000


def read(text: str, url: str = "") -> Listing:
    """Return the papers of a listing or of one paper's page. Raises ParseError for every other page."""
    for target, attributes in _hydrated(text):
        data = _props(attributes)
        if data is None:
            continue
        if target == "DailyPapers":
            return props(data, "hf-html")
        if "paper" in data:
            return single(data["paper"], "hf-paper-html")
    if arxivlist.is_listing(text) and (found := arxivlist.read(text)).papers:
        return found
    cards = _cards(text) if "hugging face" in _title(text).casefold() else []
    if cards:
        return Listing(tuple(cards), form="hf-cards")
    raise _refusal(text, url)


def _hydrated(text: str) -> Iterator[tuple[str, str]]:
    """Find the elements that carry the data of a page, by their target: their attributes may stand in any order."""
    if "data-target" not in text:
        return
    for tag in islice(_START.finditer(text), _MOST_TAGS):
        attributes = tag["attributes"] or ""
        found = _TARGET.search(attributes) if "data-target" in attributes else None
        if found:
            yield found[1], attributes


def _props(attributes: str) -> dict[str, Any] | None:
    node = LexborHTMLParser(f"<div {attributes}></div>").css_first("div")
    value = node.attributes.get("data-props") if node else None
    try:
        data = json.loads(value or "")
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _cards(text: str) -> list[Paper]:
    """Read the cards of a listing whose data was taken out of it: a title and a link each, sometimes an abstract."""
    found: dict[str, Paper] = {}
    for start in islice(re.finditer("<article", text), _MOST_CARDS):
        end = text.find("</article>", start.start(), start.start() + _LONGEST_CARD)
        inside = text[start.start() : end] if end >= 0 else ""
        paper = _card(inside) if 0 < inside.count("<") < _MOST_IN_CARD else None
        if paper:
            found.setdefault(paper.url, paper)
    return list(found.values())


def _card(html: str) -> Paper | None:
    tree = LexborHTMLParser(html)
    heading = tree.css_first("h3 a[href]")
    path = _PAPER_PATH.match((heading.attributes.get("href") or "").removeprefix(SITE)) if heading else None
    title = fold(heading.text()) if heading else ""
    if not path or not title:
        return None
    name = arxiv_id(path[1])[0]
    links = paper_links(name) if name else Links(huggingface=f"{SITE}/papers/{path[1]}")
    return Paper(title, _shown(tree.css_first("p")), url=links.huggingface, links=links, arxiv_id=name)


def _shown(node: LexborNode | None) -> str:
    return fold(node.text()) if node else ""


def _title(text: str) -> str:
    found = _TITLE.search(text)
    return plain(found[1])[:80] if found else ""


def _refusal(text: str, url: str) -> ParseError:
    title = _title(text)
    what = _looks_like(text, title)
    feed = _FEED.search(text)
    named = _HREF.search(feed[0]) if feed else None
    address = joined(url, unescape(named[1])) if named else ""
    hint = f"; it names a feed: {address}" if address else ""
    quoted = f" (“{title}”)" if title else ""
    return ParseError(f"this looks like {what}{quoted}, not a listing of papers{hint}", what)


def _looks_like(text: str, title: str) -> str:
    lowered = title.casefold()
    if re.search(r"type\s*=\s*[\"']?password", text, re.IGNORECASE) or re.search(r"\b(log|sign) ?in\b|login", lowered):
        return "a login page"
    if _FOR_PEOPLE.search(lowered):
        return "a page that lets in nobody but people"
    if re.search(r"\b(40[0-9]|50[0-9])\b|not found|error|unavailable|maintenance|denied|too many", lowered):
        return "an error page"
    if "huggingface.co" in text and "hugging face" in lowered:
        return "a Hugging Face page without papers"
    return "an HTML page of another site"
