"""Claimed rows that are given back: nothing was begun, so others may claim them.

Comes in: a connection, a lease, ids, times. Goes out: rows that are ready again. Refuses to know: why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, select, update

from service.model import DeliveryState, SubscriberState
from service.store.leasing import EDITIONS
from service.store.statements import among
from service.store.tables import UTCDateTime, delivery, subscriber


def release(connection: Connection, token: str, ids: Sequence[int] | None = None) -> int:
    """Give back what this lease holds and has not begun, or these rows of it; returns how many those were."""
    mine = _mine(token) if ids is None else _mine(token) & delivery.c.id.in_(ids)
    return connection.execute(update(delivery).where(mine).values(_back())).rowcount


def recall(connection: Connection) -> int:
    """Take back whatever is claimed and not begun, from every sender; returns how many rows those were."""
    # By the index of leases.
    claimed = (delivery.c.lease > "") & (delivery.c.state == DeliveryState.CLAIMED)
    # In the order in which senders lock the rows that they begin, or the two might wait for each other.
    ordered = select(delivery.c.id).where(claimed).order_by(delivery.c.id).with_for_update()
    ids = connection.scalars(ordered).all()
    mine = claimed & among(connection, delivery.c.id, ids)
    return connection.execute(update(delivery).where(mine).values(_back())).rowcount


def postpone(connection: Connection, token: str, later: Mapping[int, datetime]) -> None:
    """Give back these rows, each not to be tried before its time."""
    if later:
        mine = _mine(token) & (delivery.c.id == bindparam("row"))
        values = _back() | {"not_before": bindparam("later", type_=UTCDateTime)}
        rows = [{"row": number, "later": time} for number, time in later.items()]
        connection.execute(update(delivery).where(mine).values(values), rows)


def _mine(token: str) -> ColumnElement[bool]:
    return (delivery.c.lease == token) & (delivery.c.state == DeliveryState.CLAIMED)


def _back() -> dict[str, Any]:
    """An edition of someone who may get none any more is over."""
    back = case((_welcome(), DeliveryState.READY), else_=DeliveryState.CANCELLED)
    over = case((_welcome(), None), else_=delivery.c.composed_at)
    return {"state": back, "lease": None, "lease_until": None, "finished_at": over}


def _welcome() -> ColumnElement[bool]:
    """Whether a row may be sent to its subscriber: an edition only while the subscription is active."""
    active = exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.state == SubscriberState.ACTIVE)
    # Spelt out: a list cannot stand in a statement that runs for many rows.
    return and_(*(delivery.c.kind != each for each in EDITIONS)) | active
