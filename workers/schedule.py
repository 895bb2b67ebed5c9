"""The timetable: what beat rings and how often. It is kept in memory, since a missed or doubled tick does no harm.

Comes in: Settings. Goes out: Celery's `beat_schedule`. Refuses to know: what the tasks do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from service.settings import Settings

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
