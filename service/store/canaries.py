"""What a canary needs to know of the delivery rows. Comes in: ids, the time. Goes out: counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from service.model import DeliveryKind, DeliveryState
from service.store.statements import walking_in_order
from service.store.tables import OPEN, delivery


@dataclass(frozen=True, slots=True)
class Canaries:
    """Verbs of one unit of work."""

    connection: Connection

    def waiting(self, now: datetime, limit: int) -> int:
        """How many digests are due, counted up to `limit`."""
        due = OPEN & (delivery.c.state == DeliveryState.READY) & (delivery.c.not_before <= now)
        # As an expression, or SQLite would read the index of all digests there ever were, not that of what is open.
        digest = func.coalesce(delivery.c.kind, "") == DeliveryKind.DIGEST
        some = select(delivery.c.id).where(due & digest).order_by(delivery.c.not_before).limit(limit).subquery()
        with walking_in_order(self.connection):
            return self.connection.scalar(select(func.count()).select_from(some)) or 0

    def states(self, ids: Sequence[int]) -> dict[str, int]:
        """How many of these rows are in each state."""
        mine = select(delivery.c.state, func.count()).where(delivery.c.id.in_(ids)).group_by(delivery.c.state)
        return {row[0]: row[1] for row in self.connection.execute(mine)}
