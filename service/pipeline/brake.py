"""The brake that the pipe puts on by itself.

Comes in: a unit of work, what is wrong. Goes out: a hold, which only the operator ends. Refuses to know: senders.
"""

from __future__ import annotations

import logging
from datetime import datetime

from service.store import Unit
from service.store.journal import BRAKE

LOG = logging.getLogger(__name__)


def hold(unit: Unit, why: str, now: datetime) -> bool:
    """Let no mail be begun until it is released; a hold that stands keeps its own reason.

    Returns whether there was none: then what senders have claimed is to be taken back (`Deliveries.recall`), in a unit
    that has locked no reader, since whoever leaves locks the reader first and then the mails.
    """
    if unit.journal.flag(BRAKE):
        return False
    LOG.error("on hold: %s; look at `paperround status`, then `paperround release`", why)
    unit.journal.set_flag(BRAKE, {"since": now.isoformat(timespec="seconds"), "why": why, "automatic": True})
    unit.journal.note(None, "held", now, why=why)
    return True
