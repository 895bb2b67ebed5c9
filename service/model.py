"""The nouns of the house: frozen values without I/O, in the words of the design.

Comes in: nothing. Goes out: the types every room shares. Refuses to know: clocks, networks, databases, templates.
Times are aware datetimes in UTC unless a line says otherwise; days are calendar dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class ArrivalKind(StrEnum):
    """How a source announced a paper (arXiv's announce types)."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"


class Field(StrEnum):
    """The parts of a paper a keyword can hit."""

    TITLE = "title"
    ABSTRACT = "abstract"
    AUTHOR = "author"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Page:
    """What one fetch of a source returned. `body` is decoded of any content encoding, but still bytes."""

    body: bytes
    media_type: str
    url: str
    fetched_at: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


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

    `form` names the format read (for example "hf-html", "hf-api", "capture-paragraphs", "rss", "jsonfeed").
    """

    papers: tuple[Paper, ...]
    skipped: int = 0
    day: date | None = None
    form: str = ""


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
class Match:
    """This paper fits this keyword. `paper` and `keyword` are positions in the sequences that were matched."""

    paper: int
    keyword: int
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper as the store holds it: its row, its text's revision, and the number of its first arrival we look at."""

    id: int
    revision: int
    paper: Paper
    arrival: int = 0
    arrived_at: datetime | None = None


class SubscriberState(StrEnum):
    """Where a subscription stands."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a subscriber wants the digest: ISO weekdays (1 = Monday), the local hour, an IANA time zone name."""

    timezone: str = "UTC"
    hour: int = 7
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5, 6, 7})


@dataclass(frozen=True, slots=True)
class Profile:
    """A named list of keywords, in the reader's own spelling, and the sources it looks at (None = all)."""

    keywords: tuple[str, ...] = ()
    name: str = ""
    sources: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address with its profiles and schedule. `public_id` is the random name that links carry."""

    id: int
    public_id: str
    email: str
    state: SubscriberState
    schedule: Schedule
    profiles: tuple[Profile, ...]
    max_papers: int = 10
    language: str = "en"
    paused_until: date | None = None
    quiet_digest: bool = False


class DeliveryKind(StrEnum):
    """What a mail is for; each kind has a folder of templates."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    DIGEST = "digest"
    QUIET = "quiet"
    GOODBYE = "goodbye"
    TEST = "test"


class DeliveryState(StrEnum):
    """`none` marks an edition that had nothing to send: it moves the reader's mark as `sent` does."""

    READY = "ready"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Selected:
    """One paper chosen for a digest, with its matches; `Match.keyword` is a position in the digest's keywords."""

    paper: StoredPaper
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """One subscriber's selection for one edition: all that rendering needs besides links and the service's identity.

    `keywords` are in the reader's own spelling. `papers` are shown in this order; `more` counts matches not shown;
    `read` counts the papers that were looked at. `trending` says that no keywords chose the papers.
    `first` marks the welcome digest, which shows `next_edition` (UTC) in the reader's `timezone`. `counts` says how
    many papers each keyword found, in the order of `keywords`, and `days` how far back the edition looks (empty and
    0: unsaid).
    """

    edition: date
    keywords: tuple[str, ...]
    papers: tuple[Selected, ...]
    more: int = 0
    read: int = 0
    trending: bool = False
    first: bool = False
    next_edition: datetime | None = None
    timezone: str = "UTC"
    language: str = "en"
    counts: tuple[int, ...] = ()
    days: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks: what every mail and page says about this installation. `base_url` has no slash at its end.

    `mail_from` is a bare address; `unsubscribe_mailto` is empty unless mail to that address is received.
    """

    name: str = "Paper Round"
    base_url: str = "http://127.0.0.1:8080"
    mail_from: str = "digest@localhost"
    contact: str = ""
    imprint: str = ""
    privacy: str = ""
    unsubscribe_mailto: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class ReaderLinks:
    """Absolute signed URLs for one reader; empty where a mail must not carry that link."""

    confirm: str = ""
    manage: str = ""
    pause: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What addresses one mail. `message_id` has no angle brackets; `date` comes from the row, never from a clock."""

    recipient: str
    message_id: str
    date: datetime
    links: ReaderLinks = ReaderLinks()


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered mail: the envelope addresses and the bytes, lines ended by CRLF."""

    sender: str
    recipient: str
    body: bytes


class Mailer(Protocol):
    """Takes messages over one kept-open connection; not shared between threads."""

    def send(self, message: Message) -> None:
        """Hand over one message, durably accepted when this returns. Raises DeliveryError and nothing else."""

    def close(self) -> None:
        """End the connection; never raises."""


class Bell(Protocol):
    """Rings the worker: a hint that rows are waiting. A lost ring loses nothing; the sweep rings again."""

    def collect(self, source_id: int) -> None:
        """A source is due."""

    def compose(self) -> None:
        """Editions may be due."""

    def deliver(self) -> None:
        """Deliveries are ready."""
