"""What one reader's past digests cover, as composing needs it. Comes in: delivery rows. Goes out: one summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.model import DeliveryState

ENDED = (DeliveryState.SENT, DeliveryState.NONE)


@dataclass(frozen=True, slots=True)
class Covered:
    """What one reader's past digests cover: arrivals up to `upto`, composed at `at`, and the papers themselves.

    `editions` are the days that have a row, whatever became of it; `in_flight` says that one is being sent right now.
    `ready` are the rows of digests that wait, `newest` is the latest row there is.
    """

    upto: int = 0
    at: datetime | None = None
    papers: frozenset[int] = frozenset()
    editions: frozenset[str] = frozenset()
    in_flight: bool = False
    ready: frozenset[int] = frozenset()
    newest: int = 0


def of_rows(rows: Sequence[Any]) -> Covered:
    """Sum up the digests of one reader."""
    ended = [row for row in rows if row.state in ENDED]
    flying = [row for row in rows if row.state in (DeliveryState.CLAIMED, DeliveryState.SENDING)]
    newest = max(ended, key=lambda row: row.upto, default=None)
    return Covered(
        newest.upto if newest else 0,
        newest.composed_at if newest else None,
        frozenset(paper for row in ended for paper in row.papers),
        frozenset(row.key for row in rows),
        bool(flying),
        frozenset(row.id for row in rows if row.state == DeliveryState.READY),
        max((row.id for row in rows), default=0),
    )
