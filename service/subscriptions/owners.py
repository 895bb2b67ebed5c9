"""Addresses that several people read: one of them owns the subscription, and the others can only ask.

Comes in: tokens, the owner's address as typed. Goes out: a mail to the owner, and what the owner decides. Refuses to
know: pages. Without this, one member's click on "unsubscribe" would end the mails of everybody on the list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from service.errors import InputError, LinkError
from service.links import Purpose
from service.model import RUNNING, DeliveryKind, Subscriber
from service.store import Unit
from service.store.deliveries import new_delivery
from service.subscriptions import Subscriptions
from service.subscriptions.door import APART, MOST_ASKED
from service.subscriptions.mailboxes import canonical

# Nobody asks an owner for consent, and each list may bring them a mail a day.
MOST_LISTS = 10

# What lists and shared mailboxes are called; a guess, good enough to put the question where it is seen.
_SHARED = re.compile(
    r"(.+[-_.])?(all|everyone|everybody|group|groups|lab|list|l|members|office|postdocs|phds?|staff|students|team)"
    r"|announce|contact|hello|info|(journal|reading)[-_.]?(club|group)|seminar"
)
_LISTS = re.compile(r"(lists?|groups?|listserv|mailman|ml)\..+|googlegroups\.com|groups\.io")


def looks_shared(address: str) -> bool:
    """Whether an address is spelt as lists are."""
    local, _, domain = address.casefold().rpartition("@")
    return bool(_SHARED.fullmatch(local) or _LISTS.fullmatch(domain))


@dataclass(frozen=True)
class Owners:
    """The use cases around an address that several people read."""

    subscriptions: Subscriptions

    def name(self, token: str, typed: str, now: datetime) -> None:
        """Note, before it is confirmed, who decides for an address; nothing typed: whoever reads it.

        Raises LinkError, AddressError, or InputError where the owner is the list itself or decides for many others.
        """
        if self.subscriptions.reader(token, Purpose.CONFIRM, now).state in RUNNING:
            return
        # The mail server may have to be asked, for which no unit of work waits.
        owner, mailbox = self.subscriptions.door.address(typed) if typed.strip() else ("", "")
        with self.subscriptions.held(token, Purpose.CONFIRM, now) as (unit, reader):
            if mailbox == reader.email.lower():
                raise InputError("The owner needs an address of their own, which the others do not read.")
            others = [canonical(each) for each in unit.mailboxes.owners(reader.id)] if owner else []
            if others.count(canonical(owner)) >= MOST_LISTS:
                raise InputError("That address decides for many others already; please name another one.")
            if reader.state not in RUNNING:
                unit.mailboxes.own(reader.id, owner)

    def leave(self, token: str, now: datetime, by_hand: bool = False) -> Subscriber:
        """What a link to unsubscribe does: it ends one person's subscription, and asks the owner of a list.

        An owner who was asked on three days and never answered, or called that spam, is nobody: then the mails end.
        Raises LinkError.
        """
        reader = self.subscriptions.reader(token, Purpose.UNSUBSCRIBE, now)
        if not reader.owner or reader.state not in RUNNING:
            return self.subscriptions.leave(token, now, Purpose.UNSUBSCRIBE, by_hand)
        if not self._asked(reader, now):
            self.subscriptions.end(reader, now)
        return self.subscriptions.reader(token, Purpose.UNSUBSCRIBE, now)

    def owned(self, token: str, now: datetime) -> Subscriber:
        """The list a link of its owner speaks of; changes nothing. Raises LinkError."""
        reader = self.subscriptions.reader(token, Purpose.OWNER, now)
        _check_owned(reader)
        return reader

    def keep(self, token: str, now: datetime) -> Subscriber:
        """Go on sending; members may ask again. Raises LinkError."""
        with self.subscriptions.held(token, Purpose.OWNER, now) as (unit, reader):
            _check_owned(reader)
            self._answered(unit, reader)
            unit.journal.note(reader.id, "owner kept", now)
        return reader

    def stop(self, token: str, now: datetime) -> Subscriber:
        """End the mails of the whole list; twice is no error. Raises LinkError."""
        reader = self.owned(token, now)
        with self.subscriptions.store.write() as unit:
            self._answered(unit, reader)
        self.subscriptions.end(reader, now)
        return reader

    def _asked(self, known: Subscriber, now: datetime) -> bool:
        """Whether the owner has a mail that asks, from now or from earlier today."""
        with self.subscriptions.store.write() as unit:
            # A link from before the list moved shows less of its address than the owner has to be told.
            reader = unit.subscribers.get(known.id, hold=True)
            if reader is None:
                return True
            counted = self._counted(reader)
            if self.subscriptions.door.holds_against(unit, reader.owner):
                return False
            if not unit.mailboxes.may_ask(counted, now, MOST_ASKED, APART):
                return unit.mailboxes.asked_since(counted, now - APART)
            facts = {"to": reader.owner, "list": reader.email}
            unit.deliveries.add([new_delivery(DeliveryKind.OWNER, reader.id, now.date().isoformat(), now, facts)])
            unit.journal.note(reader.id, "owner asked", now)
        self.subscriptions.bell.deliver()
        return True

    def _answered(self, unit: Unit, reader: Subscriber) -> None:
        unit.mailboxes.answered(self._counted(reader))

    def _counted(self, reader: Subscriber) -> str:
        """What the questions to this owner about this list are counted under."""
        return self.subscriptions.door.counted_owner(reader.email, reader.owner)


def _check_owned(reader: Subscriber) -> None:
    if not reader.owner:
        raise LinkError("Nobody has to decide for this address any more.")
