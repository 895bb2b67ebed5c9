"""A database that was brought back from a backup sends nothing until somebody has looked at it.

Comes in: a unit of work. Goes out: a hold. Refuses to know: how a database tells its lives apart.
"""

from __future__ import annotations

import logging
from datetime import datetime

from service.store import Unit
from service.store.journal import BRAKE, LIFE

LOG = logging.getLogger(__name__)

WHY = "restored from a backup, or taken over by a stand-by"


def hold_copy(unit: Unit, now: datetime) -> None:
    """Put everything on hold where this is another life of the database than the one last seen."""
    life = unit.journal.life()
    known = unit.journal.flag(LIFE) if life else ""
    if life == known:
        return
    unit.journal.set_flag(LIFE, life)
    if known and not unit.journal.flag(BRAKE):
        LOG.error("on hold: %s; look at `paperround status`, then `paperround release`", WHY)
        unit.journal.set_flag(BRAKE, {"since": now.isoformat(timespec="seconds"), "why": WHY, "automatic": True})
        unit.journal.note(None, "held", now, why=WHY)
