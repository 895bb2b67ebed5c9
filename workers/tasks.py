"""The tasks: an id in, one use case, done. What failed is tried again by the database's own times, never by Celery.

Comes in: ids over the broker. Goes out: one use case run in this process's world. Refuses to know: rules, SQL, SMTP.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from celery import Celery

from service.bootstrap import World, look_for_garbage_less
from service.errors import PaperRoundError
from workers.fetching import fetchers
from workers.sending import sending

LOG = logging.getLogger(__name__)


def collect(world: World, source_id: int) -> None:
    """Have one source fetched that is due, and all the others: this task waits for none of them."""
    fetchers.begin(world, source_id)


def compose(world: World) -> None:
    """Compose the editions that are due."""
    world.pipeline.compose(world.now())


def deliver(world: World) -> None:
    """Send what is ready, and stop between two mails when the worker is asked to."""
    sending.run(world)


def enrich(world: World) -> None:
    """Ask arXiv once a day about papers that listings named."""
    world.pipeline.enrich(world.now())


def sweep(world: World) -> None:
    """Take back what dead workers held, ring again for all that waits, and let go of who never confirmed."""
    world.pipeline.sweep(world.now())
    world.forgetting.forget(world.now())


def watch(world: World) -> None:
    """Tell the operator what is wrong and lasts."""
    world.alarms.sound(world.now())


def tick(world: World) -> None:
    """Note that beat is alive, and ring for each source that is due."""
    now = world.now()
    world.operations.heartbeat("beat", now)
    for source_id in world.pipeline.due_sources(now):
        world.bell.collect(source_id)


class Workshop:
    """The world of one process, built when its first task comes: a forked child must never share its parent's."""

    def __init__(self, build: Callable[[], World]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._world: World | None = None

    def world(self) -> World:
        """Return this process's world; threads share it."""
        with self._lock:
            if self._world is None:
                self._world = self._build()
                look_for_garbage_less()
            return self._world


def register(app: Celery, world: Callable[[], World]) -> None:
    """Make the app's tasks run their use cases in the world that `world` returns."""
    for work in (collect, compose, deliver, enrich, sweep, tick, watch):
        app.task(name=f"paperround.{work.__name__}", shared=False)(_task(work, world))


def _task(work: Callable[..., None], world: Callable[[], World]) -> Callable[..., None]:
    def run(*ids: int) -> None:
        try:
            here = world()
            here.operations.heartbeat("worker", here.now())
            work(here, *ids)
        except PaperRoundError as error:
            # Every wait is a row with a time of its own, so the next tick or sweep finds it; a retry here would
            # only run it twice.
            LOG.warning("%s stopped: %s", work.__name__, error)

    run.__name__ = work.__name__
    run.__doc__ = work.__doc__
    return run
