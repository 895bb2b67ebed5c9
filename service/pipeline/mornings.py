"""The digests a reader of these topics would have had on the last mornings, and the one that comes next.

Comes in: a view of the window, profiles, a schedule. Goes out: one group per edition, newest first, chosen by the
code that composes. Refuses to know: readers, mails, pages.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np

from service import editions
from service.model import Profile, Schedule, Selected
from service.pipeline.firsts import Firsts, Mask, Seconds
from service.pipeline.selection import Selection, select
from service.pipeline.window import View

WEEK = timedelta(days=7)
# What a new installation fills itself with in its first hours counts for the days it was listed on: nobody read yet.
FILLING = timedelta(hours=6)
# A listing of one day is complete by about this hour (UTC).
LISTED_BY = time(18, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Morning:
    """One edition: its local day, when it is due (UTC), what it holds. `coming` marks the one not yet composed.

    `read` counts the papers looked at; `more` the matches behind the reader's maximum; `had` those left out because the
    reader has had them.
    """

    day: date
    due: datetime
    papers: tuple[Selected, ...]
    more: int
    read: int
    coming: bool = False
    had: int = 0

    @property
    def found(self) -> int:
        """How many papers it holds, those behind the maximum too."""
        return len(self.papers) + self.more


@dataclass(frozen=True, slots=True)
class Week:
    """The editions of a week, newest first. `trending`: nothing chose."""

    mornings: tuple[Morning, ...]
    trending: bool = False

    @property
    def found(self) -> int:
        """How many papers matched in all."""
        return sum(morning.found + morning.had for morning in self.mornings)

    @property
    def read(self) -> int:
        """How many papers were looked at in all."""
        return sum(morning.read for morning in self.mornings)


@dataclass(frozen=True, slots=True)
class News:
    """When each paper was news: its arrival, or the day it was listed on for what an installation began with."""

    view: View
    listed: Seconds | None

    @classmethod
    def of(cls, view: View) -> News:
        """Look once at what the view began with."""
        founding = bool(view.arrivals) and view.arrivals[0].number == 1
        return cls(view, np.array([_listed(each.paper.listed) for each in view.papers]) if founding else None)

    def times(self, first: Firsts) -> Seconds:
        """Seconds since 1970 per paper; 0 where there is no arrival."""
        if self.listed is None:
            return first.times
        filling = first.times <= (self.view.arrivals[0].at + FILLING).timestamp()
        times: Seconds = np.where(filling, np.minimum(first.times, self.listed), first.times)
        return times


@dataclass(frozen=True, slots=True)
class _Slice:
    """The arrivals after one edition was due and up to the next, by the time they were news."""

    news: News
    after: datetime
    until: datetime

    def mask(self, first: Firsts) -> Mask:
        """Which papers' first arrivals are covered."""
        times = self.news.times(first)
        within = (times > self.after.timestamp()) & (times <= self.until.timestamp())
        return within & (first.numbers > 0) & (first.numbers <= self.news.view.upto)


@lru_cache(maxsize=1024)
def _listed(day: date | None) -> float:
    return datetime.combine(day, LISTED_BY).timestamp() if day else math.inf


def week(
    view: View,
    profiles: Sequence[Profile],
    schedule: Schedule,
    now: datetime,
    max_papers: int,
    delivered: Collection[int] = (),
) -> Week:
    """What each digest of the last seven days held for these profiles, and what waits for the next one.

    What a reader has had, the papers `delivered`, does not wait: a first digest goes before the first morning.
    """
    said = News.of(view)
    slices = [(due, _Slice(said, after, due)) for after, due in _editions(schedule, now)]
    found = [(due, select(view, profiles, each)) for due, each in slices]
    mornings = [_morning(view, selection, schedule, due, now, max_papers) for due, selection in found]
    trends = found[0][1].trending
    if delivered and not trends:
        (due, coming), all_of_it = slices[0], mornings[0].found
        waiting = _morning(view, select(view, profiles, coming, delivered), schedule, due, now, max_papers)
        mornings[0] = replace(waiting, had=all_of_it - waiting.found, read=mornings[0].read)
    return Week(tuple(mornings), trends)


def _editions(schedule: Schedule, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When each edition was due, newest first, and the one before it; none looks back further than a digest does."""
    due = editions.next_due(schedule, now)
    while due > now - WEEK:
        before = editions.latest_due(schedule, due - timedelta(seconds=1))
        yield max(before, due - WEEK), due
        due = before


def _morning(
    view: View, selection: Selection, schedule: Schedule, due: datetime, now: datetime, max_papers: int
) -> Morning:
    shown = selection.ranked[:max_papers]
    papers = tuple(Selected(view.papers[at], selection.why(view, at)) for at in shown)
    more = len(selection.ranked) - len(shown)
    return Morning(editions.local_day(schedule, due), due, papers, more, selection.read, due > now)
