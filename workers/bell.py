"""The bell over Celery: rings the worker without ever making the one who rings wait.

Comes in: what should be looked at. Goes out: messages to the broker, from a thread of this bell's own. Refuses to know:
what the rows hold. A broker that is away costs the visitor of a page nothing: a ring that is lost is logged, and the
sweep rings again.
"""

from __future__ import annotations

import logging
import threading
import time
from urllib.parse import unquote, urlsplit

from celery import Celery

from workers.watch import IMPATIENT

LOG = logging.getLogger(__name__)

# A ring older than this has been overtaken by the sweep.
EXPIRES = 300.0
_LONGEST_REASON = 200


class CeleryBell:
    """`model.Bell` over a Celery app; one per process, made after any fork.

    It rings no sooner than `pause` seconds after it was asked to, so that the answer to whoever asked is out before the
    worker begins: how busy the machine is then tells nothing of what was asked.
    """

    def __init__(self, app: Celery, pause: float = 0.0) -> None:
        self._app = app
        self._pause = pause
        self._news = threading.Condition()
        self._waiting: dict[tuple[str, tuple[int, ...]], None] = {}
        self._ringing = False
        self._thread: threading.Thread | None = None

    def collect(self, source_id: int) -> None:
        """A source is due."""
        self._ring("collect", source_id)

    def compose(self) -> None:
        """Editions may be due."""
        self._ring("compose")

    def deliver(self) -> None:
        """Deliveries are ready."""
        self._ring("deliver")

    def flush(self, limit: float = 2.0) -> bool:
        """Wait until every ring is out or given up, at most `limit` seconds; False if some are not."""
        deadline = time.monotonic() + limit
        with self._news:
            return self._news.wait_for(self._idle, max(0.0, deadline - time.monotonic()))

    def _idle(self) -> bool:
        return not self._waiting and not self._ringing

    def _ring(self, name: str, *ids: int) -> None:
        with self._news:
            # Equal rings that wait are one ring, so a broker that is away cannot fill the memory.
            self._waiting[name, ids] = None
            if self._thread is None:
                # Kept once it runs: where the machine has no thread left, the next ring tries again.
                thread = threading.Thread(target=self._run, name="bell", daemon=True)
                thread.start()
                self._thread = thread
            self._news.notify_all()

    def _run(self) -> None:
        while True:
            with self._news:
                self._ringing = False
                self._news.notify_all()
                self._news.wait_for(lambda: self._waiting)
            time.sleep(self._pause)
            with self._news:
                rings, self._waiting, self._ringing = list(self._waiting), {}, True
            self._publish(rings)

    def _publish(self, rings: list[tuple[str, tuple[int, ...]]]) -> None:
        try:
            with self._app.connection_for_write(connect_timeout=2, transport_options=IMPATIENT) as connection:
                for name, ids in rings:
                    task = self._app.tasks[f"paperround.{name}"]
                    task.apply_async(ids, connection=connection, retry=False, expires=EXPIRES, ignore_result=True)
        except Exception as error:  # noqa: BLE001 -- kombu lets its transports' own errors through; see the module
            LOG.warning("could not ring the worker (%s); the sweep rings again", type(error).__name__)


def unheard(url: str) -> str:
    """Why the broker of this URL does not answer, or nothing where it does."""
    try:
        with Celery(broker=url, set_as_current=False).connection_for_write(
            connect_timeout=2, transport_options=IMPATIENT
        ) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=3)
    except Exception as error:  # noqa: BLE001 -- kombu lets its transports' own errors through; see the module
        return f"it does not let us in: {_reason(error, url)}"
    return ""


def _reason(error: Exception, url: str) -> str:
    """The server's or the library's own words, without the password, should they repeat it."""
    said = (str(error) or type(error).__name__).splitlines()[0][:_LONGEST_REASON].rstrip(". ")
    password = urlsplit(url).password or ""
    return said.replace(password, "***").replace(unquote(password), "***") if password else said
