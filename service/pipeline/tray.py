"""Claimed rows → the outbox a carrier takes mails from, and what became of them → the rows.

Comes in: leases on rows, outcomes. Goes out: mails, each begun in the step that notes the ones before it.
Refuses to know: connections. What the relay answers decides a row's fate (the tree of `service.errors`).
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.deliveries import Mail, Outcome
from service.errors import (
    AddressRefused,
    DeliveryError,
    PaperRoundError,
    PolicyRefused,
    RenderError,
    StoreError,
)
from service.model import DeliveryState, SubscriberState
from service.pipeline.bodies import Bodies
from service.pipeline.claiming import Claims
from service.pipeline.health import Health, back_off
from service.pipeline.pacing import Limits
from service.pipeline.rendering import Desk
from service.store import Store, Unit
from service.store.deliveries import Delivery

LOG = logging.getLogger(__name__)

# A lease is renewed so many times before it would end, so that one slow mail server never costs a worker its rows.
RENEWALS = 5
FIRST_BACK_OFF = timedelta(seconds=10)
LONGEST_BACK_OFF = timedelta(hours=4)
# With the back-off above, a mail that is refused for a time is tried for a day and a half.
MAX_ATTEMPTS = 20
POISON_ATTEMPTS = 3
# Where nothing was there to claim, it is looked again after so many seconds while mails are under way.
PAUSE = 0.05
# While a batch goes out, it is looked every so many seconds whether a letter has come.
LOOKS = 2.0


@dataclass(slots=True)
class Delivered:
    """What became of the rows of one run; `relay` says why it ended early, where no relay could be used."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    skipped: int = 0
    relay: str = ""


@dataclass(slots=True)
class Tray:
    """The Outbox of one run. `open_desk` makes what renders a batch of rows; `bodies` holds the rows and their desks.

    `look` holds a database that was put back.
    """

    store: Store
    health: Health
    limits: Limits
    token: str
    lease: float
    now: datetime
    stop: Callable[[], bool]
    open_desk: Callable[[], Desk]
    bodies: Bodies = field(default_factory=Bodies)
    look: Callable[[], None] = lambda: None
    done: Delivered = field(default_factory=Delivered)
    _queue: deque[Delivery] = field(default_factory=deque)
    _started: float = field(default_factory=time.monotonic)
    _renewed: float = 0.0
    _looked: float = 0.0
    _again: float | None = 0.0
    # Only mails under way are waited for.
    _pausing: bool = False
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = Claims(self.store, self.health, self.limits, self.token, self.lease, self.look)

    def usable(self) -> Sequence[int]:
        """The relays that may be used, by the database's word and what this run has met."""
        return self.health.usable(self._moment())

    def unusable(self, relay: int, error: DeliveryError) -> None:
        """Let a relay rest; where none is left, the run is over."""
        with self.store.write() as unit:
            self.health.gave_out(unit, relay, error, self._moment())
        if not self.usable():
            self.done.relay = str(error)

    def reserve(self) -> Mail | None:
        """The next claimed mail."""
        if self._queue:
            self._look_for_letters()
        else:
            self._fill()
        if not self._queue or self.stop():
            return None
        row = self._queue.popleft()
        self.bodies.announce(row.id)
        sender, recipient = self.bodies[row.id][1].addresses(row)
        return Mail(row.id, sender, recipient, eight_bit=not recipient.isascii(), as_is=True)

    def wait(self) -> float | None:
        """Where the limits allow none just now, the seconds until they do."""
        if self._pausing and not self.bodies:
            self._again = 0.0
        if self._again is None or self.stop() or not self.usable():
            return None
        return max(self._again - time.monotonic(), 0.0)

    def prepare(self) -> None:
        """Render what comes next."""
        self.bodies.make_ahead()

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterable[tuple[Mail, bytes]]:
        """Note what is done and begin the next, in one transaction; bodies come as they are asked for."""
        accepted = [outcome.mail.id for outcome in done if outcome.error is None]
        asked = [mail.id for mail in begin]
        begun = self._stepped(accepted, asked) if self._is_plain(done) else self._told(done, accepted, asked)
        self.done.sent += len(accepted)
        self.done.skipped += len(begin) - len(begun)
        self.bodies.drop([outcome.mail.id for outcome in done] + [number for number in asked if number not in begun])
        return self._begin([mail for mail in begin if mail.id in begun])

    def _stepped(self, accepted: Sequence[int], begin: Sequence[int]) -> set[int]:
        """Note and begin by one statement, once more over another connection where this one was lost.

        What was accepted must not come again for that: to note it twice does no harm. A mail that was begun by a step
        whose answer was lost is not begun again: it is in doubt, and not handed over now.
        """
        try:
            return self._begun(accepted, begin)
        except StoreError as error:
            if not error.transient:
                raise
            LOG.warning("mails are noted once more: %s", error)
            return self._begun(accepted, begin)

    def _begun(self, accepted: Sequence[int], begin: Sequence[int]) -> set[int]:
        with self.store.step() as unit:
            return unit.deliveries.begin(self.token, accepted, begin, self.now)

    def _told(self, done: Sequence[Outcome], accepted: Sequence[int], begin: Sequence[int]) -> set[int]:
        """Note and begin, and whatever else there is to say."""
        with self.store.write() as unit:
            self._renew(unit)
            begun = unit.deliveries.begin(self.token, accepted, begin, self.now)
            for relay in {outcome.relay for outcome in done if outcome.error is None}:
                self.health.took(unit, relay)
            for outcome in done:
                if outcome.error is not None:
                    self._refused(unit, outcome.mail.id, outcome.error, outcome.relay)
        return begun

    def _is_plain(self, done: Sequence[Outcome]) -> bool:
        """Whether there is nothing to say but that mails were accepted, and which are next."""
        troubled = any(outcome.error is not None or self.health.marked(outcome.relay) for outcome in done)
        return not (troubled or self._renewal_due())

    def _begin(self, mails: Sequence[Mail]) -> Iterator[tuple[Mail, bytes]]:
        """Hand out what is begun; whatever goes wrong with one row stays with that row."""
        by_number = {mail.id: mail for mail in mails}
        for number in self.bodies.begun(list(by_number)):
            try:
                body = self.bodies.take(number)
            except Exception as error:  # noqa: BLE001 - it stands with its row, and in the log
                problem = RenderError(f"it cannot be rendered ({type(error).__name__})")
                # What the error says, and with it a traceback, may hold an address.
                LOG.error("delivery %d cannot be rendered (%s)", number, type(error).__name__)  # noqa: TRY400
                with self.store.write() as unit:
                    self._refused(unit, number, error if isinstance(error, PaperRoundError) else problem, 0)
                self.bodies.drop([number])
            else:
                yield by_number[number], body

    def _fill(self) -> None:
        """Claim a batch and read what rendering it needs."""
        if self._again is None or time.monotonic() < self._again or self.stop() or not self.usable():
            return
        if self.claims.alone and self.bodies:
            self._again = time.monotonic() + PAUSE
            return
        rows, wait = self.claims.take(self._moment(), self.bodies)
        self._renewed = self._looked = time.monotonic()
        # While mails are under way, others may still be waiting for what becomes of them.
        self._pausing = bool(self.bodies) and not wait
        self._again = time.monotonic() + (wait or PAUSE) if wait or self.bodies else None
        if rows:
            self._again = 0.0
            self._take_in(rows)

    def _look_for_letters(self) -> None:
        """Somebody who waits for a letter need not wait until all that is claimed has gone out."""
        if time.monotonic() - self._looked < LOOKS or self.claims.alone or self.stop() or not self.usable():
            return
        self._looked = time.monotonic()
        self._take_in(self.claims.take(self._moment(), self.bodies, letters=True)[0])

    def _take_in(self, rows: Sequence[Delivery]) -> None:
        """Read what rendering these needs, and put them before the others."""
        if rows:
            desk = self.open_desk()
            desk.lay_out(rows, self.now)
            rows = self._worth_sending(rows, desk)
            self.bodies.add(rows, desk)
            self._queue.extendleft(reversed(rows))

    def _worth_sending(self, rows: Sequence[Delivery], desk: Desk) -> list[Delivery]:
        """The rows that still say something: every paper of a digest may have been hidden since it was chosen."""
        empty = {row.id for row in rows if desk.emptied(row)}
        if empty:
            LOG.info("%d digests are not sent: every paper in them was hidden", len(empty))
            with self.store.write() as unit:
                for number in sorted(empty):
                    unit.deliveries.end(self.token, number, DeliveryState.NONE, self.now, "every paper was hidden")
        return [row for row in rows if row.id not in empty]

    def _renewal_due(self) -> bool:
        return time.monotonic() - self._renewed > self.lease / RENEWALS

    def _renew(self, unit: Unit) -> None:
        if self._renewal_due():
            unit.deliveries.renew(self.token, self.lease)
            self._renewed = time.monotonic()

    def _refused(self, unit: Unit, number: int, error: PaperRoundError, relay: int) -> None:
        """Note what a refusal means for its row."""
        row, desk = self.bodies[number]
        poison = isinstance(error, RenderError)
        again = error.transient or isinstance(error, PolicyRefused)
        again = again and row.attempts + 1 < (POISON_ATTEMPTS if poison else MAX_ATTEMPTS)
        recipient = desk.addresses(row)[1]
        if again:
            later = self._moment() + back_off(FIRST_BACK_OFF, row.attempts, LONGEST_BACK_OFF)
            unit.deliveries.retry(self.token, row.id, later, _reason(error))
        else:
            over = DeliveryState.QUARANTINED if poison else DeliveryState.FAILED
            unit.deliveries.end(self.token, row.id, over, self.now, _reason(error))
        if isinstance(error, AddressRefused):
            self._bounced(unit, row, recipient)
        if isinstance(error, PolicyRefused):
            self.health.refused(unit, relay, error, self._moment(), recipient.rpartition("@")[2].casefold())
        self.done.retried += again
        self.done.failed += not again

    def _bounced(self, unit: Unit, row: Delivery, recipient: str) -> None:
        reader = unit.subscribers.get(row.subscriber_id, hold=True)
        if reader is None or reader.email != recipient:
            # It went to an address that was only asked for, to a list's owner, or to where the reader was before.
            return
        if reader.state == SubscriberState.ACTIVE:
            unit.subscribers.set_state(reader.id, SubscriberState.SUPPRESSED)
        unit.deliveries.cancel(reader.id)
        unit.journal.note(reader.id, "bounced", self.now, delivery=row.id)

    def _moment(self) -> datetime:
        """The time by the run's own clock."""
        return self.now + timedelta(seconds=time.monotonic() - self._started)


def _reason(error: PaperRoundError) -> str:
    code = getattr(error, "code", None) if isinstance(error, DeliveryError) else None
    return f"{code} {error}" if code else str(error)
