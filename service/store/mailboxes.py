"""Addresses beside subscriptions: new ones that wait for a confirmation, owners of lists, how often one was asked.

Comes in: addresses, hashes, times. Goes out: what waits, whether a mailbox may be written to. Refuses to know: how an
address is spelt or hashed, what a mail says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from service.store.statements import insert_new, upsert
from service.store.tables import asked, new_address, subscriber


@dataclass(frozen=True, slots=True)
class Proposed:
    """Another address that a reader asked for; `nonce` binds the link to this very wish."""

    email: str
    mailbox: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Verbs of one unit of work."""

    connection: Connection

    def propose(self, subscriber_id: int, wanted: Proposed, now: datetime) -> None:
        """Keep the address a reader asks for; it replaces an earlier wish."""
        values = {"email": wanted.email, "mailbox": wanted.mailbox, "nonce": wanted.nonce, "at": now}
        row: dict[str, Any] = {"subscriber_id": subscriber_id} | values
        self.connection.execute(upsert(self.connection, new_address, row, ("subscriber_id",)))

    def proposed(self, subscriber_id: int) -> Proposed | None:
        """The address that waits for a confirmation, or None."""
        row = self.connection.execute(select(new_address).where(new_address.c.subscriber_id == subscriber_id)).first()
        return Proposed(row.email, row.mailbox, row.nonce) if row else None

    def move(self, subscriber_id: int, wanted: Proposed) -> None:
        """Write to the new address from now on."""
        here = subscriber.c.id == subscriber_id
        values = {"email": wanted.email, "mailbox": wanted.mailbox}
        self.connection.execute(update(subscriber).where(here).values(values))
        self.connection.execute(delete(new_address).where(new_address.c.subscriber_id == subscriber_id))

    def own(self, subscriber_id: int, owner: str) -> None:
        """Several people read this address, and `owner` decides for them; empty: one person."""
        self.connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(owner=owner))

    def may_ask(self, hashed: str, now: datetime, most: int, apart: timedelta) -> bool:
        """Count one more mail to a mailbox that has confirmed nothing; False where it had `most`, or one just now.

        Each of its statements decides by itself, so that many who ask at once are counted one by one.
        """
        first = insert_new(self.connection, asked).values(hash=hashed, count=1, at=now)
        if self.connection.execute(first.returning(asked.c.hash)).first():
            return True
        free = (asked.c.hash == hashed) & (asked.c.count < most) & (asked.c.at <= now - apart)
        again = update(asked).where(free).values(count=asked.c.count + 1, at=now)
        return bool(self.connection.execute(again).rowcount)

    def asked_since(self, hashed: str, since: datetime) -> bool:
        """Whether a mail to this mailbox was counted after a time."""
        late = (asked.c.hash == hashed) & (asked.c.at > since)
        return self.connection.execute(select(asked.c.hash).where(late)).first() is not None

    def answered(self, hashed: str) -> None:
        """Somebody there has confirmed: the count begins anew."""
        self.connection.execute(delete(asked).where(asked.c.hash == hashed))

    def facts(self, subscriber_id: int) -> dict[str, Any]:
        """Everything the subscriber's row holds, by column."""
        row = self.connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).first()
        return dict(row._mapping) if row else {}
