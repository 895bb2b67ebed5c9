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
# A batch speaks for itself where it is such a part of a large day's readers, or so many; a smaller one together with
# those before it. Its readers may look at other things than all the others do, and would have everything held each day.
PART, MANY = 0.1, 100
# How much the largest day counts for on the next one: on weekends fewer readers may want a mail.
LASTING = 0.9
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
    known["papers"] += sum(counts)
    known["readers"] += len(counts)
    mean, usual = _told(known, counts), max(known["mean"], LEAST)
    # A hold of a time that is yet to come was noted by a clock that was ahead.
    rested = not known["held"] or abs(now - datetime.fromisoformat(known["held"])) > ONCE
    wild = _learnt(known) and rested and mean >= TIMES * usual
    unit.journal.set_flag(USUAL, known | {"held": now.isoformat()} if wild else known)
    return wild and hold(unit, f"{mean:.1f} papers per reader and day, usually {usual:.1f}", now)


def _told(known: dict[str, Any], counts: Sequence[float]) -> float:
    """How many papers a reader gets by this batch, or by all of the day so far; none where both say too little."""
    enough = min(PART * known["most"], MANY)
    if len(counts) >= enough:
        return fmean(counts)
    return float(known["papers"] / known["readers"]) if known["readers"] >= enough else 0.0


def _of(noted: dict[str, Any], day: str) -> dict[str, Any]:
    """What is usual on a day (UTC), by the days before it; and what was counted of this one so far."""
    # Earlier releases counted batches.
    learnt = {"mean": 0.0, "days": noted.get("batches", 0), "held": "", "most": 0.0}
    known = learnt | {"day": day, "papers": 0.0, "readers": 0}
    known |= {name: noted[name] for name in known if name in noted}
    if known["day"] == day:
        return known
    learnt = {name: known[name] for name in learnt} | {"most": max(known["readers"], LASTING * known["most"])}
    # A service may begin with a weekend, on which no source has papers: its first good days would look wild.
    if _learnt(known) or known["papers"]:
        learnt |= {"mean": _moved(known), "days": known["days"] + 1}
    return learnt | {"day": day, "papers": 0.0, "readers": 0}


def _moved(known: dict[str, Any]) -> float:
    """What is usual after one more day; a wild one counts for the least that is wild."""
    mean, weight = known["papers"] / known["readers"], 1 / (known["days"] + 1)
    if _learnt(known):
        mean, weight = min(mean, TIMES * max(known["mean"], LEAST)), WEIGHT
    return float(known["mean"] + weight * (mean - known["mean"]))


def _learnt(known: dict[str, Any]) -> bool:
    return bool(known["days"] >= FEWEST_DAYS)
