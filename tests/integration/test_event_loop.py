"""Every request of a process passes through one event loop: nothing that takes its time may run there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from fastapi import FastAPI

from service.web import create_app
from tests.integration.asgi import ask
from tests.integration.stores import paper
from tests.integration.worlds import house

# Reading topics, looking for papers and making rows, cards and pages of them.
DEAR = (
    *("service.keywords", "service.matching", "service.pipeline", "service.store", "service.messages", "service.tex"),
    *("service.web.answers", "service.web.trying", "service.web.shown", "jinja2"),
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    with house(tmp_path) as opened:
        opened.clock.at -= timedelta(days=60)
        opened.arrive(paper("An Old Zebra", arxiv_id="2609.00001"))
        opened.clock.at += timedelta(days=60)
        opened.arrive(paper("A Zebra of Today", arxiv_id="2611.00001"))
        yield create_app(opened.world, step=0.0)


def on_the_loop(app: FastAPI, path: str) -> tuple[int, set[str]]:
    """The status of an answer, and the functions at work on the thread of the event loop meanwhile."""
    seen = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        # What FastAPI evaluates of a signature runs with the globals of its module.
        if event == "call" and frame.f_code.co_name != "<module>":
            seen.add(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}")

    async def watched() -> int:
        sys.setprofile(note)
        try:
            return await ask(app, path)
        finally:
            sys.setprofile(None)

    return asyncio.run(watched()), seen


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/papers?k=zebra&k=horse",
        "/api/v1/papers?k=zebra&limit=1&day=2026-09-21",
        "/api/v1/preview?k=zebra",
        "/api/v1/suggest?k=zebra",
        "/search?k=zebra",
        "/search/feed?k=zebra",
        "/day/2026-11-20",
        "/day/2026-11-20/feed",
        "/preview?k=zebra",
        "/?k=zebra",
    ],
)
def test_topics_and_papers_are_read_beside_the_event_loop(app: FastAPI, path: str) -> None:
    status, seen = on_the_loop(app, path)
    assert status == 200
    assert "service.web.guard._read" in seen, "the loop is watched"
    assert sorted(name for name in seen if name.startswith(DEAR)) == []
