"""What a measure is: two sides, a goal, and pairs of figures taken in turn.

Comes in: functions to time. Goes out: `Measure`s in a registry, `Pair`s and what they come to. Refuses to know: what
is measured, how a table looks.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from bench.ground import Ground

PAIRS = 5


class Missing(Exception):
    """The other side is not installed here; the message says what is missing."""


class Pair(NamedTuple):
    """Ours and the other side, taken one right after the other: seconds, or whatever the measure's unit says."""

    ours: float
    other: float


class Goal(Protocol):
    """What must hold."""

    def ratio(self, pair: Pair) -> float:
        """The figure that is compared, so that ratios travel between machines."""

    def met(self, pairs: Sequence[Pair]) -> bool:
        """Whether the median holds."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Ours is so many times as fast: the pairs are times, and the ratio is theirs through ours."""

    times: float

    def __str__(self) -> str:
        return f"≥ {self.times:g} ×"

    def ratio(self, pair: Pair) -> float:
        """How many times as long the other side takes."""
        return pair.other / pair.ours

    def met(self, pairs: Sequence[Pair]) -> bool:
        """Whether the median is fast enough."""
        return statistics.median(map(self.ratio, pairs)) >= self.times


@dataclass(frozen=True, slots=True)
class AtMost:
    """Ours is at most so many times the other side."""

    times: float

    def __str__(self) -> str:
        return f"≤ {self.times:g} ×"

    def ratio(self, pair: Pair) -> float:
        """How many times the other side ours is."""
        return pair.ours / pair.other

    def met(self, pairs: Sequence[Pair]) -> bool:
        """Whether the median is small enough."""
        return statistics.median(map(self.ratio, pairs)) <= self.times


@dataclass(frozen=True, slots=True)
class Within:
    """Ours stays within an absolute limit, or within a share of the other side where one is named."""

    limit: float
    unit: str
    share: float = 0.0

    def __str__(self) -> str:
        return f"≤ {self.limit:g} {self.unit}" + (f" or ≤ {self.share:g} ×" if self.share else "")

    def ratio(self, pair: Pair) -> float:
        """How many times the other side ours is; where there is no other side, how much of the limit is used."""
        return pair.ours / (pair.other or self.limit)

    def met(self, pairs: Sequence[Pair]) -> bool:
        """Whether the median of ours holds either."""
        small = statistics.median(pair.ours for pair in pairs) <= self.limit
        return small or statistics.median(map(self.ratio, pairs)) <= self.share


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table. `run` returns the pairs, in `unit`; `note` says what a reader must know of the figure.

    `long` leaves it out of quick runs.
    """

    what: str
    other: str
    goal: Goal
    run: Callable[[Ground], Sequence[Pair]]
    unit: str = "s"
    note: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A text below the table, such as the plans of queries."""

    title: str
    run: Callable[[Ground], str]


MEASURES: list[Measure] = []
SECTIONS: list[Section] = []


def register(*entries: Measure | Section) -> None:
    """Put rows and texts into the bench; a file of `bench/rows` calls this when it is imported."""
    for entry in entries:
        if isinstance(entry, Measure):
            MEASURES.append(entry)
        else:
            SECTIONS.append(entry)


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, by the wall clock."""
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def interleaved(ours: Callable[[], object], other: Callable[[], object], pairs: int = PAIRS) -> list[Pair]:
    """Time both sides in turn, ours first and second by turns, after one untimed call of each."""
    ours()
    other()
    taken = []
    for number in range(pairs):
        if number % 2:
            theirs = seconds(other)
            taken.append(Pair(seconds(ours), theirs))
        else:
            taken.append(Pair(seconds(ours), seconds(other)))
    return taken
