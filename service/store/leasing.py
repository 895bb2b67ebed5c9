"""Which mails may go out, and the statement that leases them.

Comes in: times, a dialect. Goes out: conditions on rows, and a statement to be run with `token`, `now`, `old`,
`seconds` and `most`. Refuses to know: who asks, what becomes of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Float, Integer, Select, any_, bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from service.model import DeliveryKind, DeliveryState
from service.store.statements import clock
from service.store.tables import LETTERS, OPEN, UTCDateTime, delivery

# Kinds that only an active subscriber gets; the others answer something the reader just did.
EDITIONS = (DeliveryKind.DIGEST, DeliveryKind.QUIET)
Moment = datetime | BindParameter[datetime]
# What a sender reads of a row; the rest is for those who look at it later.
_NEEDED = tuple(
    delivery.c[name] for name in ("id", "kind", "subscriber_id", "key", "uid", "attempts", "composed_at", "error")
)


def late(old: Moment) -> ColumnElement[bool]:
    """Whether an edition waits that was to go out before `old`."""
    # Of the indexes SQLite would take the one by kind, which holds all that was ever sent.
    kind = delivery.c.kind.concat("")
    return OPEN & kind.in_(EDITIONS) & (delivery.c.not_before < old) & (delivery.c.state == DeliveryState.READY)


def due(now: BindParameter[datetime], old: BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a row may go out now and is no old news.

    What is older than `old`, and than any letter that waits, need not be looked at: to step over 100,000 editions that
    wait for the operator took 50 ms.
    """
    ready, time = delivery.c.state == DeliveryState.READY, delivery.c.not_before
    first = select(func.coalesce(func.min(time), old)).where(LETTERS, ready, time < old).correlate(None)
    return OPEN & ready & (time >= first.scalar_subquery()) & (time <= now) & ~late(old)


@cache
def waiting(*, digests: bool = False) -> Select[Any]:
    """How many rows are due, or digests alone, counted no further than `most`: nobody goes through a million."""
    now, old = bindparam("now", type_=UTCDateTime), bindparam("old", type_=UTCDateTime)
    some = select(delivery.c.id).where(due(now, old)).order_by(delivery.c.not_before)
    if digests:
        # As an expression, or SQLite would read the index of all digests there ever were, not that of what is open.
        some = some.where(func.coalesce(delivery.c.kind, "") == DeliveryKind.DIGEST)
    return select(func.count()).select_from(some.limit(bindparam("most", type_=Integer)).subquery())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are to be leased: those whose sender has died or the others, letters alone, oldest or newest first."""

    doubtful: bool = False
    letters: bool = False
    newest: bool = False


@cache
def lease(dialect: str, wanted: Wanted) -> ReturningUpdate[Any]:
    """Lease rows that are due. Put together anew for each batch it cost half a millisecond."""
    now, old = bindparam("now", type_=UTCDateTime), bindparam("old", type_=UTCDateTime)
    doubt = delivery.c.recoveries > 0 if wanted.doubtful else delivery.c.recoveries == 0
    ready = delivery.c.state == DeliveryState.READY
    some = LETTERS & ready & (delivery.c.not_before <= now) if wanted.letters else due(now, old)
    order = [delivery.c.not_before] if wanted.letters else [delivery.c.not_before, delivery.c.id]
    rows = select(delivery.c.id).where(some & doubt)
    rows = rows.order_by(*[each.desc() for each in order] if wanted.newest else order)
    rows = rows.limit(bindparam("most", type_=Integer))
    chosen: ColumnElement[bool] = delivery.c.id.in_(rows.scalar_subquery())
    if dialect == "postgresql":
        # An array is read once; a subquery may run again for each row of a join, and lock more than `most`.
        chosen = delivery.c.id == any_(func.array(rows.with_for_update(skip_locked=True).scalar_subquery()))
    until = clock(dialect) + bindparam("seconds", type_=Float)
    values = {"state": DeliveryState.CLAIMED, "lease": bindparam("token"), "lease_until": until}
    return update(delivery).where(chosen & ready).values(values).returning(*_NEEDED)
