"""Worker and beat inside this process, for an installation on one machine.

Comes in: an app. Goes out: its tasks being done on threads, until stopped. Refuses to know: web servers, signals.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from celery import Celery
from celery.beat import EmbeddedService
from celery.worker import WorkController, state

from workers.fetching import fetchers
from workers.schedule import Beat

THREADS = 4


class Embedded:
    """A worker and a beat on daemon threads. One at a time per process: Celery keeps a worker's state globally."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        # The pool's threads ask Celery for the current app, and a thread of its own knows only the default one.
        app.set_default()
        self._worker = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=THREADS,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        self._worker_thread = threading.Thread(target=self._worker.start, name="worker", daemon=True)
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=Beat)

    def start(self) -> None:
        """Begin to work, and at once look for what is due."""
        state.should_stop = None
        self._worker_thread.start()
        self._beat.start()

    def stop(self, limit: float = 4.0) -> bool:
        """Take no more tasks and wait for those at work, at most `limit` seconds; False if some are not done.

        Those are left to the lease of their rows: what they had begun is taken up by the next worker.
        """
        deadline = time.monotonic() + limit
        self._beat.service.stop(wait=False)
        # A stop() from another thread hangs; this flag is what the worker itself looks at between two tasks.
        state.should_stop = 0
        while self._worker_thread.is_alive() and time.monotonic() < deadline:
            # It looks only when a message comes or two seconds have passed, so messages come.
            self._app.control.broadcast("ping")
            self._worker_thread.join(0.1)
        return fetchers.rest(deadline - time.monotonic()) and not self._worker_thread.is_alive()

    def __enter__(self) -> Embedded:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
