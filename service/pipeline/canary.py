"""A large morning → a few digests first, and the rest only when these went well.

Comes in: the time, the unit that is about to claim. Goes out: how many rows may be claimed. Refuses to know: relays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from service.model import DeliveryState
from service.pipeline.brake import hold
from service.store import Unit
from service.store.deliveries import Delivery

CANARY = "canary"
# A morning of so many times the canary is a large one.
LARGE = 20
# One canary speaks for the morning; one whose sender died speaks with what is known by then.
FOR = timedelta(hours=12)
PATIENCE = timedelta(minutes=15)
# More than this share of failures puts the brake on.
TOO_MANY = 0.1
UNDER_WAY = (DeliveryState.CLAIMED, DeliveryState.SENDING)
BAD = (DeliveryState.FAILED, DeliveryState.QUARANTINED, DeliveryState.READY)


def allowance(unit: Unit, size: int, batch: int, now: datetime) -> tuple[int, bool]:
    """How many rows may be claimed now, and whether they are a canary that is to be `sent_ahead`."""
    if not size:
        return batch, False
    known = _speaking(unit, now)
    if known is None and unit.canaries.waiting(now, size * LARGE) < size * LARGE:
        return batch, False
    if known is None or not known["well"]:
        # Of workers that come at once one sends some ahead, and the others hear of it.
        unit.journal.hold_flag(CANARY)
        known = _speaking(unit, now)
    if known is None:
        return size, True
    if known["well"]:
        return batch, False
    return _judge(unit, known, size, batch, now)


def sent_ahead(unit: Unit, rows: Sequence[Delivery], now: datetime) -> None:
    """Note which rows the morning waits for, and how often each was tried before, with those it waits for already."""
    if not rows:
        return
    known = _speaking(unit, now)
    before = _noted(known) if known and not known["well"] else {}
    _note(unit, before | {row.id: row.attempts for row in rows}, now, well=False)


def _note(unit: Unit, noted: Mapping[int, int], now: datetime, *, well: bool) -> None:
    said = {"at": now.isoformat(), "ids": list(noted), "before": list(noted.values()), "well": well}
    unit.journal.set_flag(CANARY, said)


def _speaking(unit: Unit, now: datetime) -> dict[str, Any] | None:
    known: dict[str, Any] | None = unit.journal.flag(CANARY)
    # One of a time that is yet to come was noted by a clock that was ahead.
    return known if known and abs(now - datetime.fromisoformat(known["at"])) < FOR else None


def _noted(known: dict[str, Any]) -> dict[int, int]:
    # Earlier releases noted the ids alone.
    return dict(zip_longest(known["ids"], known.get("before", ()), fillvalue=0))


def _judge(unit: Unit, known: dict[str, Any], size: int, batch: int, now: datetime) -> tuple[int, bool]:
    """What may be claimed by what became of the canary; where it did not go well, the brake is on.

    Only a mail that was begun says anything: rows that limits, a relay that is away or a worker that stopped gave back
    are neither well nor bad, and as many others go ahead in their place.
    """
    noted = _noted(known)
    rows = unit.canaries.rows(list(noted))
    waited = now - datetime.fromisoformat(known["at"])
    if waited < PATIENCE and any(state in UNDER_WAY for state, _ in rows.values()):
        return 0, False
    tried = [state for number, (state, attempts) in rows.items() if attempts > noted[number]]
    bad = sum(state in BAD for state in tried)
    if len(tried) < size and bad <= TOO_MANY * size:
        return size - len(tried), True
    if bad <= TOO_MANY * len(tried):
        _note(unit, noted, now, well=True)
        return batch, False
    # Where another hold stands, whoever ends that one has not heard of this.
    if hold(unit, f"{bad} of the first {len(tried)} digests of a large morning did not go out", now):
        # Who releases the brake has looked: the morning is not held for the same canary twice.
        _note(unit, noted, now, well=True)
        unit.deliveries.recall()
    return 0, False
