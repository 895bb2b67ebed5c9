"""Small tables that stand beside the pipe: events, heartbeats, suppressed addresses, flags.

Comes in: names, times, hashes. Goes out: the same. Refuses to know: what they mean to the use cases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from service.store.lifeline import Life, life
from service.store.statements import among, insert_new, raise_counter, upsert
from service.store.tables import counter, event, flag, heartbeat, suppression

# The flag that says which life of the database was last seen.
LIFE = "life"
# The counter of what its processes did.
PASSES = "passes"
# The flag that keeps every sender from beginning a mail.
BRAKE = "hold"
# The flag of a database that was made for a demo.
DEMO = "demo"
# The flag that tells under which key addresses are suppressed.
KEY = "suppression key"
# A reader looks at other sources from now on.
CHOSE_SOURCES = "chose sources"
# A reader's mails go to another address from now on.
MOVED = "moved"
# A reader wants no more mails; with how the subscription stood before.
LEFT = "left"
# Somebody called a mail to a reader spam.
COMPLAINED = "complained"
# The flag that says when a source was last made common that only those had read who chose it.
MADE_COMMON = "made common"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Journal:
    """Verbs of one unit of work."""

    connection: Connection

    def note(self, subscriber_id: int | None, name: str, now: datetime, **detail: Any) -> None:
        """Write one line of the log of consent and delivery; `detail` holds no address and no token."""
        self.connection.execute(insert(event).values(subscriber_id=subscriber_id, name=name, at=now, detail=detail))

    def events(self, subscriber_id: int) -> list[dict[str, Any]]:
        """What is known of one subscriber, oldest first."""
        rows = self.connection.execute(select(event).where(event.c.subscriber_id == subscriber_id).order_by(event.c.id))
        return [dict(row._mapping) for row in rows]

    def named(self, name: str) -> list[dict[str, Any]]:
        """Every line with this name, newest first."""
        rows = self.connection.execute(select(event).where(event.c.name == name).order_by(event.c.id.desc()))
        return [dict(row._mapping) for row in rows]

    def last(self, subscriber_id: int, name: str) -> datetime | None:
        """When this last happened to one subscriber, or None."""
        mine = (event.c.subscriber_id == subscriber_id) & (event.c.name == name)
        return self.connection.scalar(select(event.c.at).where(mine).order_by(event.c.id.desc()).limit(1))

    def last_detail(self, subscriber_id: int, name: str) -> dict[str, Any]:
        """What was noted when this last happened to one subscriber; nothing where it never did."""
        mine = (event.c.subscriber_id == subscriber_id) & (event.c.name == name)
        return dict(
            self.connection.scalar(select(event.c.detail).where(mine).order_by(event.c.id.desc()).limit(1)) or {}
        )

    def since(
        self, subscribers: Iterable[int], names: Sequence[str], since: datetime
    ) -> dict[int, list[tuple[datetime, str]]]:
        """When which of these things happened to each of these subscribers at or after a time, oldest first."""
        theirs = among(self.connection, event.c.subscriber_id, subscribers) & event.c.name.in_(names)
        rows = select(event.c.subscriber_id, event.c.at, event.c.name).where(theirs, event.c.at >= since)
        found: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        for subscriber_id, at, name in self.connection.execute(rows.order_by(event.c.id)):
            found[subscriber_id].append((at, name))
        return found

    def forget(self, subscriber_id: int) -> None:
        """Cut the events loose from an erased subscriber."""
        self.connection.execute(update(event).where(event.c.subscriber_id == subscriber_id).values(subscriber_id=None))

    def beat(self, name: str, now: datetime) -> None:
        """Say that a process or a tick is alive."""
        self.connection.execute(upsert(self.connection, heartbeat, {"name": name, "at": now}, ("name",)))

    def beats(self) -> dict[str, datetime]:
        """Every heartbeat by name."""
        return {row.name: row.at for row in self.connection.execute(select(heartbeat))}

    def take_turn(self, name: str, since: datetime, now: datetime) -> bool:
        """Take what is to be done once after `since`, so that of many workers one does it; says whether it is ours."""
        self.connection.execute(insert_new(self.connection, heartbeat).values(name=name, at=_LONG_AGO))
        open_turn = (heartbeat.c.name == name) & (heartbeat.c.at < since)
        return bool(self.connection.execute(update(heartbeat).where(open_turn).values(at=now)).rowcount)

    def suppress(self, hashed: str, reason: str, now: datetime) -> None:
        """Never write to this address again until it confirms anew."""
        values = {"hash": hashed, "reason": reason, "at": now}
        self.connection.execute(upsert(self.connection, suppression, values, ("hash",)))

    def is_suppressed(self, hashed: str) -> bool:
        """Whether this address has not confirmed since it was never to be written to again."""
        return self.connection.scalar(select(suppression.c.at).where(suppression.c.hash == hashed)) is not None

    def lift(self, hashed: str) -> None:
        """The address has confirmed anew."""
        self.connection.execute(delete(suppression).where(suppression.c.hash == hashed))

    def set_flag(self, name: str, value: Any) -> None:
        """Keep a small value, such as a held relay."""
        self.connection.execute(upsert(self.connection, flag, {"name": name, "value": value}, ("name",)))

    def flag(self, name: str) -> Any:
        """A kept value, or None."""
        return self.connection.scalar(select(flag.c.value).where(flag.c.name == name))

    def hold_flag(self, name: str) -> None:
        """Let nobody else set or hold this value until the end of the unit."""
        held = select(flag.c.name).where(flag.c.name == name).with_for_update()
        if self.connection.execute(held).one_or_none() is None:
            # There must be a row for others to wait for.
            self.connection.execute(insert_new(self.connection, flag).values(name=name, value=None))
            self.connection.execute(held)

    def is_braked(self) -> bool:
        """Whether no mail may be begun; in a unit that writes this stays true until its end."""
        held = select(flag.c.value).where(flag.c.name == BRAKE).with_for_update(read=True)
        row = self.connection.execute(held).one_or_none()
        if row is None:
            # There must be a row for others to wait for.
            self.connection.execute(insert_new(self.connection, flag).values(name=BRAKE, value=None))
            row = self.connection.execute(held).one()
        return bool(row[0])

    def flags(self, prefix: str) -> dict[str, Any]:
        """The kept values whose name begins so, by the rest of their name."""
        rows = self.connection.execute(select(flag).where(flag.c.name.startswith(prefix, autoescape=True)))
        return {row.name.removeprefix(prefix): row.value for row in rows}

    def life(self) -> Life:
        """Which life of the database this is, or an empty one where it cannot tell."""
        return life(self.connection)

    def come(self, at_least: int = 0) -> int:
        """Count one pass of a process and return how far the database has come, further than `at_least`."""
        self.connection.execute(insert_new(self.connection, counter).values(name=PASSES, value=0))
        passes = raise_counter(self.connection, PASSES)
        return passes if passes > at_least else raise_counter(self.connection, PASSES, at_least + 1 - passes)

    def ping(self) -> None:
        """Touch the database."""
        self.connection.execute(text("SELECT 1"))
