"""A listing page of arXiv (`/list/cs.LG/new`, `recent`, `pastweek`), as people save it → papers.

Comes in: the text of a page. Goes out: a Listing. Refuses to know: HTTP, which asks for the feed of a listing instead.

As with other pages only the few elements that matter are handed to the HTML parser, entry by entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from service.model import ArrivalKind, Links, Listing, Paper
from service.papers import arxiv_id
from service.sources import arxiv
from service.sources.dates import written
from service.sources.huggingface import paper_links
from service.sources.text import fold, plain

# A heading says the day, or how the entries below it were announced.
_MARK = re.compile(r"<h3[^<>]{0,200}>(?P<said>[^<]{1,300})</h3>|<dt\b", re.IGNORECASE)
_END = re.compile(r"<dt\b|</dl>|<h3\b", re.IGNORECASE)
_COUNT = re.compile(r"\(\s*(?:continued, )?showing .*", re.DOTALL)
_SECTION = re.compile(r"\s*(new submissions|cross|replacement)", re.IGNORECASE)
_DESCRIPTOR = re.compile(r"(?:Title|Authors?|Comments|Subjects):\s*")
_SUBJECT = re.compile(r"\(([a-z-]{2,10}(?:\.[A-Za-z-]{2,9})?)\)")
_MOST_MARKS, _LONGEST_ENTRY, _MOST_TAGS = 10_000, 50_000, 6_000


def is_listing(text: str) -> bool:
    """Say whether a page has entries as arXiv's listings have."""
    return "list-title" in text and "/abs/" in text and "<dt" in text


def read(text: str) -> Listing:
    """Return the papers in page order, with the day and the kind that stand above them."""
    entries = list(_entries(text))
    papers = tuple(paper for paper in entries if paper)
    days = {paper.listed for paper in papers}
    return Listing(papers, len(entries) - len(papers), days.pop() if len(days) == 1 else None, "arxiv-html")


def _entries(text: str) -> Iterator[Paper | None]:
    day: date | None = None
    kind = ArrivalKind.NEW
    for mark in islice(_MARK.finditer(text), _MOST_MARKS):
        said = plain(mark["said"] or "")
        if not said:
            end = _END.search(text, mark.end())
            yield _entry(text[mark.start() : end.start() if end else len(text)], kind, day)
        elif _SECTION.match(said):
            kind = arxiv.kind(said)
        elif at := written(_COUNT.sub("", said)):
            day = at.date()


def _entry(html: str, kind: ArrivalKind, day: date | None) -> Paper | None:
    if len(html) > _LONGEST_ENTRY or html.count("<") > _MOST_TAGS:
        return None
    tree = LexborHTMLParser(html)
    link = tree.css_first('a[href*="/abs/"]')
    name, version = arxiv_id(link.attributes.get("href") or "") if link else ("", None)
    title = _words(tree, ".list-title")
    if not name or not title:
        return None
    links = paper_links(name)
    return Paper(
        title=title,
        abstract=_words(tree, "p.mathjax"),
        authors=tuple(filter(None, (fold(node.text()) for node in tree.css(".list-authors a")))),
        url=links.arxiv,
        listed=day,
        categories=tuple(dict.fromkeys(_SUBJECT.findall(_words(tree, ".list-subjects")))),
        links=Links(links.arxiv, links.pdf),
        arxiv_id=name,
        version=version,
        kind=kind,
        comment=_words(tree, ".list-comments")[:1000],
    )


def _words(tree: LexborHTMLParser, place: str) -> str:
    """The text of the first such element, without the word that says what it is."""
    node = tree.css_first(place)
    text = fold(node.text()) if node else ""
    label = _DESCRIPTOR.match(text) if place != "p.mathjax" else None
    return text[label.end() :] if label else text
