"""A mail whose sender died may have come: it goes out once more as it was, and nothing of it in another mail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.stores import HOUR, paper
from tests.integration.worlds import DAY, House

ADA = "ada@uni.example"
TITLES = ["Adapters, the First", "Adapters, the Second"]


@pytest.fixture
def home(either: House) -> House:
    """A house with a digest of the first paper in doubt, and the second one in its next morning."""
    either.join(ADA, "adapters")
    either.morning()
    either.arrive(paper(TITLES[0], arxiv_id="2611.00001"))
    either.clock.tomorrow()
    either.world.pipeline.compose(either.clock())
    with either.world.store.write() as unit:
        (row,) = unit.deliveries.claim("dead", either.clock(), 10, seconds=-1)
        assert unit.deliveries.begin("dead", [], [row.id], either.clock())
    either.world.pipeline.sweep(either.clock())
    either.arrive(paper(TITLES[1], arxiv_id="2611.00002"))
    return either


def test_a_mail_in_doubt_makes_no_room_for_the_next_digest(home: House) -> None:
    home.clock.tomorrow()
    home.world.pipeline.compose(home.clock())
    home.world.pipeline.deliver(home.clock())
    home.clock.at += timedelta(minutes=1)
    home.world.pipeline.sweep(home.clock())
    home.morning()
    assert home.titles(ADA, TITLES)[1:] == [[TITLES[0]], [TITLES[1]]]


def test_a_mail_in_doubt_that_nobody_sends_for_two_days_makes_room(home: House) -> None:
    home.world.operations.hold("a trial", home.clock())
    home.clock.at += 2 * DAY + HOUR
    home.world.pipeline.compose(home.clock())
    home.world.operations.release(home.clock())
    home.world.pipeline.deliver(home.clock())
    assert sorted(home.titles(ADA, TITLES)[-1]) == TITLES
