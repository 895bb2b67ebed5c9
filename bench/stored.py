"""Whole services filled with papers and readers, for measures that begin at the database.

Comes in: a ground, papers, each reader's keywords. Goes out: a `World` as the workers build it. Rows of readers are
inserted straight into the tables: a million confirmed sign-ups would take longer than all measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from bench.ground import Ground
from service.bootstrap import World, build
from service.keywords import parse
from service.model import Paper, SubscriberState
from service.settings import load
from service.store import tables

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
SOURCE = "https://papers.example/daily"


def filled(ground: Ground, name: str, papers: Sequence[Paper], at: datetime = NOW, url: str = "") -> World:
    """A fresh service called `name`, on SQLite unless a database URL is given, with papers that have just arrived."""
    options = {"database_url": url} if url else {}
    world = build(load({}, None, data_dir=str(ground.scratch / name), **options))
    world.store.migrate()
    with world.store.write() as unit:
        source = unit.sources.add(SOURCE, "feed", at)
        unit.papers.add(source.id, SOURCE, papers, at - timedelta(hours=1))
    return world


def populate(world: World, keywords: Sequence[str], readers: NDArray[np.int64], most: int = 10) -> None:
    """Add active readers whose keywords are a row each of `readers`, all of them due at NOW, for `most` papers each."""
    with world.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        first = 1 + (connection.scalar(select(func.max(tables.subscriber.c.id))) or 0)
        numbers = range(first, first + len(readers))
        if first == 1:
            canonical = ((n + 1, parse(text).canonical) for n, text in enumerate(keywords))
            _insert(connection, "keyword (id, canonical)", canonical)
        columns, values = zip(*_subscriber(most).items(), strict=True)
        rows = ((n, f"reader-{n}", f"reader{n}@example.org", f"reader{n}@example.org", *values) for n in numbers)
        _insert(connection, f"subscriber (id, public_id, email, mailbox, {', '.join(columns)})", rows)
        _insert(connection, "profile (id, subscriber_id, position)", ((n, n, 0) for n in numbers))
        columns_of_entry = "profile_keyword (profile_id, position, keyword_id, text)"
        _insert(connection, columns_of_entry, _entries(keywords, readers, first))
        _insert(connection, "profile_change (subscriber_id)", ((n,) for n in numbers))
        if connection.dialect.name == "postgresql":
            for table in ("subscriber", "profile", "profile_change"):
                connection.exec_driver_sql(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")


def _subscriber(most: int) -> dict[str, Any]:
    past = NOW - timedelta(days=90)
    return {
        "state": SubscriberState.ACTIVE.value,
        "timezone": "UTC",
        "hour": 7,
        "weekdays": 0b11111110,
        "max_papers": most,
        "welcomed": True,
        "created_at": past,
        "confirmed_at": past,
        "changed_at": past,
        "next_due_at": NOW,
    }


def _entries(keywords: Sequence[str], readers: NDArray[np.int64], first: int) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(readers.tolist(), first):
        for position, chosen in enumerate(dict.fromkeys(row)):
            yield number, position, chosen + 1, keywords[chosen]


def _insert(connection: Connection, into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Past SQLAlchemy, which would take minutes for a million readers."""
    cursor = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        with cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * (into.count(",") + 1))
    cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", (tuple(map(_text, row)) for row in rows))  # type: ignore[arg-type]


def _text(value: object) -> object:
    """A value as SQLAlchemy gives it to SQLite."""
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
