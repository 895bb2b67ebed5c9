"""All rows of one database into the empty tables of another, as they are: from SQLite to PostgreSQL.

Comes in: two engines whose schemas are of this release. Goes out: nothing, or StoreError's cause. Refuses to know: what
the rows mean.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    text,
    type_coerce,
    update,
)

from service.store.tables import metadata, paper, source, subscriber

# Rows that are in memory at once.
PART = 1000


def used(engine: Engine) -> bool:
    """Whether there is anything that would be lost; a database that was only migrated has counters and the like."""
    with engine.connect() as connection:
        return any(connection.execute(select(table.c.id).limit(1)).first() for table in (source, paper, subscriber))


def cross(old: Engine, new: Engine) -> None:
    """Copy every row in place of those that are there; all of them, or nothing is changed."""
    with old.connect() as here, new.connect() as there, there.begin():
        for table in reversed(metadata.sorted_tables):
            there.execute(delete(table))
        for table in metadata.sorted_tables:
            _copy(table, here, there)
            _count_on(table, there)


def _copy(table: Table, here: Connection, there: Connection) -> None:
    """Rows that name others of their own table do so last: those they name may come after them."""
    own = {each.parent.name for each in table.foreign_keys if each.column.table is table}
    columns: list[Any] = [_raw(column) for column in table.c]
    written = insert(table).values({name: _given(column) for name, column in table.c.items() if name not in own})
    named: list[dict[str, Any]] = []
    for part in here.execution_options(yield_per=PART).execute(select(*columns)).mappings().partitions():
        there.execute(written, [{name: row[name] for name in row if name not in own} for row in part])
        named += [{name: row[name] for name in ("id", *own)} for row in part if any(row[name] for name in own)]
    for row in named:
        there.execute(update(table).where(table.c.id == row.pop("id")).values(row))


def _raw(column: Column[Any]) -> Any:
    """JSON as the text it is: read as a value, no value and JSON's own null would be the same."""
    return type_coerce(column, Text).label(column.name) if isinstance(column.type, JSON) else column


def _given(column: Column[Any]) -> Any:
    if isinstance(column.type, JSON):
        return cast(bindparam(column.name, type_=Text), column.type)
    return bindparam(column.name, type_=column.type)


def _count_on(table: Table, there: Connection) -> None:
    """Let the next row be numbered after the last of those that came with their numbers."""
    column = table.autoincrement_column
    last = None if column is None else there.scalar(select(func.max(column)))
    if column is not None and last is not None:
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        there.execute(sequence, {"table": table.name, "column": column.name, "last": last})
