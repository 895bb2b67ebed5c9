"""What anybody may look at: the papers of a day, and those that keywords find, newest first.

Comes in: days, parsed keywords, the place where an earlier answer ended. Goes out: papers with their matches. Refuses
to know: readers, mails, pages. The last month is searched in the window that previews use; what is older is indexed a
block at a time, so that no answer costs more than a few blocks however much there is.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Protocol

import numpy as np

from service.editions import FURTHEST_EAST
from service.keywords import Keyword
from service.matching import Found, Index
from service.model import Fit, Hit, Paper, Selected, StoredPaper
from service.pipeline.firsts import Mask
from service.pipeline.window import REACH, Window
from service.store import Store, Unit
from service.store.archive import Place

__all__ = ["FRONT", "LAST_ID", "Archive", "Dated", "Day", "Mark", "Place", "Question", "Results"]

# Older papers are searched so many at a time, so many times for one answer; so many blocks stay indexed.
BLOCK, BLOCKS, KEPT = 400, 2, 6
# Between so many papers is a breath; one that lasts longer has met somebody at work, who is left alone for a while.
_AT_A_STRETCH, _BREATH, _MET, _ASIDE = 4, 0.000_05, 0.000_25, 0.003
LAST_ID = (1 << 63) - 1
FRONT = Place(date.max, LAST_ID)


class Searchable(Protocol):
    """Papers that can be asked for keywords."""

    def find(self, keyword: Keyword) -> Found:
        """The positions of the papers this keyword fits."""

    def hits(self, keyword: Keyword, position: int) -> tuple[Hit, ...]:
        """Where it hit."""


@dataclass(frozen=True, slots=True)
class Dated:
    """One paper, the day it was news, and when it was first seen here."""

    place: Place
    selected: Selected
    seen: datetime

    @property
    def day(self) -> date:
        """The day it was news."""
        return self.place.day


@dataclass(frozen=True, slots=True)
class Day:
    """Papers of one day, most liked first: those asked for of `total`, and the nearest days that have any."""

    day: date
    papers: tuple[Dated, ...]
    total: int
    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where to go on: behind `last`, among the papers behind `block`."""

    last: Place = FRONT
    block: Place = FRONT


@dataclass(frozen=True, slots=True)
class Results:
    """Papers in order; `mark` says where to go on (None: there is nothing more).

    `recent` counts what the last four weeks hold; None when that was not looked at.
    """

    papers: tuple[Dated, ...]
    mark: Mark | None
    recent: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: at most so many papers, behind a mark, of one day alone where one is given."""

    keywords: Sequence[Keyword]
    mark: Mark | None = None
    most: int = 20
    day: date | None = None


@dataclass(slots=True)
class _Ask:
    """What is asked for, and what has been found so far."""

    wanted: tuple[Keyword, ...]
    unwanted: tuple[Keyword, ...]
    mark: Mark
    most: int
    day: date | None
    found: list[tuple[Place, Selected]] = field(default_factory=list)

    def fitting(self, among: Searchable, count: int) -> Mask:
        """Which positions fit: any of the keywords, none of the exclusions."""
        mask: Mask = np.full(count, not self.wanted)
        for keyword in self.wanted:
            mask[among.find(keyword).papers] = True
        for keyword in self.unwanted:
            mask[among.find(keyword).papers] = False
        return mask

    def take(self, place: Place, among: Searchable, position: int, paper: StoredPaper) -> bool:
        """Keep one that fits, unless an earlier answer had it; False where there is no room left."""
        if place >= self.mark.last:
            return True
        if len(self.found) == self.most:
            return False
        why = (
            Fit(keyword.text, among.hits(keyword, position))
            for keyword in self.wanted
            if position in among.find(keyword).papers
        )
        self.found.append((place, Selected(paper, tuple(why))))
        return True


@dataclass
class Archive:
    """The papers of one store, for everybody."""

    store: Store
    window: Window
    _blocks: OrderedDict[tuple[tuple[int, int], ...], Index] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _month: tuple[object, list[Place]] = (None, [])

    def newest(self, now: datetime) -> date | None:
        """The newest day that has papers and has begun somewhere on Earth."""
        with self.store.read() as unit:
            return unit.archive.around((now + FURTHEST_EAST).date() + timedelta(days=1))[0]

    def day(self, day: date, skip: int = 0, most: int = 50) -> Day:
        """One day's papers."""
        with self.store.read() as unit:
            ids = unit.archive.liked(day, skip, most)
            papers = unit.papers.get(ids)
            found = [(Place(day, each), Selected(papers[each])) for each in ids]
            return Day(day, _dated(unit, found), unit.archive.count(day), *unit.archive.around(day))

    def search(self, question: Question, now: datetime) -> Results:
        """Papers that any keyword and no exclusion fits; all papers where there is no keyword. Looks a bounded way."""
        found = self._search(question, now, deep=True)
        assert found is not None, "a deep search always answers"
        return found

    def glance(self, question: Question, now: datetime) -> Results | None:
        """What `search` finds where that takes next to no work; None where older papers would have to be read."""
        return self._search(question, now, deep=False)

    def _search(self, question: Question, now: datetime, deep: bool) -> Results | None:
        wanted = tuple(each for each in question.keywords if not each.exclusion)
        unwanted = tuple(each for each in question.keywords if each.exclusion)
        ask = _Ask(wanted, unwanted, question.mark or Mark(), question.most, question.day)
        with self.store.read() as unit:
            if not question.keywords:
                return _listed(unit, ask)
            edge = (now - REACH).date() + timedelta(days=2)  # The window surely holds what is newer.
            newest = min(ask.mark.last.day, ask.day or date.max)
            recent, more = self._recent(unit, ask, now, edge) if newest > edge else (None, False)
            if not more and not deep:
                return None
            going_on = Mark(ask.found[-1][0]) if more else self._older(unit, ask, edge)
            return Results(_dated(unit, ask.found), going_on, recent)

    def _recent(self, unit: Unit, ask: _Ask, now: datetime, edge: date) -> tuple[int, bool]:
        """Look through the window; returns how many fit there, and whether there was no room for all."""
        places = [place for place in self._since(unit, edge) if ask.day in (None, place.day)]
        with self.window.open(unit, now) as view:
            mask = ask.fitting(view, len(view.papers))
            fitting = [
                (place, at) for place in places if (at := view.position.get(place.paper_id)) is not None and mask[at]
            ]
            more = not all(ask.take(place, view, at, view.papers[at]) for place, at in fitting)
        return len(fitting), more

    def _since(self, unit: Unit, edge: date) -> list[Place]:
        """The places of the last month, read again when a paper has come, changed or gone."""
        now = edge, unit.papers.change_number(), unit.papers.last_arrival()
        known, places = self._month
        if known != now:
            places = unit.archive.since(edge)
            self._month = now, places
        return places

    def _older(self, unit: Unit, ask: _Ask, edge: date) -> Mark | None:
        """Look through the next blocks; returns where to go on."""
        block = min(ask.mark.block, Place(edge, LAST_ID))
        with self._lock:
            for places, papers in _blocks(unit, block, ask.day):
                index = self._indexed(papers)
                mask = ask.fitting(index, len(papers))
                for at in np.flatnonzero(mask):
                    if not ask.take(places[at], index, int(at), papers[at]):
                        return Mark(ask.found[-1][0], block)
                block = places[-1]
        return Mark(block, block) if unit.archive.behind(block, 1, ask.day) else None

    def _indexed(self, papers: Sequence[StoredPaper]) -> Index:
        key = tuple((each.id, each.revision) for each in papers)
        if key not in self._blocks:
            self._blocks[key] = Index(_giving_way(papers))
        self._blocks.move_to_end(key)
        while len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)
        return self._blocks[key]


def _giving_way(papers: Sequence[StoredPaper]) -> Iterator[Paper]:
    """The papers one by one; every few of them, whoever waits for the interpreter goes first.

    Sleeping for no time hands nothing over: the lock is taken again before anybody else is awake.
    """
    for number, each in enumerate(papers):
        if number % _AT_A_STRETCH == 0:
            begun = time.perf_counter()
            time.sleep(_BREATH)
            if time.perf_counter() - begun > _MET:
                time.sleep(_ASIDE)
        yield each.paper


def _blocks(unit: Unit, start: Place, day: date | None) -> Iterator[tuple[list[Place], list[StoredPaper]]]:
    """The papers behind a place, a block at a time."""
    for _ in range(BLOCKS):
        places = unit.archive.behind(start, BLOCK, day)
        if not places:
            return
        papers = unit.papers.get(place.paper_id for place in places)
        yield places, [papers[place.paper_id] for place in places]
        start = places[-1]


def _listed(unit: Unit, ask: _Ask) -> Results:
    """Without keywords nothing has to be searched."""
    places = unit.archive.behind(ask.mark.last, ask.most + 1, ask.day)
    shown = places[: ask.most]
    papers = unit.papers.get(place.paper_id for place in shown)
    found = [(place, Selected(papers[place.paper_id])) for place in shown]
    return Results(_dated(unit, found), Mark(shown[-1]) if len(places) > len(shown) else None)


def _dated(unit: Unit, found: Sequence[tuple[Place, Selected]]) -> tuple[Dated, ...]:
    seen = unit.archive.seen([place.paper_id for place, _ in found])
    return tuple(Dated(place, selected, seen[place.paper_id]) for place, selected in found)
