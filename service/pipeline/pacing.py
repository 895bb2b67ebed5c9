"""claimed rows → those that may go out now, by the limits that all workers share.

Comes in: the rows of one claim, in the unit that claimed them. Goes out: the rows to send, and how long to wait where
there are none. Refuses to know: relays, rendering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.store import Unit
from service.store.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Limits:
    """Mails a minute, over all relays and to one mail domain; 0 is no limit."""

    rate: int = 0
    per_domain: int = 0


def admit(
    unit: Unit, token: str, rows: Sequence[Delivery], limits: Limits, now: datetime
) -> tuple[list[Delivery], float]:
    """Give back what must wait; returns the rest, and the seconds until the relays take one more.

    A full domain keeps only its own mails waiting: they come again when it has room.
    """
    kept = _by_domain(unit, token, rows, limits.per_domain, now) if limits.per_domain else list(rows)
    if not limits.rate or not kept:
        return kept, 0.0
    count, wait = unit.paces.reserve("relays", limits.rate, len(kept))
    unit.deliveries.release(token, now, [row.id for row in kept[count:]])
    return kept[:count], wait


def _by_domain(unit: Unit, token: str, rows: Sequence[Delivery], per_domain: int, now: datetime) -> list[Delivery]:
    readers = unit.subscribers.some([row.subscriber_id for row in rows])
    domains: dict[str, list[Delivery]] = defaultdict(list)
    for row in rows:
        reader = readers.get(row.subscriber_id)
        domains[reader.email.rpartition("@")[2].casefold() if reader else ""].append(row)
    kept: set[int] = set()
    # In one order everywhere, so that two workers never wait for each other's rows.
    for domain, mails in sorted(domains.items()):
        count, wait = unit.paces.reserve(f"domain {domain}", per_domain, len(mails))
        kept.update(row.id for row in mails[:count])
        later = now + timedelta(seconds=max(wait, 1.0))
        unit.deliveries.release(token, later, [row.id for row in mails[count:]])
    return [row for row in rows if row.id in kept]
