"""Mails: what is said, to whom, and how far it got.

Comes in: nothing. Goes out: the types every room shares. Refuses to know: clocks, networks, databases, templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from service.model.papers import Hit, StoredPaper


class DeliveryKind(StrEnum):
    """What a mail is for; each kind has a folder of templates."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    DIGEST = "digest"
    QUIET = "quiet"
    GOODBYE = "goodbye"
    TEST = "test"
    FRESH = "fresh"
    ADDRESS = "address"
    MOVED = "moved"
    ALARM = "alarm"
    OWNER = "owner"


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


class Fit(NamedTuple):
    """A keyword that a paper fits, in its reader's own spelling, and where it hit."""

    keyword: str
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """One paper that was chosen, and why: its keywords in the reader's order.

    It says nothing of who the reader is or where in a digest it stands, so that readers may share it.
    """

    paper: StoredPaper
    why: tuple[Fit, ...] = ()


class Section(NamedTuple):
    """The next `papers` papers of a digest, found for the profile of this name; the first `full` get a full card."""

    name: str
    papers: int
    full: int = 3


class Origin(NamedTuple):
    """A source in a reader's words, and how many papers were read there; `late`: it has not answered for a while."""

    name: str
    papers: int
    late: bool = False


class Digest(NamedTuple):
    """One subscriber's selection for one edition: all that rendering needs besides links and the service's identity.

    `keywords` are in the reader's own spelling. `papers` are shown in this order; `more` counts matches not shown;
    `read` counts the papers that were looked at. `trending` says that no keywords chose the papers.
    `first` marks the welcome digest, which shows `next_edition` (UTC) in the reader's `timezone`. `counts` says how
    many papers each keyword found, in the order of `keywords`, and `days` how far back the edition looks (empty and
    0: unsaid).

    `best` is the place of the best paper. `since` is the first day of an edition that makes up for missed ones.
    `sections` cut `papers` by profile where there is more than one. A `weekly` digest says in `per_day` how many papers
    matched on each local day. `also` are papers that matched nothing and are much read. `origins` say where the papers
    came from, and `hidden` how many each exclusion left out.
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
    counts: tuple[int, ...] = ()
    days: int = 0
    best: int = 0
    since: date | None = None
    weekly: bool = False
    sections: tuple[Section, ...] = ()
    per_day: tuple[tuple[date, int], ...] = ()
    also: tuple[StoredPaper, ...] = ()
    origins: tuple[Origin, ...] = ()
    hidden: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks: what every mail and page says about this installation. `base_url` has no slash at its end.

    `mail_from` is a bare address; `unsubscribe_mailto`, `bounce_address` and `reply_to` are empty unless mail to those
    addresses is received.
    """

    name: str = "Paper Round"
    base_url: str = "http://127.0.0.1:8080"
    mail_from: str = "digest@localhost"
    contact: str = ""
    imprint: str = ""
    privacy: str = ""
    unsubscribe_mailto: str = ""
    release: str = ""
    bounce_address: str = ""
    reply_to: str = ""


class ReaderLinks(NamedTuple):
    """Absolute signed URLs for one reader; empty where a mail must not carry that link.

    `fresh` is the one link of a mail that was asked for to do one thing.
    """

    confirm: str = ""
    manage: str = ""
    pause: str = ""
    unsubscribe: str = ""
    view: str = ""
    fresh: str = ""


_NO_LINKS = ReaderLinks()


@dataclass(frozen=True, slots=True)
class Envelope:
    """What addresses one mail. `message_id` has no angle brackets; `date` comes from the row, never from a clock."""

    recipient: str
    message_id: str
    date: datetime
    links: ReaderLinks = _NO_LINKS


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered mail: the envelope addresses and the bytes, lines ended by CRLF."""

    sender: str
    recipient: str
    body: bytes
