"""The worker's watch over its own hearing: a worker that its broker cannot reach any more ends, to be started anew.

Comes in: a worker. Goes out: nothing, or the end of the process. Refuses to know: what the worker works on.

A worker can keep its connection and yet hear nothing (reported after broker restarts), and then looks alive to every
supervisor. So it calls itself through the broker, on a connection of its own, and ends when no call has come through
for a while. What it had begun is leased in the database and taken up by the next worker.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from celery import bootsteps
from celery.worker import WorkController, state

from workers.stopping import stop_children

LOG = logging.getLogger(__name__)

DEAF_AFTER = 30.0
CALL_EVERY = 5.0
GRACE = 10.0

# Without these bounds a broker that accepts and says nothing would hold the call for minutes.
IMPATIENT = {"max_retries": 1, "interval_start": 0, "socket_connect_timeout": 2, "socket_timeout": 2}


class Watch(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
    """Starts with the worker and ends with it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkController, **options: Any) -> None:
        super().__init__(parent, **options)
        self._ended = threading.Event()

    def start(self, parent: WorkController) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, args=(parent,), name="watch", daemon=True).start()

    def stop(self, parent: WorkController) -> None:
        """The worker is ending by itself."""
        self._ended.set()

    def _listen(self, worker: WorkController) -> None:
        heard = time.monotonic()
        while not self._ended.wait(CALL_EVERY):
            if _hears(worker):
                heard = time.monotonic()
            elif time.monotonic() - heard > DEAF_AFTER:
                self._end()

    def _end(self) -> None:
        LOG.critical("nothing has come through the broker for %.0f s: this worker ends, to be started anew", DEAF_AFTER)
        # First the kind way, which lets a task at work finish; its exit code tells a supervisor that this is a failure.
        state.should_stop = 1
        stop_children()
        if not self._ended.wait(GRACE):
            os._exit(1)


def _hears(worker: WorkController) -> bool:
    app = worker.app
    try:
        with app.connection_for_write(connect_timeout=2, transport_options=IMPATIENT) as connection:
            return bool(app.control.ping([worker.hostname], timeout=2.0, connection=connection))
    except Exception as error:  # noqa: BLE001 -- kombu lets its transports' own errors through; deaf is deaf
        LOG.warning("the broker cannot be reached (%s)", type(error).__name__)
        return False
