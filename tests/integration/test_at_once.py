"""What readers wish at the very moment at which they are erased, or leave: both end well, and nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from service.errors import InputError, LinkError
from service.links import Purpose
from service.model import Choice, Profile, Schedule, Subscriber, SubscriberState
from service.store.mailboxes import Proposed
from tests.integration.worlds import DAY, House, house

Wish = Callable[[House, Subscriber], object]

# Long enough for a thread to come to the row that another one holds.
A_MOMENT = 0.15


def _token(home: House, reader: Subscriber, purpose: Purpose) -> str:
    return home.world.signer.sign(purpose, reader.public_id, home.clock())


def _change(*keywords: str, hour: int = 7) -> Wish:
    choice = Choice((Profile(keywords),), Schedule(hour=hour), 10)
    return lambda home, reader: home.world.subscriptions.change(
        _token(home, reader, Purpose.MANAGE), choice, home.clock()
    )


WISHES: dict[str, Wish] = {
    "keywords": _change("mamba"),
    "hour": _change("low-rank adaptation", hour=9),
    "pause": lambda home, reader: home.world.subscriptions.pause(
        _token(home, reader, Purpose.MANAGE), None, home.clock()
    ),
    "resume": lambda home, reader: home.world.subscriptions.resume(_token(home, reader, Purpose.MANAGE), home.clock()),
    "weekly": lambda home, reader: home.world.wishes.rhythm(
        _token(home, reader, Purpose.UNSUBSCRIBE), frozenset({2}), home.clock()
    ),
    "export": lambda home, reader: home.world.records.ask(
        _token(home, reader, Purpose.MANAGE), Purpose.EXPORT, home.clock()
    ),
    "move": lambda home, reader: home.world.records.propose(
        _token(home, reader, Purpose.MOVE), "new@uni.example", home.clock()
    ),
    "feeds": lambda home, reader: home.world.wishes.change_feeds(_token(home, reader, Purpose.MANAGE), home.clock()),
}


@pytest.fixture
def home(tmp_path: Path, database: dict[str, str]) -> Iterator[House]:
    with house(tmp_path, **database) as home:
        yield home


@pytest.fixture
def reader(home: House) -> Iterator[Subscriber]:
    home.join("ada@uni.example", "low-rank adaptation")
    found = home.world.subscriptions.find("ada@uni.example")
    assert found is not None
    yield found
    home.world.subscriptions.erase(found, home.clock())


def left_behind(home: House) -> list[str]:
    """The tables with rows that speak of anybody."""
    tables = ("event", "profile_change", "profile", "delivery", "new_address")
    query = " UNION ALL ".join(f"SELECT '{name}' FROM {name} WHERE subscriber_id IS NOT NULL" for name in tables)
    with home.world.store.engine.connect() as connection:
        return sorted([*connection.scalars(text(query)), *connection.scalars(text("SELECT canonical FROM keyword"))])


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_whoever_is_being_erased_no_longer_exists(home: House, reader: Subscriber, wish: Wish) -> None:
    with ThreadPoolExecutor(1) as pool:
        with home.world.store.write() as unit:
            home.world.subscriptions.forgotten(unit, reader.id, home.clock())
            wished = pool.submit(wish, home, reader)
            time.sleep(A_MOMENT)
        with pytest.raises(LinkError, match=r"^This subscription no longer exists\.$"):
            wished.result(10)
    assert left_behind(home) == []


def test_leaving_while_one_is_erased_is_no_error(home: House, reader: Subscriber) -> None:
    with ThreadPoolExecutor(1) as pool:
        with home.world.store.write() as unit:
            home.world.subscriptions.forgotten(unit, reader.id, home.clock())
            left = pool.submit(home.world.subscriptions.end, reader, home.clock(), by_hand=True)
            time.sleep(A_MOMENT)
        left.result(10)
    assert left_behind(home) == []


def test_erasing_waits_for_a_wish_that_was_first(home: House, reader: Subscriber) -> None:
    with ThreadPoolExecutor(1) as pool:
        manage = _token(home, reader, Purpose.MANAGE)
        with home.world.subscriptions.held(manage, Purpose.MANAGE, home.clock()) as (unit, held):
            erased = pool.submit(home.world.subscriptions.erase, reader, home.clock())
            time.sleep(A_MOMENT)
            unit.journal.note(held.id, "changed", home.clock())
            unit.subscribers.set_profiles(held.id, [(Profile(("mamba",)), ["mamba"])], home.clock())
        erased.result(10)
    assert left_behind(home) == []


def test_a_pause_that_ends_brings_nobody_back_who_leaves_at_that_moment(home: House, reader: Subscriber) -> None:
    now = home.clock()
    home.world.subscriptions.pause(_token(home, reader, Purpose.MANAGE), (now + DAY).date(), now)
    with ThreadPoolExecutor(1) as pool:
        with home.world.store.write() as unit:
            unit.subscribers.set_state(reader.id, SubscriberState.LEFT)
            swept = pool.submit(home.world.pipeline.sweep, now + DAY)
            time.sleep(A_MOMENT)
        swept.result(10)
    found = home.world.subscriptions.find("ada@uni.example")
    assert found is not None
    assert found.state is SubscriberState.LEFT


def test_of_two_who_move_to_one_address_at_once_the_second_is_told(home: House, reader: Subscriber) -> None:
    home.join("bob@uni.example", "mamba")
    other, now = home.world.subscriptions.find("bob@uni.example"), home.clock()
    assert other is not None
    links = []
    with home.world.store.write() as unit:
        for each in (reader, other):
            unit.mailboxes.propose(each.id, Proposed("new@uni.example", "new@uni.example", f"nonce{each.id}"), now)
            links.append(home.world.signer.sign(Purpose.ADDRESS, f"{each.public_id}~nonce{each.id}", now))
    with ThreadPoolExecutor(1) as pool:
        with home.world.store.write() as unit:
            assert unit.mailboxes.move(reader.id, Proposed("new@uni.example", "new@uni.example", ""))
            moved = pool.submit(home.world.records.move, links[1], now)
            time.sleep(A_MOMENT)
        with pytest.raises(InputError, match="a subscription of its own by now"):
            moved.result(10)
    found = home.world.subscriptions.find("new@uni.example")
    assert found is not None
    assert found.id == reader.id
    assert home.world.subscriptions.find("bob@uni.example") is not None
    home.world.subscriptions.erase(other, now)
