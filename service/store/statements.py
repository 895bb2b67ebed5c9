"""The few statements that SQLite and PostgreSQL spell differently.

Comes in: a connection and values. Goes out: a statement in its dialect. Refuses to know: which room asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Float, Table, func, literal_column, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from service.store.tables import counter

T = TypeVar("T")

# SQLite allows 32,766 bound values per statement since 3.32; a thousand keeps plans small on both.
CHUNK = 1_000


def _insert(connection: Connection, table: Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def upsert(connection: Connection, table: Table, values: dict[str, Any], key: Sequence[str]) -> Any:
    """INSERT … ON CONFLICT (key) DO UPDATE with the same values."""
    changes = {name: value for name, value in values.items() if name not in key}
    return _insert(connection, table).values(**values).on_conflict_do_update(index_elements=list(key), set_=changes)


def insert_new(connection: Connection, table: Table) -> Any:
    """INSERT … ON CONFLICT DO NOTHING."""
    return _insert(connection, table).on_conflict_do_nothing()


def database_now(connection: Connection) -> ColumnElement[float]:
    """The database's clock in seconds since 1970: the one clock that all workers share."""
    if connection.dialect.name == "sqlite":
        return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float)
    return func.extract("epoch", func.clock_timestamp()).cast(Float)


def utc_day(connection: Connection, moment: ColumnElement[datetime]) -> ColumnElement[str]:
    """The calendar day of a time in UTC; PostgreSQL would take the zone that its session happens to have."""
    return func.date(moment if connection.dialect.name == "sqlite" else func.timezone("UTC", moment))


def raise_counter(connection: Connection, name: str, amount: int = 1) -> int:
    """Raise a counter and return its value; its row stays locked until the transaction ends."""
    raised = update(counter).where(counter.c.name == name).values(value=counter.c.value + amount)
    return int(connection.execute(raised.returning(counter.c.value)).scalar_one())


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Pieces of at most `size`, for lists of bound values."""
    iterator = iter(values)
    while piece := list(islice(iterator, size)):
        yield piece
