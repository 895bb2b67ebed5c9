"""How much a reader's edition usually holds → a hold where a morning is far beyond it.

Comes in: how many papers each reader of a composed batch gets for each day it covers. Goes out: the brake, where that
is five times the usual: a source or a keyword gone wrong must not reach every inbox. Refuses to know: why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean

from service.pipeline.brake import hold
from service.store import Unit

USUAL = "usual papers per reader"
TIMES = 5.0
# Fewer readers than this say nothing about a morning, and fewer batches than this nothing about what is usual.
FEWEST_READERS = 10
FEWEST_BATCHES = 3
# A usual below one paper would make a hold of every good day.
LEAST = 1.0
# How much one batch moves the usual: a quiet weekend hardly does.
WEIGHT = 0.1
# Who releases an automatic hold has looked at this morning and is not asked again for the rest of it.
ONCE = timedelta(hours=20)


def watch(unit: Unit, counts: Sequence[float], now: datetime) -> bool:
    """Learn from one batch; put the brake on, in the batch's own transaction, where it is far too much.

    Returns whether this batch put it on. Its rows are written all the same and wait for the operator.
    """
    if len(counts) < FEWEST_READERS:
        return False
    known = unit.journal.flag(USUAL) or {"mean": 0.0, "batches": 0, "held": ""}
    mean, usual = fmean(counts), max(known["mean"], LEAST)
    learnt = known["batches"] >= FEWEST_BATCHES
    rested = not known["held"] or now - datetime.fromisoformat(known["held"]) > ONCE
    wild = learnt and rested and mean >= TIMES * usual
    weight = WEIGHT if learnt else 1 / (known["batches"] + 1)
    unit.journal.set_flag(
        USUAL,
        {
            "mean": known["mean"] + weight * (min(mean, TIMES * usual) - known["mean"]),
            "batches": known["batches"] + 1,
            "held": now.isoformat() if wild else known["held"],
        },
    )
    return wild and hold(unit, f"{mean:.1f} papers per reader and day, usually {usual:.1f}", now)
