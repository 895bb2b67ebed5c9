"""A clock that was ahead and is right again: what it put off is due again.

Comes in: a unit of work, the time. Goes out: times put back. Refuses to know: whose clock it was.

While a clock is days ahead, sources are visited and editions composed as if it were right, and each notes when it comes
next. Once the clock is right again, all of them would wait for those days: feeds would have dropped their papers by
then, and a digest looks back a week.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from service import editions
from service.store import Unit

LOG = logging.getLogger(__name__)

# By so much the clocks of several machines may differ.
NEAR = timedelta(hours=1)
_SEEN, _MENDED = "sweep", "clock put back"


def keep_time(unit: Unit, now: datetime) -> None:
    """Note the time; where it is earlier than when it was last noted, put back what was set ahead since."""
    beats = unit.journal.beats()
    seen, mended = beats.get(_SEEN, now), beats.get(_MENDED)
    if seen > now + NEAR:
        if mended is not None and now - NEAR < mended <= now:
            # One machine of several goes wrong all the time, which `doctor` tells: sources are not visited each minute.
            return
        unit.clocks.put_back(now)
        readers = unit.clocks.due_again(partial(editions.next_due, after=now), now)
        unit.journal.note(None, "clock put back", now, was=seen.isoformat(timespec="seconds"), readers=readers)
        unit.journal.beat(_MENDED, now)
        LOG.warning("the clock was ahead, at %s; what waits is due again", seen.isoformat(timespec="minutes"))
    unit.journal.beat(_SEEN, now)
