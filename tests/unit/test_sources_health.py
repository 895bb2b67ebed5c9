"""When a source is unlike itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from service.sources.health import concern

# A Friday.
TODAY = date(2026, 11, 20)


def weeks(number: int = 4, working: int = 40, weekend: int = 0) -> dict[date, int]:
    days = [TODAY - timedelta(days=n) for n in range(1, 7 * number + 1)]
    counts = {day: weekend if day.isoweekday() > 5 else working for day in days}
    return {day: count for day, count in counts.items() if count}


def without(counts: dict[date, int], days: int) -> dict[date, int]:
    return {day: count for day, count in counts.items() if day < TODAY - timedelta(days=days)}


def test_a_source_like_itself_raises_no_concern() -> None:
    assert concern(weeks(), TODAY) == ""


def test_silence_of_two_working_days_is_said() -> None:
    said = concern(without(weeks(), 2), TODAY)
    assert said == "nothing new since 2026-11-17, where about 40 papers a day are usual"


def test_one_silent_day_may_be_a_holiday() -> None:
    assert concern(without(weeks(), 1), TODAY) == ""


def test_a_weekend_is_no_failure() -> None:
    monday = date(2026, 11, 16)
    assert concern({day: n for day, n in weeks().items() if day < monday}, monday) == ""


@pytest.mark.parametrize(("found", "said"), [(9, "only 9 papers on 2026-11-19, where about 40 are usual"), (10, "")])
def test_a_day_with_less_than_a_quarter_is_said(found: int, said: str) -> None:
    assert concern(weeks() | {TODAY - timedelta(days=1): found}, TODAY) == said


def test_a_small_source_may_have_a_slow_day() -> None:
    assert concern(weeks(working=7) | {TODAY - timedelta(days=1): 1}, TODAY) == ""


@pytest.mark.parametrize("counts", [{}, without(weeks(), 20), {TODAY: 5}, {TODAY - timedelta(days=3): 5}])
def test_a_source_that_is_hardly_known_raises_no_concern(counts: dict[date, int]) -> None:
    young = {day: n for day, n in counts.items() if day > TODAY - timedelta(days=13)}
    assert concern(young, TODAY) == ""


def test_a_weekly_journal_is_not_expected_daily() -> None:
    counts = {TODAY - timedelta(days=3 + 7 * n): 30 for n in range(4)}
    assert concern(counts, TODAY) == ""
