"""What each reader of a batch gets: those who had digests before are chosen for together, a first digest alone.

Comes in: a unit of work, a view of the window, who is due, what past digests cover. Goes out: selections. Refuses to
know: rows of deliveries, when an edition is due. Profiles are read for those who get a mail; the others need none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from service.model import Profile
from service.pipeline.book import Book
from service.pipeline.choosing import Asked, Chosen, choose_all
from service.pipeline.owing import KNOWN, LOOK_BACK, SECOND_LOOK, look_back
from service.pipeline.selection import Selection, Span, select
from service.pipeline.silence import WEEK, quiet_note
from service.pipeline.window import View
from service.store import Unit
from service.store.covered import NOTHING, Covered
from service.store.subscribers import Due

# A first digest with fewer papers than this looks back further.
THIN = 3
FIRST_LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is chosen for a batch. `profiles` are those of who may get something; they were read for nobody else."""

    view: View
    now: datetime
    covered: Mapping[int, Covered]
    chosen: Chosen
    places: Mapping[int, int]
    profiles: Mapping[int, Sequence[Profile]]

    @classmethod
    def read(
        cls, unit: Unit, view: View, book: Book, due: Sequence[Due], covered: Mapping[int, Covered], now: datetime
    ) -> Batch:
        """Choose for everyone who had a first digest, and read the profiles of whom there is something for."""
        known = [each for each in due if each.welcomed]
        ids = [each.subscriber.id for each in known]
        numbers = book.read(unit, np.array(ids, np.int64))
        chosen = choose_all(view, book, numbers, _asked(view, known, covered, now))
        new = [each.subscriber.id for each in due if not each.welcomed]
        again = [ids[place] for place in chosen.finding(view.returned())]
        if before := held_before(unit, view, [*new, *again], now):
            covered = dict(covered) | {
                reader: replace(covered.get(reader, NOTHING), before=papers) for reader, papers in before.items()
            }
            chosen = choose_all(view, book, numbers, _asked(view, known, covered, now))
        needless = {
            reader
            for place, (reader, each) in enumerate(zip(ids, known, strict=True))
            if not (chosen.is_alone(place) or chosen.count(place) or each.subscriber.quiet_digest)
            and not _silent(covered.get(reader, NOTHING), now)
        }
        wanted = [each.subscriber.id for each in due if each.subscriber.id not in needless]
        profiles = dict.fromkeys(wanted, ()) | unit.subscribers.profiles(wanted)
        return cls(view, now, covered, chosen, {reader: place for place, reader in enumerate(ids)}, profiles)

    def held(self, due: Due) -> Covered:
        """What the past digests of one of them cover."""
        return self.covered.get(due.subscriber.id, NOTHING)

    def selection(self, due: Due) -> tuple[Selection | None, timedelta]:
        """What the next digest holds, and how far back a first one looks for it; None where that is nothing at all."""
        reader = due.subscriber.id
        profiles = self.profiles.get(reader)
        if profiles is None:
            return None, timedelta(0)
        place = self.places.get(reader)
        if place is None or self.chosen.is_alone(place):
            return choose(self.view, due, profiles, self.held(due), self.now)
        try:
            return self.chosen.selection(place, profiles), timedelta(0)
        except KeyError:
            # Another release wrote one of these keywords, and has another canonical text for it.
            return choose(self.view, due, profiles, self.held(due), self.now)

    def note(self, due: Due, day: date) -> dict[str, Any] | None:
        """The row of a note on a quiet week, for an edition that holds nothing."""
        profiles = self.profiles.get(due.subscriber.id)
        if profiles is None:
            return None
        reader = replace(due.subscriber, profiles=tuple(profiles))
        return quiet_note(self.view, reader, self.held(due), day, self.now)


def choose(
    view: View, due: Due, profiles: Sequence[Profile], covered: Covered, now: datetime
) -> tuple[Selection, timedelta]:
    """What one reader's next digest holds, and how far back a first one looks; no time at all for a later one."""
    if due.welcomed:
        return select(view, profiles, _span(view, due, covered, now), covered.papers), timedelta(0)
    # Where nobody composed for long, what came since joining is owed from more than a week ago.
    selection = select(view, profiles, Span(0, view.upto, now - LOOK_BACK, owed=covered.owed), covered.papers)
    if len(selection.ranked) >= THIN:
        return selection, LOOK_BACK
    return select(view, profiles, Span(0, view.upto, now - FIRST_LOOK_BACK), covered.papers), FIRST_LOOK_BACK


def held_before(unit: Unit, view: View, readers: Sequence[int], now: datetime) -> dict[int, frozenset[int]]:
    """The papers of the window that older digests of these readers held: other sources tell of them anew."""
    if not view.returned() or not readers:
        return {}
    since = min(each.at for each in view.earlier)
    held = unit.past.papers(readers, since, now - KNOWN).items()
    again = {reader: frozenset(view.papers[at].id for at in view.places(papers)) for reader, papers in held}
    return {reader: papers for reader, papers in again.items() if papers}


def _asked(view: View, due: Sequence[Due], covered: Mapping[int, Covered], now: datetime) -> list[Asked]:
    held = [covered.get(each.subscriber.id, NOTHING) for each in due]
    return [Asked(_span(view, each, past, now), past) for each, past in zip(due, held, strict=True)]


def _span(view: View, due: Due, covered: Covered, now: datetime) -> Span:
    edited = due.changed_at if covered.at is None else covered.edited
    again = edited - SECOND_LOOK if edited else None
    since = now - look_back(due.subscriber)
    # What was told of before the choice and after the last digest is news as well.
    chosen = min(view.number_at(covered.chosen), covered.upto) if covered.chosen else None
    return _shared(covered.upto, view.upto, since, again, covered.at, covered.owed, chosen)


# Readers whose editions cover the same arrivals share one span, and so one mask of papers.
_shared = lru_cache(maxsize=10_000)(Span)


def _silent(covered: Covered, now: datetime) -> bool:
    """Whether a note on a quiet week may be due; a day's difference of zones counts for the reader."""
    return covered.heard is not None and now - covered.heard >= WEEK - timedelta(days=1)
