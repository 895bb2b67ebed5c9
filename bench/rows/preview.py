"""What a page waits for when a visitor types ten keywords nobody has asked for before.

Ours is the preview that the pages call, database reads included; the other side is SQLite FTS5 on the same text: its
matching papers in order of rank, one query for each keyword.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

from bench.ground import SEED, Ground
from bench.measure import PAIRS, Measure, Pair, Within, register, seconds
from bench.stored import NOW, filled
from service.model import Paper
from service.web import create_app

PAPERS, TEN, TIMES = 1500, 10, 20


def run(ground: Ground) -> Sequence[Pair]:
    """The 95th percentile of both sides, in milliseconds, over keywords that are new each time."""
    papers = ground.papers(PAPERS)
    pipeline = filled(ground, "preview", papers).pipeline
    fresh = list(ground.keywords)
    random.Random(SEED).shuffle(fresh)
    preview, searched = partial(pipeline.preview, now=NOW, days=30), partial(_searched, _fts(papers))
    preview(fresh[-TEN:])
    return [_pair(preview, searched, fresh[n * TEN * TIMES : (n + 1) * TEN * TIMES]) for n in range(PAIRS)]


def _fts(papers: Sequence[Paper]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE paper USING fts5 (title, abstract, tokenize = 'porter unicode61')")
    connection.executemany("INSERT INTO paper VALUES (?, ?)", [(each.title, each.abstract) for each in papers])
    return connection


def _searched(fts: sqlite3.Connection, keywords: Sequence[str]) -> list[list[tuple[int]]]:
    asked = "SELECT rowid FROM paper WHERE paper MATCH ? ORDER BY rank"
    return [fts.execute(asked, (f'"{keyword}"',)).fetchall() for keyword in keywords]


def _pair(ours: Callable[[list[str]], object], other: Callable[[list[str]], object], keywords: list[str]) -> Pair:
    tens = [keywords[at : at + TEN] for at in range(0, len(keywords), TEN)]
    times = [(seconds(partial(ours, ten)), seconds(partial(other, ten))) for ten in tens]
    mine, theirs = (statistics.quantiles(side, n=20)[-1] * 1000 for side in zip(*times, strict=True))
    return Pair(mine, theirs)


def page(ground: Ground) -> Sequence[Pair]:
    """The 95th percentile of the whole page, in milliseconds; there is no other side."""
    world = replace(filled(ground, "preview-page", ground.papers(PAPERS)), now=lambda: NOW)
    fresh = list(ground.keywords)
    random.Random(SEED).shuffle(fresh)
    app = create_app(world)
    with asyncio.Runner() as runner:

        def shown(keywords: list[str]) -> None:
            assert runner.run(_status(app, urlencode({"k": keywords}, doseq=True))) == 200

        shown(fresh[-TEN:])
        rounds = [fresh[n * TEN * TIMES : (n + 1) * TEN * TIMES] for n in range(PAIRS)]
        return [_pair(shown, len, each)._replace(other=0) for each in rounds]


async def _status(app: ASGIApp, query: str) -> int:
    """Ask for the front page as a server does."""
    said: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            said.append(message["status"])

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "raw_path": b"/", "root_path": ""}
    scope |= {"query_string": query.encode(), "headers": [(b"host", b"127.0.0.1:8000")], "scheme": "http"}
    await app(scope | {"client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8000)}, receive, send)
    return said[0]


register(
    Measure(
        f"front page with ten new keywords over {PAPERS:,} papers, 95th percentile",
        "no other side",
        Within(50, "ms"),
        page,
        "ms",
    ),
    Measure(
        f"preview of ten new keywords over {PAPERS:,} papers, 95th percentile",
        "SQLite FTS5",
        Within(10, "ms", share=1 / 20),
        run,
        "ms",
    ),
)
