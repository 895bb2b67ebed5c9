"""What is kept of a reader, in the reader's own hands: all of it shown, all of it erased, another address.

Comes in: tokens of links that a fresh mail brought. Goes out: records as plain values, rows changed or gone. Refuses to
know: pages, SMTP. The links of a digest are not enough for any of this: a digest may have been forwarded.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any

from service.errors import InputError, LinkError
from service.links import FRESH, Purpose
from service.model import RUNNING, Bell, DeliveryKind, Identity, Subscriber, SubscriberState
from service.papers import keys
from service.settings.values import without_password
from service.store import Store, Unit
from service.store.deliveries import new_delivery
from service.store.journal import MOVED
from service.store.mailboxes import Proposed
from service.subscriptions import Subscriptions, undoing
from service.subscriptions.mailboxes import canonical
from service.subscriptions.standing import hinted

# Whoever has an old digest can ask, and the owner of a list has agreed to nothing: so many of a kind come in a day.
MOST_FRESH, MOST_TO_OWNER = 3, 1
DAY = timedelta(days=1)

Row = dict[str, Any]


@dataclass(frozen=True)
class Records:
    """The use cases around what is kept of one reader."""

    store: Store
    subscriptions: Subscriptions
    identity: Identity
    bell: Bell

    def ask(self, token: str, what: Purpose, now: datetime) -> Subscriber:
        """Mail a managing reader the fresh link for `what`: one an hour, three a day, to the owner of a list one a day.

        Ends alike where no mail goes out. Raises LinkError, and InputError for what needs no fresh link.
        """
        if what not in FRESH:
            raise InputError("There is no such link to ask for.")
        key = f"{what} {now:%Y-%m-%dT%H}"
        with self.subscriptions.held(token, Purpose.MANAGE, now) as (unit, reader):
            if self._may_write(unit, reader, what, now):
                unit.deliveries.add([new_delivery(DeliveryKind.FRESH, reader.id, key, now, {"what": str(what)})])
        self.bell.deliver()
        return reader

    def _may_write(self, unit: Unit, reader: Subscriber, what: Purpose, now: datetime) -> bool:
        """Whether a mail for `what` may still go out today; none does where mail comes back or was called spam."""
        if self.subscriptions.door.holds_against(unit, reader.owner or reader.email):
            return False
        if not reader.owner:
            gone = reader.state == SubscriberState.SUPPRESSED
            return not gone and unit.mailboxes.fresh_since([reader.id], what, now - DAY) < MOST_FRESH
        # Who decides for several lists, ended ones too, has one inbox for all of them.
        owner = canonical(reader.owner)
        theirs = [row for row, each in unit.mailboxes.lists() if canonical(each) == owner]
        return unit.mailboxes.fresh_since(theirs, what, now - DAY) < MOST_TO_OWNER

    def export(self, token: str, now: datetime) -> dict[str, Any]:
        """Everything that is kept of a reader, as values that JSON can carry. Raises LinkError."""
        reader = self.subscriptions.reader(token, Purpose.EXPORT, now)
        with self.store.read() as unit:
            rows = unit.mailboxes.kept(reader.id)
            hashes = self.subscriptions.door.hashes(reader.email, reader.owner)
            record: dict[str, Any] = {
                "service": {"name": self.identity.name, "url": self.identity.base_url},
                "exported_at": now,
                "subscription": _facts(rows.pop("subscriber")[0]),
                "profiles": _profiles(unit, rows.pop("profile"), rows.pop("profile_keyword")),
                "new_address": next(map(_facts, rows.pop("new_address")), None),
                "deliveries": _deliveries(unit, rows.pop("delivery"), rows.pop("delivery_payload")),
                "events": [_facts(row) for row in rows.pop("event")],
                "known_by_hash": unit.mailboxes.remembered(hashes),
            }
        rows.pop("profile_change")  # A mark with a reader's number and nothing else, taken away within minutes.
        return {name: _plain(value) for name, value in (record | rows).items()}

    def erase(self, token: str, now: datetime) -> None:
        """Forget a reader for good; doing it twice is no error. Raises LinkError for a link that was never good."""
        public_id = self.subscriptions.signer.verify(Purpose.ERASE, token, now)
        with self.store.read() as unit:
            reader = unit.subscribers.by_public_id(public_id)
        if reader is not None:
            self.subscriptions.erase(self.subscriptions.reader(token, Purpose.ERASE, now), now)

    def propose(self, token: str, email: str, now: datetime) -> None:
        """Ask a new address to confirm that mails shall come there; ends alike whoever reads at it.

        Raises LinkError, AddressError, and InputError for the address that is in use already.
        """
        self.subscriptions.reader(token, Purpose.MOVE, now)
        address, mailbox = self.subscriptions.door.address(email)
        self.subscriptions.door.check_domain(address)
        with self.subscriptions.held(token, Purpose.MOVE, now) as (unit, reader):
            if address == reader.email:
                raise InputError("Mails go to this address already.")
            other = unit.subscribers.by_mailbox(mailbox)
            if other is not None and other.id != reader.id and other.state in RUNNING:
                self.subscriptions.remind(unit, other, now)
            elif self.subscriptions.door.may_ask(unit, address, now):
                wanted = Proposed(address, mailbox, secrets.token_hex(8))
                unit.mailboxes.propose(reader.id, wanted, now)
                facts = {"to": address, "nonce": wanted.nonce}
                unit.deliveries.add([new_delivery(DeliveryKind.ADDRESS, reader.id, wanted.nonce, now, facts)])
        self.bell.deliver()

    def proposed(self, token: str, now: datetime) -> tuple[Subscriber, str]:
        """Who wants to move, and the new address a link speaks of; changes nothing. Raises LinkError."""
        with self.store.read() as unit:
            reader, wanted = self._wish(unit, token, now)
        return reader, wanted.email

    def move(self, token: str, now: datetime) -> tuple[Subscriber, bool]:
        """Write to the new address from now on; returns the reader, and whether the old one is told: not if it bounced.

        Whoever answers there is asked: a subscription at that address that has ended, or that somebody typed and nobody
        confirmed, gives way and is forgotten. Raises LinkError, InputError where the address is taken.
        """
        with self.store.write() as unit:
            reader, wanted = self._wish(unit, token, now, hold=True)
            other = unit.subscribers.by_mailbox(wanted.mailbox, hold=True)
            dead = other is not None and other.id != reader.id and other.state not in RUNNING
            words = self.subscriptions.forgotten(unit, other.id, now) if other and dead else []
            if not unit.mailboxes.move(reader.id, wanted):
                raise InputError("That address has a subscription of its own by now. Please stop one of the two first.")
            self.subscriptions.door.welcome_back(unit, wanted.email)
            tells = reader.state != SubscriberState.SUPPRESSED
            if not tells:
                # The old address bounced; the new one has just answered.
                undoing.go_on(unit, reader, now)
            else:
                # The owner of both knows the new one by its first letter; nobody else learns it.
                facts = {"to": reader.email, "new": hinted(wanted.email)}
                told = new_delivery(DeliveryKind.MOVED, reader.id, wanted.nonce, now, facts)
                unit.deliveries.add([told])
            unit.journal.note(reader.id, MOVED, now)
            moved = unit.subscribers.get(reader.id)
        if dead:
            self.store.scrub(words)
        self.bell.deliver()
        return moved or reader, tells

    def _wish(self, unit: Unit, token: str, now: datetime, *, hold: bool = False) -> tuple[Subscriber, Proposed]:
        public_id, _, nonce = self.subscriptions.signer.verify(Purpose.ADDRESS, token, now).partition("~")
        reader = unit.subscribers.by_public_id(public_id, hold=hold)
        wanted = unit.mailboxes.proposed(reader.id) if reader else None
        if reader is None or wanted is None or wanted.nonce != nonce:
            raise LinkError("This link has been used already, or another address was asked for after it.")
        return reader, wanted


def _facts(row: Row) -> Row:
    """What a row says, without the numbers that only the database knows it by."""
    return {name: value for name, value in row.items() if name not in ("id", "subscriber_id")}


def _profiles(unit: Unit, profiles: Iterable[Row], keywords: Sequence[Row]) -> list[Row]:
    """Each profile with its keywords as they were typed and its sources by address."""
    urls = {each.id: without_password(each.url) for each in unit.sources.all()}
    return [
        _facts(row)
        | {"keywords": [each["text"] for each in keywords if each["profile_id"] == row["id"]]}
        | {"sources": row["sources"] and sorted(urls.get(number, str(number)) for number in row["sources"])}
        for row in sorted(profiles, key=itemgetter("position"))
    ]


def _deliveries(unit: Unit, rows: Sequence[Row], payloads: Iterable[Row]) -> list[Row]:
    """Each mail, newest first: all that was frozen of it, with the papers it showed and those it covered by name."""
    frozen: dict[int, Row] = {row["delivery_id"]: row["payload"] for row in payloads}
    mails = [row | {"payload": frozen.get(row["id"], {})} for row in rows]
    shown = {mail["id"]: [entry[0] for entry in mail["payload"].get("papers", ())] for mail in mails}
    papers = unit.papers.get({number for mail in mails for number in (*shown[mail["id"]], *mail["papers"])})

    def named(numbers: Iterable[int]) -> list[dict[str, str]]:
        found = [papers[number].paper for number in numbers if number in papers]
        return [{"id": keys(each)[0], "title": each.title, "url": each.url} for each in found]

    return [
        _facts(mail) | {"papers": named(shown[mail["id"]]), "covered": named(mail["papers"])} for mail in mails[::-1]
    ]


def _plain(value: Any) -> Any:
    """The value as JSON has it: times in ISO 8601, lists for tuples and sets."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
