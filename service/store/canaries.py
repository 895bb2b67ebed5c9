"""What a canary needs to know of the delivery rows. Comes in: ids, the time. Goes out: counts, states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from service.editions import OVERDUE
from service.store import leasing
from service.store.statements import walking_in_order
from service.store.tables import delivery


@dataclass(frozen=True, slots=True)
class Canaries:
    """Verbs of one unit of work."""

    connection: Connection

    def waiting(self, now: datetime, limit: int) -> int:
        """How many digests may go out, counted up to `limit`; what waits for the operator makes no morning large."""
        asked = {"now": now, "old": now - OVERDUE, "most": limit}
        with walking_in_order(self.connection):
            return self.connection.scalar(leasing.waiting(digests=True), asked) or 0

    def rows(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """The state of each of these rows, and how often it was begun."""
        mine = select(delivery.c.id, delivery.c.state, delivery.c.attempts).where(delivery.c.id.in_(ids))
        return {number: (state, attempts) for number, state, attempts in self.connection.execute(mine)}
