"""A selected paper → a card: all that a mail says of one paper, readable, clean and safe to show.

Comes in: a Selected. Goes out: a Card without TeX, markup or a link that is not http(s).
Refuses to know: whether text or HTML is written, and every word that is not the paper's or the reader's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from service.messages.excerpts import excerpt
from service.messages.passages import Passage, Span, passage
from service.messages.visible import clean, shorten, title_search, web_link
from service.model import Field, Fit, Links, Paper, Selected
from service.papers import linked

_LONGEST_TITLE, _LONGEST_NAME, _LONGEST_KEYWORD, _LONGEST_CATEGORY = 400, 60, 300, 30
_NAMED_REASONS, _NAMED_CATEGORIES, _FEW_AUTHORS, _MATCHED_AUTHORS = 12, 3, 4, 3
_SENTENCE = 200
_READ = 50_000
_FRESH, _OLD = timedelta(days=14), timedelta(days=60)

_LINK_ORDER = ("pdf", "arxiv", "huggingface", "code", "project")


@dataclass(frozen=True, slots=True)
class Reason:
    """A keyword that matched, in the reader's own spelling, and the fields where it hit."""

    keyword: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Author:
    """One author to be named; `gap` says that others are left out before this one."""

    name: Passage
    gap: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link and what it leads to: a field of `Links`, "page" (the source's own) or "search" (none is known)."""

    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a mail says of one paper. `links` begin with the one behind the title; no two are the same."""

    title: Passage
    authors: tuple[Author, ...]
    others: int
    abstract: Passage
    reasons: tuple[Reason, ...]
    more_reasons: int
    categories: tuple[str, ...]
    upvotes: int
    stars: int
    kind: str
    fresh: bool
    year: int
    links: tuple[Link, ...]

    @property
    def excerpt(self) -> Passage:
        """What a full card shows of the abstract."""
        return excerpt(self.abstract)

    @property
    def sentence(self) -> Passage:
        """What a compact card shows of it."""
        return excerpt(self.abstract, sentences=1, limit=_SENTENCE)


def card(selected: Selected, edition: date) -> Card:
    """Put one paper's card together; any Unicode in any field is good enough."""
    return matched(plain(selected.paper.paper, edition), selected)


@lru_cache(maxsize=2048)
def plain(paper: Paper, edition: date) -> Card:
    """A paper's card as it is without any keyword: most of it is the same on every card of the paper."""
    title, page = _clipped(_marked(paper.title, ()), _LONGEST_TITLE), linked(paper)
    age = edition - paper.published.date() if paper.published else None
    authors = _authors(paper.authors, {})
    return Card(
        title=title,
        authors=authors,
        others=len(paper.authors) - len(authors),
        abstract=_marked(paper.abstract, ()),
        reasons=(),
        more_reasons=0,
        categories=tuple(shorten(clean(name), _LONGEST_CATEGORY) for name in paper.categories[:_NAMED_CATEGORIES]),
        upvotes=max(paper.upvotes or 0, 0),
        stars=max(paper.stars or 0, 0),
        kind=paper.kind.value,
        fresh=age is not None and age <= _FRESH,
        year=paper.published.year if paper.published and age is not None and age > _OLD else 0,
        links=_links(page.links, page.url, title.text),
    )


def matched(plain: Card, selected: Selected) -> Card:
    """The card with the places of its keywords; what holds none of them is left as it is."""
    paper, spans, reasons = selected.paper.paper, _spans(selected.why), _reasons(selected.why)
    title, abstract, authors = plain.title, plain.abstract, plain.authors
    if marked := spans.get((Field.TITLE, 0)):
        title = _clipped(_marked(paper.title, marked), _LONGEST_TITLE)
    if marked := spans.get((Field.ABSTRACT, 0)):
        abstract = _marked(paper.abstract, marked)
    if any(field is Field.AUTHOR for field, _ in spans):
        authors = _authors(paper.authors, spans)
    return replace(
        plain,
        title=title,
        authors=authors,
        others=len(paper.authors) - len(authors),
        abstract=abstract,
        reasons=reasons[:_NAMED_REASONS],
        more_reasons=max(len(reasons) - _NAMED_REASONS, 0),
    )


def _spans(found: Sequence[Fit]) -> Mapping[tuple[Field, int], Sequence[Span]]:
    """Where anything hit, by field and place."""
    spans: dict[tuple[Field, int], list[Span]] = {}
    for _, hits in found:
        for hit in hits:
            spans.setdefault((hit.field, hit.index), []).append((hit.start, hit.end))
    return spans


def _marked(text: str, spans: Sequence[Span]) -> Passage:
    """Make one field readable with its hits; an overlong one is read only in part, for the mail shows little of it."""
    return passage(text[:_READ], spans)


def _reasons(found: Sequence[Fit]) -> tuple[Reason, ...]:
    """One reason for each keyword that matched, in the reader's order, its fields in the order of `Field`.

    A keyword that stands in two profiles is named once.
    """
    fields: dict[str, set[Field]] = {}
    for keyword, hits in found:
        text = shorten(clean(keyword), _LONGEST_KEYWORD)
        fields.setdefault(text, set()).update(hit.field for hit in hits)
    return tuple(Reason(text, tuple(field for field in Field if field in hit)) for text, hit in fields.items())


def _authors(names: Sequence[str], spans: Mapping[tuple[Field, int], Sequence[Span]]) -> tuple[Author, ...]:
    """The first two, the last, and whoever matched; everybody where they are few."""
    matched = sorted(index for field, index in spans if field == Field.AUTHOR and index < len(names))
    last = len(names) - 1
    named = range(len(names)) if len(names) <= _FEW_AUTHORS else sorted({0, 1, last, *matched[:_MATCHED_AUTHORS]})
    return tuple(
        Author(
            name=_clipped(_marked(names[at], spans.get((Field.AUTHOR, at), ())), _LONGEST_NAME),
            gap=at > 0 and at - 1 not in named,
            last=at == last,
        )
        for at in named
    )


def _clipped(text: Passage, limit: int) -> Passage:
    short = shorten(text.text, limit)
    if short == text.text:
        return text
    return text.part(0, len(short) - 1) + Passage(short[-1])


@lru_cache(maxsize=2048)
def _links(links: Links, url: str, title: str) -> tuple[Link, ...]:
    """Every usable link once; the title leads to the source's own page, else to the paper, else to a search for it."""
    known = {kind: web_link(getattr(links, kind)) for kind in _LINK_ORDER}
    page = web_link(url)
    own = next((kind for kind, url in known.items() if url and url == page), "page")
    first = [(own, page), ("arxiv", known["arxiv"]), ("huggingface", known["huggingface"]), ("pdf", known["pdf"])]
    head = next(((kind, url) for kind, url in first if url), ("search", title_search(title)))
    urls: dict[str, str] = {}
    for kind, url in (head, *known.items()):
        if url:
            urls.setdefault(url, kind)
    return tuple(Link(kind, url) for url, kind in urls.items())
