"""Mails sent by one run at a time in this process, which ends after a while: other tasks get their turn, too.

Comes in: a ring. Goes out: mails; and another ring, where there may be more. Refuses to know: rows, relays.

One run keeps all connections busy. While a backlog lasted each ring began another one that did not end, until no
thread was left for a tick, a sweep or a digest; children of one worker, which have one task each, were all at it too.
"""

from __future__ import annotations

import threading
import time

from service.bootstrap import World
from workers.stopping import stopping

# Seconds.
LONGEST = 60.0


class Sending:
    """The run of one process."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._lock = threading.Lock()
        self._running = False
        self._rung = False

    def run(self, world: World) -> None:
        """Send what is ready; where a run is at it already, that one rings when it is over."""
        with self._lock:
            self._rung, already, self._running = self._running, self._running, True
        if already:
            return
        end = time.monotonic() + self._longest
        try:
            world.pipeline.deliver(world.now(), lambda: stopping() or time.monotonic() >= end)
        finally:
            with self._lock:
                self._running, again = False, self._rung
        if again or time.monotonic() >= end:
            world.bell.deliver()


# A forked child begins with its own: its parent sends nothing.
sending = Sending()
