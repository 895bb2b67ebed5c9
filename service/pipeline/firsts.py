"""When each paper of the window came first.

Comes in: arrivals in their order, the papers' positions. Goes out: arrays, one entry for each paper. Refuses to know:
readers, the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model import ArrivalKind
from service.store.papers import Arrived

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Firsts:
    """Per paper its first arrival: the number, the time in seconds since 1970, the source; 0 where there is none.

    `past` ones were read as history, and `told` are the first arrivals without those, where there are any; `renewals`
    are announcements of new versions, no first arrivals at all. `later` gives the first arrivals after a number, for
    who has chosen other sources since.
    """

    numbers: Numbers
    times: Seconds
    sources: Numbers
    past: Mask
    renewals: bool = False
    later: Callable[[int], Firsts] | None = None
    told: Firsts | None = None

    @classmethod
    def of(cls, arrivals: Sequence[Arrived], position: Mapping[int, int], renewals: bool) -> Firsts:
        """The first of these arrivals for each paper that has a position."""
        count = len(position)
        found = cls(
            np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.int64), np.zeros(count, bool), renewals
        )
        for each in reversed(arrivals):
            at = position[each.paper_id]
            found.numbers[at], found.times[at] = each.number, each.at.timestamp()
            found.sources[at], found.past[at] = each.source_id, each.kind == ArrivalKind.PAST
        return found
