"""Delivery rows → how many there are of what.

Comes in: a connection, times. Goes out: counts by state, and of what was put aside. Refuses to know: who asks.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, union_all

from service.model import DeliveryState
from service.store.tables import FAULTY, OPEN, delivery


def states(connection: Connection, since: datetime) -> dict[str, int]:
    """How many rows are in each state, of those composed at or after a time and whatever is not over."""
    # Rows are numbered as they are composed, so that no index of times is needed, which each state would cost time.
    last = select(delivery.c.id).where(delivery.c.composed_at < since).order_by(delivery.c.id.desc()).limit(1)
    newer = delivery.c.id > func.coalesce(last.scalar_subquery(), 0)
    state = select(delivery.c.state)
    counted = union_all(state.where(newer, ~OPEN), state.where(OPEN)).subquery()
    rows = connection.execute(select(counted.c.state, func.count()).group_by(counted.c.state))
    return {row[0]: row[1] for row in rows}


def quarantined(connection: Connection, since: datetime) -> list[tuple[str, str, int]]:
    """What was put aside since then, as (kind, reason, how many)."""
    aside = FAULTY & (delivery.c.state == DeliveryState.QUARANTINED) & (delivery.c.finished_at >= since)
    sums = select(delivery.c.kind, delivery.c.error, func.count()).where(aside)
    rows = connection.execute(sums.group_by(delivery.c.kind, delivery.c.error).limit(20))
    return [(row[0], row[1], row[2]) for row in rows]
