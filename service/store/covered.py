"""What readers' past digests cover, as composing needs it.

Comes in: a connection, readers, a time. Goes out: a summary for each. Refuses to know: what will be composed.

A reader has a month of rows, so a batch of 500 reads 15,000: they come as bare tuples and are gone through once, and a
reader's papers come as one text. Rows with lists of papers took half as long again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection, Text, cast, func, select

from service.model import DeliveryKind, DeliveryState
from service.store.statements import chunks
from service.store.tables import delivery

# A reader has heard nothing of these.
UNHEARD = (DeliveryState.NONE, DeliveryState.CANCELLED, DeliveryState.SUPERSEDED)
ENDED = (DeliveryState.SENT, DeliveryState.NONE)
_FLYING = (DeliveryState.CLAIMED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Covered:
    """What one reader's past digests cover: arrivals up to `upto`, composed at `at`, and the papers themselves.

    `editions` are the days that have a row, whatever became of it; `in_flight` says that one is being sent right now.
    `ready` are the rows of digests that wait, `newest` is the latest row there is. `heard` is when the last digest or
    quiet note with something in it was composed, or how far back it is known that there was none; `notes` are the quiet
    notes that wait.
    """

    upto: int = 0
    at: datetime | None = None
    papers: frozenset[int] = frozenset()
    editions: frozenset[str] = frozenset()
    in_flight: bool = False
    ready: frozenset[int] = frozenset()
    newest: int = 0
    heard: datetime | None = None
    notes: frozenset[int] = frozenset()


NOTHING = Covered()


@dataclass(slots=True)
class _Sum:
    """What was met so far of one reader's rows."""

    upto: int = 0
    at: datetime | None = None
    editions: list[str] = field(default_factory=list)
    in_flight: bool = False
    ready: list[int] = field(default_factory=list)
    newest: int = 0
    heard: datetime | None = None
    first: datetime | None = None
    notes: list[int] = field(default_factory=list)

    def add(self, number: int, kind: str, key: str, state: str, upto: int | None, composed_at: datetime) -> None:
        """Take in one more digest or quiet note."""
        self.first = min(self.first or composed_at, composed_at)
        if state not in UNHEARD:
            self.heard = max(self.heard or composed_at, composed_at)
        if kind != DeliveryKind.DIGEST:
            if state == DeliveryState.READY:
                self.notes.append(number)
            return
        self.editions.append(key)
        self.newest = max(self.newest, number)
        if state in ENDED:
            # Of two that cover as much the later one: on a day without papers nothing new is covered.
            self.upto, self.at = max((self.upto, self.at or composed_at), (upto or 0, composed_at))
        elif state == DeliveryState.READY:
            self.ready.append(number)
        self.in_flight |= state in _FLYING

    def covered(self, papers: frozenset[int]) -> Covered:
        """The summary."""
        sets = frozenset(self.editions), self.in_flight, frozenset(self.ready), self.newest
        return Covered(self.upto, self.at, papers, *sets, self.heard or self.first, frozenset(self.notes))


def covered(connection: Connection, readers: Iterable[int], since: datetime) -> dict[int, Covered]:
    """What each reader's digests and quiet notes composed at or after `since` cover."""
    found: dict[int, Covered] = {}
    for piece in chunks(readers):
        papers = _papers(connection, piece, since)
        found |= {
            key: each.covered(papers.get(key, frozenset())) for key, each in _sums(connection, piece, since).items()
        }
    return found


def _sums(connection: Connection, readers: Sequence[int], since: datetime) -> dict[int, _Sum]:
    row, sums = delivery.c, dict[int, _Sum]()
    columns = (row.subscriber_id, row.id, row.kind, row.key, row.state, row.upto, row.composed_at)
    mine = row.subscriber_id.in_(readers) & row.kind.in_((DeliveryKind.DIGEST, DeliveryKind.QUIET))
    for reader, *rest in connection.execute(select(*columns).where(mine & (row.composed_at >= since))):
        known = sums.get(reader)
        if known is None:
            known = sums[reader] = _Sum()
        known.add(*rest)
    return sums


def _papers(connection: Connection, readers: Sequence[int], since: datetime) -> dict[int, frozenset[int]]:
    """The papers of each reader's digests that are over."""
    row = delivery.c
    lists = func.aggregate_strings(cast(row.papers, Text), ",")
    mine = row.subscriber_id.in_(readers) & (row.kind == DeliveryKind.DIGEST) & row.state.in_(ENDED)
    asked = select(row.subscriber_id, lists).where(mine & (row.composed_at >= since)).group_by(row.subscriber_id)
    return {reader: frozenset(chain(*json.loads(f"[{text}]"))) for reader, text in connection.execute(asked)}
