"""The morning's choice for everybody: what composing does before anything is written.

Comes in: a world whose readers are all due. Goes out: how many papers were chosen. It goes through the batches of the
composer and reads what the composer reads.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from bench.stored import NOW
from service.bootstrap import World
from service.pipeline.book import Book
from service.pipeline.choosing import Asked, choose_all
from service.pipeline.composing import BATCH
from service.pipeline.selection import Span
from service.pipeline.window import Window


class Morning:
    """A worker that has read the keywords, of yesterday's morning, and looked for nothing yet."""

    def __init__(self, world: World, book: Book | None = None) -> None:
        self.store, self.window, self.book = world.store, Window(world.store), book or Book()
        with self.store.read() as unit:
            self.book.learn_all(unit)

    def index(self) -> None:
        """Read today's papers and index them, where that is not done yet."""
        with self.store.read() as unit, self.window.open(unit, NOW):
            pass

    def fold(self) -> None:
        """Bring the compact form of the profiles up to date, as composing does where much has changed."""
        with self.store.write() as unit:
            unit.rosters.fold()

    def choose(self, readers: int) -> int:
        """Match and rank for readers 1 to `readers`; returns how many papers they get, at most ten each."""
        papers = 0
        with self.store.read() as unit, self.window.open(unit, NOW) as view:
            asked = [Asked(Span(0, view.upto, NOW - timedelta(days=7)))] * BATCH
            for first in range(1, readers + 1, BATCH):
                ids = np.arange(first, min(first + BATCH, readers + 1))
                ranked = choose_all(view, self.book, self.book.read(unit, ids), asked[: len(ids)]).ranked
                papers += int(np.minimum(np.diff(ranked.starts), 10).sum())
        return papers


def unfold(world: World, readers: int | None = None) -> None:
    """The profiles of all readers, or of the first so many, have changed, and there is no compact form."""
    marks = "INSERT INTO profile_change (subscriber_id) SELECT id FROM subscriber"
    with world.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("DELETE FROM roster")
        connection.exec_driver_sql("DELETE FROM profile_change")
        connection.exec_driver_sql(marks + (f" WHERE id <= {readers}" if readers else ""))
