"""The papers of the last 31 days, indexed once per process and shared by composing, sending and previews.

Comes in: a unit of work and the time. Goes out: a `View`: papers, their arrivals, and what each keyword finds.
Refuses to know: readers. Matches are never stored: a keyword is looked up in this index in well under a millisecond,
so that no edit of a profile and no new text of a paper can leave a stale match behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from threading import RLock
from typing import NamedTuple

import numpy as np

from service.keywords import Keyword
from service.matching import Found, Index
from service.model import ArrivalKind, Hit, Paper, StoredPaper
from service.pipeline.book import Book
from service.pipeline.firsts import Firsts, Numbers
from service.pipeline.glossary import Glossary
from service.store import Store, Unit
from service.store.papers import Arrived

REACH = timedelta(days=31)
# Once a day what is too old is left out, which means to read all papers anew: when arXiv has told more of yesterday's
# papers (`enriching`), so that most must be read again anyway.
_EDGE = timedelta(hours=4)
# A new version of a paper, and one that was read as history.
_NO_NEWS = (ArrivalKind.REPLACE, ArrivalKind.PAST)
# Readers, and whoever tries a form, choose sources as they like: the first arrivals for so many choices are kept.
_MOST_CHOICES = 256


@dataclass(slots=True)
class View:
    """What one process knows of the window. Positions count papers in `papers`, in order of arrival."""

    index: Index
    papers: list[StoredPaper] = field(default_factory=list)
    position: dict[int, int] = field(default_factory=dict)
    arrivals: list[Arrived] = field(default_factory=list)
    upto: int = 0
    uncommon: frozenset[int] = frozenset()
    # Papers that turned out to be another one, and for each position the first arrival there ever was; 0 where that may
    # be gone, since a newer version is announced in place of the one before it.
    merged: dict[int, int] = field(default_factory=dict)
    born: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    # Arrivals from before the window, of papers that came again in it: through those sources they are no news.
    earlier: list[Arrived] = field(default_factory=list)
    _firsts: dict[tuple[frozenset[int] | None, bool], Firsts] = field(default_factory=dict)
    _old: set[int] = field(default_factory=set)
    _numbers: dict[datetime, int] = field(default_factory=dict)
    _popular: list[int] | None = None
    _returned: list[int] | None = None
    _upvotes: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    _named: list[tuple[int, int, int | None, int | None]] = field(default_factory=list)
    _glossary: Glossary = field(default_factory=Glossary)

    def find(self, keyword: Keyword) -> Found:
        """The positions of the papers this keyword fits."""
        return self.index.find(keyword)

    def hits(self, keyword: Keyword, position: int) -> tuple[Hit, ...]:
        """Where it hit."""
        return self.index.hits(keyword, position)

    def firsts(self, sources: frozenset[int] | None, renewals: bool = False) -> Firsts:
        """Each paper's first arrival through these sources (None: all common ones).

        A replacement is not new, so it is none; with `renewals` nothing else is looked at.
        """
        if (sources, renewals) not in self._firsts:
            if len(self._firsts) >= _MOST_CHOICES:
                self.forget_firsts()
            mine = [
                each
                for each in sorted([*self.earlier, *self.arrivals], key=_number)
                if (each.kind == ArrivalKind.REPLACE) is renewals and self.reads(each.source_id, sources)
            ]
            later = None if renewals else partial(self._later, sources)
            found = Firsts.of(mine, self.position, renewals)
            if found.past.any():
                news = [each for each in mine if each.kind != ArrivalKind.PAST]
                found = replace(found, told=Firsts.of(news, self.position, renewals))
            self._firsts[sources, renewals] = replace(found, later=later)
        return self._firsts[sources, renewals]

    def _later(self, sources: frozenset[int] | None, number: int) -> Firsts:
        """Each paper's first arrival after a number through these sources; what came over a month ago has none."""
        mine: list[Arrived] = []
        for each in reversed(self.arrivals):
            if each.number <= number:
                break
            if each.kind not in _NO_NEWS and each.paper_id not in self._old and self.reads(each.source_id, sources):
                mine.append(each)
        return Firsts.of(mine[::-1], self.position, renewals=False)

    def number_at(self, moment: datetime) -> int:
        """The last arrival before a time; 0 where that is from before the window."""
        if moment not in self._numbers:
            came = (each for each in reversed(self.arrivals) if each.kind != ArrivalKind.PAST)
            self._numbers[moment] = next((each.number for each in came if each.at < moment), 0)
        return self._numbers[moment]

    def forget_firsts(self) -> None:
        """Let go of what is known of first arrivals: it has changed, or the view is not needed any more.

        They refer back to the view, and Python would keep both until it next looks for garbage, which it seldom does.
        """
        self._firsts.clear()

    def reads(self, source_id: int, sources: frozenset[int] | None) -> bool:
        """Whether who looks at these sources (None: all common ones) looks at this one."""
        return source_id not in self.uncommon if sources is None else source_id in sources

    def upvotes(self) -> Numbers:
        """Per paper its upvotes, 0 where a source counts none."""
        if len(self._upvotes) != len(self.papers):
            self._upvotes = np.array([each.paper.upvotes or 0 for each in self.papers], np.int64)
        return self._upvotes

    def named(self) -> list[tuple[int, int, int | None, int | None]]:
        """Per paper what a row names it by when it is frozen: id, revision, upvotes, stars."""
        if len(self._named) != len(self.papers):
            self._named = [(each.id, each.revision, each.paper.upvotes, each.paper.stars) for each in self.papers]
        return self._named

    def glossary(self) -> Glossary:
        """The acronyms that the papers define; each paper is read for them once."""
        self._glossary.add(each.paper for each in self.papers[self._glossary.read :])
        return self._glossary

    def popular(self) -> list[int]:
        """The positions of the papers that have upvotes, most first."""
        if self._popular is None:
            votes = self.upvotes()
            order = np.argsort(-votes, kind="stable")
            self._popular = order[votes[order] > 0].tolist()
        return self._popular

    def returned(self) -> list[int]:
        """The positions of the papers that came before the window, too, and are more than new versions in it."""
        if self._returned is None:
            told = {each.paper_id for each in self.arrivals if each.kind != ArrivalKind.REPLACE}
            self._returned = self.places(told & self._old)
        return self._returned

    def places(self, ids: Iterable[int]) -> list[int]:
        """The positions of those that are here, under this id or the one that they have now."""
        found = (self.position.get(self.merged.get(each, each)) for each in ids)
        return [at for at in found if at is not None]

    def extend(
        self,
        arrived: list[Arrived],
        papers: dict[int, StoredPaper],
        earlier: list[Arrived],
        before: View | None = None,
    ) -> None:
        """Append papers that arrived; arrivals of hidden papers are left out.

        A view that is still empty takes over what the one `before` it has read.
        """
        known = [each for each in arrived if each.paper_id in papers or each.paper_id in self.position]
        new = dict.fromkeys(each.paper_id for each in known if each.paper_id not in self.position)
        for paper_id in new:
            self.position[paper_id] = len(self.papers)
            self.papers.append(papers[paper_id])
        if before is None:
            self.index.add([papers[paper_id].paper for paper_id in new])
        else:
            self.index = before.index.renewed([before.kept(papers[paper_id]) for paper_id in new])
        born: dict[int, int] = {}
        for each in (one for one in (*known, *earlier) if one.paper_id in new):
            number = 0 if each.kind == ArrivalKind.REPLACE and papers[each.paper_id].revision > 1 else each.number
            born[each.paper_id] = min(number, born.get(each.paper_id, number))
        self.born = np.append(self.born, np.array([born[paper_id] for paper_id in new], np.int64))
        self.arrivals.extend(known)
        self.earlier.extend(each for each in earlier if each.paper_id in new)
        self._old.update(each.paper_id for each in earlier)
        self.forget_firsts()
        self._numbers.clear()
        self._popular = self._returned = None

    def count(self, told: Mapping[int, tuple[int | None, int | None]]) -> None:
        """Take in the upvotes and stars of papers as they are by now."""
        for paper_id, (upvotes, stars) in told.items():
            at = self.position.get(paper_id)
            if at is not None and (self.papers[at].paper.upvotes, self.papers[at].paper.stars) != (upvotes, stars):
                paper = replace(self.papers[at].paper, upvotes=upvotes, stars=stars)
                self.papers[at] = replace(self.papers[at], paper=paper)
                self._upvotes, self._popular, self._named = np.zeros(0, np.int64), None, []

    def kept(self, stored: StoredPaper) -> int | Paper:
        """The position of a paper where this very text of it is here, else the paper."""
        at = self.position.get(stored.id)
        return at if at is not None and self.papers[at].revision == stored.revision else stored.paper

    def read_by_choice(self, sources: frozenset[int]) -> None:
        """These sources are read only by the profiles that name them."""
        if sources != self.uncommon:
            self.uncommon = sources
            self.forget_firsts()


class _Key(NamedTuple):
    """What a view holds: the day before which it leaves out what is too old, and the numbers it has come to."""

    day: date
    changed: int
    arrived: int

    def newest(self, other: _Key) -> _Key:
        """The newer of each."""
        return _Key(max(self.day, other.day), max(self.changed, other.changed), max(self.arrived, other.arrived))


class Window:
    """Keeps one View fresh; only one thread uses it at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = RLock()
        self._view: View | None = None
        self._key: _Key | None = None
        self.book = Book()

    @contextmanager
    def open(self, unit: Unit, now: datetime) -> Iterator[View]:
        """The view as of this unit's snapshot, for the length of the block."""
        with self._lock:
            yield self._fresh(unit, now)

    def _fresh(self, unit: Unit, now: datetime) -> View:
        """What is newer than the snapshot of a unit does no harm, so there is no way back: one that goes on from before
        the day's edge would else have all read anew, and the next one again.
        """
        key = _Key((now - _EDGE).date(), unit.papers.change_number(), unit.papers.last_arrival())
        held = self._key
        if self._view is None or held is None or held.newest(key) != held:
            if not self._extended(unit, key, now):
                self._view = self._built(unit, now)
            self._key = key if held is None else held.newest(key)
        assert self._view is not None
        self._view.upto = key.arrived
        self._view.read_by_choice(unit.sources.uncommon())
        return self._view

    def _extended(self, unit: Unit, key: _Key, now: datetime) -> bool:
        """Add only what is new, where no text that we hold has changed and the day is the same."""
        if self._view is None or self._key is None or self._key.day < key.day:
            return False
        changed = unit.papers.changed_after(self._key.changed)
        if any(paper_id in self._view.position for paper_id in changed):
            return False
        self._view.merged |= unit.papers.merged(after=self._key.changed)
        _extend(self._view, unit, now - REACH, self._key.arrived)
        self._view.count(unit.papers.counted(min(self._view.position, default=0)))
        return True

    def _built(self, unit: Unit, now: datetime) -> View:
        """All anew, but for the words of papers that are as they were."""
        view = View(Index(()), merged=unit.papers.merged())
        _extend(view, unit, now - REACH, before=self._view)
        if self._view is not None:
            self._view.forget_firsts()
        return view


def _number(arrived: Arrived) -> int:
    return arrived.number


def _extend(view: View, unit: Unit, since: datetime, after: int = 0, before: View | None = None) -> None:
    arrived = unit.papers.arrivals(since, after)
    ids = {each.paper_id for each in arrived}
    new = ids - view.position.keys()
    own = [*new, *(old for old, paper in view.merged.items() if paper in new)]
    view.extend(arrived, unit.papers.get(ids), unit.papers.earlier(own, since), before)
