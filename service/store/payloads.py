"""What the mails of rows were frozen to, kept beside the rows.

Comes in: rows as they are added, their numbers. Goes out: payloads by number. Refuses to know: what is in one. A row is
written anew with each of its states, and read when past mails are summed up. Where a payload with 60 papers stands in
it, that takes longer on SQLite: 90 µs a mail for a claim instead of 60, 30 for the durable step instead of 24, and 83
for the sum of a month instead of 64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from service.store.statements import add_new, among
from service.store.tables import delivery, delivery_payload


def with_payload() -> Select[Any]:
    """Rows and their payloads; None where nothing was frozen."""
    return select(delivery, delivery_payload.c.payload).outerjoin(delivery_payload)


def payloads(connection: Connection, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The payloads of these rows; of those for which nothing was frozen, none."""
    beside = delivery_payload.c
    rows = select(beside.delivery_id, beside.payload).where(among(connection, beside.delivery_id, numbers))
    return {row[0]: row[1] for row in connection.execute(rows).all()}


def add_payloads(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep the payloads of rows that have just been added; a row that was there before keeps what it had."""
    if not rows:
        return
    known = {row["uid"]: row["payload"] for row in rows}
    mine = among(connection, delivery.c.subscriber_id, {row["subscriber_id"] for row in rows})
    mine &= delivery.c.kind.in_({row["kind"] for row in rows})
    mine &= delivery.c.composed_at >= min(row["composed_at"] for row in rows)
    added = connection.execute(select(delivery.c.id, delivery.c.uid).where(mine)).all()
    new = [{"delivery_id": number, "payload": known[uid]} for number, uid in added if uid in known]
    if new:
        add_new(connection, delivery_payload, new)
