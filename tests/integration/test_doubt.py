"""A mail whose sender died may have come: it goes out once more as it was, and nothing of it in another mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.stores import HOUR, paper
from tests.integration.worlds import DAY, House, house

ADA = "ada@uni.example"
TITLES = ["Adapters, the First", "Adapters, the Second"]


@pytest.fixture(params=["sqlite", "postgresql"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """A house with a digest of the first paper in doubt, and the second one in its next morning."""
    other = request.param == "postgresql"
    options = {"database_url": request.getfixturevalue("postgres_database")} if other else {}
    with house(tmp_path, **options) as home:
        home.join(ADA, "adapters")
        home.morning()
        home.arrive(paper(TITLES[0], arxiv_id="2611.00001"))
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())
        with home.world.store.write() as unit:
            (row,) = unit.deliveries.claim("dead", home.clock(), 10, seconds=-1)
            assert unit.deliveries.begin("dead", [], [row.id], home.clock())
        home.world.pipeline.sweep(home.clock())
        home.arrive(paper(TITLES[1], arxiv_id="2611.00002"))
        yield home


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
