"""A large morning waits for its first digests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.deliveries.onebyone import OneByOne
from service.errors import MessageRefused
from service.model import Message
from tests.integration.worlds import DAY, House, house

READERS = 20


class Refusing:
    """A relay that likes no message."""

    def send(self, message: Message) -> None:
        """Refuse."""
        raise MessageRefused("554 no")

    def close(self) -> None:
        """Nothing is open."""


def refusing() -> OneByOne:
    return OneByOne(Refusing())


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, canary="1") as opened:
        for number in range(READERS):
            opened.join(f"reader{number}@example.org", "low-rank adaptation")
        # The mails that ask for a confirmation go out before.
        opened.world.pipeline.deliver(opened.clock())
        opened.world.pipeline.compose(opened.clock())
        yield opened


def test_where_the_first_digests_fail_the_others_wait_for_the_operator(home: House) -> None:
    done = replace(home.world.pipeline, carrier=refusing).deliver(home.clock())
    assert (done.sent, done.failed) == (0, 1)
    status = home.world.operations.status(home.clock())
    assert (status.hold or {})["why"] == "1 of the first 1 digests of a large morning did not go out"
    home.world.pipeline.deliver(home.clock())
    assert home.digests() == []
    home.world.operations.release(home.clock())
    home.world.pipeline.deliver(home.clock())
    assert len(home.digests()) == READERS - 1


def test_while_the_first_digests_are_under_way_nobody_sends_others(home: House) -> None:
    seen: list[int] = []

    def stop() -> bool:
        seen.append(home.world.pipeline.deliver(home.clock()).sent if len(seen) == 2 else 0)
        return False

    home.world.pipeline.deliver(home.clock(), stop)
    assert sum(seen) == 0
    assert len(home.digests()) == READERS


def test_a_small_morning_needs_no_canary(tmp_path: Path) -> None:
    with house(tmp_path, canary="1") as home:
        home.join("ada@example.org", "low-rank adaptation")
        home.world.pipeline.deliver(home.clock())
        home.world.pipeline.compose(home.clock())
        assert replace(home.world.pipeline, carrier=refusing).deliver(home.clock()).failed == 1
        assert home.world.operations.status(home.clock()).hold is None


def test_digests_that_wait_for_the_operator_make_no_morning_large(home: House) -> None:
    home.clock.at += 4 * DAY
    home.join("ada@example.org", "low-rank adaptation")
    home.world.pipeline.compose(home.clock())
    assert replace(home.world.pipeline, carrier=refusing).deliver(home.clock()).failed == 2
    assert home.world.operations.status(home.clock()).hold is None


def test_a_hold_before_the_first_digests_does_not_spare_them(home: House) -> None:
    pipeline = replace(home.world.pipeline, carrier=refusing)
    holding = iter([True])

    def stop() -> bool:
        # The brake comes on between the start of the run and its first claim.
        if next(holding, False):
            home.world.operations.hold("again", home.clock())
        return False

    pipeline.deliver(home.clock(), stop)
    home.world.operations.release(home.clock())
    assert pipeline.deliver(home.clock()).failed == 1
