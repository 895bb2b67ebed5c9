"""A clock that was set days ahead by mistake, and back again: whatever it put off is due again."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import text

from service.model import DeliveryState, Schedule
from service.pipeline.health import Health
from service.store.sources import Source
from tests.integration.stores import HOUR, paper
from tests.integration.worlds import MORNING, House, house

ADA, EVE = "ada@uni.example", "eve@uni.example"
# The first morning of a house is a Friday.
MONDAYS = Schedule(weekdays=frozenset({1}))


@pytest.fixture
def home(either: House) -> House:
    return either


def source_of(home: House) -> Source:
    with home.world.store.read() as unit:
        return unit.sources.all()[0]


def polled(home: House) -> None:
    """Let the source be visited as it is when it is due."""
    now = home.clock()
    with home.world.store.write() as unit:
        for source in unit.sources.due(now):
            assert unit.sources.take(source, now, now + HOUR / 4)
            unit.sources.read_page(source, "https://papers.example/daily?day=1", ("", ""), 1, now)
            unit.sources.polled(source, now, now + HOUR / 2, 1)


def goes_wrong(home: House, days: int) -> None:
    """An hour of work by a clock that is ahead; the operator sends what is said to be overdue."""
    home.clock.at += timedelta(days=days)
    home.world.pipeline.sweep(home.clock())
    polled(home)
    home.arrive(paper("Adapters of the wrong day", arxiv_id="2611.00001"))
    home.world.pipeline.compose(home.clock(), overdue=True)
    home.world.pipeline.deliver(home.clock())
    home.clock.at += HOUR
    home.world.pipeline.sweep(home.clock())
    home.clock.at -= timedelta(days=days)


@pytest.mark.parametrize("days", [2, 40])
def test_mails_and_visits_go_on_once_the_clock_is_right_again(home: House, days: int) -> None:
    home.join(ADA, "adapters")
    home.join(EVE, "adapters", schedule=MONDAYS)
    home.arrive(paper("Adapters of the first day", arxiv_id="2611.00000"))
    home.morning()
    home.world.pipeline.sweep(home.clock())
    goes_wrong(home, days)
    assert home.world.pipeline.due_sources(home.clock()) == []
    home.world.pipeline.sweep(home.clock())
    assert home.world.pipeline.due_sources(home.clock()) == [source_of(home).id]
    polled(home)
    home.world.pipeline.sweep(home.clock())
    assert home.world.pipeline.due_sources(home.clock()) == [], "once is enough"
    titles = ["Adapters of the first day", "Adapters of the wrong day"]
    for number in range(2, 5):
        titles.append(f"Adapters of day {number}")
        home.arrive(paper(titles[-1], arxiv_id=f"2611.0000{number}"))
        home.clock.tomorrow()
        home.morning()
    found = home.titles(ADA, titles)
    assert sorted(chain.from_iterable(found)) == sorted(titles), "each once"
    assert found[-1][-1] == titles[-1], "no reader waits until the wrong day"
    weekly = home.titles(EVE, titles)
    assert sorted(chain.from_iterable(weekly)) == sorted(titles), "and Monday had the rest"


def test_mails_and_leases_that_a_wrong_clock_left_go_out(home: House) -> None:
    home.join(ADA, "adapters")
    home.clock.at += timedelta(days=10)
    home.arrive(paper("Adapters of the wrong day", arxiv_id="2611.00001"))
    home.world.pipeline.compose(home.clock(), overdue=True)
    home.world.pipeline.sweep(home.clock())
    with home.world.store.write() as unit:
        lease = unit.deliveries.claim("of who died", home.clock(), 1, 10 * 86400.0)
        assert len(lease) == 1
    home.clock.at -= timedelta(days=10)
    home.world.pipeline.sweep(home.clock())
    home.world.pipeline.deliver(home.clock())
    with home.world.store.read() as unit:
        assert unit.deliveries.states().keys() == {DeliveryState.SENT}
    assert len(home.digests(ADA)) == 1


def test_two_clocks_that_differ_by_minutes_put_nothing_back(home: House) -> None:
    home.arrive()
    home.clock.at += 1 * HOUR / 2
    home.world.pipeline.sweep(home.clock())
    polled(home)
    home.clock.at -= 1 * HOUR / 2
    home.world.pipeline.sweep(home.clock())
    assert home.world.pipeline.due_sources(home.clock()) == []


def test_one_machine_that_is_wrong_all_the_time_has_no_source_visited_each_minute(home: House) -> None:
    home.arrive()
    visits = 0
    for _ in range(20):
        goes_wrong(home, 3)
        home.clock.at -= HOUR - timedelta(minutes=1)
        home.world.pipeline.sweep(home.clock())
        visits += len(home.world.pipeline.due_sources(home.clock()))
        polled(home)
    with home.world.store.engine.connect() as connection:
        told = connection.execute(text("SELECT count(*) FROM event WHERE name = 'clock put back'")).scalar_one()
    assert visits == told == 1


def test_a_relay_first_used_by_a_clock_that_was_ahead_is_new_now(tmp_path: Path) -> None:
    with house(tmp_path, smtp_warm_up="1200") as home:
        home.clock.at += timedelta(days=20)
        home.join(ADA, "adapters")
        home.morning()
        home.clock.at -= timedelta(days=20)
        home.people((f"reader{number}@uni.example" for number in range(20)), "adapters", Schedule())
        home.world.pipeline.compose(home.clock())
        end = time.monotonic() + 10
        assert home.world.pipeline.deliver(home.clock(), lambda: time.monotonic() > end).sent == 20


def test_mails_wait_for_no_place_that_was_taken_before_the_clock_was_set_back(tmp_path: Path) -> None:
    with house(tmp_path, smtp_rate="1200") as home:
        home.join(ADA, "adapters")
        home.morning()
        with home.world.store.engine.begin() as connection:
            # As it stands where half an hour comes twice.
            connection.execute(text("UPDATE pace SET next_free = next_free + 1800"))
        home.join(EVE, "adapters")
        end = time.monotonic() + 10
        assert home.world.pipeline.deliver(home.clock(), lambda: time.monotonic() > end).sent == 1


def test_a_relay_rests_no_longer_than_any_may() -> None:
    rests = [{"until": (MORNING + hours * HOUR).isoformat()} for hours in (-1, 1, 300)]
    assert Health(["over", "resting", "wrong"], rests).usable(MORNING) == [0, 2]
