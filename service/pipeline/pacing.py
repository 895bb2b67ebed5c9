"""claimed rows → those that may go out now, by the limits that all workers share.

Comes in: the rows of one claim, in the unit that claimed them. Goes out: the rows to send, and how long to wait where
there are none. Refuses to know: relays, rendering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2s

from service import editions
from service.model import DeliveryKind, Schedule
from service.store import Unit
from service.store.deliveries import Delivery
from service.store.leasing import EDITIONS

# The next edition is composed within this time of being due, before what it supersedes could be claimed again.
ROOM = timedelta(hours=1)
# After so long a relay is no longer new.
WARM = timedelta(days=14)
# Seconds between two looks at what waits for its turn. What gathers meanwhile goes out together: it is saved up.
PAUSE = 0.5
# A run waits for turns that come at least so often, in seconds; for others the timetable rings.
SOON = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Mails a minute, over one relay and to one mail domain; 0 is no limit.

    The digests of one hour begin spread over `spread`; from the local hour `not_after` on, none is begun that was
    asked for earlier in the day (0: however late it is).
    """

    rate: int = 0
    per_domain: int = 0
    spread: timedelta = timedelta(0)
    not_after: int = 0
    canary: int = 0
    warm_up: int = 0

    def warming(self, age: timedelta) -> Limits:
        """The limits for a relay used for so long: a new one takes `warm_up` a minute, and twice that each day."""
        if not self.warm_up or age >= WARM:
            return self
        allowed = self.warm_up * 2**age.days
        return replace(self, rate=min(self.rate or allowed, allowed))

    def start(self, reader: int, day: str, now: datetime) -> datetime:
        """When one reader's digest may begin: the same whoever composes it, another one each day."""
        share = int.from_bytes(blake2s(f"{reader} {day}".encode(), digest_size=4).digest(), "big") / 2**32
        return now + self.spread * share


@dataclass(slots=True)
class Queues:
    """Where the mails of full domains stand: each comes again in its turn, not all of them with each claim.

    A run knows only the turns it gave itself; who finds a turn taken gets another one.
    """

    per_domain: int
    ends: dict[str, datetime] = field(default_factory=dict)

    def turn(self, domain: str, row: Delivery, free: datetime) -> datetime:
        """When a mail may try again in a domain that takes the next one when it is `free`."""
        end = max(self.ends.get(domain, free), free)
        self.ends[domain] = end + timedelta(seconds=60 / self.per_domain)
        # Somebody waits for a letter.
        return end if row.kind in EDITIONS else free

    def wait(self, now: datetime) -> float:
        """Seconds until it is worth while to look again, or 0 where no turn comes soon."""
        turns = self.per_domain and 60 / self.per_domain <= SOON and any(end > now for end in self.ends.values())
        return PAUSE if turns else 0.0


def room(unit: Unit, limits: Limits, relay: str, most: int) -> tuple[int, float]:
    """How many of `most` mails the relay's limit allows now, and where that is none, how many seconds to wait."""
    free, wait = unit.paces.room(f"relay {relay}", limits.rate, most) if limits.rate else (most, 0.0)
    return free, max(wait, PAUSE)


def admit(
    unit: Unit, token: str, rows: Sequence[Delivery], limits: Limits, now: datetime, relay: str, queues: Queues
) -> list[Delivery]:
    """Take these rows, for which the relay has `room`, out of the limits; returns those to send.

    A full domain keeps only its own mails waiting: they come again when it has room.
    """
    kept = _by_domain(unit, token, rows, now, queues) if queues.per_domain else list(rows)
    if limits.rate and kept:
        unit.paces.reserve(f"relay {relay}", limits.rate, len(kept))
    return kept


def fold(
    unit: Unit, token: str, rows: Sequence[Delivery], not_after: int, now: datetime
) -> tuple[list[Delivery], list[int]]:
    """Give back digests it is too late for today; returns the rest, and the ids given back.

    They wait until past the reader's next edition, which supersedes them and takes their papers in. That one is sent
    however late: who is always late would never get a mail.
    """
    digests = [row for row in rows if row.kind == DeliveryKind.DIGEST and not row.payload.get("first")]
    readers = unit.subscribers.some([row.subscriber_id for row in digests]) if not_after else {}
    late: dict[int, datetime] = {}
    for row in digests:
        reader = readers.get(row.subscriber_id)
        known = reader is not None and editions.is_known(reader.schedule)
        until = _waits(reader.schedule, not_after, row, now) if reader and known else None
        if until:
            late[row.id] = until + ROOM
    unit.deliveries.postpone(token, late)
    return [row for row in rows if row.id not in late], list(late)


def _waits(schedule: Schedule, not_after: int, row: Delivery, now: datetime) -> datetime | None:
    """Until when it is too late: to the next edition from that hour on, and in the night to the hour of this day."""
    today = editions.local_day(schedule, now)
    hour, end = (editions.due_at(replace(schedule, hour=each), today) for each in (schedule.hour, not_after))
    if schedule.hour >= not_after:
        return None
    if now >= end:
        return None if row.payload.get("since") else editions.next_due(schedule, now)
    return hour if row.key < today.isoformat() and now < hour else None


def _by_domain(unit: Unit, token: str, rows: Sequence[Delivery], now: datetime, queues: Queues) -> list[Delivery]:
    readers = unit.subscribers.some([row.subscriber_id for row in rows])
    domains: dict[str, list[Delivery]] = defaultdict(list)
    for row in rows:
        reader = readers.get(row.subscriber_id)
        domains[reader.email.rpartition("@")[2].casefold() if reader else ""].append(row)
    later: dict[int, datetime] = {}
    # In one order everywhere, so that two workers never wait for each other's rows.
    for domain, mails in sorted(domains.items()):
        count, wait = unit.paces.reserve(f"domain {domain}", queues.per_domain, len(mails))
        free = now + timedelta(seconds=wait)
        later |= {row.id: queues.turn(domain, row, free) for row in mails[count:]}
    unit.deliveries.postpone(token, later)
    return [row for row in rows if row.id not in later]
