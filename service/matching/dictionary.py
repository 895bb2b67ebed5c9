"""Keywords read once, to be looked up in one text after another.

Comes in: expressions of keywords. Goes out: their phrases as sequences of numbered units, the units under each of their
spellings, the beginnings of all sequences as `Level`s. Refuses to know: any text.

A unit is a word under one kind of key, which the text may hold as one word or as several; phrases share most of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.keywords import Expression, Phrase
from service.keywords.expression import Part, case_exact, leaves
from service.matching.variants import MOST_PIECES, Key, Step, fitting, joins
from service.model import Field

Numbers = NDArray[np.int64]
Unit = tuple[Key, str, bool]  # whether it may be written apart

# A longer phrase has too many groupings to write them all down.
LONGEST = 4
_MARKS = (1 << 21) - 1
_SIDE = {Field.TITLE: 0, Field.ABSTRACT: 1}


@dataclass(frozen=True, slots=True)
class Level:
    """The sequences of one length: `codes` of (node of the level before, unit), ascending, whose places are the nodes.

    The phrases that end at node n are at [starts[n], starts[n + 1]). `leads` says which nodes of the level before go
    on, and `marks` which codes may be here: nearly all that are asked for are not, and a search takes far longer.
    """

    codes: Numbers
    starts: Numbers
    phrases: Numbers
    leads: NDArray[np.bool_]
    marks: NDArray[np.bool_]

    def places(self, codes: Numbers) -> tuple[Numbers, Numbers]:
        """Return which of these codes are here, and their nodes."""
        may = np.flatnonzero(self.marks[codes & _MARKS])
        wanted = codes[may]
        nodes = np.minimum(np.searchsorted(self.codes, wanted), len(self.codes) - 1)
        here = self.codes[nodes] == wanted
        return may[here], nodes[here]


def _grown(rows: Sequence[Numbers], units: int) -> list[Level]:
    """Number the beginnings of all sequences: rows of one length after another."""
    reached, before = [row[:, 1] for row in rows], units
    levels = []
    for depth in range(LONGEST):
        codes, leads, marks = np.arange(units), np.ones(0, np.bool_), np.zeros(_MARKS + 1, np.bool_)
        if depth:
            steps = [reached[at] * units + rows[at][:, depth + 1] for at in range(depth, LONGEST)]
            codes, numbers = np.unique(np.concatenate(steps), return_inverse=True)
            cuts = np.cumsum([len(step) for step in steps])[:-1]
            reached[depth:] = np.split(numbers.reshape(-1), cuts)
            leads = np.zeros(before, np.bool_)
            leads[codes // units] = True
            marks[codes & _MARKS] = True
        order = np.argsort(reached[depth], kind="stable")
        starts = np.searchsorted(reached[depth][order], np.arange(len(codes) + 1))
        levels.append(Level(codes, starts, rows[depth][:, 0][order], leads, marks))
        before = len(codes)
    return levels


@dataclass(slots=True)
class Dictionary:
    """Phrases written down as sequences of numbered units, and the units under each of their spellings."""

    units: dict[Unit, int] = field(default_factory=dict)
    # By kind of key, so that the text looks its words up here: it has fewer of them than phrases have.
    spelled: tuple[dict[str, list[int]], ...] = field(default_factory=lambda: tuple({} for _ in Key))
    sequences: tuple[list[int], ...] = field(default_factory=lambda: tuple([] for _ in range(LONGEST)))
    fields: list[int] = field(default_factory=list)
    _levels: list[Level] | None = None

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
                known = units.get(unit)
                flat.append(self._new(unit) if known is None else known)
        self.fields.append(-1 if phrase.field is None else _SIDE[phrase.field])
        self._levels = None
        return True

    def _new(self, unit: Unit) -> int:
        key, word, _ = unit
        number = self.units[unit] = len(self.units)
        for spelling in (word,) if key is Key.PREFIX else Step(key, word).spellings():
            self.spelled[key].setdefault(spelling, []).append(number)
        return number

    def levels(self) -> list[Level]:
        """The beginnings of all sequences, numbered level by level."""
        if self._levels is None:
            self._levels = _grown([self._rows(length) for length in range(1, LONGEST + 1)], max(len(self.units), 1))
        return self._levels

    def _rows(self, length: int) -> Numbers:
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
        unit = (fitting(parts[at:after], key), word, after == at + 1)
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
