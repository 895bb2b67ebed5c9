"""The few statements that SQLite and PostgreSQL spell differently.

Comes in: a connection and values. Goes out: a statement in its dialect. Refuses to know: which room asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Float,
    Select,
    Table,
    Text,
    any_,
    cast,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from service.store.tables import UTCDateTime, counter
from service.store.values import written

T = TypeVar("T")

# What is written so may be half a character or none, which PostgreSQL keeps in JSON and takes apart from none.
_ESCAPE = "\\u"

# SQLite allows 32,766 bound values per statement since 3.32; a thousand keeps plans small on both.
CHUNK = 1_000

# Other processes, started for what it believes to be a way through the whole index, take twenty times as long.
_WALKING, _AS_BEFORE = (
    f"SET LOCAL enable_bitmapscan TO {how}; SET LOCAL enable_sort TO {how};"
    f" SET LOCAL max_parallel_workers_per_gather TO {workers}"
    for how, workers in (("off", 0), ("DEFAULT", "DEFAULT"))
)


def _insert(connection: Connection, table: Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def upsert(connection: Connection, table: Table, values: dict[str, Any], key: Sequence[str]) -> Any:
    """INSERT … ON CONFLICT (key) DO UPDATE with the same values."""
    changes = {name: value for name, value in values.items() if name not in key}
    return _insert(connection, table).values(**values).on_conflict_do_update(index_elements=list(key), set_=changes)


def insert_new(connection: Connection, table: Table) -> Any:
    """INSERT … ON CONFLICT DO NOTHING."""
    return _insert(connection, table).on_conflict_do_nothing()


def add_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Run `insert_new` for rows of equal columns, of which many hold the same times.

    Values are made ready column by column, each time once, and PostgreSQL takes them all as one value: SQLAlchemy looks
    at every value by itself and psycopg at every row, which for a row of a mail takes 7 and 11 µs more.
    """
    names, types = tuple(rows[0]), [table.c[name].type for name in rows[0]]
    columns = [_ready(connection, kind, [row[name] for row in rows]) for name, kind in zip(names, types, strict=True)]
    into, whole = f"INSERT INTO {table.name} ({', '.join(names)})", zip(*columns, strict=True)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" for _ in names)
        connection.exec_driver_sql(f"{into} VALUES ({marks}) ON CONFLICT DO NOTHING", list(whole))
        return
    value = written([dict(zip(names, row, strict=True)) for row in whole])
    if _ESCAPE in value:
        connection.execute(insert_new(connection, table), rows)
        return
    spelt = (f"{name} {kind.compile(connection.dialect)}" for name, kind in zip(names, types, strict=True))
    new = f"SELECT * FROM json_to_recordset(%s::json) AS new ({', '.join(spelt)})"  # noqa: S608 - names and types
    connection.exec_driver_sql(f"{into} {new} ON CONFLICT DO NOTHING", (value,))


def _ready(connection: Connection, kind: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    """The values of one column as SQLite takes them, or as JSON for PostgreSQL."""
    kept: Any = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    as_json = connection.dialect.name == "postgresql"
    if isinstance(kind, UTCDateTime):
        known = {each: kept(each) for each in set(values)}
        times = {each: value.isoformat() if as_json and value else value for each, value in known.items()}
        return [times[each] for each in values]
    return values if kept is None or as_json else [kept(each) for each in values]


@contextmanager
def walking_in_order(connection: Connection) -> Iterator[None]:
    """Have PostgreSQL look for the first few rows of an index in its order, until this block ends.

    It learns late how many rows are open or due: by what it knows of last night next to none are, so it would read and
    sort all that wait to find the first, for each batch anew. Where 100,000 mails wait, that takes 93 ms. What is asked
    has to name that order: believing that many wait, it would else look for them among all that was ever sent.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    connection.exec_driver_sql(_WALKING)
    yield
    connection.exec_driver_sql(_AS_BEFORE)


def database_now(connection: Connection) -> ColumnElement[float]:
    """The database's clock in seconds since 1970: the one clock that all workers share."""
    return clock(connection.dialect.name)


def clock(dialect: str) -> ColumnElement[float]:
    """How a database says the time."""
    if dialect == "sqlite":
        return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float)
    return func.extract("epoch", func.clock_timestamp()).cast(Float)


def among(connection: Connection, column: ColumnElement[int], ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column holds one of `ids`, which are one bound value.

    A list of bound values is spelled out anew for each number of them, which costs more than what is asked for.
    """
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(ids), ARRAY(BigInteger)))
    values = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(values.c.value))


def numbers(connection: Connection, query: Select[Any]) -> tuple[NDArray[np.int64], ...]:
    """The columns of a query, which holds whole numbers alone, as arrays; its rows come in any order.

    The database writes each column as one text, which takes a third of the time that a row for each takes.
    """
    texts = (func.aggregate_strings(cast(column, Text), ",") for column in query.subquery().c)
    row = connection.execute(select(*texts)).one()
    return tuple(np.fromstring(text or "", np.int64, sep=",") for text in row)


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
