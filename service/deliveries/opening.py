"""Open connections while others work: greeting, TLS and AUTH wait for the server, on a thread of their own.

Comes in: a relay. Goes out: an open wire, or the DeliveryError that says why there is none. Refuses to know: mails.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import smtplib
import socket
import ssl
import threading
import time
from dataclasses import dataclass

from service.deadlines import Watch
from service.deliveries.relay import Relay
from service.deliveries.replies import refusal
from service.deliveries.wire import Refused, Wire, unavailable
from service.errors import DeliveryError, RelayUnavailable

LOG = logging.getLogger(__name__)


def open_wire(relay: Relay, context: ssl.SSLContext, seconds: float) -> Wire:
    """Connect, agree on TLS and sign in, within so many seconds. Raises DeliveryError."""
    with Watch(seconds) as watch:
        try:
            return Wire(relay, context, watch)
        except Refused as error:
            raise refusal(error.step, error.reply, relay.name, "") from error
        except DeliveryError:
            raise
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise unavailable(relay, seconds, TimeoutError() if watch.expired else error) from error


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening that has ended. `at` is when it began, on the monotonic clock."""

    relay: int
    at: float
    result: Wire | DeliveryError


class Openings:
    """Openings under way. `bell` becomes readable when one has ended."""

    def __init__(self) -> None:
        self.under_way = 0
        self.bell, self._ring = socket.socketpair()
        self._ended: queue.SimpleQueue[Opened] = queue.SimpleQueue()
        self._over = False
        self._lock = threading.Lock()

    def begin(self, number: int, relay: Relay, context: ssl.SSLContext, seconds: float) -> None:
        """Open a connection to the relay of this number."""
        self.under_way += 1
        at = time.monotonic()

        def run() -> None:
            try:
                result: Wire | DeliveryError = open_wire(relay, context, seconds)
            except DeliveryError as error:
                result = error
            except Exception as error:
                # Whatever it was, such as no thread left for the watch: what is waited for has to end.
                LOG.exception("a connection could not be opened")
                result = RelayUnavailable(f"The mail server {relay.name} could not be called ({type(error).__name__}).")
            self._end(Opened(number, at, result))

        threading.Thread(target=run, name="opening", daemon=True).start()

    def ended(self) -> list[Opened]:
        """Those that have ended since the last call."""
        found = []
        while not self._ended.empty():
            found.append(self._ended.get())
            self.bell.recv(1)
        self.under_way -= len(found)
        return found

    def close(self) -> None:
        """Leave what is still under way to itself: it closes what it opens."""
        with self._lock:
            self._over = True
        for opened in self.ended():
            _close(opened)
        self.bell.close()
        self._ring.close()

    def _end(self, opened: Opened) -> None:
        with self._lock:
            if not self._over:
                self._ended.put(opened)
                self._ring.send(b".")
                return
        _close(opened)


def _close(opened: Opened) -> None:
    if isinstance(opened.result, Wire):
        with contextlib.suppress(OSError):
            opened.result.drop()
