"""Deliveries: the rows that own a mail from being due to being sent.

    ready ──claim──▶ claimed ──begin──▶ sending ──▶ sent
      ▲                 │                  ├──▶ failed
      └────release──────┴──────retry───────┴──▶ quarantined        cancelled, superseded: never begun

Comes in: rows to add, leases, outcomes. Goes out: rows to work on. Refuses to know: SMTP, rendering.
A lease is a token on the database's clock, so workers whose clocks differ agree. `begin` is the one durable step per
message: it notes the previous mail as sent and begins the next, only while the lease is ours and the subscriber may
still be written to.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, delete, select, update

from service.editions import OVERDUE
from service.model import Addressee, DeliveryKind, DeliveryState, Subscriber
from service.store import tallies
from service.store.covered import Covered, covered, newest_digests
from service.store.exchange import exchange
from service.store.leasing import EDITIONS, Wanted, late, lease, waiting
from service.store.payloads import add_payloads, payloads, with_payload
from service.store.returning import postpone, recall, release
from service.store.statements import add_new, chunks, database_now, walking_in_order
from service.store.tables import OPEN, delivery

NEVER_BEGUN, HELD = (DeliveryState.READY, DeliveryState.CLAIMED), (DeliveryState.CLAIMED, DeliveryState.SENDING)
# What was never begun was over when it was composed.
_NEVER_BEGUN: dict[str, Any] = {"lease": None, "lease_until": None, "finished_at": delivery.c.composed_at}
# So many rows are deleted at once, which takes some hundredths of a second.
FORGOTTEN = 2000
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
MAX_RECOVERIES = 3
DIED = "its sender died or slept"
RECOVERY = timedelta(seconds=1)
LONGEST_LEASE = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row as the sender needs it; `payload` is what rendering was frozen to."""

    id: int
    kind: DeliveryKind
    subscriber_id: int
    key: str
    uid: str
    state: DeliveryState
    attempts: int
    composed_at: datetime
    payload: dict[str, Any]
    error: str = ""
    finished_at: datetime | None = None

    def recipient(self, reader: Addressee | Subscriber) -> str:
        """Where it goes: a mail about an address may go to another one, and the keys of a list go to its owner."""
        keys = reader.owner if self.kind in (DeliveryKind.MANAGE, DeliveryKind.FRESH) else ""
        return str(self.payload.get("to") or keys or reader.email)


def new_delivery(
    kind: DeliveryKind,
    subscriber_id: int,
    key: str,
    now: datetime,
    payload: dict[str, Any] | None = None,
    *,
    papers: Sequence[int] = (),
    upto: int | None = None,
    state: DeliveryState = DeliveryState.READY,
) -> dict[str, Any]:
    """The values of a row to `add`; its `uid` becomes the Message-ID and is never drawn again for this mail."""
    return {
        "kind": kind.value,
        "subscriber_id": subscriber_id,
        "key": key,
        "uid": secrets.token_hex(12),
        "state": state.value,
        "not_before": now,
        "composed_at": now,
        "upto": upto,
        "papers": list(papers),
        "payload": payload or {},
        "finished_at": now if state == DeliveryState.NONE else None,
    }


def as_delivery(row: Any) -> Delivery:
    """A row of `with_payload` as what it stands for."""
    return Delivery(
        row.id,
        DeliveryKind(row.kind),
        row.subscriber_id,
        row.key,
        row.uid,
        DeliveryState(row.state),
        row.attempts,
        row.composed_at,
        row.payload or {},
        row.error,
        row.finished_at,
    )


def _claimed(row: Any, payload: dict[str, Any]) -> Delivery:
    number, kind, subscriber_id, key, uid, attempts, composed_at, error = row
    kind, state = DeliveryKind(kind), DeliveryState.CLAIMED
    return Delivery(number, kind, subscriber_id, key, uid, state, attempts, composed_at, payload, error)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Verbs of one unit of work."""

    connection: Connection

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of equal columns; one that is there already (kind, subscriber, key) stays untouched."""
        if rows:
            add_new(self.connection, delivery, [{name: row[name] for name in row if name != "payload"} for row in rows])
            add_payloads(self.connection, [row for row in rows if row["payload"]])

    def waiting(self, now: datetime, most: int) -> int:
        """How many rows may go out now; `most`, where it is as many or more."""
        with walking_in_order(self.connection):
            return self.connection.scalar(waiting(), {"now": now, "old": now - OVERDUE, "most": most}) or 0

    def claim(
        self,
        token: str,
        now: datetime,
        limit: int,
        seconds: float,
        *,
        newest: bool = False,
        editions: int | None = None,
    ) -> list[Delivery]:
        """Lease up to `limit` rows that are ready, due and not in doubt, oldest or newest first, for `seconds`.

        Letters come before all editions: somebody waits for each of them. Of editions come at most so many.
        """
        with walking_in_order(self.connection):
            rows = self._lease(Wanted(letters=True, newest=newest), token, now, limit, seconds)
            left = limit - len(rows) if editions is None else min(limit - len(rows), editions)
            if editions != 0:
                rows += self._lease(Wanted(newest=newest), token, now, left, seconds)
        return self._claimed(rows)

    def claim_doubtful(self, token: str, now: datetime, seconds: float) -> list[Delivery]:
        """Lease one row whose sender has died. It goes alone: a poisonous mail must not take others down with it."""
        with walking_in_order(self.connection):
            return self._claimed(self._lease(Wanted(doubtful=True), token, now, 1, seconds))

    def _lease(self, wanted: Wanted, token: str, now: datetime, limit: int, seconds: float) -> list[Row[Any]]:
        """Rows in order of their numbers."""
        asked = {"token": token, "now": now, "old": now - OVERDUE, "seconds": seconds, "most": limit}
        return sorted(self.connection.execute(lease(self.connection.dialect.name, wanted), asked), key=itemgetter(0))

    def _claimed(self, rows: Sequence[Row[Any]]) -> list[Delivery]:
        frozen = payloads(self.connection, [row[0] for row in rows]) if rows else {}
        return [_claimed(row, frozen.get(row[0], {})) for row in rows]

    def begin(self, token: str, done: Sequence[int], begin: Sequence[int], now: datetime) -> set[int]:
        """Note `done` as sent and begin `begin`; returns the ids that are begun.

        A row is noted or begun only while the lease is ours; an edition only while its subscriber is active.
        """
        if not done and not begin:
            return set()
        return exchange(self.connection, token, done, begin, now)

    def renew(self, token: str, seconds: float) -> int:
        """Keep a lease; returns how many rows are still held."""
        until = database_now(self.connection) + seconds
        held = update(delivery).where(delivery.c.lease == token).values(lease_until=until)
        return self.connection.execute(held).rowcount

    def release(self, token: str, ids: Sequence[int] | None = None) -> int:
        """Give back what was claimed and not begun (`ids`: these of it).

        An edition of someone who may get none any more is cancelled, or it would be claimed for ever.
        """
        return release(self.connection, token, ids)

    def postpone(self, token: str, later: Mapping[int, datetime]) -> None:
        """Give back what was claimed and not begun, each row not to be tried before a time."""
        postpone(self.connection, token, later)

    def recall(self) -> int:
        """Take back from all senders what they have claimed and not begun: they look anew before they begin it."""
        return recall(self.connection)

    def retry(self, token: str, row: int, not_before: datetime, error: str) -> None:
        """This mail was begun and surely not accepted: try again later."""
        values = {"state": DeliveryState.READY, "lease": None, "lease_until": None, "not_before": not_before}
        self._outcome(token, row, values | {"error": error[:500]})

    def end(self, token: str, row: int, state: DeliveryState, now: datetime, error: str) -> None:
        """This mail is over: failed or quarantined once begun, or of no use before; and why."""
        values = {"state": state, "lease": None, "lease_until": None, "finished_at": now, "error": error[:500]}
        self._outcome(token, row, values)

    def sweep(self, now: datetime) -> dict[str, int]:
        """Take back expired leases: claimed rows, and rows in doubt up to MAX_RECOVERIES times."""
        clock = database_now(self.connection)
        # None is so long: it was taken while the clock was ahead. Few rows are leased, and many may be open.
        gone = (delivery.c.lease > "") & (
            (delivery.c.lease_until < clock) | (delivery.c.lease_until > clock + LONGEST_LEASE)
        )
        # One of these may be what it died of, if it did not merely sleep.
        free: dict[str, Any] = {"lease": None, "lease_until": None, "error": DIED}
        claimed = gone & (delivery.c.state == DeliveryState.CLAIMED)
        again = update(delivery).where(claimed).values(state=DeliveryState.READY, **free)
        back = self.connection.execute(again).rowcount
        doubt = gone & (delivery.c.state == DeliveryState.SENDING)
        # Asked by both statements: a lease may end between them.
        third = delivery.c.recoveries + 1 >= MAX_RECOVERIES
        quarantine = free | {"state": DeliveryState.QUARANTINED, "recoveries": delivery.c.recoveries + 1}
        quarantine |= {"finished_at": now, "error": "its sender died three times"}
        quarantined = self.connection.execute(update(delivery).where(doubt & third).values(quarantine)).rowcount
        # Behind what waits: a row that always came first would meet every death of its senders, and look like poison.
        later = case((delivery.c.recoveries == 0, now + RECOVERY), else_=now + 10 * RECOVERY)
        once_more = {"state": DeliveryState.READY, "recoveries": delivery.c.recoveries + 1, "not_before": later}
        recovered = self.connection.execute(update(delivery).where(doubt & ~third).values(once_more | free)).rowcount
        return {"released": back, "recovered": recovered, "quarantined": quarantined}

    def forget(self, before: datetime, most: int = FORGOTTEN) -> int:
        """Delete up to `most` of the oldest rows that are over, composed before a time; returns how many those were."""
        over = select(delivery.c.id, delivery.c.composed_at).where(~OPEN).order_by(delivery.c.id).limit(most).subquery()
        old = select(over.c.id).where(over.c.composed_at < before)
        return self.connection.execute(delete(delivery).where(delivery.c.id.in_(old))).rowcount

    def cancel(self, subscriber_id: int, kinds: Sequence[DeliveryKind] = EDITIONS) -> int:
        """Cancel what was not begun: leaving and erasing win over it.

        A letter that never went out makes room for another one like it; an edition does not come twice.
        """
        mine = (
            (delivery.c.subscriber_id == subscriber_id) & delivery.c.state.in_(NEVER_BEGUN) & delivery.c.kind.in_(kinds)
        )
        room = case((delivery.c.kind.in_(EDITIONS), delivery.c.key), else_=delivery.c.key + " " + delivery.c.uid)
        values = {"state": DeliveryState.CANCELLED, "key": room, **_NEVER_BEGUN}
        return self.connection.execute(update(delivery).where(mine).values(values)).rowcount

    def supersede(self, ids: Iterable[int]) -> set[int]:
        """Digests not begun when the next edition is due give way to it; returns those of `ids` that still waited."""
        given: set[int] = set()
        values = {"state": DeliveryState.SUPERSEDED, **_NEVER_BEGUN}
        for piece in chunks(ids):
            waiting = delivery.c.id.in_(piece) & (delivery.c.state == DeliveryState.READY)
            given.update(
                self.connection.scalars(update(delivery).where(waiting).values(values).returning(delivery.c.id))
            )
        return given

    def newest_digests(self, subscriber_ids: Iterable[int], since: datetime) -> dict[int, int]:
        """The latest digest row of each reader that has one composed at or after `since`."""
        return newest_digests(self.connection, subscriber_ids, since)

    def covered(self, subscriber_ids: Sequence[int], since: datetime, now: datetime) -> dict[int, Covered]:
        """What each reader's digests and quiet notes composed at or after `since` cover."""
        return covered(self.connection, subscriber_ids, since, now)

    def of(self, subscriber_id: int) -> list[Delivery]:
        """One subscriber's rows, newest first."""
        mine = with_payload().where(delivery.c.subscriber_id == subscriber_id).order_by(delivery.c.id.desc())
        return [as_delivery(row) for row in self.connection.execute(mine)]

    def states(self, since: datetime = _EVER) -> dict[str, int]:
        """How many rows are in each state, of those composed at or after a time and whatever is not over."""
        return tallies.states(self.connection, since)

    def quarantined(self, since: datetime) -> list[tuple[str, str, int]]:
        """What was put aside since then, as (kind, reason, how many)."""
        return tallies.quarantined(self.connection, since)

    def is_due(self, now: datetime) -> bool:
        """Whether any row may go out now."""
        return self.waiting(now, 1) > 0

    def revive(self, now: datetime) -> None:
        """Let editions that became old news while they waited go out after all."""
        self.connection.execute(update(delivery).where(old_news(now)).values(not_before=now))

    def _outcome(self, token: str, row: int, values: dict[str, Any]) -> None:
        ours = (delivery.c.id == row, delivery.c.lease == token, delivery.c.state.in_(HELD))
        self.connection.execute(update(delivery).where(*ours).values(values))


def old_news(now: datetime) -> ColumnElement[bool]:
    """Whether an edition waits that was to go out so long ago that only the operator may send it."""
    return late(now - OVERDUE)
