"""Many phrases looked for at once, in one pass over the words of all papers.

Comes in: phrases and a table of words. Goes out: for each phrase the papers it stands in, as `Postings`. Refuses to
know: keywords with operators, readers.

The words of the text are looked up in the dictionary by each of their spellings, since there are fewer of them than of
phrases; then every slot of the text names its units, and sequences are followed from slot to slot for all phrases
together, by codes. 50,000 phrases over 500 papers take a hundredth of the time of looking each up
(`python -m bench matching`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.matching.dictionary import Dictionary, Level
from service.matching.table import Slots, Table
from service.matching.variants import Key, Step, written_apart

Numbers = NDArray[np.int64]

# So many slots are followed at once, so that memory stays bounded however many papers there are.
BLOCK = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """For each phrase or keyword its papers: those of number n at [starts[n], starts[n + 1]), ascending.

    `title` says for each of them whether the hit is in the title.
    """

    starts: Numbers
    papers: NDArray[np.int32]
    title: NDArray[np.bool_]

    def among(self, mask: NDArray[np.bool_]) -> Postings:
        """Those of the papers that a mask has."""
        keep = mask[self.papers]
        return Postings(sums(keep)[self.starts], self.papers[keep], self.title[keep])


def sums(counts: NDArray[Any]) -> Numbers:
    """Return what all before each of them come to, and all of them."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def postings(numbers: Numbers, papers: Numbers, title: NDArray[np.bool_], count: int) -> Postings:
    """Return what (number, paper, title) rows say, in order, each pair once and in the title if any row says so."""
    codes = (numbers << 32) | (papers << 1) | ~title
    codes.sort()
    codes = codes[_first(codes >> 1)]
    starts = np.searchsorted(codes, np.arange(count + 1) << 32)
    return Postings(starts, ((codes >> 1) & 0x7FFFFFFF).astype(np.int32), (codes & 1) == 0)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where nodes stand: first slot, last slot, node, in order of first slots."""

    starts: Slots
    ends: Slots
    nodes: Numbers

    def only(self, keep: NDArray[np.bool_] | Numbers) -> _Places:
        """Some of them."""
        return _Places(self.starts[keep], self.ends[keep], self.nodes[keep])


class Scan:
    """One pass over a table for the phrases of a dictionary."""

    def __init__(self, dictionary: Dictionary, table: Table) -> None:
        self._dictionary, self._table = dictionary, table
        self._units = max(len(dictionary.units), 1)
        self._levels = dictionary.levels()
        self._of_type = self._fitting()
        self._first = _gathered(list(self._apart()))

    def _fitting(self) -> tuple[Numbers, Numbers]:
        """Ask the text which units each type of word fits: those of type n are at [starts[n], starts[n + 1])."""
        *whole, begun = self._dictionary.spelled
        pairs = [_paired(*both) for both in self._table.shared(whole)]
        pairs.append(_paired([self._table.types(Step(Key.PREFIX, word)) for word in begun], list(begun.values())))
        types, units = (np.concatenate(side) for side in zip(*pairs, strict=True))
        codes = _distinct(types * self._units + units)
        starts = np.searchsorted(codes, np.arange(self._table.size + 1) * self._units)
        return starts, codes % self._units

    def _apart(self) -> Iterator[tuple[int, Slots, Slots]]:
        """Ask the text where units stand apart."""
        for (key, word, apart), unit in self._dictionary.units.items():
            if apart:
                for steps in written_apart(Step(key, word), self._table):
                    yield unit, *self._table.find(steps)

    def run(self) -> Postings:
        """Return the papers of each phrase."""
        found = [each for begin, end in pairwise(self._table.blocks(BLOCK)) for each in self._block(begin, end)]
        rows = np.concatenate([_NONE, *found])
        numbers, owners = rows >> 32, rows & 0xFFFFFFFF
        wanted = np.array(self._dictionary.fields, np.int64)[numbers]
        keep = (wanted < 0) | (wanted == (owners & 1))
        numbers, owners = numbers[keep], owners[keep]
        return postings(numbers, owners >> 1, (owners & 1) == 0, len(self._dictionary.fields))

    def _block(self, begin: int, end: int) -> Iterator[Numbers]:
        """Yield the phrases that stand in some slots of the text with the owners of the fields, as one number each."""
        units = self._units_in(begin, end)
        first = np.searchsorted(units.starts, np.arange(begin, end + 2))
        places = units
        for depth, level in enumerate(self._levels):
            if depth:
                places = self._followed(places, units, first, begin, level)
            low = level.starts[places.nodes]
            whose, phrases = expanded(low, level.starts[places.nodes + 1] - low)
            owners = self._table.owners(places.starts[whose])
            yield _distinct((level.phrases[phrases] << 32) | owners)

    def _units_in(self, begin: int, end: int) -> _Places:
        starts, units = self._of_type
        types = self._table.row[begin:end]
        slots = np.flatnonzero(types >= 0)
        low = starts[types[slots]]
        whose, at = expanded(low, starts[types[slots] + 1] - low)
        whole = slots[whose] + begin
        mine = slice(*np.searchsorted(self._first.starts, (begin, end)))
        apart = _Places(self._first.starts[mine], self._first.ends[mine], self._first.nodes[mine])
        both = (np.concatenate(pair) for pair in ((whole, apart.starts), (whole, apart.ends), (units[at], apart.nodes)))
        places = _Places(*both)
        return places.only(np.argsort(places.starts, kind="stable"))

    def _followed(self, places: _Places, units: _Places, first: Numbers, begin: int, level: Level) -> _Places:
        """Return where a node and the unit that stands right after it are a node of the next level."""
        places = places.only(level.leads[places.nodes])
        low = first[places.ends + 1 - begin]
        whose, after = expanded(low, first[places.ends + 2 - begin] - low)
        here, nodes = level.places(places.nodes[whose] * self._units + units.nodes[after])
        return _Places(places.starts[whose[here]], units.ends[after[here]], nodes)


_NONE: Numbers = np.empty(0, np.int64)


def _gathered(apart: list[tuple[int, Slots, Slots]]) -> _Places:
    starts = np.concatenate([_NONE, *(starts for _, starts, _ in apart)])
    ends = np.concatenate([_NONE, *(ends for _, _, ends in apart)])
    units = np.repeat(np.array([unit for unit, _, _ in apart], np.int64), [len(starts) for _, starts, _ in apart])
    order = np.argsort(starts, kind="stable")
    return _Places(starts[order], ends[order], units[order])


def _paired(left: Sequence[Sequence[int]], right: Sequence[Sequence[int]]) -> tuple[Numbers, Numbers]:
    """Return every pair of a number on the left and one on the right at the same place."""
    lefts, rights = (np.fromiter(map(len, side), np.int64, len(side)) for side in (left, right))
    ones, others = (np.fromiter(chain.from_iterable(side), np.int64) for side in (left, right))
    whose, at = expanded(np.repeat(np.cumsum(rights) - rights, lefts), np.repeat(rights, lefts))
    return ones[whose], others[at]


def _distinct(codes: Numbers) -> Numbers:
    """Return each of these numbers once, ascending; numpy's `unique` builds a table of them, which takes longer."""
    codes = np.sort(codes)
    return codes[_first(codes)]


def _first(ascending: Numbers) -> NDArray[np.bool_]:
    """Which numbers differ from the one before."""
    first = np.ones(len(ascending), np.bool_)
    first[1:] = ascending[1:] != ascending[:-1]
    return first


def expanded(low: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
    """Return for ranges (low, count) the number of the range and the position, for every position in them."""
    return np.repeat(np.arange(len(low)), counts), within(low, counts)


def within(low: Numbers, counts: Numbers) -> Numbers:
    """Return every position in ranges (low, count)."""
    before = np.cumsum(counts) - counts
    return np.repeat(low - before, counts) + np.arange(counts.sum())
