"""Searches, so that a dear one keeps nobody else waiting.

Comes in: a question. Goes out: papers. Refuses to know: how papers are kept, what shows them. What the window of recent
papers answers is answered at once; whoever needs older papers stands in a line that holds no thread, one at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from service.pipeline.archive import Question, Results
from service.web.guard import at_this_machine
from service.web.limits import network
from service.web.pages import Desk

# So many may wait; the next one is asked to come back, since nobody waits for a page that long.
LINE = 40
# Of one network so many, who wait for each other more than others wait for them.
SHARE = 4
_LATER = "10"


@dataclass
class Line:
    """Where searches of older papers wait for their turn; `places` counts, by network, them and the one that has it."""

    turn: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    places: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def place(self, who: str) -> Iterator[None]:
        """One place; raises 503 where all are taken, 429 where `who`, unless it is empty, has as many as one may."""
        if who and self.places[who] >= SHARE:
            raise HTTPException(429, headers={"retry-after": _LATER})
        if self.places.total() > LINE:
            raise HTTPException(503, headers={"retry-after": _LATER})
        self.places[who] += 1
        try:
            yield
        finally:
            self.places -= Counter((who,))  # Of whom nobody waits nothing is kept.


async def search(request: Request, desk: Desk, question: Question) -> Results:
    """Look for papers. Raises 503 where too many are waiting, 429 where too many of them are of one network."""
    archive, now = desk.world.pipeline.archive, desk.now()
    found = await run_in_threadpool(archive.glance, question, now)
    if found is not None:
        return found
    line: Line = request.app.state.line
    with line.place(_who(request)):
        return await to_thread.run_sync(archive.search, question, now, limiter=line.turn)


def _who(request: Request) -> str:
    """The visitor's network; empty for whoever sits at this machine, who may ask as often as they like."""
    return "" if at_this_machine(request) or not request.client else network(request.client.host)
