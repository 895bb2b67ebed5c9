"""Categories that readers pick: who reads them, and when they are polled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from service.errors import InputError
from service.model import Profile, SubscriberState
from service.sources import catalogue, kinds
from service.store import Store
from tests import databases
from tests.integration.stores import NOW, add_reader, paper
from tests.integration.test_collecting import answered, items, reading
from tests.integration.worlds import House, house

FEED = "https://rss.arxiv.org/rss/cs.LG"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as here:
        yield here


def choose(home: House, email: str, *topics: str, sources: frozenset[int] | None = None) -> None:
    reader = home.world.subscriptions.find(email)
    assert reader is not None
    with home.world.store.write() as unit:
        unit.subscribers.set_profiles(reader.id, [(Profile(topics, "", sources), topics)], home.clock())


def test_every_category_of_the_catalogue_is_a_source_of_its_own() -> None:
    assert len(catalogue.entries()) == len({each.url for each in catalogue.entries()}) == 150
    assert all(each.url == f"https://rss.arxiv.org/rss/{each.code}" for each in catalogue.entries())
    assert {kinds.recognise(each.url) for each in catalogue.entries()} == {"arxiv"}


def test_a_picked_category_reaches_those_who_picked_it_and_nobody_else(home: House) -> None:
    home.join("ada@uni.example", "kettles")
    home.join("bob@uni.example", "kettles")
    home.morning()
    (source,) = home.world.operations.pick(["cs.lg"], home.clock())
    choose(home, "ada@uni.example", "kettles", sources=frozenset({source}))
    home.clock.tomorrow()
    home.arrive(paper("On kettles"), source="https://papers.example/daily")
    with home.world.store.write() as unit:
        unit.papers.add(source, FEED, [paper("More kettles")], home.clock())
    home.morning()
    titles = ["On kettles", "More kettles"]
    assert home.titles("ada@uni.example", titles)[-1] == ["More kettles"]
    assert home.titles("bob@uni.example", titles)[-1] == ["On kettles"]


def test_an_operators_own_source_stays_for_everybody_when_it_is_picked(home: House) -> None:
    own = home.world.operations.add_source("https://arxiv.org/list/cs.LG/recent", home.clock())
    assert own.url == FEED
    assert home.world.operations.pick(["cs.LG"], home.clock()) == {own.id}
    assert home.world.operations.sources()[0].common


def test_a_picked_category_that_the_operator_adds_is_for_everybody(home: House) -> None:
    picked = home.world.operations.pick(["math.PR"], home.clock())
    assert home.world.operations.add_source("math.PR", home.clock()).id in picked
    assert home.world.operations.sources()[0].common


def test_what_is_not_in_the_catalogue_cannot_be_picked(home: House) -> None:
    with pytest.raises(InputError, match=r"no category cs\.XX"):
        home.world.operations.pick(["cs.LG", "cs.XX"], home.clock())
    assert home.world.operations.sources() == []


def test_the_catalogue_says_what_is_polled(home: House) -> None:
    (source,) = home.world.operations.pick(["cs.LG"], home.clock())
    offered = {each.code: each for each in home.world.operations.catalogue()}
    assert (offered["cs.LG"].source, offered["cs.LG"].polled, offered["cs.CL"].source) == (source, False, None)
    home.join("ada@uni.example", "kettles")
    choose(home, "ada@uni.example", "kettles", sources=frozenset({source}))
    assert [each.code for each in home.world.operations.catalogue() if each.polled] == ["cs.LG"]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_category_is_wanted_while_a_running_profile_names_it(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_database") if database == "postgres" else databases.sqlite(tmp_path / "db")
    store = Store(url)
    store.migrate()
    ada = add_reader(store)
    with store.write() as unit:
        common = unit.sources.add("https://papers.example/daily", "feed", NOW).id
        picked = [
            unit.sources.pick(f"https://rss.arxiv.org/rss/{code}", "arxiv", NOW).id for code in ("cs.LG", "cs.CL")
        ]
        unit.subscribers.set_profiles(ada, [(Profile((), "", frozenset({picked[1], 11, 22})), ())], NOW)
    with store.read() as unit:
        assert [unit.sources.wanted(each) for each in (common, *picked)] == [True, False, True]
        assert not any(unit.sources.wanted(each) for each in (1100, 12))
    with store.write() as unit:
        unit.subscribers.set_state(ada, SubscriberState.LEFT)
    with store.read() as unit:
        assert not unit.sources.wanted(picked[1])
        assert unit.sources.uncommon() == frozenset(picked)
    store.close()


def test_a_category_that_nobody_reads_is_not_asked_for(tmp_path: Path) -> None:
    with reading(tmp_path, lambda _: answered(items(3, "2026-11-20"))) as (reader, asked):
        reader.poll()
        before = len(asked)
        with reader.store.write() as unit:
            unit.sources.remove(reader.id)
            assert unit.sources.pick(reader.source().url, "any", NOW).id == reader.id
        reader.poll(NOW + timedelta(hours=1))
        assert (len(asked), reader.source().failures) == (before, 0)
        ada = add_reader(reader.store)
        with reader.store.write() as unit:
            unit.subscribers.set_profiles(ada, [(Profile((), "", frozenset({reader.id})), ())], NOW)
        reader.poll(NOW + timedelta(hours=2))
        assert len(asked) > before


def test_a_paper_that_was_delivered_does_not_come_again_through_another_source(home: House) -> None:
    home.join("ada@uni.example", "kettles")
    home.morning()
    (source,) = home.world.operations.pick(["cs.lg"], home.clock())
    home.clock.tomorrow()
    same = paper("On kettles", arxiv_id="2611.00001")
    home.arrive(same, paper("Old kettles", doi="10.1000/xyz1"))
    home.morning()
    choose(home, "ada@uni.example", "kettles", sources=frozenset({source}))
    home.clock.tomorrow()
    other = paper("Kettles revisited", arxiv_id="2611.00002")
    home.arrive(same, other, paper("New kettles"), source=FEED)
    home.arrive(replace(other, doi="10.1000/xyz1"), source=FEED)
    home.morning()
    titles = ["On kettles", "Old kettles", "New kettles", "Kettles revisited"]
    assert home.titles("ada@uni.example", titles)[-2:] == [titles[:2], ["New kettles"]]
