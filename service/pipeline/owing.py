"""What past digests cover, and what is still owed of the time before: readers may have had no digest for long.

Comes in: a unit of work, who is due, the time. Goes out: what is covered, with the times in which mails were wanted
and none came. Refuses to know: papers. A digest looks back a week, and into those times as far as the window goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from service.model import Subscriber
from service.pipeline.frozen import is_weekly
from service.pipeline.window import REACH
from service.store import Unit
from service.store.covered import NOTHING, Covered
from service.store.journal import CHOSE_SOURCES, MADE_COMMON
from service.store.subscribers import Due

# From when to when.
Times = tuple[datetime, datetime]

LOOK_BACK = timedelta(days=7)
WEEKLY_LOOK_BACK = timedelta(days=14)
# Of digests of so long ago, all that they held is known; a view of the window serves for a day.
KNOWN = REACH + timedelta(days=1)
# An edited profile finds again what came this long before the edit.
SECOND_LOOK = timedelta(hours=24)
# No round of fetches takes so long, nor composing, nor do two clocks differ so much: some papers that came, and edits
# that were made, before a digest by its time were only stored after it.
ROUND = timedelta(hours=1)
# So many digests that fail one after the other may hold what makes them fail: it is not tried for a month.
ENOUGH = 3
# What ends mails for a while, and what lets them go on, as the log calls it.
RESTS, RETURNS = ("paused", "left", "bounced"), ("resumed", "confirmed", "enrolled")


def look_back(reader: Subscriber) -> timedelta:
    """How far a digest looks back, whatever there was in between."""
    return WEEKLY_LOOK_BACK if is_weekly(reader) else LOOK_BACK


def past(unit: Unit, due: Sequence[Due], now: datetime) -> dict[int, Covered]:
    """What each reader's digests of a month cover, and what is owed to those who had none for long."""
    found = unit.deliveries.covered([each.subscriber.id for each in due], now - KNOWN, now)
    _tell_edits(unit, due, found)
    _tell_choices(unit, due, found, now)
    long: dict[int, datetime] = {}
    for each in due:
        known = found.get(each.subscriber.id, NOTHING)
        begun = _begun(known, now)
        if begun < now - look_back(each.subscriber) and known.failures < ENOUGH:
            long[each.subscriber.id] = begun
    events = unit.journal.since(long, (*RESTS, *RETURNS), min(long.values())) if long else {}
    for reader, begun in long.items():
        owed = tuple(_wanted(begun, now, events.get(reader, ())))
        found[reader] = replace(found.get(reader, NOTHING), owed=owed)
    return found


def greeted(unit: Unit, due: Sequence[Due], found: Mapping[int, Covered], now: datetime) -> list[Due]:
    """The same, not welcomed where no digest since confirming ended well: the first one was superseded or cancelled."""
    joined, last = dict[int, datetime](), dict[int, datetime | None]()
    for each in due:
        known = found.get(each.subscriber.id, NOTHING)
        if each.welcomed and each.confirmed_at is not None and not known.in_flight:
            joined[each.subscriber.id], last[each.subscriber.id] = each.confirmed_at, known.at
    unheard = {reader for reader, since in joined.items() if not _heard(last[reader], since)}
    # Seldom anybody: who joined over a month ago and wants mails has had a digest since, be it one with nothing in it.
    if long := [reader for reader in unheard if joined[reader] < now - REACH]:
        # Of whom no digest is kept at all, nothing is known.
        last |= dict.fromkeys(long, now) | unit.past.ended(long)
        unheard = {reader for reader in unheard if not _heard(last[reader], joined[reader])}
    return [replace(each, welcomed=False) if each.subscriber.id in unheard else each for each in due]


def _heard(at: datetime | None, since: datetime) -> bool:
    return at is not None and at >= since - ROUND


def _tell_edits(unit: Unit, due: Sequence[Due], found: dict[int, Covered]) -> None:
    """Add the first edit since the hour before the last digest: later ones must not forget the day before it."""
    since = {
        each.subscriber.id: known.at - ROUND
        for each in due
        if (known := found.get(each.subscriber.id, NOTHING)).at and each.changed_at > known.at - ROUND
    }
    events = unit.journal.since(since, ("changed",), min(since.values())) if since else {}
    for each in due:
        if (reader := each.subscriber.id) in since:
            edits = [at for at, _ in events.get(reader, ()) if at > since[reader]]
            # Who joins edits nothing, and is not in the log so: the first digest knew the topics.
            edits += [each.changed_at] if each.changed_at > since[reader] + ROUND else []
            found[reader] = replace(found[reader], edited=min(edits, default=None))


def _tell_choices(unit: Unit, due: Sequence[Due], found: dict[int, Covered], now: datetime) -> None:
    """Add when other sources were chosen last, for as long as what the new ones told of before may come by the old.

    A source that becomes common is chosen for everybody who looks at the common ones.
    """
    made = unit.journal.flag(MADE_COMMON)
    common = datetime.fromisoformat(made) if made else None
    edited = {each.subscriber.id for each in due if each.changed_at > now - look_back(each.subscriber)}
    chose = (CHOSE_SOURCES,)
    events = unit.journal.since(edited, chose, now - WEEKLY_LOOK_BACK) if edited else {}
    for each in due if events or common else ():
        times = [at for at, _ in events.get(each.subscriber.id, ())]
        times += [common] if common and common > now - look_back(each.subscriber) else []
        if times:
            found[each.subscriber.id] = replace(found.get(each.subscriber.id, NOTHING), chosen=max(times))


def _begun(covered: Covered, now: datetime) -> datetime:
    """From when on what came may not have been in any digest; the window of papers begins no earlier."""
    if covered.at is None:
        return now - REACH
    last = covered.at - ROUND
    return min(last, covered.edited - SECOND_LOOK) if covered.edited else last


def _wanted(begun: datetime, now: datetime, events: Iterable[tuple[datetime, str]]) -> Iterator[Times]:
    """The times from `begun` until now in which mails were wanted."""
    here = [(at, name) for at, name in events if at >= begun]
    # Whoever returns first has rested, or joins.
    since = None if here and here[0][1] in RETURNS else begun
    for at, name in here:
        if name in RESTS and since is not None:
            yield since, at
            since = None
        elif name in RETURNS and since is None:
            since = at
    if since is not None:
        yield since, now
