"""The timetable: what beat rings and how often. It is kept in memory, since a missed or doubled tick does no harm.

Comes in: Settings. Goes out: Celery's `beat_schedule`, and the beat that keeps it. Refuses to know: what the tasks do.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.beat import Scheduler

from service.settings import Settings

LOG = logging.getLogger(__name__)

TICK = timedelta(seconds=30)
SWEEP = timedelta(seconds=60)
# The question goes out once a day; this is how soon it is tried again where it had no answer.
ENRICH = timedelta(minutes=30)
WATCH = timedelta(minutes=5)

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def timetable(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return one entry per recurring task.

    A tick nobody took within its own interval expires: after an outage of the workers one is enough, not a thousand.
    Every task is due when beat starts, so that a fresh start does not wait.
    """
    send = timedelta(seconds=settings.send_interval)
    every = {"tick": TICK, "compose": send, "deliver": send, "sweep": SWEEP, "enrich": ENRICH, "watch": WATCH}
    return {
        name: {
            "task": f"paperround.{name}",
            "schedule": gap,
            "options": {"expires": gap.total_seconds()},
            "last_run_at": _LONG_AGO,
        }
        for name, gap in every.items()
    }


class Beat(Scheduler):  # type: ignore[misc] # Celery ships no types
    """Celery's beat, which a clock that is set back does not stop.

    It rings by the wall clock: after one that was five days ahead it would ring for nothing in five days.
    """

    _seen: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Ring for what is due; returns the seconds until the next call."""
        now: datetime = self.app.now()
        if self._seen is not None and now < self._seen - TICK:
            LOG.warning("the clock was set back by %s; everything is due", str(self._seen - now).partition(".")[0])
            for entry in self.schedule.values():
                entry.last_run_at = _LONG_AGO
            # Celery keeps the next times there, and reckons them anew where there are none.
            self._heap = None
        self._seen = now
        wait: float = super().tick(*args, **kwargs)
        return wait
