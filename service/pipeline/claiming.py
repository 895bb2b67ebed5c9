"""Rows that wait → those that one sender leases, by the limits that all workers share.

Comes in: the time, what the sender holds already. Goes out: leased rows, or how long to wait for some. Refuses to know:
rendering, connections, what becomes of a row.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from service.pipeline.bodies import Bodies
from service.pipeline.canary import allowance, sent_ahead
from service.pipeline.health import Health
from service.pipeline.pacing import Limits, Queues, admit, fold, room
from service.store import Store, Unit
from service.store.deliveries import Delivery
from service.store.leasing import EDITIONS

BATCH = 200
# Near the end of a morning a batch is a share of what is left, so that no worker waits for another one's last batch.
SHARES, LEAST = 4, 25
# It is looked whether the database was put back with the first batch, and then with those that come so much later.
LOOKS = 1.0


@dataclass(slots=True)
class Claims:
    """The leases of one sender."""

    store: Store
    health: Health
    limits: Limits
    token: str
    lease: float
    look: Callable[[], None]
    # A mail whose sender died goes alone: should it be poison, it takes no other down with it.
    alone: bool = False
    _looked: float = -math.inf
    _queues: Queues = field(init=False)

    def __post_init__(self) -> None:
        self._queues = Queues(self.limits.per_domain)

    def take(self, now: datetime, held: Bodies, *, letters: bool = False) -> tuple[list[Delivery], float]:
        """Lease what may go out now, or letters alone; where the limits let nothing out, the seconds until they may."""
        while True:
            self._look()
            with self.store.write() as unit:
                rows, folded, wait = self._take(unit, now, held, letters)
            if rows or not folded:
                return rows, 0.0 if rows else wait

    def _look(self) -> None:
        if time.monotonic() - self._looked > LOOKS:
            self.look()
            self._looked = time.monotonic()

    def _take(self, unit: Unit, now: datetime, held: Bodies, letters: bool) -> tuple[list[Delivery], bool, float]:
        """The rows to send; where there are none, whether to ask again at once, and else how long to wait."""
        editions, ahead = (0, False) if letters else allowance(unit, self.limits.canary, BATCH, now)
        # Asked with every batch: a hold stops senders that are at it, too.
        if unit.journal.is_braked():
            return [], False, 0.0
        relay = self.health.usable(now)[0]
        limits = self.limits.warming(self.health.age(unit, relay, now))
        free, wait = room(unit, limits, self.health.names[relay], BATCH)
        if not free:
            return [], False, wait if unit.deliveries.is_due(now) else 0.0
        claimed = self._lease(unit, free, editions, now, held)
        # What is in doubt keeps its reader's next edition waiting, and so would never be folded into it.
        rows, late = fold(unit, self.token, claimed, 0 if self.alone else self.limits.not_after, now)
        rows = admit(unit, self.token, rows, limits, now, self.health.names[relay], self._queues)
        if ahead:
            sent_ahead(unit, [row for row in rows if row.kind in EDITIONS], now)
        return rows, bool(late) and len(late) == len(claimed), self._queues.wait(now)

    def _lease(self, unit: Unit, limit: int, editions: int, now: datetime, held: Bodies) -> list[Delivery]:
        share = max(unit.deliveries.waiting(now, SHARES * limit) // SHARES, LEAST)
        # Mails may be why it broke off: after every other rest it is tried with those at the other end of the line.
        other = self.health.failures(self.health.usable(now)[0]) % 2 == 1
        most = min(share, limit)
        rows = unit.deliveries.claim(self.token, now, most, self.lease, newest=other, editions=editions)
        # A lease that ended while this machine slept: what is in hand is not begun, and comes again when it is let go.
        if again := [row.id for row in rows if row.id in held]:
            unit.deliveries.release(self.token, again)
            rows = [row for row in rows if row.id not in held]
        # What is in doubt is looked for where nothing else is left.
        self.alone = bool(editions) and not rows and not held
        return unit.deliveries.claim_doubtful(self.token, now, self.lease) if self.alone else rows
