"""matches → digest → delivery rows, for every edition that is due.

Comes in: the time. Goes out: one row per subscriber and edition, frozen so that rendering needs no more choices.
A batch reads everything in one snapshot, chooses without the database, and writes in one transaction that moves each
reader's due time only where it still stands as read: of two composers one writes, the other finds nothing left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from service import editions
from service.errors import StoreError
from service.model import DeliveryKind, DeliveryState, Schedule, Subscriber
from service.pipeline.batch import Batch
from service.pipeline.frozen import Cover, Told, freeze, is_weekly
from service.pipeline.origins import origins
from service.pipeline.owing import LOOK_BACK, greeted, past
from service.pipeline.pacing import Limits
from service.pipeline.usual import watch
from service.pipeline.window import REACH, Window
from service.store import Store, Unit
from service.store.covered import NOTHING, Covered
from service.store.deliveries import new_delivery
from service.store.subscribers import Due

LOG = logging.getLogger(__name__)

# Half of choosing for 500 is what is done once for a batch; in batches of 2,000 composing gains nothing more.
BATCH = 1_000
# So many profiles may have changed before their compact form is written anew.
FOLD_AT = 1_000
# So many readers one after the other who cannot be composed for are no fault of theirs.
MOST_FAILED = 20
# No edition can have been missed in so short a time, whatever the clocks do.
ONE_DAY = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Composed:
    """How many editions were composed: mails made ready, and editions that had nothing to send; `failed` still wait."""

    ready: int = 0
    quiet: int = 0
    superseded: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Edition:
    """One reader's edition, chosen and ready to be written; no row where that day has one already.

    With an edition that holds nothing may come a `note` on a quiet week.
    """

    due: Due
    covered: Covered
    row: dict[str, Any] | None
    next_due_at: datetime
    note: dict[str, Any] | None = None

    @property
    def reader(self) -> int:
        """Whose it is."""
        return self.due.subscriber.id

    def papers_a_day(self, now: datetime) -> float:
        """How many papers it holds for each day since the last one."""
        # Whoever had one before has none that is known where it was longer ago than the window goes.
        since = self.covered.at or now - REACH
        return len(self.row["papers"] if self.row else ()) / max((now - since) / timedelta(days=1), 1.0)


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes all that is due. `ready` is called after each batch that holds mails, so that others send meanwhile."""

    store: Store
    window: Window
    day: date | None = None
    overdue: bool = False
    limits: Limits = field(default_factory=Limits)
    ready: Callable[[], None] = lambda: None

    def run(self, now: datetime) -> Composed:
        """Compose batch by batch until nothing is due."""
        self._say_what_waits(now)
        self._fold()
        total, after, failed = Composed(), 0, 0
        while step := self._step(now, after, BATCH):
            after, written = step
            total = _sum(total, written)
            if written.ready:
                self.ready()
            failed = failed + 1 if written.failed else 0
            if failed >= MOST_FAILED:
                LOG.error("%d editions one after the other cannot be composed, so the others wait", failed)
                break
        level = logging.INFO if total != Composed() else logging.DEBUG
        LOG.log(level, "composed %d digests, %d quiet, %d superseded", total.ready, total.quiet, total.superseded)
        return total

    def draft(self, reader: Subscriber, now: datetime) -> dict[str, Any] | None:
        """What the edition of a reader would be frozen to if it were due now; None where none would be sent."""
        with self.store.read() as unit:
            due = unit.subscribers.due(None, 1, reader.id - 1)
            if not due or due[0].subscriber.id != reader.id:
                return None
            covered = past(unit, due, now)
            due = greeted(unit, due, covered, now)
            with self.window.open(unit, now) as view:
                day, told = editions.local_day(reader.schedule, now), Told(view, origins(unit.sources.all(), now))
                batch = Batch.read(unit, view, self.window.book, due, covered, now)
                edition = _edition(batch, due[0], day, told, replace(batch.held(due[0]), editions=frozenset()))
        return edition.row["payload"] if edition.row else None

    def _step(self, now: datetime, after: int, most: int) -> tuple[int, Composed] | None:
        """Compose the next batch; one that cannot be is taken apart, until a single reader is left out.

        Their edition stays due, and nobody else's waits for it.
        """
        try:
            batch = self._batch(now, after, most)
            return (batch[0], self._write(batch[1], now)) if batch else None
        except StoreError:
            raise
        except Exception:
            if most == 1:
                with self.store.read() as unit:
                    due = self._due(unit, now, after, 1)
                if not due:  # They have left meanwhile.
                    return None
                LOG.exception("the edition of subscriber %d cannot be composed", due[0].subscriber.id)
                return due[0].subscriber.id, Composed(failed=1)
        return self._step(now, after, max(most // 10, 1))

    def _due(self, unit: Unit, now: datetime, after: int, most: int) -> Sequence[Due]:
        everybody, since = self.day is not None, None if self.overdue or self.day else now - editions.OVERDUE
        return unit.subscribers.due(None if everybody else now, most, after, since, profiles=False)

    def _batch(self, now: datetime, after: int, most: int) -> tuple[int, list[_Edition]] | None:
        with self.store.read() as unit:
            due = self._due(unit, now, after, most)
            if not due:
                return None
            covered = past(unit, due, now)
            free = [each for each in due if not covered.get(each.subscriber.id, NOTHING).in_flight]
            asked = greeted(unit, free, covered, now)
            with self.window.open(unit, now) as view:
                if len(due) == BATCH:
                    self.window.book.learn_all(unit)
                told = Told(view, origins(unit.sources.all(), now))
                batch = Batch.read(unit, view, self.window.book, asked, covered, now)
                chosen = [_edition(batch, each, self.day, told, batch.held(each)) for each in asked]
        return due[-1].subscriber.id, chosen

    def _say_what_waits(self, now: datetime) -> None:
        with self.store.read() as unit:
            late = 0 if self.overdue or self.day else unit.subscribers.overdue(now)
        if late:
            LOG.warning(
                "%d editions were due over 48 h ago; next ones cover them, or `paperround send --overdue`", late
            )

    def _fold(self) -> None:
        """Bring the compact form of the profiles up to date, where much has changed."""
        with self.store.read() as unit:
            many = unit.rosters.marked() > FOLD_AT
        if many:
            with self.store.write() as unit:
                unit.rosters.fold()

    def _write(self, chosen: Sequence[_Edition], now: datetime) -> Composed:
        """Write the editions that are still due as they were read; no reader gets two for one day."""
        with self.store.write() as unit:
            moves = [(each.reader, each.due.next_due_at, each.next_due_at) for each in chosen]
            moved = unit.subscribers.schedule_next(moves)
            ours = [each for each in chosen if each.reader in moved]
            ours, superseded = self._make_room(unit, ours, now - REACH)
            rows = [row for each in ours for row in (each.row, each.note) if row is not None]
            unit.deliveries.add([self._spread(row, now) for row in rows])
            told = [each.papers_a_day(now) for each in ours if each.due.welcomed and each.row is not None]
            held = watch(unit, told, now)
            unit.subscribers.set_welcomed([each.reader for each in ours if not each.due.welcomed])
        if held:
            with self.store.write() as unit:
                unit.deliveries.recall()
        ready = sum(1 for row in rows if row["state"] == DeliveryState.READY)
        return Composed(ready, sum(1 for row in rows if row["state"] == DeliveryState.NONE), superseded)

    def _spread(self, row: dict[str, Any], now: datetime) -> dict[str, Any]:
        """A first digest and one asked for by hand begin at once."""
        if self.limits.spread and not self.day and not row["payload"].get("first"):
            row["not_before"] = self.limits.start(row["subscriber_id"], row["key"], now)
        return row

    def _make_room(self, unit: Unit, ours: list[_Edition], since: datetime) -> tuple[list[_Edition], int]:
        """Supersede what still waits; who was sent to, or composed for, since we read stays due and is chosen for anew.

        Otherwise the papers of a digest that a sender took in between would come again in this one.
        """
        waited = {row for each in ours if each.row is not None for row in each.covered.ready}
        superseded = unit.deliveries.supersede(waited)
        told = [each for each in ours if each.note or (each.row and each.row["papers"])]
        unit.deliveries.supersede(row for each in told for row in each.covered.notes)
        newest = unit.deliveries.newest_digests([each.reader for each in ours], since)
        overtaken = {
            each.reader
            for each in ours
            if newest.get(each.reader, 0) > each.covered.newest
            or (each.row is not None and not each.covered.ready <= superseded)
        }
        back = [(each.reader, each.next_due_at, each.due.next_due_at) for each in ours if each.reader in overtaken]
        unit.subscribers.schedule_next(back)
        return [each for each in ours if each.reader not in overtaken], len(superseded)


def _edition(batch: Batch, due: Due, day: date | None, told: Told, covered: Covered) -> _Edition:
    reader, now = due.subscriber, batch.now
    day, key, following = _days(reader.schedule, now, due.welcomed, due.next_due_at, day)
    if key in covered.editions:
        return _Edition(due, covered, None, following)
    selection, back = batch.selection(due)
    ranked, named = selection.ranked if selection else (), batch.view.named()
    payload: dict[str, Any] = {}
    if wanted := selection is not None and (bool(ranked) or not due.welcomed or reader.quiet_digest):
        cover = Cover(day, following, _since(due, covered, day, now), back)
        payload = freeze(reader, selection, cover, told, first=not due.welcomed)
    row = new_delivery(
        DeliveryKind.DIGEST,
        reader.id,
        key,
        now,
        payload,
        papers=[named[position][0] for position in ranked],
        upto=batch.view.upto,
        state=DeliveryState.READY if wanted else DeliveryState.NONE,
    )
    return _Edition(due, covered, row, following, None if wanted else batch.note(due, day))


# Readers of a batch share a few schedules.
@lru_cache(maxsize=10_000)
def _days(
    schedule: Schedule, now: datetime, welcomed: bool, due: datetime, day: date | None
) -> tuple[date, str, datetime]:
    """The day of an edition (`day`, where one is asked for), as its row is called, and when the next one is due."""
    if day is None:
        # What waited while other days or hours were chosen is of the day on which it was due.
        day = editions.local_day(schedule, max(editions.latest_due(schedule, now), due) if welcomed else now)
    return day, day.isoformat(), editions.next_due(schedule, max(now, editions.due_at(schedule, day)))


def _since(due: Due, covered: Covered, day: date, now: datetime) -> date | None:
    """The day of the first edition that was missed since the last one; None where none was, or nobody waited for it."""
    reader = due.subscriber
    if not due.welcomed or covered.at is None or now - covered.at < ONE_DAY:
        return None
    own, done = editions.local_day(reader.schedule, covered.at), covered.at
    if own.isoformat() in covered.editions:
        # Composed before the hour of its day, as a first one is.
        done = max(done, editions.due_at(reader.schedule, own))
    missed = editions.local_day(reader.schedule, editions.next_due(reader.schedule, done))
    if not covered.owed or covered.owed[0][1] >= now:
        return missed if missed < day else None
    # The first edition that would have held something of what is looked back at.
    first = day - LOOK_BACK if is_weekly(reader) else day - LOOK_BACK + timedelta(days=1)
    return max(missed, first) if missed < day else None


def _sum(one: Composed, other: Composed) -> Composed:
    failed = one.failed + other.failed
    return Composed(one.ready + other.ready, one.quiet + other.quiet, one.superseded + other.superseded, failed)
