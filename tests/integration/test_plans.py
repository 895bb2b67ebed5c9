"""What a sender asks for again and again is found by an index, however many mails went out before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text, update

from service.model import DeliveryKind, Schedule
from service.store import Store, Unit, tables
from service.store.deliveries import new_delivery
from service.store.subscribers import Due
from tests import databases
from tests.integration.stores import HOUR, NOW, add_reader, add_readers

_ASKING = ("SELECT", "WITH", "UPDATE", "INSERT", "DELETE")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(databases.sqlite(tmp_path / "paperround.sqlite3"))
    store.migrate()
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The same on each of the two databases."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    store = Store(request.getfixturevalue("postgres_database"))
    store.migrate()
    yield store
    store.close()


def plan(unit: Unit, asked: list[tuple[str, Any]]) -> str:
    connection = unit.subscribers.connection
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    lines: list[str] = []
    for said, values in asked:
        each = said.strip()
        if each.startswith("SET "):
            connection.exec_driver_sql(each)
        else:
            lines += [row[-1] for row in connection.exec_driver_sql(f"{explain} {each}", values)]
    return "\n".join(lines)


def plans(store: Store, ask: Callable[[Unit], object]) -> str:
    """How the database goes about everything that is asked."""
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        asked.append((statement, values))

    def told(statement: str) -> None:
        if statement.strip().startswith(_ASKING):
            asked.append((statement, ()))

    with store.write() as unit:
        connection = unit.subscribers.connection
        if connection.dialect.name == "sqlite":
            # Some of it is asked past SQLAlchemy.
            raw: Any = connection.connection.dbapi_connection
            raw.set_trace_callback(told)
            ask(unit)
            raw.set_trace_callback(None)
        else:
            event.listen(connection, "before_cursor_execute", note)
            ask(unit)
            event.remove(connection, "before_cursor_execute", note)
        return plan(unit, asked)


def test_claiming_and_sweeping_never_read_what_is_over(store: Store) -> None:
    def ask(unit: Unit) -> None:
        unit.deliveries.claim("token", NOW, 500, 60.0)
        unit.deliveries.is_due(NOW)
        unit.deliveries.waiting(NOW, 800)
        unit.deliveries.sweep(NOW)
        unit.canaries.waiting(NOW, 10)

    said = plans(store, ask)
    assert said.count("USING INDEX ix_delivery_open") == 4, said
    assert said.count("USING INDEX ix_delivery_lease (lease>?)") == 3, said
    assert "SCAN delivery\n" not in f"{said}\n"
    assert "TEMP B-TREE" not in said


def test_noting_and_beginning_look_at_no_other_row_of_the_batch(store: Store) -> None:
    said = plans(store, lambda unit: unit.deliveries.begin("token", [1, 2], [3, 4], NOW))
    assert said.count("SEARCH delivery USING INTEGER PRIMARY KEY") == 2, said
    assert "ix_delivery_lease" not in said


def test_counting_what_is_overdue_reads_neither_all_readers_nor_what_is_over(store: Store) -> None:
    said = plans(store, lambda unit: unit.subscribers.overdue(NOW))
    assert "SEARCH delivery USING INDEX ix_delivery_open" in said, said
    assert "SEARCH subscriber USING INDEX ix_subscriber_next_due_at" in said
    assert "SCAN subscriber" not in said


def test_finding_whose_edition_is_old_news_reads_nobody_else(store: Store) -> None:
    def ask(unit: Unit) -> None:
        unit.clocks.overdue_schedules(NOW)
        unit.clocks.overtake(Schedule(), NOW, NOW, 10)

    said = plans(store, ask)
    assert said.count("SEARCH subscriber USING INDEX ix_subscriber_next_due_at") == 2, said
    assert "SCAN subscriber" not in said


def test_of_many_that_wait_postgresql_reads_the_first_alone_though_it_believes_that_none_do(
    postgres_database: str,
) -> None:
    store = Store(postgres_database)
    store.migrate()
    readers = add_readers(store, (f"reader{number}@example.org" for number in range(30)))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # What it knows when a morning begins: nobody is due, and nothing is open.
        connection.exec_driver_sql("ALTER TABLE delivery SET (autovacuum_enabled = false)")
        connection.exec_driver_sql("ALTER TABLE subscriber SET (autovacuum_enabled = false)")
        connection.exec_driver_sql("ANALYZE")
    with store.write() as unit:
        days = [str(number) for number in range(200)]
        unit.deliveries.add([new_delivery(DeliveryKind.DIGEST, one, day, NOW) for one in readers for day in days])
        unit.subscribers.connection.execute(update(tables.subscriber).values(next_due_at=NOW))

    def ask(unit: Unit) -> None:
        unit.deliveries.claim("token", NOW, 200, 60.0)
        unit.deliveries.is_due(NOW)
        unit.deliveries.waiting(NOW, 800)
        unit.canaries.waiting(NOW, 800)
        unit.subscribers.due(NOW, 10, profiles=False)
        unit.subscribers.any_due(NOW, NOW)

    said = plans(store, ask)
    assert said.count("Index Scan using ix_delivery_open") == 4, said
    assert said.count("Index Scan using pk_subscriber") == 1, said
    assert said.count("Index Scan using ix_subscriber_next_due_at") == 2, said
    assert "Sort" not in said, said
    assert "Bitmap" not in said, said
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # What it knows for days where it looked in the morning: that they all wait.
        connection.exec_driver_sql("ANALYZE")
    assert "Seq Scan on delivery " not in plans(store, ask)
    store.close()


def test_editions_that_wait_for_the_operator_are_not_stepped_over_and_a_letter_among_them_goes_out(
    either_store: Store,
) -> None:
    store = either_store
    reader, old = add_reader(store), NOW - 72 * HOUR

    def ask(unit: Unit) -> None:
        unit.deliveries.claim("token", NOW, 0, 60.0)
        unit.deliveries.claim("token", NOW, 0, 60.0, newest=True)
        unit.deliveries.claim_doubtful("token", NOW, 60.0)
        unit.deliveries.waiting(NOW, 800)

    said = plans(store, ask)
    if store.engine.dialect.name == "sqlite":
        assert said.count("ix_delivery_open (not_before>? AND not_before<?)") == 4, said
        assert said.count("ix_delivery_letters (not_before<?)") == 6, said
    else:
        assert len(re.findall(r"ix_delivery_open.*\n *Index Cond: \(\(not_before >= ", said)) == 4, said
        assert said.count("using ix_delivery_letters") == 6, said
    with store.write() as unit:
        editions = [new_delivery(DeliveryKind.DIGEST, reader, str(day), old + day * HOUR) for day in range(4)]
        letter, edition = new_delivery(DeliveryKind.GOODBYE, reader, "", old + HOUR), {"not_before": NOW - 48 * HOUR}
        unit.deliveries.add([*editions, letter, new_delivery(DeliveryKind.QUIET, reader, "", NOW) | edition])
    with store.write() as unit:
        assert unit.deliveries.waiting(NOW, 10) == 2
        kinds = [row.kind for row in unit.deliveries.claim("token", NOW, 10, 60.0)]
        assert kinds == [DeliveryKind.GOODBYE, DeliveryKind.QUIET]
        assert not unit.deliveries.is_due(NOW)


def test_no_index_of_postgresql_is_written_anew_when_a_mail_is_begun(postgres_database: str) -> None:
    store = Store(postgres_database)
    store.migrate()
    speaking = "SELECT indexname FROM pg_indexes WHERE tablename = 'delivery' AND indexdef ~ '\\mstate\\M'"
    beside = "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'delivery'"
    reader, papers = add_reader(store), range(10)
    with store.write() as unit:
        rows = [new_delivery(DeliveryKind.DIGEST, reader, str(number), NOW, papers=papers) for number in range(300)]
        unit.deliveries.add(rows)
    with store.write() as unit:
        ids = [row.id for row in unit.deliveries.claim("token", NOW, 300, 60.0)]
    with store.write() as unit:
        assert unit.subscribers.connection.execute(text(speaking)).scalars().all() == []
        before = unit.subscribers.connection.scalar(text(beside))
        assert len(unit.deliveries.begin("token", [], ids, NOW)) == 300
        # Each row finds room beside itself only because its page was not filled.
        assert unit.subscribers.connection.scalar(text(beside)) == before + 300
    store.close()


def test_what_is_asked_every_few_minutes_never_reads_all_mails_there_ever_were(store: Store) -> None:
    def ask(unit: Unit) -> None:
        unit.deliveries.forget(NOW)
        unit.deliveries.states(NOW)
        unit.deliveries.quarantined(NOW)

    said = plans(store, ask)
    assert said.count("USING INDEX ix_delivery_open") == 1, said
    assert said.count("USING INDEX ix_delivery_error") == 1, said
    # By their numbers, from either end: as far as the rows are that are wanted.
    assert said.count("SEARCH delivery USING INTEGER PRIMARY KEY (rowid>?)") == 1, said
    assert said.count("SCAN delivery\n") == 2, said
    assert "TEMP B-TREE FOR ORDER BY" not in said


def test_whether_anybody_is_due_is_told_by_the_first_in_time(store: Store) -> None:
    said = plans(store, lambda unit: unit.subscribers.any_due(NOW, NOW))
    assert said == "SEARCH subscriber USING INDEX ix_subscriber_next_due_at (next_due_at>? AND next_due_at<?)"


def test_the_few_readers_that_are_due_are_found_by_their_times_and_come_in_order(either_store: Store) -> None:
    store = either_store
    hours = (-2, 1, -1, -3)
    rows = [add_reader(store, f"reader{number}", NOW + HOUR * hour) for number, hour in enumerate(hours)]
    found: list[Due] = []
    said = plans(store, lambda unit: found.extend(unit.subscribers.due(NOW, 4, profiles=False)))
    assert [due.subscriber.id for due in found] == [rows[0], rows[2], rows[3]]
    assert said.count("ix_subscriber_next_due_at") == 2, said
    assert not re.search("PRIMARY KEY|pk_subscriber|SCAN subscriber|Seq Scan|Sort|TEMP", said), said


def test_of_what_is_asked_of_postgresql_in_order_nothing_is_sorted_after_all(postgres_database: str) -> None:
    store = Store(postgres_database)
    store.migrate()
    add_reader(store)
    # Until release 17 a step that was turned off, and is needed all the same, costs ten thousand millions.
    said = plans(store, lambda unit: unit.subscribers.due(None, 1) + unit.subscribers.due(NOW, 2))
    assert not re.search(r"Disabled: true|cost=\d{11}", said), said
    store.close()


def test_postgresql_starts_no_other_processes_to_find_the_first_readers(postgres_database: str) -> None:
    store = Store(postgres_database)
    store.migrate()
    add_reader(store)
    others = """
        INSERT INTO subscriber (public_id, email, mailbox, state, timezone, hour, weekdays, max_papers, created_at,
            changed_at, next_due_at)
        SELECT public_id || n, email, mailbox || n, state, timezone, hour, weekdays, max_papers, created_at,
            changed_at, next_due_at + interval '1 day'
        FROM subscriber, generate_series(1, 20000) AS n
    """
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ALTER TABLE subscriber SET (autovacuum_enabled = false)")
        connection.exec_driver_sql(others)
        connection.exec_driver_sql("ANALYZE")

    def ask(unit: Unit) -> None:
        # As it believes with more of them.
        for name in ("parallel_setup_cost", "min_parallel_index_scan_size", "min_parallel_table_scan_size"):
            unit.subscribers.connection.exec_driver_sql(f"SET LOCAL {name} TO 0")
        unit.subscribers.due(NOW, 1, profiles=False)

    said = plans(store, ask)
    assert "Index Scan using pk_subscriber" in said, said
    assert "Gather" not in said, said
    store.close()
