"""Many phrases looked for at once, in one pass over the words of all papers.

Comes in: phrases and a table of words. Goes out: for each phrase the papers it stands in, as `Postings`. Refuses to
know: keywords with operators, readers.

A phrase is a sequence of units: a word under one kind of key, which the text may hold as one word or as several. The
spellings of a unit are asked of the text once, however many phrases share it; then every slot of the text names its
units, and sequences are followed from slot to slot for all phrases together, by sorted codes. 50,000 phrases over 500
papers take a fortieth of the time of looking each up (`python -m bench matching`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from service.keywords import Expression, Phrase
from service.keywords.expression import Part, case_exact, leaves
from service.matching.table import Slots, Table
from service.matching.variants import MOST_PIECES, Key, Step, joins, written_apart
from service.model import Field

Numbers = NDArray[np.int64]
Unit = tuple[Key, str, bool]  # whether it may be written apart

# A longer phrase has too many groupings to write them all down.
LONGEST = 4
# So many slots are followed at once, so that memory stays bounded however many papers there are.
BLOCK = 200_000
_SIDE = {Field.TITLE: 0, Field.ABSTRACT: 1}


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """For each phrase or keyword its papers: those of number n at [starts[n], starts[n + 1]), ascending.

    `title` says for each of them whether the hit is in the title.
    """

    starts: Numbers
    papers: NDArray[np.int32]
    title: NDArray[np.bool_]


def postings(numbers: Numbers, papers: Numbers, title: NDArray[np.bool_], count: int) -> Postings:
    """Return what (number, paper, title) rows say, in order, each pair once and in the title if any row says so."""
    codes = (numbers << 32) | (papers << 1) | ~title
    codes.sort()
    pairs = codes >> 1
    first = np.ones(len(codes), np.bool_)
    first[1:] = pairs[1:] != pairs[:-1]
    codes = codes[first]
    starts = np.searchsorted(codes >> 32, np.arange(count + 1))
    return Postings(starts, ((codes >> 1) & 0x7FFFFFFF).astype(np.int32), (codes & 1) == 0)


@dataclass(slots=True)
class Dictionary:
    """Phrases written down as sequences of numbered units."""

    units: dict[Unit, int] = field(default_factory=dict)
    sequences: tuple[list[int], ...] = field(default_factory=lambda: tuple([] for _ in range(LONGEST)))
    fields: list[int] = field(default_factory=list)

    def add(self, phrase: Phrase) -> bool:
        """Write down one more phrase; False for one that is to be looked up by itself: long, or with marks inside."""
        parts = phrase.parts
        if len(parts) > LONGEST or any(part.loose for part in parts):
            return False
        number, units = len(self.fields), self.units
        for sequence in _sequences(parts, phrase.exact):
            flat = self.sequences[len(sequence) - 1]
            flat.append(number)
            for unit in sequence:
                flat.append(units.setdefault(unit, len(units)))
        self.fields.append(-1 if phrase.field is None else _SIDE[phrase.field])
        return True

    def steps(self) -> Iterator[tuple[int, Step, bool]]:
        """Yield each unit's number, how it stands as one word, and whether it may be written apart."""
        for (key, word, apart), number in self.units.items():
            yield number, Step(key, word), apart

    def rows(self, length: int) -> Numbers:
        """The sequences of one length, a row for each: the phrase's number, then its units."""
        return np.array(self.sequences[length - 1], np.int64).reshape(-1, length + 1)


def _sequences(parts: Sequence[Part], exact: bool) -> Iterable[tuple[Unit, ...]]:
    if exact:
        alone = len(parts) == 1
        return (tuple((Key.CASED if case_exact(p.word, alone) else Key.PLAIN, p.word, False) for p in parts),)
    if len(parts) == 1:
        return (((Key.PREFIX if parts[0].prefix else Key.FOLDED, parts[0].word, True),),)
    return _grouped(parts, 0, Key.STEMS)


def _grouped(parts: Sequence[Part], at: int, key: Key) -> Iterator[tuple[Unit, ...]]:
    """Yield the ways to join neighbouring parts of parts[at:] into units."""
    if at == len(parts):
        yield ()
        return
    for after in range(at + 1, min(at + MOST_PIECES, len(parts)) + 1):
        if after > at + 1 and not joins(parts[after - 2], parts[after - 1]):
            break
        word = parts[at].word if after == at + 1 else "".join(part.word for part in parts[at:after])
        unit = (Key.PREFIX if parts[after - 1].prefix else key, word, after == at + 1)
        for rest in _grouped(parts, after, key):
            yield unit, *rest


@dataclass(slots=True)
class Lookup:
    """Keywords read once, to be looked up in one text after another; a keyword's number is its place."""

    dictionary: Dictionary = field(default_factory=Dictionary)
    phrases: dict[Expression, int] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)  # for each keyword its phrase, or -1
    others: list[tuple[int, Expression]] = field(default_factory=list)

    def add(self, expression: Expression) -> int:
        """Take in one more keyword and return its number."""
        for leaf in leaves(expression):
            if isinstance(leaf, Phrase) and leaf not in self.phrases and self.dictionary.add(leaf):
                self.phrases[leaf] = len(self.phrases)
        number = len(self.numbers)
        self.numbers.append(self.phrases.get(expression, -1))
        if self.numbers[-1] < 0:
            self.others.append((number, expression))
        return number


@dataclass(frozen=True, slots=True)
class _Level:
    """The sequences of one length: `codes` of (node of the level before, unit) and the phrases that end at a node."""

    codes: Numbers
    ended: Numbers  # nodes in which phrases end, ascending, repeated for each phrase
    phrases: Numbers


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
        self._levels = self._grown()
        self._of_type, self._first = self._spelled()

    def _grown(self) -> list[_Level]:
        """Number the beginnings of all sequences, level by level."""
        rows = [self._dictionary.rows(length) for length in range(1, LONGEST + 1)]
        reached = [row[:, 1] for row in rows]
        levels = []
        for depth in range(LONGEST):
            if depth:
                steps = [reached[at] * self._units + rows[at][:, depth + 1] for at in range(depth, LONGEST)]
                codes, numbers = np.unique(np.concatenate(steps), return_inverse=True)
                cuts = np.cumsum([len(step) for step in steps])[:-1]
                reached[depth:] = np.split(numbers.reshape(-1), cuts)
            else:
                codes = np.arange(self._units)
            order = np.argsort(reached[depth], kind="stable")
            levels.append(_Level(codes, reached[depth][order], rows[depth][:, 0][order]))
        return levels

    def _spelled(self) -> tuple[tuple[Numbers, Numbers], _Places]:
        """Ask the text for the spellings of every unit: which types of word it fits, and where it stands apart."""
        units: list[int] = []
        types: list[int] = []
        apart: list[tuple[int, Slots, Slots]] = []
        for unit, step, divisible in self._dictionary.steps():
            fitting = self._table.types(step)
            units.extend([unit] * len(fitting))
            types.extend(fitting)
            if divisible:
                apart.extend((unit, *self._table.find(steps)) for steps in written_apart(step, self._table))
        order = np.argsort(np.array(types, np.int64), kind="stable")
        starts = np.searchsorted(np.array(types, np.int64)[order], np.arange(self._table.size + 1))
        return (starts, np.array(units, np.int64)[order]), _gathered(apart)

    def run(self) -> Postings:
        """Return the papers of each phrase."""
        found = [each for begin, end in pairwise(self._table.blocks(BLOCK)) for each in self._block(begin, end)]
        numbers, owners = (np.concatenate(part) for part in zip((_NONE, _NONE), *found, strict=True))
        wanted = np.array(self._dictionary.fields, np.int64)[numbers]
        keep = (wanted < 0) | (wanted == (owners & 1))
        numbers, owners = numbers[keep], owners[keep]
        return postings(numbers, owners >> 1, (owners & 1) == 0, len(self._dictionary.fields))

    def _block(self, begin: int, end: int) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield the phrases that stand in some slots of the text, and the owners of the fields."""
        units = self._units_in(begin, end)
        first = np.searchsorted(units.starts, np.arange(begin, end + 2))
        places = units
        for depth, level in enumerate(self._levels):
            if depth:
                places = self._followed(places, units, first, begin, level)
            low, high = (np.searchsorted(level.ended, places.nodes, side) for side in ("left", "right"))
            whose, phrases = expanded(low, high - low)
            owners = self._table.owners(places.starts[whose])
            pairs = np.unique((level.phrases[phrases] << 32) | owners)
            yield pairs >> 32, pairs & 0xFFFFFFFF

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

    def _followed(self, places: _Places, units: _Places, first: Numbers, begin: int, level: _Level) -> _Places:
        """Return where a node and the unit that stands right after it are a node of the next level."""
        if not len(level.codes):
            return places.only(np.empty(0, np.int64))
        leading = level.codes // self._units
        at = np.minimum(np.searchsorted(leading, places.nodes), len(leading) - 1)
        places = places.only(leading[at] == places.nodes)
        low = first[places.ends + 1 - begin]
        whose, after = expanded(low, first[places.ends + 2 - begin] - low)
        codes = places.nodes[whose] * self._units + units.nodes[after]
        nodes = np.minimum(np.searchsorted(level.codes, codes), len(level.codes) - 1)
        keep = level.codes[nodes] == codes
        return _Places(places.starts[whose[keep]], units.ends[after[keep]], nodes[keep])


_NONE: Numbers = np.empty(0, np.int64)


def _gathered(apart: list[tuple[int, Slots, Slots]]) -> _Places:
    starts = np.concatenate([_NONE, *(starts for _, starts, _ in apart)])
    ends = np.concatenate([_NONE, *(ends for _, _, ends in apart)])
    units = np.repeat(np.array([unit for unit, _, _ in apart], np.int64), [len(starts) for _, starts, _ in apart])
    order = np.argsort(starts, kind="stable")
    return _Places(starts[order], ends[order], units[order])


def expanded(low: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
    """Return for ranges (low, count) the number of the range and the position, for every position in them."""
    whose = np.repeat(np.arange(len(low)), counts)
    before = np.cumsum(counts) - counts
    return whose, np.arange(len(whose)) - before[whose] + low[whose]
