"""Readers: who gets papers, which ones, and when.

Comes in: nothing. Goes out: the types every room shares. Refuses to know: clocks, networks, databases, templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class SubscriberState(StrEnum):
    """Where a subscription stands."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"
    SUPPRESSED = "suppressed"


# Whose subscription is confirmed and has not ended.
RUNNING = (SubscriberState.ACTIVE, SubscriberState.PAUSED)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a subscriber wants the digest: ISO weekdays (1 = Monday), the local hour, an IANA time zone name."""

    timezone: str = "UTC"
    hour: int = 7
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5, 6, 7})


@dataclass(frozen=True, slots=True)
class Profile:
    """A named list of keywords, in the reader's own spelling, and the sources it looks at (None = all).

    With `replacements`, new versions of papers are wanted too; they are never news.
    """

    keywords: tuple[str, ...] = ()
    name: str = ""
    sources: frozenset[int] | None = None
    replacements: bool = False


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address with its profiles and schedule. `public_id` is the random name that links carry.

    `owner` decides for an address that several people read; it is empty for everybody else.
    """

    id: int
    public_id: str
    email: str
    state: SubscriberState
    schedule: Schedule
    profiles: tuple[Profile, ...]
    max_papers: int = 10
    paused_until: date | None = None
    quiet_digest: bool = False
    owner: str = ""


class Addressee(NamedTuple):
    """Whom a mail goes to: as much of a subscriber as it takes to address it."""

    id: int
    public_id: str
    email: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader chooses about a subscription; it is saved together or not at all.

    `quiet_digest` asks for a mail on days without matches too.
    """

    profiles: tuple[Profile, ...]
    schedule: Schedule
    max_papers: int = 10
    quiet_digest: bool = False


@dataclass(frozen=True, slots=True)
class Mend:
    """One change to a choice, for one press of a button: in `profile` (a position) drop a keyword, add another one.

    `source` joins what the profile looks at; `max_papers` (0: as it is) is the new maximum.
    """

    profile: int = 0
    drop: str = ""
    add: str = ""
    source: int | None = None
    max_papers: int = 0
