"""Is a source as it usually is on such a day? New papers by day → one sentence, or none.

Comes in: how many papers arrived on each day. Goes out: what is wrong, in words for the operator. Refuses to know:
clocks, the store. A weekday is compared with the same weekday of the weeks before, so that a weekend is no failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median_low

WEEKS = 4
# Below two weeks nothing is usual yet; of small sources a slow day says nothing.
_ENOUGH = timedelta(days=14)
_SMALL, _SHORT = 8, 0.25
# One silent day is a holiday.
_SILENT_DAYS = 2


def concern(counts: Mapping[date, int], today: date) -> str:
    """Return what is unlike other weeks on the finished days before `today`, or "".

    Said are: silence over two days or more that usually bring papers, and a last day with less than a quarter.
    """
    first = min(counts, default=today)
    if today - first < _ENOUGH:
        return ""
    last = max(day for day in counts if day <= today)
    silent = [day for day in _between(last, today) if _usual(counts, day, first) >= 1]
    if len(silent) >= _SILENT_DAYS:
        per_day = _usual(counts, silent[0], first)
        return f"nothing new since {last.isoformat()}, where about {per_day} papers a day are usual"
    yesterday = today - timedelta(days=1)
    usual, found = _usual(counts, yesterday, first), counts.get(yesterday, 0)
    if usual >= _SMALL and 0 < found < usual * _SHORT:
        return f"only {found} papers on {yesterday.isoformat()}, where about {usual} are usual"
    return ""


def _between(last: date, today: date) -> list[date]:
    return [last + timedelta(days=n) for n in range(1, (today - last).days)]


def _usual(counts: Mapping[date, int], day: date, first: date) -> int:
    """The middle of the same weekday in the weeks before, as far back as there is anything."""
    before = [day - timedelta(weeks=n) for n in range(1, WEEKS + 1)]
    found = [counts.get(each, 0) for each in before if each >= first]
    return median_low(found) if found else 0
