"""Editions: one due instant per local day, in every zone and through every change of the clocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.editions import check_schedule, check_timezone, due_at, latest_due, local_day, next_due
from service.errors import InputError
from service.model import Schedule

ZONES = sorted(available_timezones())
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)

hours = st.integers(0, 23)
weekdays = st.frozensets(st.integers(1, 7), min_size=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def changes(zone: ZoneInfo, first: int, last: int) -> Iterator[datetime]:
    """The noons (UTC) before each change of the zone's clocks in the years from `first` through `last`."""
    noon, end = datetime(first, 1, 1, 12, tzinfo=UTC), datetime(last, 12, 31, tzinfo=UTC)
    while noon < end:
        if noon.astimezone(zone).utcoffset() != (noon + DAY).astimezone(zone).utcoffset():
            yield noon
        noon += DAY


def walls(zone: ZoneInfo, noon: datetime) -> dict[date, list[tuple[int, datetime]]]:
    """Each whole local day around `noon`: its (local hour, instant) pairs, a quarter of an hour apart."""
    days: dict[date, list[tuple[int, datetime]]] = defaultdict(list)
    for quarter in range(-2 * 96, 3 * 96):
        moment = noon + quarter * QUARTER
        wall = moment.astimezone(zone)
        days[wall.date()].append((wall.hour, moment))
    for cut_off in (min(days), max(days)):
        del days[cut_off]
    return days


def is_due(schedule: Schedule, day: date, quarters: list[tuple[int, datetime]], due: datetime) -> bool:
    """By the words of the contract: the day's first moment at or after the hour, or its last second without one."""

    def later(moment: datetime) -> bool:
        wall = moment.astimezone(ZoneInfo(schedule.timezone))
        return wall.date() == day and wall.hour >= schedule.hour

    first = next((moment for wall_hour, moment in quarters if wall_hour >= schedule.hour), None)
    if first is None:
        return local_day(schedule, due) == day != local_day(schedule, due + SECOND)
    return first - QUARTER < due <= first and later(due) and not later(due - SECOND)


def test_the_edition_is_due_at_the_local_hour() -> None:
    berlin = Schedule("Europe/Berlin", 7)
    assert due_at(berlin, date(2026, 7, 1)) == instant("2026-07-01T05:00Z")
    assert due_at(berlin, date(2026, 12, 1)) == instant("2026-12-01T06:00Z")


def test_the_local_day_is_the_readers_not_ours() -> None:
    moment = instant("2026-11-20T11:30Z")
    assert local_day(Schedule("Pacific/Kiritimati"), moment) == date(2026, 11, 21)
    assert local_day(Schedule("Pacific/Pago_Pago"), moment) == date(2026, 11, 20)


def test_an_hour_the_clocks_skip_is_due_right_after_the_gap() -> None:
    assert due_at(Schedule("Europe/Berlin", 2), date(2026, 3, 29)) == instant("2026-03-29T01:00Z")
    # Lord Howe turns its clocks by half an hour: 02:00 does not exist, 02:30 does.
    assert due_at(Schedule("Australia/Lord_Howe", 2), date(2026, 10, 4)) == instant("2026-10-04T02:30+11:00")
    # Antarctic station Troll skips two hours: both of them are due behind the gap.
    assert due_at(Schedule("Antarctica/Troll", 1), date(2026, 3, 29)) == instant("2026-03-29T03:00+02:00")
    assert due_at(Schedule("Antarctica/Troll", 2), date(2026, 3, 29)) == instant("2026-03-29T03:00+02:00")


def test_an_hour_the_clocks_show_twice_is_due_at_the_first() -> None:
    assert due_at(Schedule("Europe/Berlin", 2), date(2026, 10, 25)) == instant("2026-10-25T02:00+02:00")


def test_a_midnight_the_clocks_skip_is_due_on_the_same_day() -> None:
    assert due_at(Schedule("Africa/Cairo", 0), date(2026, 4, 24)) == instant("2026-04-24T01:00+03:00")


def test_a_day_that_a_zone_left_out_has_no_edition() -> None:
    samoa = Schedule("Pacific/Apia", 7)
    before = due_at(samoa, date(2011, 12, 29))
    assert next_due(samoa, before) == due_at(samoa, date(2011, 12, 31))
    fridays = Schedule("Pacific/Apia", 7, frozenset({5}))
    assert next_due(fridays, before) == due_at(fridays, date(2012, 1, 6))
    assert latest_due(fridays, due_at(samoa, date(2012, 1, 5))) == due_at(fridays, date(2011, 12, 23))


def test_the_next_edition_is_strictly_later_and_the_latest_may_be_now() -> None:
    schedule = Schedule("UTC", 7)
    seven = instant("2026-11-20T07:00Z")
    assert next_due(schedule, seven) == seven + DAY
    assert next_due(schedule, seven - timedelta(microseconds=1)) == seven
    assert latest_due(schedule, seven) == seven
    assert latest_due(schedule, seven - timedelta(microseconds=1)) == seven - DAY


def test_only_the_chosen_weekdays_have_editions() -> None:
    mondays = Schedule("America/New_York", 8, frozenset({1}))
    assert next_due(mondays, instant("2026-11-20T12:00Z")) == instant("2026-11-23T08:00-05:00")
    assert latest_due(mondays, instant("2026-11-20T12:00Z")) == instant("2026-11-16T08:00-05:00")


@pytest.mark.parametrize("name", ZONES)
def test_every_change_of_the_clocks_keeps_one_edition_per_day(name: str, full: bool) -> None:
    zone = ZoneInfo(name)
    for noon in changes(zone, 1950 if full else 2025, 2037 if full else 2026):
        for day, quarters in walls(zone, noon).items():
            for hour in range(24):
                schedule = Schedule(name, hour)
                assert is_due(schedule, day, quarters, due_at(schedule, day)), (day, hour)


@given(st.sampled_from(ZONES), st.integers(1972, 2037), hours, weekdays)
@settings(max_examples=60, deadline=None)
def test_a_year_has_one_edition_for_each_scheduled_local_day(
    name: str, year: int, hour: int, chosen: frozenset[int]
) -> None:
    schedule = Schedule(name, hour, chosen)
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    seen = {local_day(schedule, start + timedelta(hours=step)) for step in range(24 * 376)}
    dues = [next_due(schedule, start)]
    while dues[-1] < end:
        dues.append(next_due(schedule, dues[-1]))
    days = [local_day(schedule, due) for due in dues]
    assert all(earlier < later for earlier, later in pairwise(dues))
    assert days == [day for day in sorted(seen) if day.isoweekday() in chosen and days[0] <= day <= days[-1]]


@given(st.sampled_from(ZONES), st.integers(0, 2**31), hours, weekdays)
def test_the_latest_and_the_next_edition_are_neighbours(
    name: str, second: int, hour: int, chosen: frozenset[int]
) -> None:
    schedule, now = Schedule(name, hour, chosen), datetime.fromtimestamp(second, UTC)
    latest, following = latest_due(schedule, now), next_due(schedule, now)
    assert latest <= now < following
    assert next_due(schedule, latest) == following
    assert latest_due(schedule, following) == following
    assert latest_due(schedule, following - timedelta(microseconds=1)) == latest


def test_every_iana_zone_is_taken_as_it_is_spelt() -> None:
    names = [name for name in ZONES if name not in {"Factory", "localtime", "posixrules"}]
    assert [check_timezone(name) for name in names] == names


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("europe/berlin", "Europe/Berlin"), (" America/New York ", "America/New_York"), ("utc", "UTC")],
)
def test_letter_case_and_blanks_of_a_zone_are_forgiven(typed: str, meant: str) -> None:
    assert check_timezone(typed) == meant


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Kyiv", "Europe/Kyiv"),
        ("Asia/Calcuta", "Asia/Calcutta"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_name(typed: str, suggestion: str) -> None:
    with pytest.raises(InputError, match=rf"no time zone .* Did you mean {suggestion}\?"):
        check_timezone(typed)


@pytest.mark.parametrize("typed", ["", "Mars/Olympus", "GMT+2", "../../etc/passwd", "\0", "Factory", "x" * 9999])
def test_a_zone_unlike_any_other_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InputError, match=r"Europe/Berlin or UTC\.$") as refusal:
        check_timezone(typed)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        (Schedule(weekdays=frozenset()), "at least one day"),
        (Schedule(weekdays=frozenset({0, 8})), "from 1 .Monday. to 7"),
        (Schedule(hour=24), "from 0 to 23, not 24"),
        (Schedule(hour=-1), "from 0 to 23"),
        (Schedule("Europe/Berln"), "Did you mean Europe/Berlin"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused(schedule: Schedule, sentence: str) -> None:
    for refuse in (lambda: next_due(schedule, instant("2026-11-20T12:00Z")), lambda: check_schedule(schedule)):
        with pytest.raises(InputError, match=sentence):
            refuse()


def test_a_good_schedule_is_given_back_with_its_zone_spelt_right() -> None:
    assert check_schedule(Schedule("europe/berlin", 9)) == Schedule("Europe/Berlin", 9)
