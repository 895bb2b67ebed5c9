"""Days without a digest → after seven of them one short note that says what was nearly found.

Comes in: a view of the window, a reader, what past mails cover. Goes out: the row of a note, or none. Refuses to know:
the store, how a note looks.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from service import editions
from service.model import DeliveryKind, Subscriber
from service.pipeline.nearly import NearMiss, near_misses
from service.pipeline.selection import Selection, Span, select
from service.pipeline.window import View
from service.store.covered import Covered
from service.store.deliveries import new_delivery

WEEK = timedelta(days=7)


def quiet_note(view: View, reader: Subscriber, covered: Covered, day: date, now: datetime) -> dict[str, Any] | None:
    """The row of a note for the edition of `day`, which holds nothing; None where no week was silent until then.

    A week in which nothing was read at all, or that holds what an edited profile finds only now, is no quiet one.
    """
    heard = covered.heard
    if heard is None or day - editions.local_day(reader.schedule, heard) < WEEK:
        return None
    selection = select(view, reader.profiles, Span(0, view.upto, now - WEEK), covered.papers)
    if selection.ranked or selection.trending or not selection.read:
        return None
    facts = told(view, selection) | {"edition": day.isoformat()}
    return new_delivery(DeliveryKind.QUIET, reader.id, day.isoformat(), now, facts)


def told(view: View, selection: Selection) -> dict[str, Any]:
    """What a note says of a week in which this was all that was found."""
    near = [_frozen(view, miss) for miss in near_misses(view, selection)]
    return {"read": selection.read, "days": WEEK.days, "near": near}


def _frozen(view: View, miss: NearMiss) -> list[Any]:
    stored = view.papers[miss.position]
    return [stored.id, stored.revision, miss.change.value, miss.keyword, miss.instead, miss.lacking]
