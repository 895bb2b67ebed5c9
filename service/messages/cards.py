"""A selected paper → a card: all that a mail says of one paper, readable, clean and safe to show.

Comes in: a Selected. Goes out: a Card without TeX, markup or a link that is not http(s).
Refuses to know: whether text or HTML is written, and every word that is not the paper's or the reader's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

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

# Fields in their order, by the bits that `marks` sets for them.
_FIELDS = tuple(
    tuple(field for place, field in enumerate(Field) if bits >> place & 1) for bits in range(1 << len(Field))
)
_ARXIV_PAGE = re.compile(r"https?://(?:www\.|export\.)?arxiv\.org/abs/(.+?)(?:v\d{1,3})?\Z")
# A surname of up to four words, and given names or initials; what may stand behind a comma otherwise is left alone.
_SURNAME_FIRST = re.compile(
    r"([^\s,]+(?: [^\s,]+){0,3}), "
    r"(?!(?:jr|sr|i{2,3}|iv|ph\.?d|m\.?d|inc|ltd|llc|gmbh)\b)([^\W\d_][^\s,]*(?: [^\s,]+){0,2})",
    re.IGNORECASE,
)
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
        return shown(self.abstract, True)

    @property
    def sentence(self) -> Passage:
        """What a compact card shows of it."""
        return shown(self.abstract, False)


class Marks(NamedTuple):
    """Where anything hit a paper in its own text, and for each keyword the fields that it hit, as bits of `_FIELDS`.

    Hits of authors are pairs of an author's place and a span.
    """

    title: tuple[Span, ...]
    abstract: tuple[Span, ...]
    authors: tuple[tuple[int, Span], ...]
    why: tuple[tuple[str, int], ...]


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
    paper, found = selected.paper.paper, marks(selected.why)
    reasons, more = because(found.why)
    return replace(
        marked_authors(plain, selected),
        title=marked_title(plain, paper, found),
        abstract=marked_abstract(plain, paper, found),
        reasons=reasons,
        more_reasons=more,
    )


def marks(why: Sequence[Fit]) -> Marks:
    """Sort hits by field, in one go."""
    title: list[Span] = []
    abstract: list[Span] = []
    authors: list[tuple[int, Span]] = []
    fields: list[tuple[str, int]] = []
    for keyword, hits in why:
        bits = 0
        for hit in hits:
            field, span = hit.field, (hit.start, hit.end)
            if field is Field.ABSTRACT:
                bits |= 2
                abstract.append(span)
            elif field is Field.TITLE:
                bits |= 1
                title.append(span)
            elif field is Field.AUTHOR:
                bits |= 4
                authors.append((hit.index, span))
            else:
                bits |= 8
        fields.append((keyword, bits))
    return Marks(tuple(title), tuple(abstract), tuple(authors), tuple(fields))


def marked_title(plain: Card, paper: Paper, found: Marks) -> Passage:
    """The title with its hits."""
    return _clipped(_marked(paper.title, found.title), _LONGEST_TITLE) if found.title else plain.title


def marked_abstract(plain: Card, paper: Paper, found: Marks) -> Passage:
    """The abstract with its hits."""
    return _marked(paper.abstract, found.abstract) if found.abstract else plain.abstract


def marked_authors(plain: Card, selected: Selected) -> Card:
    """The card with the authors whom keywords hit; nearly always it names those that it names anyway."""
    if not any(hit.field is Field.AUTHOR for _, hits in selected.why for hit in hits):
        return plain
    names, spans = selected.paper.paper.authors, {at: list[Span]() for at in _by_turns(selected.why)}
    for at, span in marks(selected.why).authors:
        spans[at].append(span)
    authors = _authors(names, spans)
    return replace(plain, authors=authors, others=len(names) - len(authors))


def _by_turns(why: Sequence[Fit]) -> list[int]:
    """The places of the authors whom keywords hit: the first one of each keyword, then the second ones."""
    turns: dict[int, int] = {}
    for _, hits in why:
        for turn, at in enumerate(sorted({hit.index for hit in hits if hit.field is Field.AUTHOR})):
            turns[at] = min(turn, turns.get(at, turn))
    return sorted(turns, key=lambda at: (turns[at], at))


def shown(abstract: Passage, full: bool) -> Passage:
    """What a card shows of an abstract."""
    return excerpt(abstract) if full else excerpt(abstract, sentences=1, limit=_SENTENCE)


def _marked(text: str, spans: Sequence[Span]) -> Passage:
    """Make one field readable with its hits; an overlong one is read only in part, for the mail shows little of it."""
    return passage(text[:_READ], spans)


def because(why: Iterable[tuple[str, int]]) -> tuple[tuple[Reason, ...], int]:
    """One reason for each keyword that matched, in the reader's order, and how many more there are.

    A keyword that stands in two profiles is named once.
    """
    fields: dict[str, int] = {}
    for keyword, bits in why:
        text = shorten(clean(keyword), _LONGEST_KEYWORD)
        fields[text] = fields.get(text, 0) | bits
    reasons = tuple(Reason(text, _FIELDS[bits]) for text, bits in fields.items())
    return reasons[:_NAMED_REASONS], max(len(reasons) - _NAMED_REASONS, 0)


def _authors(names: Sequence[str], spans: Mapping[int, Sequence[Span]]) -> tuple[Author, ...]:
    """The first two, the last, and the first of those who matched; everybody where they are few."""
    matched = [index for index in spans if index < len(names)]
    last = len(names) - 1
    named = range(len(names)) if len(names) <= _FEW_AUTHORS else sorted({0, 1, last, *matched[:_MATCHED_AUTHORS]})
    return tuple(
        Author(
            name=_clipped(_upright(_marked(names[at], spans.get(at, ()))), _LONGEST_NAME),
            gap=at > 0 and at - 1 not in named,
            last=at == last,
        )
        for at in named
    )


def _upright(name: Passage) -> Passage:
    """Turn `Kukla, D.` into `D. Kukla`: in a row of names its comma would be read as one between two of them."""
    turned = _SURNAME_FIRST.fullmatch(name.text)
    if not turned:
        return name
    surname, given = turned.span(1), turned.span(2)
    if any(start < surname[1] and given[0] < end for start, end in name.hits):
        text = f"{turned[2]} {turned[1]}"
        return Passage(text, ((0, len(text)),))
    return name.part(*given) + Passage(" ") + name.part(*surname)


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
    named = _ARXIV_PAGE.match(page)
    if named and known["arxiv"].endswith(f"/abs/{named[1]}"):
        page = known["arxiv"]  # arXiv's own feeds link to a version, or without TLS, what is named beside it.
    own = next((kind for kind, url in known.items() if url and url == page), "page")
    first = [(own, page), ("arxiv", known["arxiv"]), ("huggingface", known["huggingface"]), ("pdf", known["pdf"])]
    head = next(((kind, url) for kind, url in first if url), ("search", title_search(title)))
    urls: dict[str, str] = {}
    for kind, url in (head, *known.items()):
        if url:
            urls.setdefault(url, kind)
    return tuple(Link(kind, url) for url, kind in urls.items())
