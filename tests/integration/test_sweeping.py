"""A ring that was lost is made up for: each sweep rings for whoever is due, and for mails that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from service.bootstrap import SilentBell
from service.editions import OVERDUE
from tests.integration.stores import HOUR, paper
from tests.integration.worlds import House

ADA = "ada@uni.example"


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
