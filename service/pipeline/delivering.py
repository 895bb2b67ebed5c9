"""delivery rows → messages → the mail server.

Comes in: the time, a carrier. Goes out: mails, each noted as sent before its connection hands over the next one.
Refuses to know: connections (`service.deliveries`), what a refusal means for a row (`service.pipeline.tray`).
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from service.deliveries import Carrier
from service.deliveries.dkim import Seal
from service.pipeline.bodies import Bodies
from service.pipeline.health import Health
from service.pipeline.pacing import Limits
from service.pipeline.rendering import Desk
from service.pipeline.tray import Delivered, Tray
from service.store import Store
from service.store.journal import BRAKE

LOG = logging.getLogger(__name__)

LEASE_SECONDS = 600.0


@dataclass(slots=True)
class Sender:
    """Sends what is ready over one carrier."""

    store: Store
    open_desk: Callable[[], Desk]
    open_carrier: Callable[[], Carrier]
    lease: float = LEASE_SECONDS
    limits: Limits = field(default_factory=Limits)
    seal: Seal | None = None
    # Asked with every batch whether this database is one that was put back.
    look: Callable[[], None] = lambda: None
    # The process's number comes first: a lease that is left behind names who died.
    token: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(8)}")

    def run(self, now: datetime, stop: Callable[[], bool]) -> Delivered:
        """Send until nothing is ready, no relay can be used or `stop` says so."""
        carrier = self.open_carrier()
        health = Health(carrier.names)
        with self.store.read() as unit:
            health.read(unit)
            idle = bool(unit.journal.flag(BRAKE)) or not unit.deliveries.is_due(now)
        if idle or not health.usable(now):
            return Delivered(relay="" if idle else health.why())
        bodies = Bodies(self.seal)
        tray = Tray(
            self.store, health, self.limits, self.token, self.lease, now, stop, self.open_desk, bodies, self.look
        )
        try:
            with self.store.keeping():
                carrier.carry(tray)
        finally:
            carrier.close()
            with self.store.write() as unit:
                unit.deliveries.release(self.token)
        done = tray.done
        LOG.info("delivered %d, to retry %d, failed %d", done.sent, done.retried, done.failed)
        return done
