"""Time zones, clock changes and clocks that jump: one edition per local day, and none missing."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from service import editions
from service.model import Schedule
from tests.faults.ledger import Facts

# Both halves of the year, half hours, three quarters, changes at midnight, and zones that gave changes up.
ZONES = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Helsinki",
    "Europe/Moscow",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Lagos",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Asia/Gaza",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "America/Sao_Paulo",
]


@pytest.mark.trials("30 time zones, both clock changes, 3 years", full=30, slice=30)
def test_every_local_day_has_one_edition(seed: int, facts: Facts, full: bool) -> None:
    """Follow the due times as the composer does, looking at moments of chance and with a clock that jumps back."""
    zone, chance = ZONES[seed - 1], random.Random(seed)
    first, days = date(2025, 1, 1), 3 * 365
    made: list[date] = []
    schedule = Schedule(timezone=zone, hour=chance.choice((0, 1, 2, 3, 7, 23)))
    now, end = datetime(2025, 1, 1, 12, tzinfo=UTC), datetime(2025, 1, 1, 12, tzinfo=UTC) + timedelta(days=days)
    due = editions.next_due(schedule, now)
    while now < end:
        now += timedelta(minutes=chance.randint(1, 600))
        seen = now - timedelta(hours=chance.choice((0, 0, 0, 3)))
        if due <= seen:
            day = editions.local_day(schedule, due)
            made.append(day)
            due = editions.next_due(schedule, max(due, editions.due_at(schedule, day)))
    facts |= {"editions": len(made)}
    wanted = [made[0] + timedelta(days=n) for n in range(len(made))]
    assert made == wanted, zone
    assert made[0] - first <= timedelta(days=2)
    assert len(made) >= days - 2
