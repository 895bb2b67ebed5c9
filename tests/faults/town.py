"""A town of readers on a real database, whose mails go to a sink; and the verdict on what the sink saw.

Comes in: a database, a sink. Goes out: settings for any process that is to work there, and counts. Refuses to know:
which fault is tried.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.bootstrap import World, build
from service.model import Paper, Profile, Schedule
from service.settings import load
from tests import databases

TOPIC = "sparse gates"
HOST = "papers.example.org"


@dataclass(frozen=True)
class Verdict:
    """What became of the digests: `lost` and `twice` by Message-ID, and how many rows stand in each state."""

    lost: list[str]
    twice: dict[str, int]
    states: dict[str, int]


@dataclass(frozen=True)
class Town:
    """A world and the environment that makes other processes work in it."""

    world: World
    environ: dict[str, str]

    def people(self, names: Sequence[str], keyword: str = TOPIC) -> None:
        """Active readers, one per name, whose first digest is due."""
        now = self.world.now()
        profile = Profile((keyword,))
        with self.world.store.write() as unit:
            for name in names:
                address = f"{name}@readers.example"
                row = unit.subscribers.add(name, address, address, Schedule(), 10, now)
                unit.subscribers.set_profiles(row, [(profile, [keyword])], now)
                unit.subscribers.activate(row, now, now, welcome=True)

    def arrive(self, count: int = 3, tag: str = "a") -> None:
        """Let papers arrive that every reader wants."""
        source = f"https://{HOST}/feed"
        papers = [
            Paper(f"Study {tag}{n} of Sparse Gates", "We study them at length.", guid=f"{tag}-{n}")
            for n in range(count)
        ]
        with self.world.store.write() as unit:
            row = unit.sources.add(source, "feed", self.world.now())
            unit.sources.remove(row.id)
            unit.papers.add(row.id, source, papers, self.world.now())

    def digests(self, count: int, prefix: str = "reader") -> None:
        """So many digests, composed and ready."""
        self.arrive()
        self.people([f"{prefix}{n}" for n in range(count)])
        composed = self.world.pipeline.compose(self.world.now())
        assert composed.ready == count

    def compose(self, day: date | None = None) -> int:
        """Compose what is due now, or an edition."""
        return self.world.pipeline.compose(self.world.now(), day).ready

    def rows(self, where: str = "true", **values: Any) -> list[Any]:
        """Delivery rows, as the database holds them."""
        return self.query(f"SELECT * FROM delivery WHERE {where}", **values)

    def query(self, statement: str, **values: Any) -> list[Any]:
        """What the database answers."""
        with self.world.store.engine.connect() as connection:
            return list(connection.execute(text(statement), values))

    def message_ids(self, where: str = "true", **values: Any) -> set[str]:
        """The Message-IDs of delivery rows."""
        return {f"{row.uid}@{HOST}" for row in self.rows(where, **values)}

    def papers_of(self, rows: Sequence[Any]) -> dict[int, Counter[int]]:
        """How often each reader has each paper in these rows."""
        found: dict[int, Counter[int]] = {}
        for row in rows:
            papers = json.loads(row.papers) if isinstance(row.papers, str) else row.papers
            found.setdefault(row.subscriber_id, Counter()).update(papers)
        return found

    def waiting(self) -> int:
        """How many rows are not over."""
        return len(self.rows("state IN ('ready', 'claimed', 'sending')"))

    def settle(self, limit: float, turn: Callable[[], object] = lambda: None) -> float:
        """Wait until every row is over, doing `turn` now and then; returns how long it took."""
        started = time.monotonic()
        while self.waiting():
            turn()
            assert time.monotonic() - started < limit, f"{self.states()} after {limit:.0f} s"
            time.sleep(0.1)
        return time.monotonic() - started

    def states(self) -> dict[str, int]:
        """How many rows are in each state."""
        with self.world.store.read() as unit:
            return unit.deliveries.states()

    def beats(self) -> dict[str, datetime]:
        """The last sign of life of each kind of process."""
        with self.world.store.read() as unit:
            return unit.journal.beats()

    def verdict(self, taken: dict[str, int]) -> Verdict:
        """Compare the rows with what a sink took."""
        owed = self.message_ids("state NOT IN ('cancelled', 'superseded', 'none', 'failed')")
        twice = {each: count for each, count in taken.items() if count > 1}
        return Verdict(sorted(owed - set(taken)), twice, self.states())


@contextlib.contextmanager
def town(folder: Path, smtp_url: str, database_url: str = "", **settings: str) -> Iterator[Town]:
    """A fresh town; without a database URL it lives on SQLite in the folder."""
    environ = {
        "PAPERROUND_DATA_DIR": str(folder),
        "PAPERROUND_DATABASE_URL": database_url or databases.sqlite(folder / "paperround.sqlite3"),
        "PAPERROUND_SMTP_URL": smtp_url,
        "PAPERROUND_BASE_URL": f"https://{HOST}",
        "PAPERROUND_SECRET_KEYS": "k" * 43,
        "PAPERROUND_SUPPRESSION_KEY": "s" * 43,
        "PAPERROUND_LOG_LEVEL": "warning",
        "PAPERROUND_ARXIV_API": "none",
        # Whoever kills senders on purpose would put the brake on.
        "PAPERROUND_CANARY": "0",
    }
    environ |= {f"PAPERROUND_{name.upper()}": value for name, value in settings.items()}
    world = build(load(environ))
    world.store.migrate()
    try:
        yield Town(world, environ)
    finally:
        world.close()
