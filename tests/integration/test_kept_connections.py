"""The units of a run follow each other on one connection, and nobody notices but the clock."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from service.deliveries import Outbox, Outcome
from service.errors import StoreError
from service.pipeline.delivering import Sender
from service.store import Store, tables
from tests import databases
from tests.integration.stores import NOW, paper
from tests.integration.worlds import house


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    other = request.param == "postgres"
    store = Store(request.getfixturevalue("postgres_database") if other else databases.sqlite(tmp_path / "db"))
    store.migrate()
    yield store
    store.close()


def note(store: Store, name: str = "noted") -> None:
    with store.step() as unit:
        unit.journal.note(None, name, NOW)


def fail(store: Store) -> None:
    with store.write() as unit:
        unit.journal.note(None, "undone", NOW)
        unit.subscribers.connection.exec_driver_sql("this is no statement")


def cut(postgres: str) -> None:
    """End every connection to a database."""
    store = Store(postgres)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with store.write() as unit:
        unit.subscribers.connection.exec_driver_sql(f"{others} AND pid <> pg_backend_pid()")
    store.close()


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
        # Where connections may be cut, a whole unit has one that was tried first.
        whole = 0 if store.engine.dialect.name == "sqlite" else 1
        assert len(fetched) == 2 + whole
    note(store)
    assert len(fetched) == 3 + whole
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
        note(store)
        cut(postgres_database)
        with store.write() as unit:
            unit.journal.note(None, "whole", NOW)
        with pytest.raises(StoreError) as lost:
            note(store)
        assert lost.value.transient
        note(store)
    store.close()


@dataclass
class Hands:
    """Carries mails to nowhere, one by one, and harms the database with the first."""

    harm: Callable[[], object]
    names: Sequence[str] = ("nowhere",)
    carried: list[int] = field(default_factory=list)

    def carry(self, outbox: Outbox) -> None:
        done: list[Outcome] = []
        while (mail := outbox.reserve()) is not None:
            for begun, _ in outbox.exchange(done, [mail]):
                self.carried.append(begun.id)
                done = [Outcome(begun, 0)]
                if len(self.carried) == 1:
                    self.harm()
        outbox.exchange(done, [])

    def close(self) -> None:
        """Nothing is open."""


def test_no_mail_goes_out_twice_because_a_connection_was_cut(tmp_path: Path, postgres_database: str) -> None:
    with house(tmp_path, database_url=postgres_database) as home:
        for name in ("ada", "grace", "joan"):
            home.join(f"{name}@example.org", "graph")
        home.arrive(paper("Graph Neural Networks"))
        home.world.pipeline.compose(home.clock())
        hands, pipe = Hands(lambda: cut(postgres_database)), home.world.pipeline
        for _ in range(2):
            with suppress(StoreError):
                Sender(pipe.store, pipe.desk, lambda: hands, lease=0.2).run(home.clock(), lambda: False)
            time.sleep(0.3)
            home.clock.at += timedelta(minutes=1)
            pipe.sweep(home.clock())
        assert len(hands.carried) == len(set(hands.carried)) == 6
        with pipe.store.read() as unit:
            assert unit.deliveries.states()["sent"] == 6


def test_no_mail_goes_out_twice_because_sqlite_undid_a_step(tmp_path: Path) -> None:
    harmed, begins, ends = [False], [False], iter([True])

    def prepare(raw: sqlite3.Connection, *_: object) -> None:
        def watch(statement: str) -> None:
            begins[0] = harmed[0] and "attempts + 1" in statement

        raw.set_trace_callback(watch)
        # As want of memory or a disk that fails for a moment does, this undoes all that the step did before.
        raw.set_progress_handler(lambda: begins[0] and next(ends, False), 1)

    with house(tmp_path) as home:
        for name in ("ada", "grace", "joan"):
            home.join(f"{name}@example.org", "graph")
        home.world.pipeline.compose(home.clock())
        hands, pipe = Hands(lambda: harmed.insert(0, True)), home.world.pipeline
        event.listen(pipe.store.engine, "checkout", prepare)
        Sender(pipe.store, pipe.desk, lambda: hands).run(home.clock(), lambda: False)
        assert next(ends, None) is None, "a step was undone"
        with pipe.store.read() as unit:
            assert unit.deliveries.states() == {"sent": len(hands.carried)}


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
