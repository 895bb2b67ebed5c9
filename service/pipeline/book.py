"""What readers look for and what it finds, kept by one process: profiles as numbers, keywords read once.

Comes in: a unit of work, ids of readers, a view of the window. Goes out: arrays that say which keywords each profile
has and which papers those find. Refuses to know: who may receive mail, what an edition covers.

Everything is read at the unit's own snapshot: blocks of the roster whose change number is new, and the rows of whoever
is marked as changed since. Keywords are parsed once per process, and looked for all together when the papers change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.errors import KeywordError
from service.keywords import Keyword, reread
from service.matching import Found
from service.matching.bulk import Postings
from service.matching.dictionary import Lookup
from service.store import Unit
from service.store.rosters import BLOCK, NOBODY, Roster, State

if TYPE_CHECKING:
    from service.pipeline.window import View

Numbers = NDArray[np.int64]

# So many keywords are looked for one by one; for more, one pass over all words takes less.
FEW = 400
_UNKNOWN, _REFUSED = -1, -2


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Profile n belongs to the reader at `readers[n]` of those asked for, and has the keywords [starts[n], …[n + 1]).

    `keywords` are numbers of the book; `sources[looked[n]]` are the ones it looks at, None for all common ones; it
    wants replacements where `replacements[n]`.
    """

    readers: Numbers
    starts: Numbers
    keywords: Numbers
    looked: NDArray[np.int32]
    sources: tuple[frozenset[int] | None, ...]
    replacements: NDArray[np.bool_]

    def owners(self) -> Numbers:
        """For each entry of `keywords` its profile."""
        return np.repeat(np.arange(len(self.readers)), np.diff(self.starts))


class Book:
    """One process's knowledge; one thread uses it at a time."""

    def __init__(self) -> None:
        self._blocks: dict[int, tuple[int, Roster]] = {}
        self._numbered_blocks: dict[int, int] = {}
        self._written = 0
        self._marks: dict[int, int] = {}
        self._marked = NOBODY
        self._start_anew(0)

    def _start_anew(self, forgotten: int) -> None:
        self._forgotten = forgotten
        self._numbers = np.full(1, _UNKNOWN, np.int64)
        self._upto = 0
        self._lookup = Lookup()
        self._view: tuple[View | None, int] = (None, 0)
        self._found = _NOTHING
        self._among = (b"", _NOTHING, _NOTHING)
        self._exclusions = np.zeros(0, np.bool_)
        self.keywords: list[Keyword] = []
        self.number: dict[str, int] = {}

    def read(self, unit: Unit, readers: Numbers) -> Profiles:
        """The profiles of these readers (ids, ascending), as of this unit's snapshot."""
        state = unit.rosters.state()
        roster = self._roster(unit, readers, state)
        numbers = self._learned(unit, roster.keywords, state)
        known = numbers >= 0
        kept = np.concatenate([[0], np.cumsum(known)])[roster.starts]
        return Profiles(
            np.searchsorted(readers, roster.readers),
            kept,
            numbers[known],
            roster.chosen,
            tuple(None if sources is None else frozenset(sources) for sources, _ in roster.choices),
            np.array([replacements for _, replacements in roster.choices], np.bool_)[roster.chosen],
        )

    def learn_all(self, unit: Unit) -> int:
        """Read every keyword that some profile holds, so that they are looked for together; returns how many there are.

        A row that was numbered before those we know and committed after them is read once a reader has it.
        """
        self._check(unit.rosters.state())
        texts = unit.subscribers.keyword_rows(after=self._upto)
        self._upto = max((row for row, _ in texts), default=self._upto)
        self._learn(texts)
        return len(self.keywords)

    def found(self, view: View) -> Postings:
        """What each keyword of the book finds in the view."""
        if self._view != (view, len(view.papers)):
            self._view, self._found = (view, len(view.papers)), _NOTHING
        have = len(self._found.starts) - 1
        if len(self.keywords) - have > FEW:
            self._found = view.index.find_all(self._lookup)
        elif len(self.keywords) > have:
            self._found = _appended(self._found, [view.find(each) for each in self.keywords[have:]])
        return self._found

    def found_among(self, view: View, mask: NDArray[np.bool_]) -> Postings:
        """The same, of the papers that a mask has: those of a day or two, mostly, out of a month's.

        A batch asks for the same as the one before it.
        """
        found, key = self.found(view), mask.tobytes()
        if self._among[:2] != (key, found):
            self._among = key, found, found if mask.all() else found.among(mask)
        return self._among[2]

    def exclusions(self) -> NDArray[np.bool_]:
        """For each keyword of the book whether it leaves papers out."""
        if len(self._exclusions) != len(self.keywords):
            self._exclusions = np.array([each.exclusion for each in self.keywords], np.bool_)
        return self._exclusions

    def _roster(self, unit: Unit, readers: Numbers, state: State) -> Roster:
        # Numbers of marks come again on SQLite once those before were folded, and then the blocks were written anew.
        if state.marks != self._marks or state.number != self._written:
            self._marked = unit.rosters.rows(set(state.marks.values()))
            self._marks = state.marks
        if state.number != self._written:
            self._numbered_blocks, self._written = unit.rosters.blocks(), state.number
        changed = np.isin(readers, np.array(list(state.marks.values()), np.int64))
        held, numbers = readers[~changed], self._numbered_blocks
        parts = [self._marked.of(readers[changed])] if changed.any() else []
        blocks = [each for each in sorted(set((held // BLOCK).tolist())) if each in numbers]
        parts += [self._block(unit, each, numbers[each]).of(held[held // BLOCK == each]) for each in blocks]
        return Roster.joined(parts)

    def _block(self, unit: Unit, block: int, number: int) -> Roster:
        known, roster = self._blocks.get(block, (None, None))
        if roster is None or known != number:
            roster = unit.rosters.block(block)
            self._blocks[block] = number, roster
        return roster

    def _check(self, state: State) -> None:
        """Begin anew where rows of keywords were deleted: their numbers may come to mean others."""
        if state.forgotten != self._forgotten:
            self._start_anew(state.forgotten)

    def _learned(self, unit: Unit, rows: NDArray[np.int32], state: State) -> Numbers:
        self._check(state)
        self._make_room(int(rows.max(initial=0)))
        numbers = self._numbers[rows]
        unknown = rows[numbers == _UNKNOWN]
        if len(unknown):
            self._learn(unit.subscribers.keyword_rows(np.unique(unknown).tolist()))
            return self._numbers[rows]
        return numbers

    def _make_room(self, most: int) -> None:
        if most >= len(self._numbers):
            room = np.full(2 * most + 1, _UNKNOWN, np.int64)
            room[: len(self._numbers)] = self._numbers
            self._numbers = room

    def _learn(self, texts: Sequence[tuple[int, str]]) -> None:
        self._make_room(max((row for row, _ in texts), default=0))
        for row, text in texts:
            if self._numbers[row] == _UNKNOWN:
                self._numbers[row] = self._numbered(text)

    def _numbered(self, text: str) -> int:
        try:
            keyword = reread(text)
        except KeywordError:
            return _REFUSED  # A newer release of the language refuses what is stored.
        self.keywords.append(keyword)
        self.number[keyword.canonical] = len(self.keywords) - 1
        return self._lookup.add(keyword.expression)


_NOTHING = Postings(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.bool_))


def _appended(found: Postings, more: Iterable[Found]) -> Postings:
    parts = list(more)
    counts = [len(each.papers) for each in parts]
    return Postings(
        np.concatenate([found.starts, found.starts[-1] + np.cumsum(counts)]),
        np.concatenate([found.papers, *(each.papers for each in parts)]),
        np.concatenate([found.title, *(each.title for each in parts)]),
    )
