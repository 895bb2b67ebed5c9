"""Times that a wrong clock set ahead → now.

Comes in: the time. Goes out: rows that wait for nothing any more. Refuses to know: how it is found out that a clock was
wrong, when an edition is due (`editions` computes the times).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

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

    def due_again(self, next_due: Callable[[Schedule], datetime], now: datetime) -> int:
        """Let no active reader's edition be due later than its schedule says; returns how many were."""
        row, count = subscriber.c, 0
        ahead = (row.state == SubscriberState.ACTIVE) & (row.next_due_at > now)
        for each in self.connection.execute(select(row.timezone, row.hour, row.weekdays).where(ahead).distinct()).all():
            schedule = schedule_of(*each)
            due = next_due(schedule)
            theirs = [row[name] == value for name, value in schedule_values(schedule).items()]
            later = update(subscriber).where(ahead, *theirs, row.next_due_at > due)
            count += self.connection.execute(later.values(next_due_at=due)).rowcount
        return count
