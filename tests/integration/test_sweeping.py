"""A ring that was lost is made up for: each sweep rings for whoever is due, and for mails that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from service.bootstrap import SilentBell
from service.editions import OVERDUE
from service.model import Schedule
from tests.integration.stores import HOUR, NOW, add_reader, paper
from tests.integration.worlds import DAY, House

ADA, EVE = "ada@uni.example", "eve@uni.example"


class NotingBell(SilentBell):
    """Notes what it is rung for."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def compose(self) -> None:
        self.rung.append("compose")

    def deliver(self) -> None:
        self.rung.append("deliver")


def rings(home: House) -> list[str]:
    """What one sweep rings for."""
    bell = NotingBell()
    replace(home.world.pipeline, bell=bell).sweep(home.clock())
    return bell.rung


def test_a_sweep_rings_for_whoever_is_due_and_for_mails_that_wait(either: House) -> None:
    either.join(ADA, "adapters")
    either.arrive(paper("Adapters of the first day", arxiv_id="2611.00000"))
    either.morning()
    assert rings(either) == [], "nobody is due, and nothing waits"
    either.clock.tomorrow()
    assert rings(either) == ["compose"]
    either.arrive(paper("Adapters of the second day", arxiv_id="2611.00001"))
    either.world.pipeline.compose(either.clock())
    assert rings(either) == ["deliver"]
    either.world.pipeline.deliver(either.clock())
    assert rings(either) == []


def test_what_was_due_long_ago_waits_for_the_operator(either: House) -> None:
    either.join(ADA, "adapters")
    either.morning()
    # The next edition was due a day after this one.
    either.clock.at += timedelta(days=1) + OVERDUE - HOUR
    assert rings(either) == ["compose"]
    either.clock.at += 2 * HOUR
    assert rings(either) == []


def lives(home: House, steps: int) -> list[tuple[int, int]]:
    """Every three hours a paper arrives and the service does its work; returns when mails came (day and hour)."""
    came, before = [], len(home.digests())
    for _ in range(steps):
        home.clock.at += 3 * HOUR
        number = int(home.clock.at.timestamp()) // 3600 % 100_000
        home.arrive(paper(f"Adapters of hour {number}", arxiv_id=f"2611.{number:05}"))
        home.world.pipeline.sweep(home.clock())
        home.morning()
        came += [(home.clock.at.day, home.clock.at.hour)] * (len(home.digests()) - before)
        before = len(home.digests())
    return came


def test_who_had_no_digest_while_the_service_was_away_has_the_next_regular_one(either: House) -> None:
    either.join(ADA, "adapters", schedule=Schedule("UTC", 7))
    either.morning()
    assert lives(either, 8) == [(21, 7)]
    either.clock.at += 4 * DAY + 3 * HOUR
    assert lives(either, 5) == [], "nothing is mailed at whatever hour the service is back"
    assert either.world.operations.status(either.clock()).overdue == 1
    assert lives(either, 10) == [(26, 7), (27, 7)]
    assert either.world.operations.status(either.clock()).overdue == 0
    assert either.digests(ADA)[-2].startswith("Sun 22 Nov – Thu 26 Nov · 7 of 7 papers match")


def test_a_machine_that_is_off_at_their_hour_brings_readers_back_on_the_second_day(either: House) -> None:
    either.join(ADA, "adapters", schedule=Schedule("UTC", 7))
    either.join(EVE, "adapters", schedule=Schedule("UTC", 7, frozenset({4})))
    either.morning()
    either.world.pipeline.sweep(either.clock())
    found = []
    for nights in (5, 1, 1):
        either.clock.at = (either.clock.at + nights * DAY).replace(hour=9)
        found.append(lives(either, 2))
    assert found == [[], [(26, 12)] * 2, [(27, 12)]]


def test_so_many_readers_of_one_schedule_are_brought_back_at_a_time(either: House) -> None:
    store, late = either.world.store, NOW + 3 * DAY
    readers = [add_reader(store, f"reader{number}@example.org") for number in range(5)]
    with store.write() as unit:
        for number, reader in enumerate(readers):
            schedule = Schedule("UTC", 7 if number < 4 else 8)
            unit.subscribers.reschedule(reader, schedule, 10, NOW + (number == 3) * DAY)
        assert sorted(each.hour for each in unit.clocks.overdue_schedules(NOW + HOUR)) == [7, 8]
        assert [unit.clocks.overtake(Schedule("UTC", 7), NOW + HOUR, late, 2) for _ in range(3)] == [2, 1, 0]
        due = unit.subscribers.all_due()
    assert [due[reader] for reader in readers] == [late, late, late, NOW + DAY, NOW]


def leave_nowhere(home: House, email: str) -> None:
    """Let a reader have a time zone that is gone."""
    reader = home.world.subscriptions.find(email)
    assert reader is not None
    with home.world.store.write() as unit:
        unit.subscribers.reschedule(reader.id, Schedule("Nowhere/Land", 7), 10, None)


def test_a_zone_that_is_gone_ends_no_sweep_two_days_later(either: House) -> None:
    for email in (ADA, EVE):
        either.join(email, "adapters")
    either.morning()
    leave_nowhere(either, EVE)
    for number in range(4):
        either.clock.tomorrow()
        either.world.pipeline.sweep(either.clock())
        either.arrive(paper(f"Adapters of day {number}", arxiv_id=f"2611.0000{number}"))
        either.morning()
    assert len(either.digests(ADA)) == 5
    either.clock.at += OVERDUE + DAY
    either.world.pipeline.sweep(either.clock())
    either.arrive(paper("Adapters of the day after", arxiv_id="2611.00004"))
    either.clock.tomorrow()
    either.world.pipeline.sweep(either.clock())
    either.morning()
    assert len(either.digests(ADA)) == 6, "who is brought back is so whoever else cannot be"


def test_a_pause_in_a_zone_that_is_gone_ends_no_sweep(either: House) -> None:
    tokens = [either.join(email, "adapters") for email in (EVE, ADA)]
    either.morning()
    for token in tokens:
        either.world.subscriptions.pause(token, either.clock().date() + DAY, either.clock())
    leave_nowhere(either, EVE)
    either.arrive(paper("Adapters of the first day", arxiv_id="2611.00000"))
    either.clock.tomorrow()
    either.world.pipeline.sweep(either.clock())
    either.morning()
    assert len(either.digests(ADA)) == 2


def test_a_clock_is_put_back_past_a_zone_that_is_gone(either: House) -> None:
    for email in (EVE, ADA):
        either.join(email, "adapters")
    either.morning()
    either.clock.at += 5 * DAY
    either.world.pipeline.compose(either.clock(), overdue=True)
    either.world.pipeline.sweep(either.clock())
    leave_nowhere(either, EVE)
    either.clock.at -= 5 * DAY
    either.world.pipeline.sweep(either.clock())
    either.clock.tomorrow()
    either.arrive(paper("Adapters of the next day", arxiv_id="2611.00000"))
    either.morning()
    assert len(either.digests(ADA)) == 2
