"""Texts that are lengths of time, as settings take them. Comes in: a text. Goes out: seconds, or a ValueError."""

from __future__ import annotations

import re

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def interval(value: object) -> int:
    """Read seconds, or a number with its unit (`30m`)."""
    seconds = _seconds(value)
    if not 1 <= seconds <= 7 * _SECONDS["d"]:
        raise ValueError("write a time from one second to seven days, such as 90s, 30m or 2h")
    return seconds


def span(value: object) -> int:
    """Read a part of a day as `interval` reads times, or 0: what begins later would meet the next day's."""
    seconds = _seconds(value)
    if not 0 <= seconds <= _SECONDS["d"]:
        raise ValueError("write a time of one day at most, such as 30m or 2h, or 0")
    return seconds


def _seconds(value: object) -> int:
    parts = re.fullmatch(r"([0-9]{1,9})\s*([smhd]?)", str(value).strip().lower())
    return int(parts[1]) * _SECONDS[parts[2]] if parts else -1
