"""A large morning waits for its first digests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from service.deliveries.onebyone import OneByOne
from service.errors import MessageRefused
from service.model import Message, Schedule
from service.pipeline.canary import allowance, sent_ahead
from tests import servers
from tests.integration.stores import paper
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


@contextmanager
def large(folder: Path, canary: int, **options: str) -> Iterator[House]:
    """A morning that is large enough for so many digests to go ahead."""
    with house(folder, canary=str(canary), **options) as home:
        readers = (f"r{number}@example.org" for number in range(READERS * canary))
        home.people(readers, "low-rank adaptation", Schedule("UTC", 7))
        home.world.pipeline.compose(home.clock())
        yield home


def stops(asked: Iterator[int]) -> bool:
    return next(asked, None) is None


def brake(home: House) -> str:
    return str((home.world.operations.status(home.clock()).hold or {}).get("why", ""))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, canary="1") as opened:
        opened.people((f"reader{number}@example.org" for number in range(READERS)), "low-rank adaptation", Schedule())
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


def test_the_first_digests_are_judged_once_another_hold_is_over(home: House) -> None:
    looks = count(1)

    def stop() -> bool:
        if next(looks) == 3:
            home.world.operations.hold("the relay moves", home.clock())
        return False

    refused = replace(home.world.pipeline, carrier=refusing)
    assert refused.deliver(home.clock(), stop).failed == 1
    assert brake(home) == "the relay moves"
    for why in ("1 of the first 1 digests of a large morning did not go out", ""):
        home.world.operations.release(home.clock())
        assert refused.deliver(home.clock()).failed == (0 if why else READERS - 1)
        assert brake(home) == why


def sent_meanwhile(home: House, before: Callable[[], None] = lambda: None) -> int:
    """Send the morning; returns how many mails another sender sends while the first digests are under way."""
    sent: list[int] = []
    looks = count(1)

    def stop() -> bool:
        if next(looks) == 3:
            before()
            sent.append(home.world.pipeline.deliver(home.clock()).sent)
        return False

    home.world.pipeline.deliver(home.clock(), stop)
    assert len(home.digests()) == READERS
    return sum(sent)


def test_while_the_first_digests_are_under_way_nobody_sends_others(home: House) -> None:
    assert sent_meanwhile(home) == 0


def test_of_two_workers_that_begin_a_morning_at_once_one_sends_ahead(tmp_path: Path, postgres_database: str) -> None:
    with large(tmp_path, 1, database_url=postgres_database) as home:
        now = home.clock()
        other = Thread(target=home.world.pipeline.deliver, args=(now,))
        with home.world.store.write() as unit:
            assert allowance(unit, 1, READERS, now) == (1, True)
            other.start()
            other.join(1)
            sent_ahead(unit, unit.deliveries.claim("the first", now, 1, 600.0), now)
        other.join()
        assert home.digests() == []


def ask(home: House) -> None:
    """Somebody asks to be let in, and waits for the letter."""
    home.world.subscriptions.subscribe("grace@example.org", "diffusion", Schedule(), home.clock())


def test_letters_go_out_while_the_first_digests_are_under_way(home: House) -> None:
    assert sent_meanwhile(home, lambda: ask(home)) == 1


def test_a_letter_says_nothing_of_a_morning(home: House) -> None:
    ask(home)
    done = replace(home.world.pipeline, carrier=refusing).deliver(home.clock())
    assert (done.sent, done.failed) == (0, 2)
    assert brake(home) == "1 of the first 1 digests of a large morning did not go out"


def test_what_others_have_claimed_is_not_begun_once_the_first_digests_failed(home: House) -> None:
    ask(home)
    with home.world.store.write() as unit:
        (letter,) = unit.deliveries.claim("another sender", home.clock(), 1, 600.0)
    replace(home.world.pipeline, carrier=refusing).deliver(home.clock())
    assert brake(home)
    with home.world.store.write() as unit:
        assert unit.deliveries.begin("another sender", [], [letter.id], home.clock()) == set()


def test_a_small_morning_needs_no_canary(tmp_path: Path) -> None:
    with house(tmp_path, canary="1") as home:
        home.join("ada@example.org", "low-rank adaptation")
        home.world.pipeline.deliver(home.clock())
        home.world.pipeline.compose(home.clock())
        assert replace(home.world.pipeline, carrier=refusing).deliver(home.clock()).failed == 1
        assert home.world.operations.status(home.clock()).hold is None


def test_a_morning_by_a_clock_that_was_ahead_speaks_for_no_other(home: House) -> None:
    home.clock.at += 5 * DAY
    home.world.pipeline.compose(home.clock(), overdue=True)
    assert home.world.pipeline.deliver(home.clock()).sent == READERS
    home.clock.at -= 5 * DAY
    home.people((f"other{number}@example.org" for number in range(READERS)), "low-rank adaptation", Schedule())
    home.world.pipeline.compose(home.clock())
    assert replace(home.world.pipeline, carrier=refusing).deliver(home.clock()).failed == 1
    assert brake(home)


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


def test_rows_that_a_limit_gave_back_are_no_failures(tmp_path: Path) -> None:
    with large(tmp_path, 4, smtp_rate="90") as home:
        end = time.monotonic() + 3
        done = home.world.pipeline.deliver(home.clock(), lambda: time.monotonic() > end or len(home.digests()) > 5)
        assert (brake(home), done.sent > 4) == ("", True)


def test_the_first_digests_are_judged_however_slowly_they_go_out(tmp_path: Path) -> None:
    with large(tmp_path, 4, smtp_rate="60") as home:
        end = time.monotonic() + 0.9
        assert home.world.pipeline.deliver(home.clock(), lambda: time.monotonic() > end).sent == 2
        time.sleep(1)
        assert replace(home.world.pipeline, carrier=refusing).deliver(home.clock()).failed in (1, 2)
        assert brake(home)


def test_a_mail_server_that_is_away_as_the_morning_begins_holds_nothing(tmp_path: Path) -> None:
    port = servers.free_port()
    away = {"smtp_url": f"smtp://127.0.0.1:{port}", "secret_keys": "x" * 40, "suppression_key": "y" * 40}
    with large(tmp_path, 2, **away) as home:
        for _ in range(4):
            assert home.world.pipeline.deliver(home.clock()).relay
            assert brake(home) == ""
            home.clock.at += DAY / 96
        assert replace(home.world.pipeline, carrier=refusing).deliver(home.clock()).failed == 2
        assert brake(home) == "2 of the first 2 digests of a large morning did not go out"


def test_digests_it_is_too_late_for_are_no_failures(tmp_path: Path) -> None:
    with large(tmp_path, 1, not_after="14") as home:
        home.world.pipeline.deliver(home.clock())
        home.arrive(paper("Low-Rank Adaptation Again", arxiv_id="2611.10001"))
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())
        home.clock.at = home.clock.at.replace(hour=15)
        for _ in range(3):
            assert home.world.pipeline.deliver(home.clock()).sent == 0
            assert brake(home) == ""


def test_a_worker_may_stop_at_any_moment_of_the_first_digests(tmp_path: Path) -> None:
    with large(tmp_path, 3) as home:
        sent = 0
        for most in range(1, 40):
            asked = iter(range(most))
            sent += home.world.pipeline.deliver(home.clock(), partial(stops, asked)).sent
            assert brake(home) == ""
        assert sent + home.world.pipeline.deliver(home.clock()).sent == 3 * READERS
