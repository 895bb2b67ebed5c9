"""What was mailed, for reading it again.

Comes in: the row or the name of a mail, a reader. Goes out: mails as they were frozen. Refuses to know: leases,
sending, links.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from service.model import DeliveryKind, DeliveryState
from service.store.deliveries import Delivery, as_delivery
from service.store.payloads import with_payload
from service.store.tables import delivery, subscriber

# Whatever was begun may have been read; what still waits may be held back, and comes or not.
BEGUN = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Kept:
    """A digest and all its papers, best first: also those that the mail only counted."""

    delivery: Delivery
    papers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Verbs of one unit of work."""

    connection: Connection

    def digest(self, row: int) -> Kept | None:
        """The digest of this row; None for one that is gone, was never composed or is no digest."""
        wanted = with_payload().where(delivery.c.id == row, delivery.c.kind == DeliveryKind.DIGEST)
        found = self.connection.execute(wanted).first()
        return _kept(found) if found is not None and found.payload else None

    def digests(self, subscriber_id: int, since: datetime, limit: int) -> list[Kept]:
        """One reader's digests composed at or after a time, newest first, once their sending has begun."""
        mine = (delivery.c.subscriber_id == subscriber_id) & (delivery.c.kind == DeliveryKind.DIGEST)
        mine &= delivery.c.state.in_(BEGUN) & (delivery.c.composed_at >= since)
        newest = (delivery.c.composed_at.desc(), delivery.c.id.desc())
        return [
            _kept(row) for row in self.connection.execute(with_payload().where(mine).order_by(*newest).limit(limit))
        ]

    def feed_word(self, subscriber_id: int) -> str:
        """What stands in the addresses of a reader's feeds, so that they can be changed; "" as they were at first."""
        wanted = select(subscriber.c.feed_word).where(subscriber.c.id == subscriber_id)
        return self.connection.scalar(wanted) or ""

    def change_feed_word(self, subscriber_id: int, word: str) -> None:
        """Let another word stand there."""
        self.connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(feed_word=word))

    def named(self, row: int, uid: str) -> Delivery | None:
        """The mail of this number, if its name begins so."""
        found = self.connection.execute(with_payload().where(delivery.c.id == row)).first()
        return as_delivery(found) if found is not None and found.uid.startswith(uid) else None

    def by_uid(self, uid: str, since: datetime) -> Delivery | None:
        """The mail of this name composed at or after `since`."""
        wanted = with_payload().where(delivery.c.uid == uid, delivery.c.composed_at >= since)
        found = self.connection.execute(wanted).first()
        return as_delivery(found) if found is not None else None


def _kept(row: Any) -> Kept:
    return Kept(as_delivery(row), tuple(row.papers))
