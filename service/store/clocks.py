"""Times that a wrong clock set ahead → now; editions that were due long ago → their next regular time.

Comes in: the time. Goes out: rows that wait for nothing any more. Refuses to know: how it is found out that a clock was
wrong, when an edition is due (`editions` computes the times).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from service.model import Schedule, SubscriberState
from service.store.schedules import schedule_of, schedule_values
from service.store.statements import database_now
from service.store.tables import OPEN, asked, delivery, heartbeat, pace, page, source, subscriber, waiting

# What is waited for, when something was last done, and since when something waits.
_TIMES = (
    (source.c.next_poll_at, source.c.active),
    (delivery.c.not_before, OPEN),
    (heartbeat.c.at, None),
    (waiting.c.since, None),
    (asked.c.at, None),
    (page.c.fetched_at, None),
)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Verbs of one unit of work."""

    connection: Connection

    def put_back(self, now: datetime) -> None:
        """Take every time that is yet to come for now; whoever is to be visited or written to later is so at once."""
        for column, also in _TIMES:
            ahead = column > now if also is None else (column > now) & also
            self.connection.execute(update(column.table).where(ahead).values({column: now}))
        # Turns at a host and the pace of mails are kept by the database's own clock.
        clock = database_now(self.connection)
        self.connection.execute(update(pace).where(pace.c.next_free > clock).values(next_free=clock))

    def due_again(self, next_due: Callable[[Schedule], datetime | None], now: datetime) -> int:
        """Let no active reader's edition be due later than its schedule says; returns how many were.

        A schedule that says nothing is left alone.
        """
        row, count = subscriber.c, 0
        ahead = (row.state == SubscriberState.ACTIVE) & (row.next_due_at > now)
        for schedule in self._schedules(ahead):
            if (due := next_due(schedule)) is None:
                continue
            later = update(subscriber).where(ahead, _follow(schedule), row.next_due_at > due)
            count += self.connection.execute(later.values(next_due_at=due)).rowcount
        return count

    def overdue_schedules(self, before: datetime) -> list[Schedule]:
        """The schedules of active readers whose edition was due before a time, each once."""
        return self._schedules(_overdue(before))

    def overtake(self, schedule: Schedule, before: datetime, due: datetime, most: int) -> int:
        """Let so many readers of a schedule be due at `due` who were due before a time; returns how many there were."""
        old = select(subscriber.c.id).where(_overdue(before), _follow(schedule)).limit(most).with_for_update()
        theirs = update(subscriber).where(subscriber.c.id.in_(old))
        return self.connection.execute(theirs.values(next_due_at=due)).rowcount

    def _schedules(self, whose: ColumnElement[bool]) -> list[Schedule]:
        columns = (subscriber.c.timezone, subscriber.c.hour, subscriber.c.weekdays)
        return [schedule_of(*each) for each in self.connection.execute(select(*columns).where(whose).distinct())]


def _overdue(before: datetime) -> ColumnElement[bool]:
    return (subscriber.c.state == SubscriberState.ACTIVE) & (subscriber.c.next_due_at < before)


def _follow(schedule: Schedule) -> ColumnElement[bool]:
    return and_(*(subscriber.c[name] == value for name, value in schedule_values(schedule).items()))
