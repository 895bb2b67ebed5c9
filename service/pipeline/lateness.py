"""How each source stands this morning: its name, whether its papers are late, and why.

Comes in: a unit of work and the time. Goes out: one standing per source, for a line of the digest, `status` and the
metrics. Refuses to know: who reads which source.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from service.sources import health
from service.sources.health import Standing
from service.store import Unit


def standings(unit: Unit, now: datetime) -> dict[int, Standing]:
    """Each source that is read, by its id.

    One query over five weeks of arrivals: to be asked once a run, not once a reader.
    """
    watched = unit.sources.watched(now - timedelta(weeks=health.WEEKS + 1))
    return {source.id: health.standing(source, counts, now) for source, counts in watched}
