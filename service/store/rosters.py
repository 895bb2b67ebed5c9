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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Text, cast, delete, func, insert, literal, select, union_all

from service.store.statements import chunks, raise_counter, upsert
from service.store.tables import counter, profile, profile_change, profile_keyword, roster

BLOCK = 1 << 16
# The sources a profile looks at (None: all common ones), and whether it wants replacements.
Choice = tuple[tuple[int, ...] | None, bool]


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
    def of_rows(cls, rows: Sequence[tuple[int, Choice, str | None]]) -> Roster:
        """Pack (reader, choice, keywords joined by commas), one for each profile, ascending by reader."""
        numbers: dict[Choice, int] = {}
        chosen = [numbers.setdefault(choice, len(numbers)) for _, choice, _ in rows]
        counts = [0, *(texts.count(",") + 1 if texts else 0 for _, _, texts in rows)]
        joined = ",".join(texts for _, _, texts in rows if texts)
        return cls(
            np.array([reader for reader, _, _ in rows], np.int64),
            np.array(chosen, np.int32),
            np.cumsum(counts, dtype=np.int64),
            np.fromstring(joined, np.int32, sep=","),
            tuple(numbers),
        )

    @classmethod
    def joined(cls, parts: Iterable[Roster]) -> Roster:
        """Several rosters as one, in the order of their readers."""
        parts = list(parts) or [cls.of_rows([])]
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
        counts = np.diff(self.starts)[profiles]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        at = np.arange(starts[-1]) + np.repeat(self.starts[profiles] - starts[:-1], counts)
        return Roster(self.readers[profiles], self.chosen[profiles], starts, self.keywords[at], self.choices)

    def of(self, readers: NDArray[np.int64]) -> Roster:
        """The profiles of these readers (ascending)."""
        low, high = (np.searchsorted(self.readers, readers, side) for side in ("left", "right"))
        counts = high - low
        at = np.arange(counts.sum()) + np.repeat(low - (np.cumsum(counts) - counts), counts)
        return self.only(at)

    def without(self, readers: Sequence[int]) -> Roster:
        """All but the profiles of these readers."""
        return self.only(np.flatnonzero(~np.isin(self.readers, np.array(readers, np.int64))))

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


class State(NamedTuple):
    """What tells whether anything has changed since it was read.

    `number` rises with every block that is written anew, `forgotten` when keywords are deleted: their rows' numbers may
    come to mean others. `marks` has each mark since the snapshot with its reader; equal marks mean equal profiles.
    """

    number: int
    forgotten: int
    marks: dict[int, int]


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

    def marks(self) -> dict[int, int]:
        """The marks since the snapshot, each with its reader."""
        rows = self.connection.execute(select(profile_change.c.id, profile_change.c.subscriber_id))
        return {row.id: row.subscriber_id for row in rows}

    def blocks(self) -> dict[int, int]:
        """The change number of each block."""
        return {row.block: row.number for row in self.connection.execute(select(roster.c.block, roster.c.number))}

    def block(self, block: int) -> Roster:
        """One block of the snapshot."""
        body = self.connection.scalar(select(roster.c.body).where(roster.c.block == block))
        return Roster.unpacked(body) if body else Roster.of_rows([])

    def rows(self, readers: Sequence[int]) -> Roster:
        """The profiles of these readers (ascending) as their rows hold them now."""
        return Roster.joined(self._rows(profile.c.subscriber_id.in_(piece)) for piece in chunks(readers))

    def block_of_rows(self, block: int) -> Roster:
        """The profiles of a block's readers as their rows hold them now."""
        low = block * BLOCK
        return self._rows((profile.c.subscriber_id >= low) & (profile.c.subscriber_id < low + BLOCK))

    def forget(self, reader: int) -> None:
        """Take an erased reader out of the snapshot, in the transaction that erases."""
        number = self._next()
        self._write(reader // BLOCK, number, self.block(reader // BLOCK).without([reader]))
        self.connection.execute(delete(profile_change).where(profile_change.c.subscriber_id == reader))

    def fold(self) -> int:
        """Write what is marked into the snapshot; returns how many readers that were. One folds at a time."""
        number = self._next()
        seen, known = self.marks(), self.blocks()
        readers = sorted(set(seen.values()))
        for block in sorted({reader // BLOCK for reader in readers}):
            mine = [reader for reader in readers if reader // BLOCK == block]
            if block in known:
                self._write(block, number, Roster.joined([self.block(block).without(mine), self.rows(mine)]))
            else:
                self._write(block, number, self.block_of_rows(block))
        for first, last in _runs(sorted(seen)):
            self.connection.execute(delete(profile_change).where(profile_change.c.id.between(first, last)))
        return len(readers)

    def _rows(self, whose: ColumnElement[bool]) -> Roster:
        texts = func.aggregate_strings(cast(profile_keyword.c.keyword_id, Text), ",")
        both = profile.outerjoin(profile_keyword, profile_keyword.c.profile_id == profile.c.id)
        rows = (
            select(profile.c.subscriber_id, profile.c.sources, profile.c.replacements, texts)
            .select_from(both)
            .where(whose)
        )
        ordered = rows.group_by(profile.c.id).order_by(profile.c.subscriber_id, profile.c.position)
        return Roster.of_rows([(row[0], _choice(row[1], row[2]), row[3]) for row in self.connection.execute(ordered)])

    def _write(self, block: int, number: int, whole: Roster) -> None:
        values: dict[str, Any] = {"block": block, "number": number, "body": whole.packed()}
        self.connection.execute(upsert(self.connection, roster, values, ["block"]))

    def _next(self) -> int:
        """The next change number; whoever draws one waits until the one before has committed."""
        return raise_counter(self.connection, "roster")


def _choice(sources: Sequence[int] | None, replacements: bool) -> Choice:
    return (None if sources is None else tuple(sources)), replacements


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of neighbours: a mark that commits late stands in no run."""
    ends = np.flatnonzero(np.diff(np.array(numbers, np.int64)) != 1)
    firsts, lasts = [0, *(ends + 1)], [*ends, len(numbers) - 1]
    yield from ((numbers[first], numbers[last]) for first, last in zip(firsts, lasts, strict=True) if numbers)
