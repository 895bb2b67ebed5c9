"""Arrivals: which of a page's papers are new to us through its source, and their gapless numbers.

Comes in: papers by row, the kind each was announced as. Goes out: rows with numbers, each at its time. Refuses to know:
texts, and how a paper is told from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from service.model import ArrivalKind
from service.store import archive
from service.store.statements import chunks, raise_counter
from service.store.tables import arrival, paper

# The paper that a row speaks of, where two rows turned out to be one paper.
SURVIVOR = func.coalesce(paper.c.merged_into, paper.c.id).label("survivor")


def arrive(
    connection: Connection,
    source_id: int,
    arrivals: Sequence[tuple[int, str]],
    now: datetime,
) -> int:
    """Number what is new to us; draws exactly as many numbers as it uses, so that none is missing."""
    wanted = list(dict.fromkeys((paper_id, str(kind)) for paper_id, kind in arrivals))
    held: set[tuple[int, str]] = set()
    for piece in chunks(paper_id for paper_id, _ in wanted):
        here = select(SURVIVOR, arrival.c.kind).join(paper, paper.c.id == arrival.c.paper_id)
        mine = (arrival.c.source_id == source_id) & SURVIVOR.in_(piece)
        held |= {(row.survivor, row.kind) for row in connection.execute(here.where(mine))}
    new = [pair for pair in wanted if not any((pair[0], kind) in held for kind in alike(pair[1]))]
    if not new:
        return 0
    first = raise_counter(connection, "arrival", len(new)) - len(new) + 1
    rows = [
        {"number": first + n, "paper_id": paper_id, "source_id": source_id, "kind": kind, "at": now}
        for n, (paper_id, kind) in enumerate(new)
    ]
    connection.execute(insert(arrival), rows)
    archive.arrived(connection, source_id, (paper_id for paper_id, _ in new), now)
    return len(new)


def alike(kind: str) -> tuple[str, ...]:
    """The kinds of arrival that leave nothing to tell of one of this kind through the same source."""
    if kind == ArrivalKind.PAST:
        return ArrivalKind.NEW, ArrivalKind.CROSS, ArrivalKind.PAST
    return (kind,) if kind == ArrivalKind.REPLACE else (kind, ArrivalKind.PAST)


def replaced_again(connection: Connection, paper_id: int) -> None:
    """A still newer version is announced: the announcements of the one before it make room, through every source."""
    mine = (arrival.c.paper_id == paper_id) & (arrival.c.kind == ArrivalKind.REPLACE)
    connection.execute(delete(arrival).where(mine))
