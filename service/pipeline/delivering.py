"""delivery rows → messages → the mail server.

Comes in: the time, an open mailer. Goes out: mails, each noted as sent before the next one may be accepted.
What the relay answers decides a row's fate (the tree of `service.errors`); one bad recipient never harms the others.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.errors import (
    AddressRefused,
    DeliveryError,
    PaperRoundError,
    PolicyRefused,
    RelayUnavailable,
    RenderError,
)
from service.links import Signer
from service.messages import Renderer
from service.model import DeliveryState, Identity, Mailer, Message, SubscriberState
from service.pipeline.canary import allowance, sent_ahead
from service.pipeline.pacing import Limits, admit, fold
from service.pipeline.rendering import Desk
from service.pipeline.window import Window
from service.store import Store
from service.store.deliveries import Delivery
from service.store.journal import BRAKE

LOG = logging.getLogger(__name__)

BATCH = 100
LEASE_SECONDS = 600.0
# A lease is renewed so many times before it would end, so that one slow mail server never costs a worker its rows.
RENEWALS = 5
FIRST_BACK_OFF = timedelta(seconds=10)
LONGEST_BACK_OFF = timedelta(hours=4)
# A policy refusal is about us, not about a reader: the relay rests this long.
HOLD = timedelta(minutes=15)
# With the back-off above, a mail that is refused for a time is tried for a day and a half.
MAX_ATTEMPTS = 20
POISON_ATTEMPTS = 3
# A sender that waits for its turn looks this often whether it shall stop, in seconds.
LONGEST_NAP = 0.5
HELD = "relay held until"


@dataclass(slots=True)
class Delivered:
    """What became of the rows of one run."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    skipped: int = 0
    relay: str = ""


@dataclass(slots=True)
class Sender:
    """Sends over one connection."""

    store: Store
    window: Window
    renderer: Renderer
    signer: Signer
    identity: Identity
    open_mailer: Callable[[], Mailer]
    lease: float = LEASE_SECONDS
    limits: Limits = field(default_factory=Limits)
    # The process's number comes first: a lease that is left behind names who died.
    token: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(8)}")
    accepted: list[int] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    renewed: float = 0.0

    def run(self, now: datetime, stop: Callable[[], bool]) -> Delivered:
        """Send batch by batch until nothing is ready, the relay gives out or `stop` says so."""
        done = Delivered()
        if self._held(now) or not self._waiting(now):
            return done
        mailer = self.open_mailer()
        try:
            while not done.relay and not stop() and (rows := self._claim(now, stop)):
                self._send(rows, mailer, now, done, stop)
        finally:
            mailer.close()
        LOG.info("delivered %d, to retry %d, failed %d", done.sent, done.retried, done.failed)
        return done

    def _held(self, now: datetime) -> bool:
        with self.store.read() as unit:
            held, braked = unit.journal.flag(HELD), unit.journal.flag(BRAKE)
        return bool(braked) or (bool(held) and datetime.fromisoformat(held) > now)

    def _waiting(self, now: datetime) -> bool:
        with self.store.read() as unit:
            return unit.deliveries.is_due(now)

    def _claim(self, now: datetime, stop: Callable[[], bool]) -> list[Delivery]:
        """Lease what may go out now, waiting for the relays' limit where that is what it takes."""
        while not stop():
            with self.store.write() as unit:
                # Asked with every batch: a hold stops senders that are at it, too.
                limit, ahead = allowance(unit, self.limits.canary, BATCH, now)
                braked = unit.journal.flag(BRAKE) or not limit
                rows = [] if braked else unit.deliveries.claim(self.token, now, limit, self.lease)
                if ahead and rows:
                    sent_ahead(unit, [row.id for row in rows], now)
                moment = now + timedelta(seconds=time.monotonic() - self.started)
                rows, folded = fold(unit, self.token, rows, self.limits.not_after, moment)
                admitted, wait = admit(unit, self.token, rows, self.limits, now)
            self.renewed = time.monotonic()
            if folded and not rows:
                continue
            if admitted or not rows:
                return admitted
            time.sleep(min(wait, LONGEST_NAP))
        return []

    def _send(
        self, rows: Sequence[Delivery], mailer: Mailer, now: datetime, done: Delivered, stop: Callable[[], bool]
    ) -> None:
        """Send one claimed batch; whatever ends it, the mails accepted are noted and the rest goes back."""
        desk = Desk(self.store, self.window, self.renderer, self.signer, self.identity)
        desk.lay_out(rows, now)
        not_before = None
        try:
            for row in rows:
                if stop():
                    break
                self._one(row, desk, mailer, now, done)
        except (RelayUnavailable, PolicyRefused) as error:
            not_before = now + _back_off(rows[0].attempts)
            done.relay = str(error)
            LOG.warning("the mail server cannot be used now: %s", error)
        finally:
            with self.store.write() as unit:
                unit.deliveries.begin(self.token, self.accepted, (), now)
                unit.deliveries.release(self.token, not_before)
            self.accepted = []

    def _one(self, row: Delivery, desk: Desk, mailer: Mailer, now: datetime, done: Delivered) -> None:
        """Begin one mail in the statement that notes the one before, then render and send it."""
        with self.store.write() as unit:
            if time.monotonic() - self.renewed > self.lease / RENEWALS:
                unit.deliveries.renew(self.token, self.lease)
                self.renewed = time.monotonic()
            begun = unit.deliveries.begin(self.token, self.accepted, [row.id], now)
            self.accepted = []
        if row.id not in begun:
            done.skipped += 1
            return
        try:
            mailer.send(self._message(row, desk))
        except PaperRoundError as error:
            self._refused(row, desk, error, now, done)
        else:
            self.accepted = [row.id]
            done.sent += 1

    def _message(self, row: Delivery, desk: Desk) -> Message:
        """Render; whatever goes wrong with one row stays with that row."""
        try:
            return desk.message(row)
        except PaperRoundError:
            raise
        except Exception as error:
            LOG.exception("delivery %d cannot be rendered", row.id)
            raise RenderError(f"it cannot be rendered ({type(error).__name__})") from error

    def _refused(self, row: Delivery, desk: Desk, error: PaperRoundError, now: datetime, done: Delivered) -> None:
        """Note what the refusal means for this row; a fault of the relay or of ours ends the run."""
        ours = isinstance(error, (RelayUnavailable, PolicyRefused))
        poison = isinstance(error, RenderError)
        again = ours or (error.transient and row.attempts + 1 < (POISON_ATTEMPTS if poison else MAX_ATTEMPTS))
        over = DeliveryState.QUARANTINED if poison else DeliveryState.FAILED
        with self.store.write() as unit:
            if again:
                unit.deliveries.retry(self.token, row.id, now + _back_off(row.attempts), _reason(error))
            else:
                unit.deliveries.end(self.token, row.id, over, now, _reason(error))
            if isinstance(error, AddressRefused):
                reader = desk.readers.get(row.subscriber_id)
                if reader and reader.state == SubscriberState.ACTIVE:
                    unit.subscribers.set_state(reader.id, SubscriberState.SUPPRESSED)
                unit.deliveries.cancel(row.subscriber_id)
                unit.journal.note(row.subscriber_id, "bounced", now, delivery=row.id)
            if isinstance(error, PolicyRefused):
                unit.journal.set_flag(HELD, (now + HOLD).isoformat())
        done.retried += again
        done.failed += not again
        if ours:
            raise error


def _reason(error: PaperRoundError) -> str:
    code = getattr(error, "code", None) if isinstance(error, DeliveryError) else None
    return f"{code} {error}" if code else str(error)


def _back_off(attempts: int) -> timedelta:
    doublings: int = 2 ** min(attempts, 10)
    return min(FIRST_BACK_OFF * doublings, LONGEST_BACK_OFF)
