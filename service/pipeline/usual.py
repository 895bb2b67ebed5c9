"""How much a reader's edition usually holds → a hold where a morning is far beyond it.

Comes in: how many papers each reader of a composed batch gets for each day it covers. Goes out: the brake, where that
is five times the usual: a source or a keyword gone wrong must not reach every inbox. Refuses to know: why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from service.pipeline.brake import hold
from service.store import Unit

USUAL = "usual papers per reader"
TIMES = 5.0
# Fewer readers than this say nothing about a morning, and fewer days than this nothing about what is usual.
FEWEST_READERS = 10
FEWEST_DAYS = 3
# A usual below one paper would make a hold of every good day.
LEAST = 1.0
# How much one day moves the usual: a quiet weekend hardly does, however many batches of readers it is composed in.
WEIGHT = 0.1
# Who releases an automatic hold has looked at this morning and is not asked again for the rest of it.
ONCE = timedelta(hours=20)


def watch(unit: Unit, counts: Sequence[float], now: datetime) -> bool:
    """Learn from one batch; put the brake on, in the batch's own transaction, where it is far too much.

    Returns whether this batch put it on. Its rows are written all the same and wait for the operator.
    """
    if len(counts) < FEWEST_READERS:
        return False
    known = _of(unit.journal.flag(USUAL) or {}, now.date().isoformat())
    mean, usual = fmean(counts), max(known["mean"], LEAST)
    # A hold of a time that is yet to come was noted by a clock that was ahead.
    rested = not known["held"] or abs(now - datetime.fromisoformat(known["held"])) > ONCE
    wild = _learnt(known) and rested and mean >= TIMES * usual
    known["papers"] += (min(mean, TIMES * usual) if _learnt(known) else mean) * len(counts)
    known["readers"] += len(counts)
    unit.journal.set_flag(USUAL, known | {"held": now.isoformat()} if wild else known)
    return wild and hold(unit, f"{mean:.1f} papers per reader and day, usually {usual:.1f}", now)


def _of(noted: dict[str, Any], day: str) -> dict[str, Any]:
    """What is usual on a day (UTC), by the days before it; and what was counted of this one so far."""
    # Earlier releases counted batches.
    fresh = {"mean": 0.0, "days": noted.get("batches", 0), "day": day, "papers": 0.0, "readers": 0, "held": ""}
    known = fresh | {name: noted[name] for name in fresh if name in noted}
    if known["day"] == day:
        return known
    if not (_learnt(known) or known["papers"]):
        # A service may begin with a weekend, on which no source has papers: its first good days would look wild.
        return fresh | {"mean": known["mean"], "days": known["days"], "held": known["held"]}
    weight = WEIGHT if _learnt(known) else 1 / (known["days"] + 1)
    mean = known["mean"] + weight * (known["papers"] / known["readers"] - known["mean"])
    return fresh | {"mean": mean, "days": known["days"] + 1, "held": known["held"]}


def _learnt(known: dict[str, Any]) -> bool:
    return bool(known["days"] >= FEWEST_DAYS)
