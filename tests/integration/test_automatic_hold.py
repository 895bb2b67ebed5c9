"""A morning far beyond the usual waits for the operator."""

from __future__ import annotations

import logging

import pytest

from service.model import Schedule
from service.pipeline.usual import USUAL, watch
from tests.integration.stores import HOUR, paper
from tests.integration.worlds import DAY, House

READERS = 12


def arrive(home: House, day: int, papers: int) -> None:
    home.arrive(
        *(
            paper(f"Low-Rank Adaptation Of Case {day} Number {n}", arxiv_id=f"2611.{day:02}{n:03}")
            for n in range(papers)
        )
    )


def join(home: House, readers: int) -> None:
    for number in range(readers):
        home.join(f"reader{number}@example.org", "low-rank adaptation")


def usual_week(home: House) -> int:
    home.morning()
    for day in range(4):
        home.clock.tomorrow()
        arrive(home, day, 2)
        home.morning()
    home.clock.tomorrow()
    return len(home.digests())


def test_five_times_the_usual_holds_the_morning_and_says_so(home: House, caplog: pytest.LogCaptureFixture) -> None:
    join(home, READERS)
    before = usual_week(home)
    arrive(home, 9, 10)
    with caplog.at_level(logging.ERROR):
        home.morning()
    assert len(home.digests()) == before
    assert "10.0 papers per reader and day, usually 2.0" in caplog.text
    assert "usually 2.0" in (home.world.operations.status(home.clock()).hold or {})["why"]
    home.world.operations.release(home.clock())
    home.morning()
    assert len(home.digests()) == before + READERS


def test_papers_of_a_month_are_no_wild_morning(home: House) -> None:
    join(home, READERS)
    before = usual_week(home)
    for day in range(10, 45):
        arrive(home, day, 2)
        home.clock.tomorrow()
    home.world.pipeline.compose(home.clock(), overdue=True)
    home.world.pipeline.deliver(home.clock())
    assert len(home.digests()) == before + READERS


def test_what_a_sender_has_claimed_is_not_begun_once_a_morning_is_held(home: House) -> None:
    join(home, READERS)
    usual_week(home)
    home.world.subscriptions.subscribe("grace@example.org", "lora", Schedule(), home.clock())
    arrive(home, 9, 10)
    with home.world.store.write() as unit:
        (claimed,) = unit.deliveries.claim("another sender", home.clock(), 1, 600.0)
    home.world.pipeline.compose(home.clock())
    with home.world.store.write() as unit:
        assert unit.deliveries.begin("another sender", [], [claimed.id], home.clock()) == set()
    home.world.operations.release(home.clock())
    home.world.pipeline.deliver(home.clock())
    assert home.subjects("grace@example.org") == ["Please confirm: papers from Paper Round"]


def test_four_times_the_usual_is_sent(home: House) -> None:
    join(home, READERS)
    before = usual_week(home)
    arrive(home, 9, 8)
    home.morning()
    assert len(home.digests()) == before + READERS


def test_a_weekend_without_papers_holds_no_monday_of_a_large_community(home: House) -> None:
    join(home, READERS)
    usual_week(home)
    with home.world.store.write() as unit:
        for day in range(2):
            for _ in range(40):
                assert not watch(unit, [0.0] * 500, home.clock() + day * DAY)
        assert not watch(unit, [8.0] * 500, home.clock() + 2 * DAY)
        assert watch(unit, [8.2] * 500, home.clock() + 2 * DAY)


def test_a_hold_by_a_clock_that_was_ahead_spares_no_morning(home: House) -> None:
    join(home, READERS)
    usual_week(home)
    with home.world.store.write() as unit:
        assert watch(unit, [20.0] * 500, home.clock() + 5 * DAY)
    home.world.operations.release(home.clock())
    with home.world.store.write() as unit:
        assert watch(unit, [20.0] * 500, home.clock())


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_few_readers_of_wide_topics_hold_nobody_else_each_day(home: House, hours: int) -> None:
    with home.world.store.write() as unit:
        for day in range(10):
            now = home.clock() + day * DAY
            for at, counts in sorted([(now, [3.0] * 1000), (now + hours * HOUR, [1.0] * 8 + [60.0] * 3)]):
                assert not watch(unit, counts, at)


def test_small_groups_are_judged_together(home: House) -> None:
    with home.world.store.write() as unit:
        for day in range(4):
            for _ in range(24):
                assert not watch(unit, [2.0] * 40, home.clock() + day * DAY)
        wild = [watch(unit, [10.0] * 40, home.clock() + 4 * DAY) for _ in range(3)]
    assert wild == [False, False, True]


def test_what_an_earlier_release_has_learnt_counts(home: House) -> None:
    with home.world.store.write() as unit:
        unit.journal.set_flag(USUAL, {"mean": 4.0, "batches": 30, "held": ""})
        assert not watch(unit, [19.0] * 500, home.clock())
        assert watch(unit, [20.0] * 500, home.clock())


@pytest.mark.parametrize("quiet", [(0, 1), (0, 1, 2, 3), (1, 2)])
def test_a_service_that_begins_with_quiet_days_holds_no_good_ones(home: House, quiet: tuple[int, ...]) -> None:
    join(home, READERS)
    home.morning()
    for day in range(len(quiet) + 4):
        home.clock.tomorrow()
        arrive(home, day, 0 if day in quiet else 12)
        home.morning()
    assert len(home.digests()) == READERS * (1 + 4)


def test_a_handful_of_readers_is_never_held(home: House) -> None:
    join(home, 2)
    before = usual_week(home)
    arrive(home, 9, 20)
    home.morning()
    assert len(home.digests()) == before + 2


def test_papers_of_several_days_are_no_wild_morning(home: House) -> None:
    join(home, READERS)
    before = usual_week(home)
    home.clock.tomorrow()
    arrive(home, 9, 10)
    home.morning()
    assert len(home.digests()) == before + READERS
