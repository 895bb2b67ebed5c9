"""How fast mails may go out and who visits a host, shared by every worker: one row for each limit.

Comes in: the name of a limit and its rate. Goes out: what may be done now. Refuses to know: relays, domains, sources.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from service.store.statements import database_now, insert_new
from service.store.tables import pace

# What was not used for so long is not saved up for later, in seconds.
BURST = 2.0


@dataclass(frozen=True, slots=True)
class Paces:
    """Verbs of one unit of work."""

    connection: Connection

    def reserve(self, name: str, per_minute: int, wanted: int) -> tuple[int, float]:
        """Take up to `wanted` mails out of a limit; returns how many, and the seconds until there is one more.

        The row stays locked until the commit and the clock is the database's, so no two workers take the same place
        (the generic cell rate algorithm of ITU-T I.371, for many cells at once).
        """
        earliest, now, each = self._hold(name, per_minute)
        taken = max(min(wanted, int((now - earliest) / each + 1e-9)), 0)
        if taken:
            spent = update(pace).where(pace.c.name == name).values(next_free=earliest + taken * each)
            self.connection.execute(spent)
        return taken, max(earliest + (taken + 1) * each - now, 0.0)

    def room(self, name: str, per_minute: int, wanted: int) -> tuple[int, float]:
        """How many of `wanted` mails could be reserved in this unit, and the seconds until there is one more."""
        earliest, now, each = self._hold(name, per_minute)
        room = max(min(wanted, int((now - earliest) / each + 1e-9)), 0)
        return room, max(earliest + (room + 1) * each - now, 0.0)

    def _hold(self, name: str, per_minute: int) -> tuple[float, float, float]:
        """When the first place was free, the time, and how long one mail takes."""
        self.connection.execute(insert_new(self.connection, pace).values(name=name, next_free=0.0))
        held = select(pace.c.next_free, database_now(self.connection)).where(pace.c.name == name).with_for_update()
        next_free, now = self.connection.execute(held).one()
        each = 60.0 / per_minute
        if next_free > now + each:
            # Nobody takes a place that is not free yet: the clock was ahead when it was taken.
            self.connection.execute(update(pace).where(pace.c.name == name).values(next_free=now))
            next_free = now
        return max(next_free, now - max(BURST, each)), now, each

    def take_turn(self, name: str, seconds: float) -> float:
        """Hold a turn for so long at most; returns 0 where it is ours, else the seconds until it is free."""
        self.connection.execute(insert_new(self.connection, pace).values(name=name, next_free=0.0))
        now = database_now(self.connection)
        free = update(pace).where(pace.c.name == name, pace.c.next_free <= now)
        if self.connection.execute(free.values(next_free=now + seconds)).rowcount:
            return 0.0
        left = self.connection.execute(select(pace.c.next_free - now).where(pace.c.name == name)).scalar_one()
        return max(float(left), 0.001)

    def end_turn(self, name: str, rest: float) -> None:
        """Let it be taken again after so many seconds."""
        free = database_now(self.connection) + rest
        self.connection.execute(update(pace).where(pace.c.name == name).values(next_free=free))
