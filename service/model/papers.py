"""Papers: what a page says, where a keyword hit, what the store holds.

Comes in: nothing. Goes out: the types every room shares. Refuses to know: clocks, networks, databases, templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ArrivalKind(StrEnum):
    """How a source announced a paper (arXiv's announce types); PAST was read as history, later than it was news."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    PAST = "past"


class Field(StrEnum):
    """The parts of a paper a keyword can hit."""

    TITLE = "title"
    ABSTRACT = "abstract"
    AUTHOR = "author"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Page:
    """What one fetch of a source returned. `body` is decoded of any content encoding, but still bytes; `charset` is
    the server's word on its characters, which may be wrong.

    `moved_to` is the address to ask from now on, where a redirect said so for good; `fresh_for` are the seconds for
    which the server promises that nothing changes.
    """

    body: bytes
    media_type: str
    url: str
    fetched_at: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False
    moved_to: str = ""
    fresh_for: int = 0
    charset: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """Where a paper can be read or used, each an http(s) URL or empty."""

    arxiv: str = ""
    pdf: str = ""
    huggingface: str = ""
    code: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as one page tells it.

    White space in every text is folded to single spaces; TeX stands as the source wrote it. `listed` is the day a
    listing put the paper on its page; `published` is the paper's own time. `arxiv_id` carries no version.
    """

    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    url: str = ""
    published: datetime | None = None
    listed: date | None = None
    categories: tuple[str, ...] = ()
    upvotes: int | None = None
    links: Links = Links()
    arxiv_id: str = ""
    version: int | None = None
    doi: str = ""
    openreview_id: str = ""
    guid: str = ""
    kind: ArrivalKind = ArrivalKind.NEW
    comment: str = ""
    stars: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a page says: its papers in page order, how many entries were unreadable, the day it is about, its form.

    `form` names the format read (for example "hf-html", "hf-api", "capture-paragraphs", "rss", "jsonfeed"). `every` are
    the seconds between two visits that a feed asks for; 0 where it says nothing. `unread` names the first file of a
    folder that is no page, and says why.
    """

    papers: tuple[Paper, ...]
    skipped: int = 0
    day: date | None = None
    form: str = ""
    every: int = 0
    unread: str = ""
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a keyword hit: characters [start, end) of the original text.

    For AUTHOR and CATEGORY `index` is the position in the tuple and the span lies within that entry; else it is 0.
    """

    field: Field
    start: int
    end: int
    index: int = 0


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper as the store holds it: its row, and its text's revision."""

    id: int
    revision: int
    paper: Paper
