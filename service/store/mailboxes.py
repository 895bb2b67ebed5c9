"""Addresses beside subscriptions: new ones that wait for a confirmation, owners of lists, how often one was asked; and
all that is kept of a reader.

Comes in: addresses, hashes, times. Goes out: what waits, whether a mailbox may be written to, rows. Refuses to know:
how an address is spelt or hashed, what a mail says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from service.model import DeliveryKind, DeliveryState, SubscriberState
from service.store.statements import among, insert_new, upsert
from service.store.tables import asked, delivery, metadata, new_address, subscriber

Rows = dict[str, list[dict[str, Any]]]

# Where rows hold what somebody typed or is known by.
_SAID = (
    *(("subscriber", name) for name in ("public_id", "email", "mailbox", "owner")),
    *(("new_address", name) for name in ("email", "mailbox")),
    *(("profile", "name"), ("profile_keyword", "text")),
)
# What of a mail is its reader's own; its days, sources and zone are everybody's.
_OWN = ("to", "list", "nonce", "keywords", "sections", "hidden")
# A near miss tells of the paper first, and how it was missed.
_NEAR_FROM = 3
_TELLING = 4


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

    def move(self, subscriber_id: int, wanted: Proposed) -> bool:
        """Write to the new address from now on; False, and nothing changed, where another subscriber has it.

        It is tried, not looked up: of two who move there at once the second waits for the first, and then finds it
        taken.
        """
        here = subscriber.c.id == subscriber_id
        values = {"email": wanted.email, "mailbox": wanted.mailbox}
        try:
            with self.connection.begin_nested():
                self.connection.execute(update(subscriber).where(here).values(values))
        except IntegrityError:
            return False
        self.connection.execute(delete(new_address).where(new_address.c.subscriber_id == subscriber_id))
        return True

    def own(self, subscriber_id: int, owner: str) -> None:
        """Several people read this address, and `owner` decides for them; empty: one person."""
        self.connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(owner=owner))

    def owners(self, besides: int) -> list[str]:
        """Who decides for other addresses that get mails or may come to, each as often as there are such."""
        away = (SubscriberState.LEFT, SubscriberState.SUPPRESSED)
        decided = (subscriber.c.owner != "") & subscriber.c.state.not_in(away) & (subscriber.c.id != besides)
        return list(self.connection.scalars(select(subscriber.c.owner).where(decided)))

    def lists(self) -> list[tuple[int, str]]:
        """Every address that somebody else decides for, running or not: its row, and who decides."""
        rows = self.connection.execute(select(subscriber.c.id, subscriber.c.owner).where(subscriber.c.owner != ""))
        return [(row.id, row.owner) for row in rows]

    def fresh_since(self, subscribers: Iterable[int], what: str, since: datetime) -> int:
        """How many mails with the fresh link for `what` were made for these subscribers after a time."""
        fresh = (delivery.c.kind == DeliveryKind.FRESH) & delivery.c.key.startswith(f"{what} ")
        sent = (delivery.c.state != DeliveryState.CANCELLED) & (delivery.c.composed_at > since)
        theirs = among(self.connection, delivery.c.subscriber_id, subscribers)
        return self.connection.scalar(select(func.count()).select_from(delivery).where(theirs, fresh, sent)) or 0

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

    def forget_asked(self, before: datetime) -> None:
        """Forget the counts of mailboxes that were last written to before a time."""
        self.connection.execute(delete(asked).where(asked.c.at < before))

    def kept(self, subscriber_id: int) -> Rows:
        """Every row about a subscriber, by table; found by how tables refer to each other, so none can be forgotten."""
        found: Rows = {}
        for table in metadata.sorted_tables:
            mine = _about(table, subscriber_id, found)
            if mine is not None:
                found[table.name] = self._rows(table, mine)
        return found

    def words(self, subscriber_id: int) -> set[str]:
        """What a subscriber has said, and is called by, in the rows about them, where it is long enough to tell."""
        kept = self.kept(subscriber_id)
        said = [row[column] for table, column in _SAID for row in kept[table]]
        mailed = [_own(row["payload"]) for row in kept["delivery_payload"]]
        return {text for text in _texts([said, mailed]) if len(text) >= _TELLING}

    def remembered(self, hashes: Iterable[str]) -> Rows:
        """Every row that knows a mailbox by one of its hashes alone, by table."""
        known = list(hashes)
        tables = [table for table in metadata.sorted_tables if "hash" in table.c]
        return {table.name: self._rows(table, table.c.hash.in_(known)) for table in tables}

    def _rows(self, table: Table, mine: ColumnElement[bool]) -> list[dict[str, Any]]:
        ordered = select(table).where(mine).order_by(*table.primary_key)
        return [dict(row._mapping) for row in self.connection.execute(ordered)]


def _own(payload: dict[str, Any]) -> list[Any]:
    return [*(payload.get(name) for name in _OWN), *(miss[_NEAR_FROM:] for miss in payload.get("near", ()))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _about(table: Table, subscriber_id: int, found: Rows) -> ColumnElement[bool] | None:
    """Which rows of a table are a subscriber's own, or their rows' own; None where the table is about nobody."""
    if table is subscriber:
        return table.c.id == subscriber_id
    if "subscriber_id" in table.c:
        return table.c.subscriber_id == subscriber_id
    for key in table.foreign_keys:
        if key.column.table.name in found:
            return key.parent.in_([row[key.column.name] for row in found[key.column.table.name]])
    return None
