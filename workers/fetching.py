"""Sources that are due, fetched on threads beside the tasks: servers that hang keep no digest waiting.

Comes in: the source that was rung for. Goes out: it and every other one that is due, collected. Refuses to know: how.

A fetcher takes one due source after the other until none is left, so that no queue is needed: who finds all fetchers
at work has nothing to do. What one of them had taken when its process died is due again after its hold.
"""

from __future__ import annotations

import logging
import threading

from service.bootstrap import World
from service.errors import PaperRoundError
from workers.stopping import stopping

LOG = logging.getLogger(__name__)

MOST = 8


class Fetchers:
    """The fetching threads of one process."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._working = 0
        self._news = threading.Condition()

    def begin(self, world: World, source_id: int) -> bool:
        """Collect this source, and then whatever else is due; False where as many as may be are at it already."""
        with self._news:
            if self._working >= self._most:
                return False
            # Counted once it runs: where the machine has no thread left, this raises.
            threading.Thread(target=self._run, args=(world, source_id), name="fetcher", daemon=True).start()
            self._working += 1
        return True

    def rest(self, limit: float) -> bool:
        """Wait until no fetcher is at work, at most `limit` seconds; False if one still is."""
        with self._news:
            return self._news.wait_for(lambda: not self._working, max(limit, 0.0))

    def _run(self, world: World, source_id: int) -> None:
        try:
            _collect_all(world, source_id)
        except PaperRoundError as error:
            LOG.warning("collect stopped: %s", error)
        finally:
            with self._news:
                self._working -= 1
                self._news.notify_all()


def _collect_all(world: World, source_id: int) -> None:
    done: set[int] = set()
    due = [source_id]
    while due and not stopping():
        # Others look at the same list, and should not all stand at its head.
        chosen = due[threading.get_native_id() % len(due)]
        done.add(chosen)
        world.pipeline.collect(chosen, world.now())
        due = [each for each in world.pipeline.due_sources(world.now()) if each not in done]


# A forked child begins with fetchers of its own: its parent starts none.
fetchers = Fetchers()
