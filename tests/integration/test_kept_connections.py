"""The units of a run follow each other on one connection, and nobody notices but the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import event, select, text

from service.errors import StoreError
from service.store import Store, tables
from tests import databases
from tests.integration.stores import NOW


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    other = request.param == "postgres"
    store = Store(request.getfixturevalue("postgres_database") if other else databases.sqlite(tmp_path / "db"))
    store.migrate()
    yield store
    store.close()


def note(store: Store, name: str = "noted") -> None:
    with store.write() as unit:
        unit.journal.note(None, name, NOW)


def fail(store: Store) -> None:
    with store.write() as unit:
        unit.journal.note(None, "undone", NOW)
        unit.subscribers.connection.exec_driver_sql("this is no statement")


def test_units_of_one_thread_share_a_connection_and_an_error_ends_only_its_own(store: Store) -> None:
    fetched: list[object] = []
    event.listen(store.engine, "checkout", lambda *each: fetched.append(each))
    with store.keeping():
        for _ in range(3):
            note(store)
        assert len(fetched) == 1
        with ThreadPoolExecutor(1) as another:
            another.submit(note, store).result()
        assert len(fetched) == 2
        with pytest.raises(StoreError):
            fail(store)
        note(store)
        assert len(fetched) == 2
    note(store)
    assert len(fetched) == 3
    with store.read() as unit:
        names = unit.subscribers.connection.execute(select(tables.event.c.name)).scalars().all()
    assert Counter(names) == {"noted": 6}


def test_a_unit_within_another_has_a_connection_of_its_own(postgres_database: str) -> None:
    store = Store(postgres_database)
    with store.keeping(), store.write() as unit:
        unit.journal.note(None, "outer", NOW)
        note(store, "inner")
        unit.subscribers.connection.rollback()
    with store.read() as unit:
        assert unit.subscribers.connection.execute(select(tables.event.c.name)).scalars().all() == ["inner"]
    store.close()


def test_a_connection_that_was_cut_is_replaced(postgres_database: str) -> None:
    store = Store(postgres_database)
    with store.keeping():
        with store.write() as unit:
            mine = unit.subscribers.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with store.read() as unit:
            unit.subscribers.connection.execute(text("SELECT pg_terminate_backend(:mine)"), {"mine": mine})
        with pytest.raises(StoreError):
            note(store)
        note(store)
    store.close()


@pytest.mark.parametrize("kept", [True, False])
def test_a_step_is_kept_by_itself_and_what_follows_it_is_a_whole_again(store: Store, kept: bool) -> None:
    with store.keeping() if kept else nullcontext():
        with store.step() as unit:
            unit.journal.note(None, "step", NOW)
        with pytest.raises(StoreError), store.step() as unit:
            unit.subscribers.connection.exec_driver_sql("this is no statement")
        with pytest.raises(StoreError):
            fail(store)
        note(store)
    with store.read() as unit:
        names = unit.subscribers.connection.execute(select(tables.event.c.name)).scalars().all()
    assert Counter(names) == {"step": 1, "noted": 1}


def test_postgresql_is_asked_once_for_a_step(postgres_database: str) -> None:
    store = Store(postgres_database)
    begun = "SELECT now() = statement_timestamp(), pg_current_xact_id_if_assigned() IS NULL"
    with store.step() as unit:
        unit.journal.note(None, "step", NOW)
        # Where the note had opened a transaction, this one would stand in it.
        assert unit.subscribers.connection.exec_driver_sql(begun).one() == (True, True)
    store.close()
