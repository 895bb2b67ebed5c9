"""A clock that was ahead and is right again: what it put off is due again. A service that was away: it goes on.

Comes in: the store or a unit of work, the time. Goes out: times put right. Refuses to know: whose clock it was.

While a clock is days ahead, sources are visited and editions composed as if it were right, and each notes when it comes
next. Once the clock is right again, all of them would wait for those days: feeds would have dropped their papers by
then, and a digest looks back a week.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from service import editions
from service.model import Schedule
from service.store import Store, Unit

LOG = logging.getLogger(__name__)

# By so much the clocks of several machines may differ.
NEAR = timedelta(hours=1)
_SEEN, _MENDED = "sweep", "clock put back"
# Readers whose edition is old news are brought back so many at a time: other work goes on meanwhile.
_AT_ONCE = 10_000


def make_up(store: Store, now: datetime) -> int:
    """Let readers whose edition is old news have the next regular one, once its hour has come; returns how many.

    An old edition is not mailed by itself, to everybody at whatever hour the service is back. But if the operator
    leaves it, mails must not end for good: the next one tells what was missed. It has to have come since a sweep that
    knew of the old one: where nothing runs at a reader's hour, it comes later on the day.
    """
    with store.read() as unit:
        seen = unit.journal.beats().get(_SEEN, now)
        old = seen - editions.OVERDUE
        known = filter(editions.is_known, unit.clocks.overdue_schedules(old))
        dues = {each: editions.latest_due(each, now) for each in known}
    count = 0
    for schedule, due in dues.items():
        more = due > seen
        while more:
            with store.write() as unit:
                moved = unit.clocks.overtake(schedule, old, due, _AT_ONCE)
            count, more = count + moved, moved == _AT_ONCE
    if count:
        LOG.info("%d readers had an edition that was due over 48 h ago and are due again", count)
    return count


def keep_time(unit: Unit, now: datetime) -> None:
    """Note the time; where it is earlier than when it was last noted, put back what was set ahead since."""
    beats = unit.journal.beats()
    seen, mended = beats.get(_SEEN, now), beats.get(_MENDED)
    if seen > now + NEAR:
        if mended is not None and now - NEAR < mended <= now:
            # One machine of several goes wrong all the time, which `doctor` tells: sources are not visited each minute.
            return
        unit.clocks.put_back(now)
        readers = unit.clocks.due_again(partial(_next_due, now), now)
        unit.journal.note(None, "clock put back", now, was=seen.isoformat(timespec="seconds"), readers=readers)
        unit.journal.beat(_MENDED, now)
        LOG.warning("the clock was ahead, at %s; what waits is due again", seen.isoformat(timespec="minutes"))
    unit.journal.beat(_SEEN, now)


def _next_due(now: datetime, schedule: Schedule) -> datetime | None:
    return editions.next_due(schedule, now) if editions.is_known(schedule) else None
