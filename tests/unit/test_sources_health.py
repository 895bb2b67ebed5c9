"""When a source is unlike itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from service.errors import ParseError
from service.sources.health import Standing, concern, emptied, standing

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


def test_a_weekly_journal_is_missed_two_days_after_its_day() -> None:
    counts = {TODAY - timedelta(days=9 + 7 * n): 30 for n in range(4)}
    said = "nothing new since 2026-11-11, where 7 days have been the longest pause"
    assert [concern(counts, TODAY - timedelta(days=n)) for n in (1, 0)] == ["", said]


@dataclass(frozen=True)
class Polled:
    """A source as its polls left it."""

    url: str = "https://papers.example/daily"
    failures: int = 0
    last_ok_at: datetime | None = None
    last_error: str = ""


NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "late"), [(1, False), (3, True), (None, True)])
def test_a_source_that_fails_is_late_once_it_has_not_answered_for_hours(hours: int | None, late: bool) -> None:
    last = NOW - timedelta(hours=hours) if hours else None
    failing = Polled(failures=1, last_ok_at=last, last_error="it is away")
    assert standing(failing, weeks(), NOW) == Standing("papers.example", late, "it is away")


def test_a_source_that_answers_and_brings_nothing_new_is_late() -> None:
    found = standing(Polled(last_ok_at=NOW), without(weeks(), 2), NOW)
    assert (found.late, found.why[:29]) == (True, "nothing new since 2026-11-17,")
    assert standing(Polled(last_ok_at=NOW), weeks(), NOW) == Standing("papers.example")


BROKEN = ParseError("this looks like a poem", "a poem")


@pytest.mark.parametrize(
    ("url", "papers", "expected", "error", "said"),
    [
        ("https://a.example/feed", 0, 40, None, "the parser found nothing where 40 papers were expected"),
        ("https://a.example/feed", 0, 40, BROKEN, "the parser found nothing where 40 papers were expected: this looks"),
        ("https://a.example/feed", 3, 40, BROKEN, "this looks like a poem"),
        ("https://a.example/feed", 0, 0, None, ""),
        ("https://rss.arxiv.org/rss/cs.LG", 0, 40, None, ""),
        ("https://rss.arxiv.org/rss/cs.LG", 0, 40, BROKEN, "the parser found nothing where 40 papers were expected:"),
        ("/saved/pages", 0, 40, BROKEN, "this looks like a poem"),
    ],
)
def test_a_page_without_the_papers_it_always_held_has_changed_its_shape(
    url: str, papers: int, expected: int, error: ParseError | None, said: str
) -> None:
    fault = emptied(url, papers, expected, error)
    assert (fault is not None) == bool(said)
    assert str(fault or "").startswith(said)
