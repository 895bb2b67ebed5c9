"""The life of a subscription: subscribe, confirm, change, pause, resume, leave, erase.

Comes in: what people type and the tokens of their links. Goes out: rows, and mails made ready as deliveries.
Refuses to know: web pages, SMTP. Whatever the state of an address, `subscribe` ends alike, so that nobody learns from
it who reads here; and a mail to an address that has not confirmed repeats nothing that was typed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from service import editions
from service.errors import InputError
from service.keywords import parse_all, split
from service.links import Purpose, Signer
from service.model import RUNNING, Bell, Choice, DeliveryKind, Profile, Schedule, Subscriber, SubscriberState
from service.settings import Settings
from service.store import Store, Unit
from service.store.deliveries import new_delivery
from service.store.journal import CHOSE_SOURCES, MOVED
from service.subscriptions import undoing
from service.subscriptions.choices import canonical, checked
from service.subscriptions.door import Door
from service.subscriptions.standing import check_own, check_running, check_there, seen_by

# An invitation stands as long as the link in it works.
INVITED = timedelta(days=7)
INVITED_NOW, ASKED, READS = "invited", "asked before", "subscribed already"


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who wants what, when: an address, the mailbox it names, a profile, a schedule."""

    address: str
    mailbox: str
    profile: Profile
    schedule: Schedule


@dataclass(frozen=True)
class Subscriptions:
    """The use cases around one subscriber."""

    store: Store
    signer: Signer
    settings: Settings
    bell: Bell
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "door", Door(self.settings))

    def subscribe(self, email: str, keywords: str, schedule: Schedule, now: datetime, invitation: str = "") -> None:
        """Ask an address to confirm; one that reads already gets its own link instead.

        Raises AddressError, InvitationError, KeywordsError or InputError for what was typed, never for what is known
        of the address.
        """
        wish = self._wish(email, keywords, schedule, invitation)
        with self.store.write() as unit:
            known = unit.subscribers.by_mailbox(wish.mailbox, hold=True)
            if known is not None and known.state in RUNNING:
                self.remind(unit, known, now)
            else:
                self._ask(unit, known, wish, now)
        self.bell.deliver()

    def invite(self, email: str, keywords: str, schedule: Schedule, now: datetime) -> str:
        """Ask somebody whom the operator invites to confirm; returns what became of it, and rings no bell.

        Who was asked within the life of that link is not asked again, and who has left is not written to: they know
        the way back, and the operator's wish is not theirs. Raises InputError.
        """
        wish = self._wish(email, keywords, schedule)
        with self.store.write() as unit:
            known = unit.subscribers.by_mailbox(wish.mailbox, hold=True)
            if known is not None and known.state in RUNNING:
                return READS
            if known is not None and known.state != SubscriberState.PENDING:
                raise InputError("They have left, or their mail came back; only they themselves can begin again.")
            self.door.check_wish(unit, wish.address)
            since = now - INVITED
            if self.door.asked_since(unit, wish.address, since) or not self.door.may_ask(unit, wish.address, now):
                return ASKED
            row = self._placed(unit, known, wish, now)
            self.letter(unit, DeliveryKind.CONFIRM, row, now, invited=True)
        return INVITED_NOW

    def check_address(self, email: str, invitation: str = "") -> None:
        """Raise AddressError or InvitationError for an address that cannot be used or may not subscribe here."""
        self.door.admit(self.door.address(email)[0], invitation)

    def confirm(self, token: str, now: datetime) -> Subscriber:
        """Begin (or begin again) the subscription; its first digest is due at once. Raises LinkError."""
        with self.held(token, Purpose.CONFIRM, now) as (unit, reader):
            begins = reader.state not in RUNNING
            if begins:
                unit.subscribers.activate(reader.id, now, now, welcome=True)
                self.door.welcome_back(unit, reader.email)
                unit.journal.note(reader.id, "confirmed", now)
        if begins:
            self.bell.compose()
        return self._again(reader)

    def reader(self, token: str, purpose: Purpose, now: datetime) -> Subscriber:
        """Who a link speaks of; changes nothing. Raises LinkError."""
        public_id = self.signer.verify(purpose, token, now)
        with self.store.read() as unit:
            return self._seen(unit, unit.subscribers.by_public_id(public_id), token, purpose)

    @contextmanager
    def held(self, token: str, purpose: Purpose, now: datetime) -> Iterator[tuple[Unit, Subscriber]]:
        """A unit to change the reader in of whom a link speaks; others who want to wait for its end. Raises LinkError.

        What was read before it may be gone by now: they may have left or been erased in between.
        """
        public_id = self.signer.verify(purpose, token, now)
        with self.store.write() as unit:
            yield unit, self._seen(unit, unit.subscribers.by_public_id(public_id, hold=True), token, purpose)

    def _seen(self, unit: Unit, known: Subscriber | None, token: str, purpose: Purpose) -> Subscriber:
        reader = check_there(known)
        return seen_by(reader, purpose, self.signer.issued(token), unit.journal.last(reader.id, MOVED))

    def next_due(self, reader: Subscriber) -> datetime | None:
        """When the next edition is due, in UTC; None while nothing is."""
        with self.store.read() as unit:
            return unit.subscribers.next_due(reader.id)

    def change(self, token: str, choice: Choice, now: datetime) -> Subscriber:
        """Replace all that a reader chooses, or raise LinkError, KeywordsError or InputError."""
        choice = checked(choice)
        with self.held(token, Purpose.MANAGE, now) as (unit, reader):
            check_running(reader)
            if choice.profiles != reader.profiles:
                unit.subscribers.set_profiles(reader.id, [(each, canonical(each)) for each in choice.profiles], now)
            if {each.sources for each in choice.profiles} != {each.sources for each in reader.profiles}:
                unit.journal.note(reader.id, CHOSE_SOURCES, now)
            due = unit.subscribers.next_due(reader.id)
            moved = reader.state == SubscriberState.ACTIVE and choice.schedule != reader.schedule and due is not None
            following = editions.moved_due(choice.schedule, due, now) if moved and due and due > now else None
            unit.subscribers.reschedule(reader.id, choice.schedule, choice.max_papers, following)
            unit.subscribers.set_quiet_digest(reader.id, choice.quiet_digest)
            unit.journal.note(reader.id, "changed", now)
        return self._again(reader)

    def pause(self, token: str, until: date | None, now: datetime, purpose: Purpose = Purpose.MANAGE) -> Subscriber:
        """Send nothing before `until`, a local day (None: until resumed), and cancel what waits. Raises InputError."""
        with self.held(token, purpose, now) as (unit, reader):
            check_running(reader)
            check_own(reader, purpose)
            if until is not None and until <= editions.local_day(reader.schedule, now):
                raise InputError("A pause ends on a day after today.")
            unit.subscribers.set_state(reader.id, SubscriberState.PAUSED, until)
            unit.deliveries.cancel(reader.id)
            unit.journal.note(reader.id, "paused", now)
        return self._again(reader)

    def resume(self, token: str, now: datetime, purpose: Purpose = Purpose.MANAGE) -> Subscriber:
        """Go on after a pause. Raises InputError."""
        with self.held(token, purpose, now) as (unit, reader):
            check_own(reader, purpose)
            if reader.state == SubscriberState.PAUSED:
                undoing.go_on(unit, reader, now)
        return self._again(reader)

    def undo(self, token: str, now: datetime) -> Subscriber:
        """Bring back what was before leaving, within an hour; later only confirming does. Raises InputError."""
        with self.held(token, Purpose.UNSUBSCRIBE, now) as (unit, reader):
            check_own(reader, Purpose.UNSUBSCRIBE)
            undoing.undo(unit, reader, now)
        return self._again(reader)

    def leave(
        self, token: str, now: datetime, purpose: Purpose = Purpose.UNSUBSCRIBE, by_hand: bool = False
    ) -> Subscriber:
        """End the subscription; no paper is sent after this returns. Doing it twice is no error. Raises LinkError.

        Who leaves by hand gets a goodbye; a mail program's one click is answered by silence.
        """
        reader = self.reader(token, purpose, now)
        if reader.state in RUNNING:
            check_own(reader, purpose)
        self.end(reader, now, by_hand)
        return self._again(reader)

    def end(self, known: Subscriber, now: datetime, by_hand: bool = False) -> None:
        """Leave, for a subscriber already known by other means than a link; for one who was erased nothing is left."""
        with self.store.write() as unit:
            reader = unit.subscribers.get(known.id, hold=True)
            if reader is None:
                return
            unit.deliveries.cancel(reader.id, tuple(DeliveryKind))
            if by_hand and reader.state in RUNNING:
                unit.deliveries.add([new_delivery(DeliveryKind.GOODBYE, reader.id, now.date().isoformat(), now)])
            if reader.state != SubscriberState.LEFT:
                undoing.leave(unit, reader, now)
        if by_hand:
            self.bell.deliver()

    def erase(self, reader: Subscriber, now: datetime) -> None:
        """Forget a subscriber: the row, profiles and deliveries go; the log keeps its lines without a name."""
        with self.store.write() as unit:
            words = self.forgotten(unit, reader.id, now)
        self.store.scrub(words)

    def forgotten(self, unit: Unit, row: int, now: datetime) -> list[str]:
        """Erase within a unit; returns the words to be scrubbed once it is over."""
        # Whoever is changing them has ended, and whoever comes later finds nobody: neither leaves rows behind.
        unit.subscribers.get(row, hold=True)
        unit.journal.note(row, "erased", now)
        unit.journal.forget(row)
        return [*unit.mailboxes.words(row), *unit.subscribers.erase(row)]

    def send_manage_link(self, email: str, now: datetime) -> None:
        """Mail an address its own link, if it reads here; ends alike if not. Raises AddressError for a wrong one."""
        _, mailbox = self.door.address(email)
        with self.store.write() as unit:
            known = unit.subscribers.by_mailbox(mailbox, hold=True)
            if known is not None and known.state in RUNNING:
                self.remind(unit, known, now)
        self.bell.deliver()

    def enrol(self, email: str, keywords: str, schedule: Schedule, now: datetime) -> Subscriber:
        """Add an active subscriber unasked: the operator vouches for the consent. Raises InputError."""
        wish = self._wish(email, keywords, schedule)
        with self.store.write() as unit:
            known = unit.subscribers.by_mailbox(wish.mailbox, hold=True)
            if known is not None and known.state in RUNNING:
                raise InputError(f"{wish.address} subscribes already")
            self.door.check_wish(unit, wish.address)
            row = self._placed(unit, known, wish, now)
            unit.subscribers.activate(row, now, now, welcome=True)
            unit.journal.note(row, "enrolled", now)
            reader = unit.subscribers.get(row)
        self.bell.compose()
        assert reader is not None
        return reader

    def find(self, email: str) -> Subscriber | None:
        """The subscriber with this address, or None. Raises AddressError."""
        _, mailbox = self.door.address(email)
        with self.store.read() as unit:
            return unit.subscribers.by_mailbox(mailbox)

    def _wish(self, email: str, keywords: str, schedule: Schedule, invitation: str | None = None) -> _Wish:
        """What was typed, read and checked; `invitation` (None: the operator asks) also who may come in."""
        address, mailbox = self.door.address(email)
        if invitation is not None:
            self.door.admit(address, invitation)
        profile = Profile(tuple(keyword.text for keyword in parse_all(split(keywords))))
        editions.check_schedule(schedule)
        return _Wish(address, mailbox, profile, schedule)

    def _ask(self, unit: Unit, known: Subscriber | None, wish: _Wish, now: datetime) -> None:
        wanted = self.door.may_ask(unit, wish.address, now)
        if known is None and not wanted:
            return  # Whoever types a thousand spellings of one mailbox fills no table.
        row = self._placed(unit, known, wish, now)
        if known is not None and known.state != SubscriberState.PENDING:
            unit.subscribers.set_state(row, SubscriberState.PENDING)
        if wanted:
            self.letter(unit, DeliveryKind.CONFIRM, row, now)

    def _placed(self, unit: Unit, known: Subscriber | None, wish: _Wish, now: datetime) -> int:
        """The row of this mailbox, new or known, with the profile and schedule that were asked for."""
        if known is None:
            public_id, most = secrets.token_urlsafe(12), self.settings.max_papers
            row = unit.subscribers.add(public_id, wish.address, wish.mailbox, wish.schedule, most, now)
        else:
            row = known.id
            unit.subscribers.reschedule(row, wish.schedule, known.max_papers, None)
        unit.subscribers.set_profiles(row, [(wish.profile, canonical(wish.profile))], now)
        unit.journal.note(row, "asked", now)
        return row

    def remind(self, unit: Unit, known: Subscriber, now: datetime) -> None:
        """Mail the link of a running subscription, unless the owner of a list has called such mails spam."""
        if not self.door.holds_against(unit, known.owner or known.email):
            self.letter(unit, DeliveryKind.MANAGE, known.id, now)

    def letter(self, unit: Unit, kind: DeliveryKind, row: int, now: datetime, **facts: Any) -> None:
        """Make a service mail ready; one of a kind per day, whoever asks how often.

        How often somebody is asked to confirm is for the door to say: who has left may come back on the same day.
        """
        key = now.isoformat() if kind == DeliveryKind.CONFIRM else now.date().isoformat()
        unit.deliveries.add([new_delivery(kind, row, key, now, facts)])

    def _again(self, reader: Subscriber) -> Subscriber:
        """The reader as things stand now, and as their link shows them."""
        with self.store.read() as unit:
            return replace(unit.subscribers.get(reader.id) or reader, email=reader.email)
