"""Pauses in the reader's own days.

Comes in: a schedule, the present time, what a form asked for. Goes out: the day mails begin again, the next mail.
Refuses to know: pages, links, how a pause is kept.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from service import editions
from service.errors import InputError
from service.model import Schedule, Subscriber, SubscriberState

_LONGEST = timedelta(days=366)


def until(schedule: Schedule, now: datetime, days: str = "", day: str = "") -> date | None:
    """The first day mails come again: so many `days` from today, or that `day`; None for "until I come back".

    Raises InputError for a day that is not in the year to come.
    """
    today = editions.local_day(schedule, now)
    if days.isascii() and days.isdigit() and len(days) < 4:
        return today + timedelta(days=max(1, int(days)))
    if not day:
        return None
    chosen = _day(day)
    if not today < chosen <= today + _LONGEST:
        raise InputError("Please choose a day after today, within the coming year.")
    return chosen


def tomorrow(schedule: Schedule, now: datetime) -> date:
    """The first day a pause may end."""
    return editions.local_day(schedule, now) + timedelta(days=1)


def next_mail(reader: Subscriber, now: datetime) -> datetime | None:
    """When the next digest is due in UTC; None while none is to come."""
    return next(iter(next_mails(reader, reader.schedule, now, 1)), None)


def next_mails(reader: Subscriber, schedule: Schedule, now: datetime, count: int) -> list[datetime]:
    """When the next digests would be due by a schedule, in UTC; none while none is to come. Raises InputError."""
    after = now
    if reader.state is SubscriberState.PAUSED and reader.paused_until is not None:
        after = max(now, editions.due_at(schedule, reader.paused_until) - timedelta(seconds=1))
    elif reader.state is not SubscriberState.ACTIVE:
        return []
    found: list[datetime] = []
    while len(found) < count:
        found.append(editions.next_due(schedule, found[-1] if found else after))
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text[:20]!r} is not a day. Please write it as year-month-day.") from error
