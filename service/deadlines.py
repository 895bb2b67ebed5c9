"""One deadline over everything that is done within it.

Comes in: seconds. Goes out: a watch that says how many are left and cuts the connections it holds when none is. Refuses
to know: what the connections are for.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """The total deadline of one piece of work: when it passes, every held connection is cut, whoever waits on it.

    A time-out per read is no deadline: a server that sends a byte a second never meets it. A duplicate of the file
    descriptor is held, because TLS takes the original over before its handshake begins.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for held in self._held:
                held.close()
            self._held.clear()

    def remaining(self) -> float:
        """Seconds left, never quite nothing: a socket takes 0 for "do not block"."""
        return max(self._end - time.monotonic(), 0.001)

    def backstop(self) -> float:
        """A socket time-out that stands behind the watch: it cuts first, and so everyone knows why the wait ended."""
        return self.remaining() + 1.0

    def hold(self, connection: socket.socket) -> None:
        """Cut this connection too when the deadline passes."""
        with self._lock:
            self._held.append(socket.socket(fileno=os.dup(connection.fileno())))
            if self.expired:
                _shut(self._held[-1])

    def within(self, work: Callable[[], T]) -> T:
        """Do what cannot be interrupted (the system's resolver) on a thread that is left behind at the deadline.

        Raises TimeoutError then, else what the work raises.
        """
        answer: queue.SimpleQueue[tuple[T, None] | tuple[None, Exception]] = queue.SimpleQueue()

        def run() -> None:
            try:
                answer.put((work(), None))
            except Exception as error:  # noqa: BLE001 - it is raised again below, on the thread that asked
                answer.put((None, error))

        threading.Thread(target=run, name="within", daemon=True).start()
        try:
            result, error = answer.get(timeout=self.remaining())
        except queue.Empty:
            raise TimeoutError from None
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # without an error there is a result

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            for held in self._held:
                _shut(held)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
