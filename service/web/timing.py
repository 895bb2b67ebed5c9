"""How long an answer takes: as long as a person needs, and equally long whatever is known of an address.

Comes in: requests, the time a form was shown. Goes out: nothing but patience. Refuses to know: addresses, answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from service.web.forms import Posted

# Nobody reads a page, types an address and presses a button in less; a program that does has to wait for its answer.
SHORTEST_VISIT = 2.0

# What a sign-up costs differs by a few milliseconds with what is known of the address; answers leave at these steps.
STEP = 0.1


async def unhurried(request: Request, fields: Posted) -> None:
    """Answer no sooner than a person could have sent the form, where it tells when it was shown."""
    shown = fields.get("shown")
    if fields.get("action") != "look" and shown.isascii() and shown.isdigit() and len(shown) < 12:
        visit = request.app.state.desk.now().timestamp() - int(shown)
        await asyncio.sleep(SHORTEST_VISIT - visit if 0 <= visit < SHORTEST_VISIT else 0)


@contextmanager
def even(step: float) -> Iterator[None]:
    """Let the work inside take a whole number of steps of so many seconds: then no clock tells what was done."""
    begun = time.monotonic()
    try:
        yield
    finally:
        time.sleep(step - (time.monotonic() - begun) % step)
