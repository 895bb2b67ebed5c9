"""Whole services filled with papers and readers, for measures that begin at the database.

Comes in: a ground, papers, each reader's keywords. Goes out: a `World` as the workers build it. Rows of readers are
inserted straight into the tables: a million confirmed sign-ups would take longer than all measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, func, insert, select

from bench.ground import Ground
from service.bootstrap import World, build
from service.keywords import parse
from service.model import Paper, SubscriberState
from service.settings import load
from service.store import tables

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
SOURCE = "https://papers.example/daily"
_PIECE = 50_000


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
        texts = ({"id": n + 1, "canonical": parse(text).canonical} for n, text in enumerate(keywords))
        if first == 1:
            _insert(connection, tables.keyword, texts)
        _insert(connection, tables.subscriber, (_subscriber(first + n, most) for n in range(len(readers))))
        profiles = ({"id": first + n, "subscriber_id": first + n, "position": 0} for n in range(len(readers)))
        _insert(connection, tables.profile, profiles)
        _insert(connection, tables.profile_keyword, _entries(keywords, readers, first))


def _subscriber(number: int, most: int) -> dict[str, Any]:
    return {
        "id": number,
        "public_id": f"reader-{number}",
        "email": f"reader{number}@example.org",
        "mailbox": f"reader{number}@example.org",
        "state": SubscriberState.ACTIVE,
        "timezone": "UTC",
        "hour": 7,
        "weekdays": 0b11111110,
        "max_papers": most,
        "welcomed": True,
        "created_at": NOW - timedelta(days=90),
        "confirmed_at": NOW - timedelta(days=90),
        "changed_at": NOW - timedelta(days=90),
        "next_due_at": NOW,
    }


def _entries(keywords: Sequence[str], readers: NDArray[np.int64], first: int) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(readers.tolist()):
        for position, chosen in enumerate(dict.fromkeys(row)):
            yield {
                "profile_id": first + number,
                "position": position,
                "keyword_id": chosen + 1,
                "text": keywords[chosen],
            }


def _insert(connection: Any, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    piece: list[dict[str, Any]] = []
    for row in rows:
        piece.append(row)
        if len(piece) == _PIECE:
            connection.execute(insert(table), piece)
            piece = []
    if piece:
        connection.execute(insert(table), piece)
