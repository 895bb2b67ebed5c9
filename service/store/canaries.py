"""What a canary needs to know of the delivery rows. Comes in: ids, the time. Goes out: counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

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

    def states(self, ids: Sequence[int]) -> dict[str, int]:
        """How many of these rows are in each state."""
        mine = select(delivery.c.state, func.count()).where(delivery.c.id.in_(ids)).group_by(delivery.c.state)
        return {row[0]: row[1] for row in self.connection.execute(mine)}
