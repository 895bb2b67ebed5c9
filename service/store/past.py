"""What readers' digests held, however long ago.

Comes in: readers, papers or times. Goes out: digests with the places of papers, or the papers of digests. Refuses to
know: why anyone asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection, Text, case, cast, func, select

from service.model import DeliveryKind, DeliveryState
from service.store.covered import ENDED
from service.store.payloads import with_payload
from service.store.statements import among
from service.store.tables import delivery
from service.store.values import read


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

    def ended(self, readers: Iterable[int]) -> dict[int, datetime | None]:
        """When the last digest that ended well was composed, of each reader who has any digest; None: none did."""
        row = delivery.c
        mine = among(self.connection, row.subscriber_id, readers) & (row.kind == DeliveryKind.DIGEST)
        last = select(row.subscriber_id, func.max(case((row.state.in_(ENDED), row.composed_at))))
        found = self.connection.execute(last.where(mine).group_by(row.subscriber_id))
        return {row[0]: row[1] for row in found}

    def papers(self, readers: Iterable[int], since: datetime, until: datetime) -> dict[int, frozenset[int]]:
        """The papers, under the ids they had, of each reader's digests composed at or after `since` until `until`."""
        row = delivery.c
        mine = among(self.connection, row.subscriber_id, readers) & (row.kind == DeliveryKind.DIGEST)
        then = (row.composed_at >= since) & (row.composed_at < until) & row.state.in_(ENDED)
        lists = select(row.subscriber_id, func.aggregate_strings(cast(row.papers, Text), ","))
        found = self.connection.execute(lists.where(mine & then).group_by(row.subscriber_id))
        return {reader: frozenset(chain.from_iterable(read(f"[{listed}]"))) for reader, listed in found}
