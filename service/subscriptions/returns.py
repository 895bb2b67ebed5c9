"""What came back → what becomes of the reader it was sent to.

Comes in: mails as bytes, the time. Goes out: subscriptions that end or rest, and one word per mail. Refuses to know:
how a mail is read (`service.deliveries.returns`), where it was found.

A mail names itself by the signed tag of its envelope (VERP), or by its Message-ID, whose random name nobody but its
reader has seen. Reading a mail twice does what reading it once does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.deliveries.returns import Returned, Verdict, read_return
from service.errors import LinkError
from service.links import Purpose, Signer
from service.model import RUNNING, Subscriber, SubscriberState
from service.store import Store, Unit
from service.store.deliveries import Delivery
from service.store.journal import COMPLAINED, MOVED
from service.subscriptions import Subscriptions
from service.subscriptions.owners import Owners

# So many mails must have come back for good before an address is written to no more.
ENOUGH = 3
WITHIN = timedelta(days=30)
RETURNED = "returned"


class Outcome(StrEnum):
    """What one returned mail led to."""

    ENDED = "ended"
    LEFT = "left"
    ASKED = "asked"
    RESTING = "resting"
    COUNTED = "counted"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Returns:
    """The use case around one returned mail."""

    store: Store
    subscriptions: Subscriptions
    owners: Owners
    signer: Signer

    def take(self, raw: bytes, now: datetime) -> Outcome:
        """Do what a mail that came back asks for; no mail is too odd to be looked at."""
        found = read_return(raw)
        if found.verdict == Verdict.LEAVE:
            return self._left(found.leaving, now, Outcome.LEFT)
        if found.verdict not in (Verdict.HARD, Verdict.COMPLAINT):
            return Outcome.IGNORED
        with self.store.read() as unit:
            # A name without a number is looked for among all mails of a month: nobody else waits for that.
            row = self._row(unit, found, now)
        with self.store.write() as unit:
            reader = unit.subscribers.get(row.subscriber_id, hold=True) if row else None
            if row is None or reader is None:
                return Outcome.UNKNOWN
            to = row.recipient(reader)
            if to != reader.email:
                # Whoever reads at another address speaks for that one alone; an owner was never asked to be one.
                if to == reader.owner and found.verdict == Verdict.COMPLAINT:
                    self.subscriptions.door.hold_against(unit, to, "complaint", now)
                return Outcome.IGNORED
            if found.verdict == Verdict.HARD:
                outcome = self._gone(unit, row, reader, found, now)
                if outcome is not Outcome.ASKED:
                    return outcome
            elif reader.state == SubscriberState.LEFT:
                return Outcome.IGNORED
            else:
                unit.journal.note(reader.id, COMPLAINED, now, delivery=row.id)
                if not reader.owner:
                    self.subscriptions.door.hold_against(unit, reader.email, "complaint", now)
        # One member of a list must not end it for all, nor one mailbox behind it: its owner is asked, as after a click.
        return self._left(self.signer.sign(Purpose.UNSUBSCRIBE, reader.public_id, now), now, Outcome.ENDED)

    def _left(self, token: str, now: datetime, ended: Outcome) -> Outcome:
        """Do what a mail program's click does: it is answered by silence."""
        try:
            reader = self.owners.leave(token, now)
        except LinkError:
            return Outcome.UNKNOWN
        return Outcome.ASKED if reader.state in RUNNING else ended

    def _row(self, unit: Unit, found: Returned, now: datetime) -> Delivery | None:
        """The mail that came back; a tag that is not ours names none."""
        for token in found.tokens:
            number, _, uid = self.signer.stamped(token).partition(".")
            if uid and (row := unit.shelf.named(int(number, 16), uid)):
                return row
        known = (unit.shelf.by_uid(uid, now - WITHIN) for uid in found.message_ids[:5])
        return next((row for row in known if row), None)

    def _gone(self, unit: Unit, row: Delivery, reader: Subscriber, found: Returned, now: datetime) -> Outcome:
        """Count it once; an address that has changed since is not to blame, and of a list the owner is asked."""
        moved = unit.journal.last(reader.id, MOVED)
        if reader.state not in RUNNING or (moved and moved > row.composed_at):
            return Outcome.IGNORED
        events = [each for each in unit.journal.events(reader.id) if each["name"] == RETURNED]
        rows = {each["detail"].get("delivery") for each in events if each["at"] > now - WITHIN}
        if row.id in rows:
            return Outcome.IGNORED
        unit.journal.note(reader.id, RETURNED, now, delivery=row.id, status=found.status)
        if len(rows) + 1 < ENOUGH:
            return Outcome.COUNTED
        if reader.owner:
            return Outcome.ASKED
        unit.subscribers.set_state(reader.id, SubscriberState.SUPPRESSED)
        unit.deliveries.cancel(reader.id)
        unit.journal.note(reader.id, "bounced", now, delivery=row.id)
        return Outcome.RESTING
