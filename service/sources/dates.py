"""A date as some program wrote it → a moment in UTC.

Comes in: what stood where RFC 822 or ISO 8601 was meant. Goes out: an aware time, or None. Refuses to know: feeds.

A date without a zone is taken as UTC. A month alone is its first day and a year alone its first of January; a season is
nothing. Days that are only numbers are read where the year stands first (2026/11/19), and else not guessed at.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from service.sources.text import moment

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "mär": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9}
_MONTHS |= {"oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12}
# RFC 822 knows those of North America; programs write the others as well.
_ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "bst": 1, "cet": 1}
_ZONES |= {"cest": 2, "eet": 2, "eest": 3, "msk": 3, "jst": 9, "kst": 9, "hkt": 8, "sgt": 8, "aest": 10, "aedt": 11}
_DAY = re.compile(
    r"(?:(?<!\d)(?P<d1>\d{1,2})(?:st|nd|rd|th)?\.?[ -]{0,3}(?P<m1>[^\W\d_]{3,9})\.?"
    r"|(?<!\w)(?P<m2>[^\W\d_]{3,9})\.? {0,3}(?P<d2>\d{1,2})(?!\d)(?:st|nd|rd|th)?(?=[, -])),?[ -]{0,3}"
    r"(?P<year>\d{4}|\d\d(?!\d))(?!:)",
    re.IGNORECASE,
)
# 2026/11/9, 2026.11.09, 2026-11-9, and as China and Japan write.
_NUMBERS = re.compile(r"\A((?:19|20)\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)日?T?", re.IGNORECASE)
# As PubMed cites: 2026 Nov 19.
_YEAR_FIRST = re.compile(r"\A((?:19|20)\d\d)[ -]([^\W\d_]{3,9})\.?[ -](\d{1,2})(?!\d)")
_MONTH = re.compile(
    r"(?P<name>[^\W\d_]{3,9})\.?,?[ -]{0,3}(?P<y1>(?:19|20)\d\d)"
    r"|(?P<y2>(?:19|20)\d\d)(?:-(?P<number>\d\d)|[ -](?P<last>[^\W\d_]{3,9})\.?)?"
)
_TIME = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?(?:[.,]\d{1,9})?\s{0,3}(?P<half>[ap]m)?"
    r"\s{0,3}(?:(?:gmt|utc)?(?P<sign>[+-])(?P<off>\d\d):?(?P<set>\d\d)|(?P<zone>[a-z]{1,4})(?![a-z]))?",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"\d{10}(?:\d{3})?")
_OLDEST = 1900
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def written(text: str) -> datetime | None:
    """Return the moment that a text names, or None where it names none."""
    bare = " ".join(text[:100].split())
    if _SECONDS.fullmatch(bare):
        return datetime.fromtimestamp(int(bare[:10] if len(bare) > 10 else bare), UTC)
    found = moment(re.sub(r"\s?(?:UTC|GMT|Z)$", "+00:00", bare)) or _named(bare) or _month(bare)
    return sensible(found) if found else None


def sensible(found: datetime) -> datetime | None:
    """Return the moment, or None for one that only means "never": the year 1, or 1970 to the second."""
    return found if found.year >= _OLDEST and found != _NEVER else None


def _named(text: str) -> datetime | None:
    """A day whose month is a word, and a time after it where there is one."""
    text = _YEAR_FIRST.sub(r"\3 \2 \1", _NUMBERS.sub(_month_in_words, text))
    found = _DAY.search(text)
    month = _MONTHS.get((found["m1"] or found["m2"])[:3].lower()) if found else None
    if not found or not month:
        return None
    year = int(found["year"])
    # RFC 2822, section 4.3, on years of two digits.
    if len(found["year"]) == 2:
        year += 2000 if year < 50 else 1900
    try:
        day = datetime(year, month, int(found["d1"] or found["d2"]), tzinfo=UTC)
        return _at(day, _TIME.search(text, found.end()))
    except (ValueError, OverflowError):
        return None


def _month_in_words(numbers: re.Match[str]) -> str:
    month = next((name for name, number in _MONTHS.items() if number == int(numbers[2])), "")
    return f"{numbers[3]} {month} {numbers[1]} " if month else numbers[0]


def _month(text: str) -> datetime | None:
    """The first day of a text that is nothing but a month, or a year."""
    found = _MONTH.fullmatch(text)
    if not found:
        return None
    name = found["name"] or found["last"]
    number = _MONTHS.get(name[:3].lower(), 0) if name else int(found["number"] or 1)
    return datetime(int(found["y1"] or found["y2"]), number, 1, tzinfo=UTC) if 1 <= number <= 12 else None


def _at(day: datetime, time: re.Match[str] | None) -> datetime:
    """A leap second and the end of a day, 24:00, are moments as well."""
    if not time:
        return day
    hour, minute, second = int(time["hour"]), int(time["minute"]), int(time["second"] or 0)
    if time["half"] and hour <= 12:
        hour = hour % 12 + (12 if time["half"].lower() == "pm" else 0)
    if hour > 24 or minute > 59 or second > 60:
        return day
    shift = timedelta(hours=_ZONES.get((time["zone"] or "").lower(), 0))
    if time["sign"]:
        shift = timedelta(hours=int(time["off"]), minutes=int(time["set"])) * (1 if time["sign"] == "+" else -1)
    local = day.replace(tzinfo=timezone(shift)) + timedelta(hours=hour, minutes=minute, seconds=second)
    return local.astimezone(UTC)
