"""Small wishes of a reader, as of one who is about to leave or has left, and what was last sent to them.

Comes in: tokens, subscribers. Goes out: changed schedules and addresses of feeds, notes, the last digest. Refuses to
know: pages, what a whole choice is.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from service import editions
from service.links import Purpose
from service.model import DeliveryKind, DeliveryState, Subscriber, SubscriberState
from service.store import Store
from service.store.deliveries import Delivery
from service.subscriptions import Subscriptions
from service.subscriptions.standing import check_own, check_running

# The log keeps what was said about leaving, not a letter.
LONGEST_REASON = 500
_TOLD = (DeliveryState.SENT, DeliveryState.NONE, DeliveryState.FAILED, DeliveryState.QUARANTINED)
_UNDER_WAY = (DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Last:
    """The latest edition: when it was finished or composed, how many papers it showed, what became of it.

    `more` stood behind them and were only counted. `state` is `sent`, `none` (nothing matched), `failed`, or `ready`
    for one under way; `error` says why it failed.
    """

    at: datetime
    papers: int
    more: int
    state: DeliveryState
    error: str = ""


@dataclass(frozen=True)
class Wishes:
    """The use cases beside the life of a subscription."""

    store: Store
    subscriptions: Subscriptions

    def last(self, reader: Subscriber) -> Last | None:
        """What became of the reader's latest edition; None before the first."""
        with self.store.read() as unit:
            rows = [row for row in unit.deliveries.of(reader.id) if row.kind == DeliveryKind.DIGEST]
        return next((_last(row) for row in rows if row.state in _TOLD + _UNDER_WAY), None)

    def rhythm(self, token: str, weekdays: frozenset[int], now: datetime) -> Subscriber:
        """Mails on these days in place of none (no days: on the first of the reader's own); ends a pause.

        Raises LinkError, or InputError for days that are none and for a subscription that has ended.
        """
        with self.subscriptions.held(token, Purpose.UNSUBSCRIBE, now) as (unit, reader):
            check_running(reader)
            check_own(reader, Purpose.UNSUBSCRIBE)
            chosen = weekdays or frozenset({min(reader.schedule.weekdays)})
            schedule = editions.check_schedule(replace(reader.schedule, weekdays=chosen))
            following = editions.next_due(schedule, now)
            due = unit.subscribers.next_due(reader.id)
            waits = reader.state == SubscriberState.ACTIVE and due is not None and due <= now
            unit.subscribers.reschedule(reader.id, schedule, reader.max_papers, None if waits else following)
            if reader.state == SubscriberState.PAUSED:
                unit.subscribers.activate(reader.id, now, following, welcome=False)
                unit.journal.note(reader.id, "resumed", now)
            unit.journal.note(reader.id, "changed", now)
            return replace(unit.subscribers.get(reader.id) or reader, email=reader.email)

    def change_feeds(self, token: str, now: datetime) -> None:
        """Give the feeds of a managing reader other addresses; the old ones end at once. Raises LinkError."""
        with self.subscriptions.held(token, Purpose.MANAGE, now) as (unit, reader):
            unit.shelf.change_feed_word(reader.id, secrets.token_hex(4))

    def reason(self, token: str, said: str, now: datetime) -> None:
        """Keep why someone left, without a name and for the operator; none said, none kept. Raises LinkError."""
        reader = self.subscriptions.reader(token, Purpose.UNSUBSCRIBE, now)
        words = " ".join(said.split())[:LONGEST_REASON]
        if words and reader.state == SubscriberState.LEFT:
            with self.store.write() as unit:
                unit.journal.note(None, "reason", now, said=words)

    def reasons(self) -> list[tuple[datetime, str]]:
        """What people said when they left, the newest first."""
        with self.store.read() as unit:
            return [(row["at"], row["detail"].get("said", "")) for row in unit.journal.named("reason")]


def _last(row: Delivery) -> Last:
    state = DeliveryState.READY if row.state in _UNDER_WAY else row.state
    failed = state in (DeliveryState.FAILED, DeliveryState.QUARANTINED)
    papers, more = len(row.payload.get("papers", ())), row.payload.get("more", 0)
    at = row.finished_at or row.composed_at
    return Last(at, papers, more, DeliveryState.FAILED if failed else state, row.error)
