"""Places where a sender can be made to die: a store and a line that kill their own process on the n-th pass.

Comes in: the name of a place and how often it is to be passed first. Goes out: a store and a kind of line to
assemble a pipeline from. Refuses to know: what the pipeline does between these places.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from service.deliveries.line import Handing, Line
from service.store import Store, Unit
from service.store.deliveries import Deliveries, Delivery

PLACES = (
    "before claim",
    "after claim",
    "before MAIL",
    "before the dot",
    "after the dot",
    "after 250",
    "before commit",
    "after commit",
    "in the sweep",
)
# Between the dot and the commit that notes it, a mail is in doubt.
IN_DOUBT = ("after the dot", "after 250", "before commit")


class Fuse:
    """Kills this process when its place is passed for the n-th time."""

    def __init__(self, place: str, left: int) -> None:
        assert place in PLACES
        self._place, self._left = place, left

    def passed(self, place: str, last: Callable[[], object] = lambda: None) -> None:
        """A process came by here; `last` is what it still does before it dies."""
        if place == self._place:
            self._left -= 1
            if self._left <= 0:
                last()
                os.kill(os.getpid(), signal.SIGKILL)


class _Watched(Deliveries):
    """Deliveries that remember what was asked of them in this transaction."""

    __slots__ = ("asked", "fuse")
    asked: set[str]
    fuse: Fuse

    def claim(self, *args: Any, **options: Any) -> list[Delivery]:
        self.asked.add("claim")
        self.fuse.passed("before claim")
        return Deliveries.claim(self, *args, **options)

    def begin(self, token: str, done: Sequence[int], begin: Sequence[int], now: datetime) -> set[int]:
        if done:
            self.asked.add("note")
        return Deliveries.begin(self, token, done, begin, now)

    def sweep(self, now: datetime) -> dict[str, int]:
        swept = Deliveries.sweep(self, now)
        self.fuse.passed("in the sweep")
        return swept


class FusedStore(Store):
    """A store whose transactions pass the places around a claim and around the note of a mail."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url)
        self._fuse = fuse

    @contextmanager
    def write(self) -> Iterator[Unit]:
        asked: set[str] = set()
        with super().write() as unit:
            unit.deliveries = _watched(unit.deliveries, asked, self._fuse)
            yield unit
            if "note" in asked:
                self._fuse.passed("before commit")
        if "claim" in asked:
            self._fuse.passed("after claim")
        if "note" in asked:
            self._fuse.passed("after commit")

    step = write


def _watched(deliveries: Deliveries, asked: set[str], fuse: Fuse) -> Deliveries:
    watched = _Watched(deliveries.connection)
    object.__setattr__(watched, "asked", asked)
    object.__setattr__(watched, "fuse", fuse)
    return watched


def fused_line(fuse: Fuse) -> type[Line]:
    """Lines that pass the places around the final dot."""

    class FusedLine(Line):
        def take(self, handing: Handing) -> None:
            fuse.passed("before MAIL")
            super().take(handing)

        def flush(self) -> None:
            handing = self.front
            pending = handing is not None and handing.dot_at > 0 and not handing.in_doubt
            if pending and handing is not None:
                # Behind the dot the next envelope may wait.
                left = handing.dot_at - self._written - len(".\r\n")
                fuse.passed("before the dot", lambda: self.socket.send(b"".join(self._out)[:left]))
            super().flush()
            if pending and handing is not None and handing.in_doubt:
                fuse.passed("after the dot")

        def hear(self) -> None:
            super().hear()
            if self.finished:
                fuse.passed("after 250")

    return FusedLine
