"""The words of all titles and abstracts in one long row of slots, and where each word stands.

Comes in: the tokens of one field after another. Goes out: sorted slot numbers for a step or a sequence of steps.
Refuses to know: keywords, papers beyond a number. Two words stand side by side exactly when their slots are neighbours:
a break takes one empty slot, the end of a field two, so that no look at the text is needed to find a phrase.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from service.matching.neighbours import adjoin, begun, bits, pairs
from service.matching.variants import Key, Link, Spelling, Step, keep
from service.words import FUNCTION, Form, Token, form

Slots = NDArray[np.int64]
_NONE: Slots = np.empty(0, np.int64)
_EMPTY = -1


class Table:
    """Grows by whole fields; each owner (a number the caller chooses) has one field. It is a `Vocabulary`."""

    def __init__(self) -> None:
        self._types: dict[str, int] = {}
        self._symbols: dict[str, int] = {}
        self._keyed: tuple[dict[str, list[int]], ...] = ({}, {}, {}, {})
        self._begun: list[int] = []
        self._row = array("i")
        self._gaps = array("b")
        self._ends = array("q")
        self._owners = array("q")
        self._firsts = array("i")
        self._lasts = array("i")
        self._thaw()

    def _thaw(self) -> None:
        self._frozen = False
        self._numbered: tuple[dict[str, tuple[int, ...]], ...] = ({}, {}, {}, {}, {})
        self._slotted: tuple[dict[str, Slots], ...] = ({}, {}, {}, {}, {})
        self.apart: dict[Step, tuple[Spelling, ...]] = {}

    def add(self, owner: int, words: Sequence[Token]) -> None:
        """Append one field."""
        row, gaps, firsts, lasts = self._row, self._gaps, self._firsts, self._lasts
        for place, (word, start, end, gap, symbol) in enumerate(words):
            if place and not gap:
                self._skip(1)
            known = (self._symbols if symbol else self._types).get(word)
            row.append(self._new_type(word, symbol) if known is None else known)
            gaps.append(gap)
            firsts.append(start)
            lasts.append(end)
        self._skip(2)
        self._close(owner)

    def beside(self) -> Table:
        """Return an empty table that knows the same words, so that fields of this one may be copied into it."""
        other = Table()
        other._types, other._symbols, other._begun = dict(self._types), dict(self._symbols), list(self._begun)
        for mine, copied in zip(self._keyed, other._keyed, strict=True):
            copied.update((spelling, list(numbers)) for spelling, numbers in mine.items())
        return other

    def copy(self, other: Table, field: int, owner: int) -> None:
        """Append a field of the table that this one was made beside, the `field`-th that was added there."""
        first, end = other.fields(field, 1)
        self._row.extend(other._row[first:end])
        self._gaps.extend(other._gaps[first:end])
        self._firsts.extend(other._firsts[first:end])
        self._lasts.extend(other._lasts[first:end])
        self._close(owner)

    def worn(self) -> bool:
        """Whether most of its words stand in no field any more."""
        row = np.array(self._row, np.int32)
        return 2 * int(np.count_nonzero(np.bincount(row[row > _EMPTY]))) < self.size

    def _close(self, owner: int) -> None:
        self._ends.append(len(self._row))
        self._owners.append(owner)
        if self._frozen:
            self._thaw()

    def _skip(self, slots: int) -> None:
        """Leave slots empty, so that no phrase reaches across them."""
        self._row.extend((_EMPTY,) * slots)
        for column in (self._gaps, self._firsts, self._lasts):
            column.extend((0,) * slots)

    def _new_type(self, word: str, symbol: bool) -> int:
        number = len(self._types) + len(self._symbols)
        (self._symbols if symbol else self._types)[word] = number
        forms = form(word)
        self._begun.append(bits(spelling[0] for spelling in forms.plain | forms.folded | forms.stems))
        for key, spelling in _keys(forms, symbol):
            self._keyed[key].setdefault(spelling, []).append(number)
        return number

    def _freeze(self) -> None:
        """Sort the slots by word, once for many looks."""
        self._slots_row = row = np.array(self._row, np.int32)
        self._order = np.argsort(row, kind="stable")
        self._starts = np.searchsorted(row[self._order], np.arange(len(self._types) + len(self._symbols) + 1))
        self._gap = np.array(self._gaps, np.int8)
        self._field_ends = np.array(self._ends, np.int64)
        self._field_owners = np.array(self._owners, np.int64)
        self._sorted = sorted(self._keyed[Key.FOLDED])
        self._pairs = pairs(row)
        self._letters = self._letters_after(row)
        self._frozen = True

    def _letters_after(self, row: NDArray[np.int32]) -> dict[str, int]:
        """Return for each plain spelling the letters with which the words beside it begin, as bits.

        What begins with a function word is only ever written apart with a hyphen.
        """
        spaced, joined = (self._letters_over(row, link).tolist() for link in (Link.SPACED, Link.JOINED))
        return {
            spelling: reduce(or_, map((joined if spelling in FUNCTION else spaced).__getitem__, numbers))
            for spelling, numbers in self._keyed[Key.PLAIN].items()
        }

    def _letters_over(self, row: NDArray[np.int32], link: Link) -> NDArray[np.uint64]:
        after = np.flatnonzero(self._gap >= link)
        letters = np.zeros(self.size + 1, np.uint64)
        np.bitwise_or.at(letters, row[after - 1], np.array([*self._begun, 0], np.uint64)[row[after]])
        return letters

    def knows(self, step: Step) -> bool:
        """Whether any word of the table fits the step, wherever it stands."""
        return bool(self._numbers(step))

    def adjoins(self, before: Step, after: Step) -> bool:
        """Whether two words that fit may stand side by side anywhere; almost always right, and never wrong in a no."""
        firsts = self._numbers(before)
        seconds = self._numbers(after) if firsts else ()
        return adjoin(self._pairs, firsts, seconds)

    def cuts(self, word: str) -> Sequence[int]:
        """Return where the beginning of a word is a word of the text, and one like the rest may stand beside it.

        The rest is judged by its first letter alone; nearly every beginning is no word. What has accents is not judged.
        """
        if not self._frozen:
            self._freeze()
        if not word.isascii():
            return range(1, len(word))
        word, letters = word.lower(), self._letters
        return [at for at in range(1, len(word)) if word[:at] in letters and letters[word[:at]] & begun(word[at:])]

    @property
    def size(self) -> int:
        """How many types of word there are."""
        return len(self._types) + len(self._symbols)

    @property
    def row(self) -> NDArray[np.int32]:
        """The type of word in each slot, below 0 where the slot is empty."""
        self._numbers(Step(Key.PLAIN, ""))
        return self._slots_row

    def blocks(self, size: int) -> list[int]:
        """Return slots at which the row may be cut, between fields and at least `size` apart; 0 and the end as well."""
        cuts = [0]
        for end in self._ends:
            if end - cuts[-1] >= size:
                cuts.append(end)
        return cuts if cuts[-1] == len(self._row) else [*cuts, len(self._row)]

    def types(self, step: Step) -> Sequence[int]:
        """Return the types of word that fit a step."""
        return self._numbers(step)

    def shared(self, spelled: Sequence[Mapping[str, Sequence[int]]]) -> Iterator[tuple[list[Sequence[int]], ...]]:
        """Yield types of word and, place by place, the numbers that have a spelling in common with them."""
        for mine, others in zip(self._keyed, spelled, strict=True):
            common = mine.keys() & others.keys()
            yield [mine[each] for each in common], [others[each] for each in common]

    def owners(self, slots: Slots) -> Slots:
        """Return the owner of each slot."""
        return self._field_owners[np.searchsorted(self._field_ends, slots, "right")]

    def fields(self, first: int, count: int) -> list[int]:
        """Return the slots where some fields begin, `count` of them from the `first` that was added, and the end."""
        return [self._ends[at - 1] if at else 0 for at in range(first, first + count + 1)]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the characters, in the original text of their field, from one slot's word to another's."""
        return self._firsts[first], self._lasts[last]

    def find(self, steps: Sequence[Step]) -> tuple[Slots, Slots]:
        """Return the first and last slots of all places where the steps stand side by side."""
        rows = [self._slots(step) for step in steps]
        if len(rows) == 1:
            return rows[0], rows[0]
        if any(step.link is Link.LOOSE for step in steps[1:]):
            return self._find_loosely(steps, rows)
        rarest, *others = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        starts = rows[rarest] - rarest
        for at in others:
            starts = starts[_among(starts + at, rows[at])]
        for at, step in enumerate(steps):
            if at and step.link > Link.BESIDE:
                starts = starts[self._gap[starts + at] >= step.link]
        return starts, starts + (len(rows) - 1)

    def find_between(self, steps: Sequence[Step], first: int, last: int) -> list[tuple[int, int]]:
        """Return the same as `find`, within whole fields [first, last) alone, in a fourth of the time."""
        row, gaps, slots = self._row, self._gaps, self._slots(steps[0])
        low, high = slots.searchsorted((first, last)).tolist()
        places = [(slot, slot) for slot in slots[low:high].tolist()]
        for step in steps[1:]:
            numbers, before, places = self._numbers(step), places, []
            for start, end in before:
                after = end + (2 if step.link is Link.LOOSE and row[end + 1] == _EMPTY else 1)
                if row[after] in numbers and (step.link <= Link.BESIDE or gaps[after] >= step.link):
                    places.append((start, after))
        return places

    def _find_loosely(self, steps: Sequence[Step], rows: Sequence[Slots]) -> tuple[Slots, Slots]:
        """Follow the steps from the left, a loose one also over the empty slot of a break."""
        starts = ends = rows[0]
        for step, row in zip(steps[1:], rows[1:], strict=True):
            after = ends + 1
            if step.link is Link.LOOSE:
                after = after + (self._slots_row[after] == _EMPTY)
            near = _among(after, row)
            starts, ends = starts[near], after[near]
            if step.link > Link.BESIDE:
                near = self._gap[ends] >= step.link
                starts, ends = starts[near], ends[near]
        return starts, ends

    def _slots(self, step: Step) -> Slots:
        slots = self._slotted[step.key].get(step.word)
        if slots is None:
            runs = [self._order[self._starts[number] : self._starts[number + 1]] for number in self._numbers(step)]
            found = runs[0] if len(runs) == 1 else np.sort(np.concatenate(runs)) if runs else _NONE
            slots = keep(self._slotted[step.key], step.word, found)
        return slots

    def _numbers(self, step: Step) -> Sequence[int]:
        """Return the types of word that fit a step."""
        if not self._frozen:
            self._freeze()
        if step.key is Key.PLAIN and step.word.isascii():
            return self._keyed[Key.PLAIN].get(step.word.lower(), ())
        known = self._numbered[step.key]
        numbers = known.get(step.word)
        if numbers is None:
            found = self._with_prefix(step) if step.key is Key.PREFIX else self._with_key(step)
            numbers = keep(known, step.word, tuple(dict.fromkeys(found)))
        return numbers

    def _with_key(self, step: Step) -> Iterator[int]:
        for spelling in step.spellings():
            yield from self._keyed[step.key].get(spelling, ())

    def _with_prefix(self, step: Step) -> Iterator[int]:
        for prefix in step.spellings():
            for at in range(bisect_left(self._sorted, prefix), len(self._sorted)):
                if not self._sorted[at].startswith(prefix):
                    break
                yield from self._keyed[Key.FOLDED][self._sorted[at]]


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
