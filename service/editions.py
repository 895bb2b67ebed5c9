"""Editions: which local day it is for a subscriber, and at which instant that day's digest is due.

Comes in: a schedule and a day or an instant. Goes out: days and instants in UTC. Refuses to know: the present time,
subscribers, digests.

Every local day has exactly one due instant, and that instant lies within the day. On a day whose clocks skip the hour
it is the first moment after the gap; on a day whose clocks show the hour twice it is the first of the two. A day that a
zone left out (Samoa had no 30 December 2011) has no edition.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from service.errors import FieldError, InputError
from service.model import Schedule

# A schedule of one weekday can lose that day to the date line once, never twice running: two weeks hold a due day.
# The search begins two days off, on the far side, since at the date line a day may come twice.
_HORIZON = 14 + 4

# What was due longer ago than this is old news: it is made only when the operator asks for it.
OVERDUE = timedelta(hours=48)

# The first places on Earth to begin a day are this far ahead of UTC.
FURTHEST_EAST = timedelta(hours=14)

_NO_ZONES = {"Factory", "localtime", "posixrules"}

_AREAS = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}


def local_day(schedule: Schedule, moment: datetime) -> date:
    """Return the calendar day it is for the subscriber at `moment`."""
    return moment.astimezone(_zone(schedule)).date()


# Readers of one batch share a few schedules and one present.
@lru_cache(maxsize=10_000)
def due_at(schedule: Schedule, day: date) -> datetime:
    """Return the UTC instant at which the edition of the local day `day` is due, whatever its weekday.

    For a day the zone left out: the first moment after it.
    """
    zone = _zone(schedule)
    wall = datetime.combine(day, time(_hour(schedule)), zone)
    due = wall.astimezone(UTC)
    if due.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return due
    return _around_gap(wall, zone)


@lru_cache(maxsize=10_000)
def next_due(schedule: Schedule, after: datetime) -> datetime:
    """Return the first due instant strictly after `after` on one of the schedule's weekdays; InputError if none."""
    start = local_day(schedule, after) - timedelta(days=2)
    return next(due for due in _dues(schedule, start, 1) if due > after)


def first_due(schedule: Schedule, day: date) -> datetime:
    """Return the first due instant on the local day `day` or later, by the schedule's weekdays; InputError if none."""
    return next_due(schedule, due_at(schedule, day) - timedelta(seconds=1))


@lru_cache(maxsize=10_000)
def latest_due(schedule: Schedule, now: datetime) -> datetime:
    """Return the last due instant at or before `now` on one of the schedule's weekdays; InputError if none."""
    start = local_day(schedule, now) + timedelta(days=2)
    return next(due for due in _dues(schedule, start, -1) if due <= now)


def moved_due(schedule: Schedule, due: datetime, now: datetime) -> datetime:
    """Return when an edition that was to be due at `due` is due by this other schedule; InputError if never.

    That is before `now` where its own day, which has had none yet, has one by this schedule too, at an hour that has
    passed: of a weekly schedule the next day is a week away.
    """
    latest = latest_due(schedule, now)
    return latest if local_day(schedule, latest) == local_day(schedule, due) else next_due(schedule, now)


def check_schedule(schedule: Schedule) -> Schedule:
    """Return the schedule with its time zone's name spelt as IANA does; InputError says what cannot be used."""
    _weekdays(schedule)
    _hour(schedule)
    return Schedule(check_timezone(schedule.timezone), schedule.hour, schedule.weekdays)


def is_known(schedule: Schedule) -> bool:
    """Whether there is still such a time zone as this schedule has: a later release of the time zones may lack it."""
    try:
        _zone(schedule)
    except InputError:
        return False
    return True


def check_timezone(name: str) -> str:
    """Return the IANA name that `name` means, letter case and blanks forgiven; FieldError suggests near ones."""
    wanted = "_".join(name.split()).casefold()
    found = _zones().get(wanted)
    if found is not None:
        return found
    near = _near(wanted)
    mend = f"Did you mean {near}?" if near else "Please use a name such as Europe/Berlin or UTC."
    raise FieldError(f"There is no time zone {name.strip()[:60]!r}. {mend}", "timezone")


@lru_cache(maxsize=64)  # To look for it takes 10 ms, and a zone that is gone is asked for with every edition.
def _near(wanted: str) -> str:
    if any(character.isdigit() for character in wanted):
        return ""  # Whoever types GMT+2 means an offset, and the zone spelt most alike has another one.
    names = {zone.casefold(): zone for zone in _suggestable()}
    cities = {zone.rpartition("/")[2].casefold(): zone for zone in _suggestable()}
    # A city alone is what most people type, so it goes before a resemblance of the whole name.
    for candidates in (cities, names):
        close = difflib.get_close_matches(wanted[:60], candidates, n=1, cutoff=0.75)
        if close:
            return candidates[close[0]]
    return ""


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {zone.casefold(): zone for zone in available_timezones() - _NO_ZONES}


def _suggestable() -> list[str]:
    # Where several names share a city, the last one wins: let it be Area/City, not a name kept for old systems.
    return sorted(_zones().values(), key=lambda zone: (zone.partition("/")[0] in _AREAS, zone))


def _dues(schedule: Schedule, start: date, step: int) -> Iterator[datetime]:
    weekdays = _weekdays(schedule)
    for days in range(_HORIZON):
        day = start + timedelta(days=days * step)
        due = due_at(schedule, day)
        if day.isoweekday() in weekdays and local_day(schedule, due) == day:
            yield due


def _around_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment after the gap `wall` lies in, or the last second before it if it ends on another day.

    PEP 495: in a gap, fold=0 reads the wall with the offset before it and lands behind the gap, fold=1 lands before.
    """
    before, behind = (int(wall.replace(fold=fold).timestamp()) for fold in (1, 0))
    old = _offset(before, zone)
    while behind - before > 1:
        middle = (before + behind) // 2
        before, behind = (middle, behind) if _offset(middle, zone) == old else (before, middle)
    moments = [datetime.fromtimestamp(second, UTC) for second in (behind, before)]
    same_day = (moment for moment in moments if moment.astimezone(zone).date() == wall.date())
    return next(same_day, moments[0])


def _offset(second: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(second, zone).utcoffset()


def _zone(schedule: Schedule) -> ZoneInfo:
    try:
        return ZoneInfo(schedule.timezone)
    except (LookupError, ValueError, OSError):
        return ZoneInfo(check_timezone(schedule.timezone))


def _hour(schedule: Schedule) -> int:
    if not 0 <= schedule.hour <= 23:
        raise InputError(f"The hour of the digest is a number from 0 to 23, not {schedule.hour}.")
    return schedule.hour


def _weekdays(schedule: Schedule) -> frozenset[int]:
    if not schedule.weekdays:
        raise InputError("Please choose at least one day of the week for the digest.")
    if not schedule.weekdays <= frozenset(range(1, 8)):
        raise InputError("The days of the week are numbers from 1 (Monday) to 7 (Sunday).")
    return schedule.weekdays
