"""What one reader's past digests cover, as composing needs it. Comes in: delivery rows. Goes out: one summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.model import DeliveryKind, DeliveryState

# A reader has heard nothing of these.
UNHEARD = (DeliveryState.NONE, DeliveryState.CANCELLED, DeliveryState.SUPERSEDED)
ENDED = (DeliveryState.SENT, DeliveryState.NONE)


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


def of_rows(mails: Sequence[Any]) -> Covered:
    """Sum up the digests and quiet notes of one reader."""
    rows = [row for row in mails if row.kind == DeliveryKind.DIGEST]
    notes = [row for row in mails if row.kind == DeliveryKind.QUIET]
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
        _heard(mails),
        frozenset(row.id for row in notes if row.state == DeliveryState.READY),
    )


def _heard(mails: Sequence[Any]) -> datetime | None:
    heard = [row.composed_at for row in mails if row.state not in UNHEARD]
    return max(heard) if heard else min((row.composed_at for row in mails), default=None)
