"""The keywords of all readers in a compact form: a snapshot, and what has changed since.

Comes in: ids of readers. Goes out: `Roster`s, arrays instead of rows. Refuses to know: who may receive mail, texts.

A block of the snapshot holds the profiles of 65,536 consecutive readers in some megabytes, so that a million readers
load in a tenth of a second instead of five. Each edit of a profile leaves a mark in its own transaction; `fold` writes
the profiles of marked readers into their blocks, raises the blocks' change number and takes away the marks it has seen,
by their ids: numbers do not commit in the order they were drawn, so "all up to" would lose a late one. A process reads
the blocks whose number it does not know, and over them the rows of all readers who are marked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, literal, select, union_all

from service.store.statements import among, numbers, raise_counter, upsert
from service.store.tables import counter, profile, profile_change, profile_keyword, roster

BLOCK = 1 << 16
# The sources a profile looks at (None: all common ones), and whether it wants replacements.
Choice = tuple[tuple[int, ...] | None, bool]
_USUAL: Choice = (None, False)
Columns = Sequence[NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Profile n is one of reader `readers[n]` (ascending), and has the keywords at [starts[n], starts[n + 1]).

    `keywords` are rows of the keyword table, in no order; `choices[chosen[n]]` says what it looks at.
    """

    readers: NDArray[np.int64]
    chosen: NDArray[np.int32]
    starts: NDArray[np.int64]
    keywords: NDArray[np.int32]
    choices: tuple[Choice, ...]

    @classmethod
    def of_columns(cls, profiles: Columns, choices: Mapping[int, Choice], keywords: Columns) -> Roster:
        """Pack the columns of profiles (id, reader, position) and those of their keywords (profile, keyword).

        Both are in any order; `choices` has the profiles that choose otherwise than most.
        """
        ids, readers, positions = (column[np.argsort(profiles[0])] for column in profiles)
        owners, words = (column[np.argsort(keywords[0], kind="stable")] for column in keywords)
        known, chosen = {_USUAL: 0}, np.zeros(len(ids), np.int32)
        chosen[np.searchsorted(ids, list(choices))] = [known.setdefault(each, len(known)) for each in choices.values()]
        starts = np.searchsorted(owners, ids)
        whole = cls(readers, chosen, np.append(starts, len(words)), words.astype(np.int32), tuple(known))
        return whole.only(np.lexsort((positions, readers)))

    @classmethod
    def joined(cls, parts: Iterable[Roster]) -> Roster:
        """Several rosters as one, in the order of their readers."""
        parts = list(parts) or [NOBODY]
        if len(parts) == 1:
            return parts[0]
        numbers: dict[Choice, int] = {}
        sources = []
        for part in parts:
            known = np.array([numbers.setdefault(each, len(numbers)) for each in part.choices], np.int32)
            sources.append(known[part.chosen])
        ends = np.cumsum([0, *(len(part.keywords) for part in parts)])
        starts = [part.starts[:-1] + end for part, end in zip(parts, ends, strict=False)]
        whole = cls(
            np.concatenate([part.readers for part in parts]),
            np.concatenate(sources),
            np.concatenate([*starts, ends[-1:]]),
            np.concatenate([part.keywords for part in parts]),
            tuple(numbers),
        )
        return whole if np.all(np.diff(whole.readers) >= 0) else whole.only(np.argsort(whole.readers, kind="stable"))

    def only(self, profiles: NDArray[np.int64]) -> Roster:
        """Some of its profiles, in the order asked for."""
        low = self.starts[profiles]
        counts = self.starts[profiles + 1] - low
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        at = np.arange(starts[-1]) + np.repeat(low - starts[:-1], counts)
        return Roster(self.readers[profiles], self.chosen[profiles], starts, self.keywords[at], self.choices)

    def of(self, readers: NDArray[np.int64]) -> Roster:
        """The profiles of these readers (ascending)."""
        low, high = (np.searchsorted(self.readers, readers, side) for side in ("left", "right"))
        counts = high - low
        at = np.arange(counts.sum()) + np.repeat(low - (np.cumsum(counts) - counts), counts)
        return self.only(at)

    def without(self, readers: NDArray[np.int64]) -> Roster:
        """All but the profiles of these readers."""
        return self.only(np.flatnonzero(~np.isin(self.readers, readers)))

    def packed(self) -> bytes:
        """One value for a column, the same on every machine."""
        head = json.dumps([len(self.readers), len(self.keywords), self.choices]).encode() + b"\n"
        arrays = (
            self.readers.astype("<i8"),
            self.starts.astype("<i8"),
            self.chosen.astype("<i4"),
            self.keywords.astype("<i4"),
        )
        return b"".join([head, *(each.tobytes() for each in arrays)])

    @classmethod
    def unpacked(cls, body: bytes) -> Roster:
        """What `packed` has packed."""
        head, _, rest = body.partition(b"\n")
        profiles, keywords, choices = json.loads(head)
        wide = np.frombuffer(rest, "<i8", 2 * profiles + 1)
        narrow = np.frombuffer(rest, "<i4", profiles + keywords, wide.nbytes)
        # The head is of any length: where it leaves the arrays crooked, numpy would copy them at every search.
        wide, narrow = wide.copy(), narrow.copy()
        own = tuple(_choice(*each) for each in choices)
        return cls(wide[:profiles], narrow[:profiles], wide[profiles:], narrow[profiles:], own)


_NONE = np.zeros(0, np.int64)
NOBODY = Roster(_NONE, _NONE.astype(np.int32), np.zeros(1, np.int64), _NONE.astype(np.int32), ())


class State(NamedTuple):
    """What tells whether anything has changed since it was read.

    `number` rises with every block that is written anew, `forgotten` when keywords are deleted: their rows' numbers may
    come to mean others. `marks` has each mark since the snapshot with its reader; equal marks mean equal profiles.
    """

    number: int
    forgotten: int
    marks: dict[int, int]


_BOTH = profile.join(profile_keyword, profile_keyword.c.profile_id == profile.c.id)
_STATE = union_all(
    select(counter.c.name, counter.c.value, literal(0)).where(counter.c.name.in_(("roster", "forgotten"))),
    select(literal(""), profile_change.c.id, profile_change.c.subscriber_id),
)


@dataclass(frozen=True, slots=True)
class Rosters:
    """Verbs of one unit of work."""

    connection: Connection

    def mark(self, reader: int) -> None:
        """Note in the transaction that edits a reader's profiles that they have changed."""
        self.connection.execute(insert(profile_change).values(subscriber_id=reader))

    def state(self) -> State:
        """What may have changed since the last batch, asked for at once."""
        rows = self.connection.execute(_STATE).all()
        counters = {name: value for name, value, _ in rows if name}
        marks = {mark: reader for name, mark, reader in rows if not name}
        return State(counters.get("roster", 0), counters.get("forgotten", 0), marks)

    def marked(self) -> int:
        """How many marks there are since the snapshot."""
        return self.connection.scalar(select(func.count()).select_from(profile_change)) or 0

    def blocks(self) -> dict[int, int]:
        """The change number of each block."""
        return {row.block: row.number for row in self.connection.execute(select(roster.c.block, roster.c.number))}

    def block(self, block: int) -> Roster:
        """One block of the snapshot."""
        body = self.connection.scalar(select(roster.c.body).where(roster.c.block == block))
        return Roster.unpacked(body) if body else NOBODY

    def rows(self, readers: Iterable[int]) -> Roster:
        """The profiles of these readers as their rows hold them now."""
        return self._rows(among(self.connection, profile.c.subscriber_id, readers))

    def block_of_rows(self, block: int) -> Roster:
        """The profiles of a block's readers as their rows hold them now."""
        low = block * BLOCK
        return self._rows((profile.c.subscriber_id >= low) & (profile.c.subscriber_id < low + BLOCK))

    def forget(self, reader: int) -> None:
        """Take an erased reader out of the snapshot, in the transaction that erases."""
        number = self._next()
        self._write(reader // BLOCK, number, self.block(reader // BLOCK).without(np.array([reader])))
        self.connection.execute(delete(profile_change).where(profile_change.c.subscriber_id == reader))

    def fold(self) -> int:
        """Write what is marked into the snapshot; returns how many readers that were. One folds at a time."""
        number = self._next()
        seen, whose = numbers(self.connection, select(profile_change.c.id, profile_change.c.subscriber_id))
        known, readers = self.blocks(), np.unique(whose)
        for block in np.unique(readers // BLOCK).tolist():
            mine = readers[readers // BLOCK == block]
            if block in known:
                self._write(block, number, Roster.joined([self.block(block).without(mine), self.rows(mine.tolist())]))
            else:
                self._write(block, number, self.block_of_rows(block))
        for first, last in _runs(np.sort(seen)):
            self.connection.execute(delete(profile_change).where(profile_change.c.id.between(first, last)))
        return len(readers)

    def _rows(self, whose: ColumnElement[bool]) -> Roster:
        otherwise = profile.c.sources.is_not(None) | profile.c.replacements
        columns = (profile.c.id, profile.c.subscriber_id, profile.c.position, case((otherwise, 1), else_=0))
        *profiles, others = numbers(self.connection, select(*columns).where(whose))
        entries = select(profile_keyword.c.profile_id, profile_keyword.c.keyword_id).select_from(_BOTH)
        choices = self._choices(whose & otherwise) if others.any() else {}
        return Roster.of_columns(profiles, choices, numbers(self.connection, entries.where(whose)))

    def _choices(self, whose: ColumnElement[bool]) -> dict[int, Choice]:
        rows = self.connection.execute(select(profile.c.id, profile.c.sources, profile.c.replacements).where(whose))
        return {row.id: _choice(row.sources, row.replacements) for row in rows}

    def _write(self, block: int, number: int, whole: Roster) -> None:
        values: dict[str, Any] = {"block": block, "number": number, "body": whole.packed()}
        self.connection.execute(upsert(self.connection, roster, values, ["block"]))

    def _next(self) -> int:
        """The next change number; whoever draws one waits until the one before has committed."""
        return raise_counter(self.connection, "roster")


def _choice(sources: Sequence[int] | None, replacements: bool) -> Choice:
    return (None if sources is None else tuple(sources)), replacements


def _runs(ascending: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of neighbours: a mark that commits late stands in no run."""
    firsts, lasts = (np.flatnonzero(np.diff(ascending, **edge) != 1) for edge in ({"prepend": -1}, {"append": -1}))
    yield from zip(ascending[firsts].tolist(), ascending[lasts].tolist(), strict=True)
