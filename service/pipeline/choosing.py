"""Which papers many readers get, and in which order: what `selection.select` chooses for one, for a batch at once.

Comes in: a view of the window, the profiles of a batch as numbers, what each edition covers. Goes out: positions best
first for each reader, and the `Selection` of those who get a mail. Refuses to know: the store, the clock, mails.

Readers who look at the same sources since the same edition share one mask of papers. Of what the keywords find in a
month, only the papers in anybody's mask are gone through; every hit is a row of one array, thinned by its reader's mask
and ranked by one sort. A reader alone takes some hundred microseconds, one of a batch
two (`python -m bench match`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from service.keywords import Keyword
from service.matching.bulk import Postings, sums, within
from service.model import Profile
from service.pipeline.book import Book, Profiles
from service.pipeline.firsts import Mask
from service.pipeline.selection import Look, Selection, Span, read_keyword, read_keywords
from service.pipeline.window import View
from service.ranking import Hits, Ranked, rank_all, trending
from service.store.covered import NOTHING, Covered

Numbers = NDArray[np.int64]
_SPAN, _COVERED = attrgetter("span"), attrgetter("past.upto")


@dataclass(frozen=True, slots=True)
class Asked:
    """One reader's edition: the arrivals it covers, and what those before it covered."""

    span: Span
    past: Covered = NOTHING


@dataclass(frozen=True, slots=True)
class _Lists:
    """Arrays of a batch as lists, which are cut for one reader in less time."""

    keywords: Sequence[int]  # by number in the book
    starts: Sequence[int]  # of each keyword's papers
    papers: Sequence[int]
    bounds: Sequence[int]  # of each reader's profiles
    entries: Sequence[int]  # of each profile's keywords


@dataclass(frozen=True, eq=False)
class Chosen:
    """What was chosen for a batch; readers are numbered as they were asked for."""

    book: Book
    masks: _Masks
    profiles: Profiles
    wanted: Numbers  # those of the profiles' keywords that are no exclusions
    hits: Hits
    ranked: Ranked
    alone: NDArray[np.bool_]

    @cached_property
    def _lists(self) -> _Lists:
        """Made for the first reader who gets a mail."""
        return _Lists(
            self.profiles.keywords[self.wanted].tolist(),
            self.hits.starts.tolist(),
            self.hits.papers.tolist(),
            np.searchsorted(self.profiles.readers, np.arange(len(self.alone) + 1)).tolist(),
            np.searchsorted(self.wanted, self.profiles.starts).tolist(),
        )

    def is_alone(self, reader: int) -> bool:
        """Whether this reader is not chosen for here: who has no keywords gets what is trending, or wants replacements.

        Both are rare.
        """
        return bool(self.alone[reader])

    def finding(self, positions: Sequence[int]) -> list[int]:
        """The readers who may get any of these papers; of those who are alone, that is not known."""
        theirs = np.isin(self.ranked.papers, positions)
        found = np.repeat(np.arange(len(self.alone)), np.diff(self.ranked.starts))[theirs]
        readers: list[int] = np.union1d(found, np.flatnonzero(self.alone)).tolist()
        return readers

    def count(self, reader: int) -> int:
        """How many papers were found for a reader who is not alone."""
        return int(self.ranked.starts[reader + 1] - self.ranked.starts[reader])

    def selection(self, reader: int, own: Sequence[Profile]) -> Selection:
        """The selection of a reader who is not alone, in the words of the profiles' own rows."""
        keywords, found, looks = list[str](), list[Sequence[int]](), list[Look]()
        lists = self._lists
        numbers, starts = range(*lists.bounds[reader : reader + 2]), lists.starts
        for number, profile in zip(numbers, own, strict=True):
            before, unwanted = len(keywords), list[Keyword]()
            for text, place in self._places(number, profile.keywords):
                if place is None:
                    unwanted += read_keywords((text,))
                else:
                    keywords.append(text)
                    found.append(lists.papers[starts[place] : starts[place + 1]])
            mask = self.masks.rows[self.masks.read[number]]
            looks.append(Look(profile, len(keywords) - before, tuple(unwanted), mask))
        ranked = tuple(self.ranked.of(reader).tolist())
        read = self.masks.count([self.masks.read[number] for number in numbers])
        return Selection(tuple(keywords), ranked, tuple(found), read, False, tuple(looks))

    def _places(self, profile: int, texts: Iterable[str]) -> list[tuple[str, int | None]]:
        """A profile's keywords that can be read, each with its place among all of them; exclusions have none."""
        first, last = self._lists.entries[profile : profile + 2]
        places = dict(zip(self._lists.keywords[first:last], range(first, last), strict=True))
        found, known, keywords = list[tuple[str, int | None]](), self.book.number, self.book.keywords
        for text in texts:
            # Nearly every text is the canonical one of its keyword.
            number, said = known.get(text), text
            if number is None:
                keyword = read_keyword(text)
                if keyword is None:
                    continue
                number, said = known[keyword.canonical], keyword.text
            found.append((said, None if keywords[number].exclusion else places[number]))
        return found


@dataclass(slots=True, eq=False)
class _Masks:
    """Which papers each profile reads, and of those the ones its exclusions leave: rows of one table of masks."""

    width: int
    read: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    _rows: list[Mask] = field(default_factory=list)
    _counts: dict[frozenset[int], int] = field(default_factory=dict)

    @property
    def rows(self) -> list[Mask]:
        """The masks themselves."""
        return self._rows

    def union(self) -> Mask:
        """The papers that any profile reads."""
        together = np.zeros(self.width, np.bool_)
        for row in self._rows:
            together |= row
        return together

    def count(self, rows: Iterable[int]) -> int:
        """How many papers any of these rows has."""
        key = frozenset(rows)
        if key not in self._counts:
            self._counts[key] = int(np.logical_or.reduce([self._rows[each] for each in key]).sum())
        return self._counts[key]

    def add(self, view: View, profiles: Profiles, asked: Sequence[Asked]) -> None:
        """Take in profiles: the sources that each looks at, and what is asked for its reader."""
        # Equal spans that are not the same cost a mask more.
        spans = list(map(_SPAN, asked))
        same, first, numbers = np.unique(_numbers(map(id, spans)), return_index=True, return_inverse=True)
        several = [spans[place] for place in first]
        codes, rows = np.unique(profiles.looked * len(same) + numbers[profiles.readers], return_inverse=True)
        for looked, span in (divmod(code, len(same)) for code in codes.tolist()):
            self._put(several[span].mask(view.firsts(profiles.sources[looked])))
        self.read = rows.tolist()
        # Before its first paper arrived, no digest can have held anything of a mask.
        oldest = np.array([view.born[mask].min(initial=view.upto + 1) for mask in self._rows], np.int64)
        covered = _numbers(map(_COVERED, asked))[profiles.readers]
        returned = _numbers(bool(each.past.before) for each in asked)[profiles.readers]
        for profile in np.flatnonzero((covered >= oldest[rows]) | (returned > 0)).tolist():
            past = asked[profiles.readers[profile]].past
            self.read[profile] = self._undelivered(view, self.read[profile], past.papers)
        self.kept = self.read.copy()

    def _undelivered(self, view: View, row: int, delivered: frozenset[int]) -> int:
        """A row without what was delivered."""
        again = view.places(delivered)
        if not self._rows[row][again].any():
            return row
        fresh = self._rows[row].copy()
        fresh[again] = False
        return self._put(fresh)

    def leave_out(self, profile: int, papers: NDArray[np.int32]) -> None:
        """A profile does not want these."""
        rest = self._rows[self.kept[profile]].copy()
        rest[papers] = False
        self.kept[profile] = self._put(rest)

    def _put(self, mask: Mask) -> int:
        self._rows.append(mask)
        return len(self._rows) - 1


def choose_all(view: View, book: Book, profiles: Profiles, asked: Sequence[Asked]) -> Chosen:
    """Choose for every reader of a batch, of whom profiles know the places in `asked`."""
    masks, owners = _Masks(len(view.papers)), profiles.owners()
    masks.add(view, profiles, asked)
    somebodys = masks.union()
    found = book.found_among(view, somebodys)
    exclusion = book.exclusions()[profiles.keywords]
    for entry in np.flatnonzero(exclusion).tolist():
        mine = slice(*found.starts[profiles.keywords[entry] : profiles.keywords[entry] + 2])
        masks.leave_out(int(owners[entry]), found.papers[mine])
    wanted = np.flatnonzero(~exclusion)
    hits = _hits(found, profiles, masks, owners, wanted)
    alone = np.ones(len(asked), np.bool_)
    alone[hits.readers] = False
    alone[profiles.readers[profiles.replacements]] = True
    order = trending(view.upvotes(), np.flatnonzero(somebodys))
    ranked = rank_all(hits, len(asked), order, len(view.papers))
    return Chosen(book, masks, profiles, wanted, hits, ranked, alone)


def _hits(found: Postings, profiles: Profiles, masks: _Masks, owners: Numbers, wanted: Numbers) -> Hits:
    """The hits of all keywords of the batch, without the papers that their profile's mask leaves out."""
    numbers, whose = profiles.keywords[wanted], owners[wanted]
    low = found.starts[numbers]
    counts = found.starts[numbers + 1] - low
    at, readers = within(low, counts), profiles.readers[whose]
    papers = found.papers[at]
    if len(masks.rows) < 2:
        # Everybody reads the same, and nothing else was found.
        return Hits(readers, sums(counts), papers, found.title[at])
    keep = np.concatenate(masks.rows)[np.repeat(_numbers(masks.kept)[whose] * masks.width, counts) + papers]
    return Hits(readers, sums(keep)[sums(counts)], papers[keep], found.title[at[keep]])


def _numbers(values: Iterable[int]) -> Numbers:
    return np.fromiter(values, np.int64)
