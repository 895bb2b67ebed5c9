"""Searches, so that a dear one keeps nobody else waiting.

Comes in: a question. Goes out: papers. Refuses to know: how papers are kept, what shows them. What the window of recent
papers answers is answered at once; whoever needs older papers stands in a line that holds no thread, one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from service.pipeline.archive import Question, Results
from service.web.pages import Desk

# So many may wait; the next one is asked to come back, since nobody waits for a page that long.
LINE = 40
_LATER = "10"


@dataclass
class Line:
    """Where searches of older papers wait for their turn; `length` counts them and the one whose turn it is."""

    turn: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    length: int = 0


async def search(request: Request, desk: Desk, question: Question) -> Results:
    """Look for papers. Raises 503 where too many are waiting."""
    archive, now = desk.world.pipeline.archive, desk.now()
    found = await run_in_threadpool(archive.glance, question, now)
    if found is not None:
        return found
    line: Line = request.app.state.line
    if line.length > LINE:
        raise HTTPException(503, headers={"retry-after": _LATER})
    line.length += 1
    try:
        return await to_thread.run_sync(archive.search, question, now, limiter=line.turn)
    finally:
        line.length -= 1
