"""A large morning → a few digests first, and the rest only when these went well.

Comes in: the time, the unit that is about to claim. Goes out: how many rows may be claimed. Refuses to know: relays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from service.model import DeliveryState
from service.pipeline.brake import hold
from service.store import Unit

CANARY = "canary"
# A morning of so many times the canary is a large one.
LARGE = 20
# One canary speaks for the morning; one whose sender died speaks with what is known by then.
FOR = timedelta(hours=12)
PATIENCE = timedelta(minutes=15)
# More than this share of failures puts the brake on.
TOO_MANY = 0.1
OVER = (DeliveryState.CLAIMED, DeliveryState.SENDING)
BAD = (DeliveryState.FAILED, DeliveryState.QUARANTINED, DeliveryState.READY)


def allowance(unit: Unit, size: int, batch: int, now: datetime) -> tuple[int, bool]:
    """How many rows may be claimed now, and whether they are a canary that is to be `sent_ahead`."""
    if not size:
        return batch, False
    known = unit.journal.flag(CANARY)
    age = now - datetime.fromisoformat(known["at"]) if known else FOR
    if age >= FOR:
        large = unit.canaries.waiting(now, size * LARGE) >= size * LARGE
        return (size, True) if large else (batch, False)
    return (batch if known["well"] or _judge(unit, known["ids"], age, now) else 0), False


def sent_ahead(unit: Unit, ids: Sequence[int], now: datetime) -> None:
    """Note which rows the morning waits for."""
    unit.journal.set_flag(CANARY, {"at": now.isoformat(), "ids": list(ids), "well": False})


def _judge(unit: Unit, ids: Sequence[int], age: timedelta, now: datetime) -> bool:
    """Whether the canary went well; where it did not, the brake is on."""
    states = unit.canaries.states(ids)
    if age < PATIENCE and any(states.get(state) for state in OVER):
        return False
    bad = sum(states.get(state, 0) for state in BAD)
    well = bad <= TOO_MANY * len(ids)
    # Who releases the brake has looked: the morning is not held for the same canary twice.
    unit.journal.set_flag(CANARY, {"at": now.isoformat(), "ids": list(ids), "well": True})
    if not well:
        hold(unit, f"{bad} of the first {len(ids)} digests of a large morning did not go out", now)
    return well
