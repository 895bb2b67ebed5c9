"""What readers' past digests cover, as composing needs it.

Comes in: a connection, readers, a time. Goes out: a summary for each. Refuses to know: what will be composed.

A reader has a month of rows, so a batch of 500 reads 15,000: the database sums them up, and the lists of papers come as
one text that is read only where a paper of it might come again. Rows gone through here took five times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, bindparam, case, cast, func, select

from service.editions import OVERDUE
from service.model import DeliveryKind, DeliveryState
from service.store.statements import among
from service.store.tables import UTCDateTime, delivery
from service.store.values import read

# A reader has heard nothing of these.
UNHEARD = (DeliveryState.NONE, DeliveryState.CANCELLED, DeliveryState.SUPERSEDED)
ENDED = (DeliveryState.SENT, DeliveryState.NONE)
_FAILED = (DeliveryState.FAILED, DeliveryState.QUARANTINED)
_FLYING = (DeliveryState.CLAIMED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Covered:
    """What one reader's past digests cover: arrivals up to `upto`, composed at `at`, and the papers themselves.

    `listed` holds the lists of papers as JSON, one after the other: to read them takes as long as all the rest.
    `editions` are the days that have a row, whatever became of it; `in_flight` says that one is being sent now, or
    may have been. `ready` are the rows of digests that wait, `newest` is the latest row there is. `heard` is when the
    last digest or quiet note with something in it was composed, or how far back it is known that there was none;
    `notes` are the quiet notes that wait. `failures` is how many digests have failed for good since one was not. `owed`
    are times in which mails were wanted and none came, `edited` is the first edit it may not have known, and `chosen`
    when other sources were chosen, where that is not long ago: whoever composes finds these out. `before` are papers of
    digests from before all these.
    """

    upto: int = 0
    at: datetime | None = None
    listed: str = ""
    editions: frozenset[str] = frozenset()
    in_flight: bool = False
    ready: frozenset[int] = frozenset()
    newest: int = 0
    heard: datetime | None = None
    notes: frozenset[int] = frozenset()
    failures: int = 0
    owed: tuple[tuple[datetime, datetime], ...] = ()
    edited: datetime | None = None
    chosen: datetime | None = None
    before: frozenset[int] = frozenset()

    @property
    def papers(self) -> frozenset[int]:
        """The papers, under the ids they had."""
        return self.before.union(chain.from_iterable(read(f"[{self.listed}]")))


NOTHING = Covered()


def covered(connection: Connection, readers: Iterable[int], since: datetime, now: datetime) -> dict[int, Covered]:
    """What each reader's digests and quiet notes composed at or after `since` cover."""
    row = delivery.c
    mine = among(connection, row.subscriber_id, readers) & row.kind.in_((DeliveryKind.DIGEST, DeliveryKind.QUIET))
    sums = select(row.subscriber_id, *_SUMS).where(mine & (row.composed_at >= since)).group_by(row.subscriber_id)
    return {reader: _covered(*rest) for reader, *rest in connection.execute(sums, {"old": now - OVERDUE}).all()}


def newest_digests(connection: Connection, readers: Iterable[int], since: datetime) -> dict[int, int]:
    """The latest digest row of each reader that has one composed at or after `since`."""
    row = delivery.c
    mine = among(connection, row.subscriber_id, readers) & (row.kind == DeliveryKind.DIGEST)
    latest = select(row.subscriber_id, func.max(row.id)).where(mine, row.composed_at >= since)
    return {row[0]: row[1] for row in connection.execute(latest.group_by(row.subscriber_id))}


def _sums() -> tuple[ColumnElement[Any], ...]:
    row = delivery.c
    digest, ended = row.kind == DeliveryKind.DIGEST, row.state.in_(ENDED)
    # What is not over is seldom more than one row.
    is_open = row.state.in_((DeliveryState.READY, *_FLYING))
    # Its sender died: it may have reached its reader, and would come again in another mail. What nobody sends for two
    # days makes room all the same.
    recent = row.not_before >= bindparam("old", type_=UTCDateTime)
    doubted = (row.state == DeliveryState.READY) & (row.recoveries > 0) & recent
    state = case((doubted, DeliveryState.SENDING.value), else_=row.state)
    return (
        func.max(case((digest & ended, row.upto))),
        func.max(case((digest & ended, row.composed_at))),
        func.aggregate_strings(case((digest & ended, cast(row.papers, Text))), ","),
        func.aggregate_strings(case((digest, row.key)), ","),
        func.aggregate_strings(case((is_open, row.kind + " " + state + " " + cast(row.id, Text))), ","),
        func.max(case((digest, row.id))),
        func.max(case((row.state.not_in(UNHEARD), row.composed_at))),
        func.min(row.composed_at),
        func.max(case((digest & ended, row.id))),
        func.aggregate_strings(case((digest & row.state.in_(_FAILED), cast(row.id, Text))), ","),
    )


_SUMS = _sums()


def _covered(
    upto: int | None,
    at: datetime | None,
    listed: str | None,
    editions: str | None,
    waiting: str | None,
    newest: int | None,
    heard: datetime | None,
    first: datetime,
    last: int | None,
    failed: str | None,
) -> Covered:
    """The summary of one reader's rows."""
    keys = frozenset(editions.split(",")) if editions else frozenset[str]()
    failures = sum(int(number) > (last or 0) for number in failed.split(",")) if failed else 0
    known = Covered(upto or 0, at, listed or "", keys, newest=newest or 0, heard=heard or first)
    known = replace(known, failures=failures) if failures else known
    return known if waiting is None else replace(known, **_waiting(each.split(" ") for each in waiting.split(",")))


def _waiting(rows: Iterable[Sequence[str]]) -> Mapping[str, Any]:
    """What is said by rows that are not over, as (kind, state, number); a note under way stops nothing."""
    ready: dict[str, set[int]] = {DeliveryKind.DIGEST: set(), DeliveryKind.QUIET: set()}
    flying = False
    for kind, state, number in rows:
        if state == DeliveryState.READY:
            ready[kind].add(int(number))
        else:
            flying |= kind == DeliveryKind.DIGEST
    sets = (frozenset(ready[DeliveryKind.DIGEST]), frozenset(ready[DeliveryKind.QUIET]))
    return {"in_flight": flying, "ready": sets[0], "notes": sets[1]}
