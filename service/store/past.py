"""What one reader's digests held.

Comes in: a reader, papers. Goes out: the digests with the places of the papers. Refuses to know: why anyone asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from service.model import DeliveryKind, DeliveryState
from service.store.payloads import with_payload
from service.store.tables import delivery


@dataclass(frozen=True, slots=True)
class Held:
    """One digest that held a paper: its edition (a local day), what became of it, the paper's place from 1.

    `shown` of the papers it held stood in the mail; those behind them were counted only.
    """

    edition: str
    state: DeliveryState
    place: int
    shown: int
    error: str


@dataclass(frozen=True, slots=True)
class Past:
    """Verbs of one unit of work."""

    connection: Connection

    def holding(self, subscriber_id: int, papers: Iterable[int]) -> list[Held]:
        """One subscriber's digests that hold any of these papers, newest first."""
        wanted = set(papers)
        mine = (delivery.c.subscriber_id == subscriber_id) & (delivery.c.kind == DeliveryKind.DIGEST)
        found = []
        for row in self.connection.execute(with_payload().where(mine).order_by(delivery.c.id.desc())):
            place = next((n for n, paper in enumerate(row.papers, 1) if paper in wanted), 0)
            if place:
                shown = len((row.payload or {}).get("papers", ()))
                found.append(Held(row.key, DeliveryState(row.state), place, shown, row.error))
        return found
