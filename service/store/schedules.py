"""Schedules as the columns of a subscriber's row.

Comes in: columns, or a schedule. Goes out: the other. Refuses to know: whose they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from service.model import Schedule


def _mask(weekdays: Iterable[int]) -> int:
    return sum(1 << day for day in weekdays)


def _days(mask: int) -> frozenset[int]:
    return frozenset(day for day in range(1, 8) if mask & 1 << day)


# Readers share a few schedules, and what is computed of one is kept (`service.editions`).
@lru_cache(maxsize=10_000)
def schedule_of(timezone: str, hour: int, weekdays: int) -> Schedule:
    """The columns of a row as what they mean."""
    return Schedule(timezone, hour, _days(weekdays))


def schedule_values(schedule: Schedule) -> dict[str, Any]:
    """The columns of a row that hold a schedule."""
    return {"timezone": schedule.timezone, "hour": schedule.hour, "weekdays": _mask(schedule.weekdays)}
