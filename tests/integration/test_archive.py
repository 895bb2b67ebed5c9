"""Papers by the day they were news, on both databases: in the pages' order, and for databases of earlier releases."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import insert, update

from service.store import Store, migrations
from service.store.archive import Place
from service.store.tables import paper as paper_table
from tests import databases
from tests.integration.stores import HOUR, NOW, SOURCE, add_source, paper

TODAY = NOW.date()
LAST = Place(date.max, 1 << 62)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return databases.sqlite(tmp_path / "archive.sqlite3")
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    store.migrate()
    yield store
    store.close()


def revision() -> ModuleType:
    """The revision that brought days, whatever its number."""
    (file,) = Path(migrations.__file__).parent.glob("versions/*_days.py")
    return importlib.import_module(f"service.store.migrations.versions.{file.stem}")


def days(store: Store) -> list[tuple[date, int]]:
    with store.read() as unit:
        return [tuple(place) for place in unit.archive.behind(LAST, 100)]  # type: ignore[misc]


def test_a_paper_has_the_day_its_listing_dates_it_else_the_day_it_arrived(store: Store) -> None:
    listed = paper("Listed", listed=date(2026, 11, 18), guid="a")
    with store.write() as unit:
        unit.papers.add(add_source(unit), SOURCE, [listed, paper("A feed brought it", guid="b")], NOW)
    assert days(store) == [(TODAY, 2), (date(2026, 11, 18), 1)]
    with store.write() as unit:
        unit.papers.add(1, SOURCE, [paper("A feed brought it", guid="b", listed=date(2026, 11, 19))], NOW + HOUR)
    assert days(store) == [(date(2026, 11, 19), 2), (date(2026, 11, 18), 1)]


def test_a_paper_without_a_text_has_no_day_until_it_arrives(store: Store) -> None:
    with store.write() as unit:
        unit.papers.add(add_source(unit), SOURCE, [paper("Only a title", "", guid="a")], NOW)
    assert days(store) == []
    with store.write() as unit:
        unit.papers.release(NOW + timedelta(hours=25))
    assert days(store) == [(TODAY + timedelta(days=1), 1)]


def test_what_only_one_reader_picked_is_nobody_elses_news(store: Store) -> None:
    with store.write() as unit:
        picked = unit.sources.pick("https://papers.example/picked", "feed", NOW).id
        unit.papers.add(picked, "https://papers.example/picked", [paper("Picked", arxiv_id="2611.00001")], NOW)
    assert days(store) == []
    with store.write() as unit:
        unit.papers.add(add_source(unit), SOURCE, [paper("Picked", arxiv_id="2611.00001")], NOW + HOUR)
    assert days(store) == [(TODAY, 1)]


def test_hidden_papers_and_those_that_turned_out_to_be_another_have_no_place(store: Store) -> None:
    with store.write() as unit:
        source = add_source(unit)
        first = paper("The same thing in two places", arxiv_id="2611.00001")
        unit.papers.add(source, SOURCE, [first, paper("Another", guid="c"), paper("Third", doi="10.1000/1")], NOW)
        both = paper("The same thing in two places", arxiv_id="2611.00001", doi="10.1000/1")
        unit.papers.add(source, SOURCE, [both], NOW)
        unit.papers.hide(2)
    assert [number for _, number in days(store)] == [1]
    with store.read() as unit:
        assert unit.archive.count(TODAY) == 1


def test_a_paper_that_joins_an_older_row_without_a_day_keeps_its_own(store: Store) -> None:
    with store.write() as unit:
        picked = unit.sources.pick("https://papers.example/picked", "feed", NOW).id
        unit.papers.add(picked, "", [paper("Picked", arxiv_id="2611.00001")], NOW)
        source = add_source(unit)
        unit.papers.add(source, SOURCE, [paper("Picked", doi="10.1000/1")], NOW)
        unit.papers.tell([paper("Picked", arxiv_id="2611.00001", doi="10.1000/1")], NOW)
    assert days(store) == [(TODAY, 1)]


def test_places_go_on_where_they_ended_and_liked_papers_come_first_within_a_day(store: Store) -> None:
    found = [paper(f"Paper {n}", guid=str(n), upvotes=n % 4, listed=TODAY - timedelta(days=n % 2)) for n in range(9)]
    with store.write() as unit:
        unit.papers.add(add_source(unit), SOURCE, found, NOW)
    with store.read() as unit:
        whole = unit.archive.behind(LAST, 100)
        assert whole == sorted(whole, reverse=True)
        assert unit.archive.behind(whole[3], 3) == whole[4:7]
        assert unit.archive.behind(LAST, 3, TODAY) == whole[:3]
        assert unit.archive.since(TODAY - timedelta(days=1)) == whole[:5]
        liked = unit.archive.liked(TODAY, 0, 10)
        assert [unit.papers.get([each])[each].paper.upvotes for each in liked] == [2, 2, 0, 0, 0]
        assert unit.archive.liked(TODAY, 2, 1) == liked[2:3]
        assert unit.archive.around(TODAY) == (TODAY - timedelta(days=1), None)
        assert unit.archive.around(TODAY - timedelta(days=30)) == (None, TODAY - timedelta(days=1))
        assert unit.archive.seen(liked) == dict.fromkeys(liked, NOW)


def test_the_papers_of_an_earlier_release_get_their_days(url: str) -> None:
    old = Store(url)
    old.migrate()
    with old.write() as unit:
        picked = unit.sources.pick("https://papers.example/picked", "feed", NOW).id
        unit.papers.add(picked, "", [paper("Picked", guid="z")], NOW)
        found = [paper("Listed", listed=date(2026, 11, 18), guid="a"), paper("Arrived", guid="b")]
        unit.papers.add(add_source(unit), SOURCE, found, NOW)
    wanted = days(old)
    with old.engine.begin() as connection:
        connection.execute(update(paper_table).values(day=None))
        connection.execute(insert(paper_table).values(id=99, changed=1, created_at=NOW))
        revision().fill(connection)
    assert len(wanted) == 2
    assert days(old) == wanted
    old.close()
