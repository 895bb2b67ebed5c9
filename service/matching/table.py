"""The words of all titles and abstracts in one long row of slots, and where each word stands.

Comes in: the tokens of one field after another. Goes out: sorted slot numbers for a step or a sequence of steps.
Refuses to know: keywords, papers beyond a number. Two words stand side by side exactly when their slots are neighbours:
a break takes one empty slot, the end of a field two, so that no look at the text is needed to find a phrase.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.matching.variants import Key, Link, Step
from service.words import Form, Gap, Token, form

Slots = NDArray[np.int64]
_NONE: Slots = np.empty(0, np.int64)
_EMPTY = -1


def layout(words: Sequence[Token]) -> Iterator[int]:
    """Yield each word's slot, counted from its field's first."""
    slot = -1
    for place, word in enumerate(words):
        slot += 2 if place and word.gap is Gap.BREAK else 1
        yield slot


class Table:
    """Grows by whole fields; each owner (a number the caller chooses) has one field."""

    def __init__(self) -> None:
        self._types: dict[str, int] = {}
        self._symbols: dict[str, int] = {}
        self._keyed: dict[Key, dict[str, list[int]]] = {key: {} for key in Key if key is not Key.PREFIX}
        self._row = array("i")
        self._gaps = array("b")
        self._ends = array("q")
        self._owners = array("q")
        self._begun: dict[int, int] = {}
        self._forget()

    def _forget(self) -> None:
        self._frozen = False
        self._sorted: list[str] = []
        self._cache: dict[Step, Slots] = {}

    def add(self, owner: int, words: Sequence[Token]) -> None:
        """Append one field."""
        row, gaps = self._row, self._gaps
        self._begun[owner] = len(row)
        for place, (word, _, _, gap, symbol) in enumerate(words):
            if place and not gap:
                row.append(_EMPTY)
                gaps.append(0)
            known = (self._symbols if symbol else self._types).get(word)
            row.append(self._new_type(word, symbol) if known is None else known)
            gaps.append(gap)
        row.extend((_EMPTY, _EMPTY))
        gaps.extend((0, 0))
        self._ends.append(len(row))
        self._owners.append(owner)
        self._forget()

    def _new_type(self, word: str, symbol: bool) -> int:
        number = len(self._types) + len(self._symbols)
        (self._symbols if symbol else self._types)[word] = number
        for key, spelling in _keys(form(word), symbol):
            self._keyed[key].setdefault(spelling, []).append(number)
        return number

    def _freeze(self) -> None:
        """Sort the slots by word, once for many looks."""
        row = np.frombuffer(self._row, np.int32) if self._row else np.empty(0, np.int32)
        self._order = np.argsort(row, kind="stable")
        self._starts = np.searchsorted(row[self._order], np.arange(len(self._types) + len(self._symbols) + 1))
        self._gap = np.array(self._gaps, np.int8)
        self._field_ends = np.array(self._ends, np.int64)
        self._field_owners = np.array(self._owners, np.int64)
        self._frozen = True
        del row

    def knows(self, step: Step) -> bool:
        """Whether any word of the table fits the step, wherever it stands."""
        if step.key is Key.PREFIX:
            return any(True for _ in self._with_prefix(step.spellings))
        known = self._keyed[step.key]
        return any(spelling in known for spelling in step.spellings)

    def owners(self, slots: Slots) -> Slots:
        """Return the owner of each slot."""
        return self._field_owners[np.searchsorted(self._field_ends, slots, "right")]

    def offset(self, owner: int) -> int:
        """Return the first slot of an owner's field."""
        return self._begun[owner]

    def find(self, steps: Sequence[Step]) -> tuple[Slots, Slots]:
        """Return the first and last slots of all places where the steps stand side by side."""
        if not self._frozen:
            self._freeze()
        if any(step.link is Link.LOOSE for step in steps[1:]):
            return self._find_loosely(steps)
        rows = [self._slots(step) for step in steps]
        rarest = min(range(len(rows)), key=lambda at: len(rows[at]))
        starts = rows[rarest] - rarest
        for at in sorted(range(len(rows)), key=lambda at: len(rows[at])):
            if at != rarest and len(starts):
                starts = starts[_among(starts + at, rows[at])]
        for at, step in enumerate(steps):
            if at and step.link > Link.BESIDE and len(starts):
                starts = starts[self._gap[starts + at] >= step.link]
        return starts, starts + (len(rows) - 1)

    def _find_loosely(self, steps: Sequence[Step]) -> tuple[Slots, Slots]:
        """Follow the steps from the left, a loose one also over the empty slot of a break."""
        starts = ends = self._slots(steps[0])
        for step in steps[1:]:
            hops = (1, 2) if step.link is Link.LOOSE else (1,)
            row = self._slots(step)
            kept = [(starts[near], ends[near] + hop) for hop in hops for near in [_among(ends + hop, row)]]
            starts, ends = (np.concatenate(pair) for pair in zip(*kept, strict=True))
            if step.link > Link.BESIDE:
                near = self._gap[ends] >= step.link
                starts, ends = starts[near], ends[near]
        return starts, ends

    def _slots(self, step: Step) -> Slots:
        plain = Step(step.key, step.spellings)
        if plain not in self._cache:
            numbers = sorted(set(self._numbers(step)))
            runs = [self._order[self._starts[number] : self._starts[number + 1]] for number in numbers]
            self._cache[plain] = runs[0] if len(runs) == 1 else np.sort(np.concatenate(runs)) if runs else _NONE
        return self._cache[plain]

    def _numbers(self, step: Step) -> Iterator[int]:
        if step.key is Key.PREFIX:
            yield from self._with_prefix(step.spellings)
            return
        for spelling in step.spellings:
            yield from self._keyed[step.key].get(spelling, ())

    def _with_prefix(self, prefixes: frozenset[str]) -> Iterator[int]:
        folded = self._keyed[Key.FOLDED]
        if not self._sorted:
            self._sorted = sorted(folded)
        for prefix in prefixes:
            for at in range(bisect_left(self._sorted, prefix), len(self._sorted)):
                if not self._sorted[at].startswith(prefix):
                    break
                yield from folded[self._sorted[at]]


def _keys(forms: Form, symbol: bool) -> Iterator[tuple[Key, str]]:
    """Yield the keys under which a word is found; a symbol is no word that stands for itself (R^2 is not R)."""
    kinds = ((Key.PLAIN, forms.plain), (Key.FOLDED, forms.folded), (Key.STEMS, forms.stems))
    for key, spellings in (*kinds, *(((Key.CASED, forms.cased),) if not symbol else ())):
        for spelling in spellings:
            yield key, spelling


def _among(wanted: Slots, row: Slots) -> NDArray[np.bool_]:
    """Which of `wanted` are in the sorted `row`."""
    if not len(row):
        return np.zeros(len(wanted), np.bool_)
    at = np.minimum(np.searchsorted(row, wanted), len(row) - 1)
    among: NDArray[np.bool_] = row[at] == wanted
    return among
