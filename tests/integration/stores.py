"""Stores for tests: a fresh one on each database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from service.model import Paper, Schedule
from service.store import Store, Unit

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCE = "https://papers.example/daily"


def paper(title: str, abstract: str = "We study it at length.", **facts: object) -> Paper:
    """An invented paper."""
    return Paper(title, abstract, **facts)  # type: ignore[arg-type]


def add_source(unit: Unit, url: str = SOURCE) -> int:
    """A source row."""
    return unit.sources.add(url, "feed", NOW).id


def add_reader(store: Store, name: str = "ada", now: datetime = NOW) -> int:
    """An active subscriber whose first digest is due at `now`."""
    return add_readers(store, [name], now)[0]


def add_readers(store: Store, names: Iterable[str], now: datetime = NOW) -> list[int]:
    """Several such subscribers, in one transaction."""
    with store.write() as unit:
        rows = [
            unit.subscribers.add(each, f"{each}@example.org", f"{each}@example.org", Schedule(), 10, now)
            for each in names
        ]
        for row in rows:
            unit.subscribers.activate(row, now, now, welcome=True)
    return rows
