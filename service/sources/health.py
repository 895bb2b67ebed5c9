"""Is a source as it usually is on such a day? Its last polls and its new papers by day → how it stands.

Comes in: what is known of a source, how many papers arrived on each day. Goes out: whether it is late, and one sentence
for the operator. Refuses to know: clocks, the store. A weekday is compared with the same weekday of the weeks before,
so that a weekend is no failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Protocol

from service.errors import ParseError
from service.sources import kinds

WEEKS = 4
# Below two weeks nothing is usual yet; of small sources a slow day says nothing.
_ENOUGH = timedelta(days=14)
_SMALL, _SHORT = 8, 0.25
# One silent day is a holiday.
_SILENT_DAYS = 2
# What comes by the week has a rhythm once it came so often.
_RHYTHM = 4
# A poll that failed is tried again within minutes; readers are told of what lasts.
_PATIENCE = timedelta(hours=3)


class Watched(Protocol):
    """What is known of a source's polls."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def failures(self) -> int:
        """How many polls in a row failed."""

    @property
    def last_ok_at(self) -> datetime | None:
        """When a poll last went well."""

    @property
    def last_error(self) -> str:
        """What the last failure said."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands: its name for readers, whether its papers are late, and why, in words for the operator."""

    name: str
    late: bool = False
    why: str = ""


def standing(source: Watched, counts: Mapping[date, int], now: datetime) -> Standing:
    """Judge one source by its polls and by what is usual there."""
    name = kinds.label(source.url)
    if source.failures:
        silent = source.last_ok_at is None or now - source.last_ok_at >= _PATIENCE
        return Standing(name, silent, source.last_error)
    said = concern(counts, now.date())
    return Standing(name, bool(said), said)


def emptied(url: str, papers: int, expected: int, error: ParseError | None = None) -> ParseError | None:
    """Return the fault of a page that held `expected` papers when last read and now holds none; else `error` itself.

    Papers do not turn into something else overnight: such a page has changed its shape. An empty page is ordinary
    where a source rests on some days; one that cannot be read never is.
    """
    if papers or not expected or kinds.recognise(url) == "capture" or (error is None and kinds.rests(url)):
        return error
    said = f"the parser found nothing where {expected} papers were expected"
    return ParseError(f"{said}: {error}" if error else said, error.looked_like if error else "an empty listing")


def concern(counts: Mapping[date, int], today: date) -> str:
    """Return what is unlike other weeks on the finished days before `today`, or "".

    Said are: silence over two days or more that usually bring papers, or far longer than any before, and a last day
    with less than a quarter.
    """
    first = min(counts, default=today)
    if today - first < _ENOUGH:
        return ""
    last = max(day for day in counts if day <= today)
    silent = [day for day in _between(last, today) if _usual(counts, day, first) >= 1]
    if len(silent) >= _SILENT_DAYS:
        per_day = _usual(counts, silent[0], first)
        return f"nothing new since {last.isoformat()}, where about {per_day} papers a day are usual"
    yesterday = today - timedelta(days=1)
    usual, found = _usual(counts, yesterday, first), counts.get(yesterday, 0)
    if usual >= _SMALL and 0 < found < usual * _SHORT:
        return f"only {found} papers on {yesterday.isoformat()}, where about {usual} are usual"
    return _out_of_rhythm(counts, last, today)


def _out_of_rhythm(counts: Mapping[date, int], last: date, today: date) -> str:
    """A journal that comes by the week is late when it is two days behind its longest pause."""
    days = sorted(counts)
    longest = max((later - sooner for sooner, later in pairwise(days)), default=timedelta(0))
    if len(days) < _RHYTHM or today - last < longest + timedelta(days=_SILENT_DAYS):
        return ""
    return f"nothing new since {last.isoformat()}, where {longest.days} days have been the longest pause"


def _between(last: date, today: date) -> list[date]:
    return [last + timedelta(days=n) for n in range(1, (today - last).days)]


def _usual(counts: Mapping[date, int], day: date, first: date) -> int:
    """The middle of the same weekday in the weeks before, as far back as there is anything."""
    before = [day - timedelta(weeks=n) for n in range(1, WEEKS + 1)]
    found = [counts.get(each, 0) for each in before if each >= first]
    return median_low(found) if found else 0
