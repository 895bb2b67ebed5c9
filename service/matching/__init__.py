"""Papers × keywords → matches.

Comes in: papers, then keywords. Goes out: which papers each keyword finds, and where it hit. Refuses to know: readers,
the store, how a match is shown. The words of the papers are folded once, when they are added (`table`); a keyword asks
for each spelling of its phrase that occurs (`variants`) and meets only the papers that hold its rarest word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from service.keywords import And, Category, Expression, Keyword, Leaf, Not, Or, Person, Phrase
from service.matching.bulk import Postings, Scan, expanded, postings
from service.matching.dictionary import Lookup
from service.matching.registers import Authors, Categories, Entry
from service.matching.table import Slots, Table
from service.matching.variants import Spelling, sequences
from service.model import Field, Hit, Paper
from service.words import read, tokens

Mask = NDArray[np.bool_]

# What an index remembers of past questions, so that its memory stays bounded.
_REMEMBERED, _REMEMBERED_KEYWORDS, _REMEMBERED_PHRASES = 20_000, 4_000, 500


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The positions of the papers a keyword found, ascending, and for each whether it hit in the title."""

    papers: NDArray[np.int32]
    title: Mask


@dataclass(frozen=True, slots=True)
class _Seen:
    """Per paper of the index: whether an expression holds, and whether it hit in the title."""

    papers: Mask
    title: Mask


class Index:
    """Papers in the order they were added, ready to be searched.

    One thread adds papers while no other one asks. What an answer is made of is held by it alone: several threads that
    ask may make each other forget what was remembered, and never answer with half of it.
    """

    def __init__(self, papers: Iterable[Paper] = ()) -> None:
        self._papers: list[Paper] = []
        self._table = Table()
        self._authors = Authors()
        self._categories = Categories()
        self._found: dict[str, Found] = {}
        self._hit: dict[tuple[str, int], tuple[Hit, ...]] = {}
        self._stood: dict[Phrase, list[tuple[Slots, Slots]]] = {}
        self._spelled: dict[Phrase, Sequence[Spelling]] = {}
        self._bulk: tuple[dict[Expression, int], Postings] | None = None
        self.add(papers)

    def __len__(self) -> int:
        return len(self._papers)

    def add(self, papers: Iterable[Paper]) -> None:
        """Append papers; the first gets the position `len(index)`."""
        for paper in papers:
            position = len(self._papers)
            self._table.add(2 * position, tokens(paper.title))
            self._table.add(2 * position + 1, tokens(paper.abstract))
            self._enter(paper)
        self._found.clear()
        self._hit.clear()
        self._stood.clear()
        self._spelled.clear()

    def renewed(self, entries: Iterable[int | Paper]) -> Index:
        """Return an index of papers that this one holds, by their positions, and of others; those are not read again.

        To read them all takes nearly twenty times as long. Where most words of this index occur no more, all is read.
        """
        other, worn = Index(), self._table.worn()
        if not worn:
            other._table = self._table.beside()
        for each in entries:
            if worn or not isinstance(each, int):
                other.add([self._papers[each] if isinstance(each, int) else each])
                continue
            own = len(other._papers)
            for field in (0, 1):
                other._table.copy(self._table, 2 * each + field, 2 * own + field)
            other._enter(self._papers[each])
        return other

    def _enter(self, paper: Paper) -> None:
        """Take in what is not in the table."""
        position = len(self._papers)
        self._papers.append(paper)
        self._authors.add(position, paper.authors)
        self._categories.add(position, paper.categories)

    def find(self, keyword: Keyword) -> Found:
        """Return the papers that a keyword finds; for an exclusion, those that it leaves out. It remembers."""
        found = self._found.get(keyword.canonical)
        if found is None:
            seen = self._see(keyword.expression)
            papers = np.flatnonzero(seen.papers).astype(np.int32)
            if len(self._found) >= _REMEMBERED_KEYWORDS:
                self._found.clear()
            found = self._found[keyword.canonical] = Found(papers, seen.title[papers])
        return found

    def find_all(self, lookup: Lookup) -> Postings:
        """Return what each keyword of a lookup finds: the same as `find` for each, in one pass over the words."""
        found = Scan(lookup.dictionary, self._table).run()
        self._bulk = lookup.phrases, found
        others = [(number, self._see(expression)) for number, expression in lookup.others]
        self._bulk = None
        return _merged(found, np.array(lookup.numbers, np.int64), others)

    def hits(self, keyword: Keyword, position: int) -> tuple[Hit, ...]:
        """Return where a keyword hit one paper, in reading order, without overlaps; what NOT forbids hits nowhere."""
        asked = (keyword.canonical, position)
        hits = self._hit.get(asked)
        if hits is None:
            if len(self._hit) >= _REMEMBERED:
                self._hit.clear()
            places = set(self._hits(keyword.expression, position))
            apart = places if len(places) < 2 else _apart(sorted(places, key=_reading_order))
            hits = self._hit[asked] = tuple(apart)
        return hits

    def _see(self, expression: Expression) -> _Seen:
        match expression:
            case And(operands):
                return self._all([self._see(operand) for operand in operands])
            case Or(operands):
                seen = [self._see(operand) for operand in operands]
                return _Seen(_any(each.papers for each in seen), _any(each.title for each in seen))
            case Not(operand):
                return _Seen(~self._see(operand).papers, self._nothing())
            case Phrase():
                return self._phrase(expression)
            case _:
                papers = self._nothing()
                papers[[paper for paper, _ in self._entries(expression)]] = True
                return _Seen(papers, self._nothing())

    def _all(self, seen: list[_Seen]) -> _Seen:
        papers = np.logical_and.reduce([each.papers for each in seen])
        return _Seen(papers, _any(each.title for each in seen) & papers)

    def _phrase(self, phrase: Phrase) -> _Seen:
        papers, title = self._nothing(), self._nothing()
        bulk = self._bulk
        if bulk and phrase in bulk[0]:
            return self._seen_in_bulk(bulk[0][phrase], bulk[1])
        for starts, _ in self._kept_places(phrase):
            owners = self._table.owners(starts)
            papers[owners >> 1] = True
            title[owners[owners & 1 == 0] >> 1] = True
        if phrase.field is Field.TITLE:
            return _Seen(title, title)
        return _Seen(papers, title)

    def _seen_in_bulk(self, number: int, found: Postings) -> _Seen:
        papers, title = self._nothing(), self._nothing()
        mine = slice(*found.starts[number : number + 2])
        papers[found.papers[mine]] = True
        title[found.papers[mine][found.title[mine]]] = True
        return _Seen(papers, title)

    def _places(self, phrase: Phrase) -> Iterator[tuple[Slots, Slots]]:
        for steps in self._spellings(phrase):
            starts, ends = self._table.find(steps)
            if phrase.field is Field.ABSTRACT:
                kept = self._table.owners(starts) & 1 == 1
                starts, ends = starts[kept], ends[kept]
            yield starts, ends

    def _entries(self, leaf: Leaf) -> list[Entry]:
        return self._authors.find(leaf.text) if isinstance(leaf, Person) else self._categories.find(leaf.text)

    def _nothing(self) -> Mask:
        return np.zeros(len(self._papers), np.bool_)

    def _hits(self, expression: Expression, position: int) -> Iterator[Hit]:
        """Yield the places in one paper of every leaf that made the expression hold."""
        match expression:
            case And(operands) | Or(operands):
                if self._see(expression).papers[position]:
                    for operand in operands:
                        yield from self._hits(operand, position)
            case Phrase():
                yield from self._phrase_hits(expression, position)
            case Person() | Category():
                yield from self._entry_hits(expression, position)

    def _entry_hits(self, leaf: Person | Category, position: int) -> Iterator[Hit]:
        paper = self._papers[position]
        field = Field.AUTHOR if isinstance(leaf, Person) else Field.CATEGORY
        texts = paper.authors if field is Field.AUTHOR else paper.categories
        for owner, place in self._entries(leaf):
            if owner == position:
                yield Hit(field, 0, len(texts[place]), place)

    def _phrase_hits(self, phrase: Phrase, position: int) -> Iterator[Hit]:
        paper, (first, abstract, end) = self._papers[position], self._table.fields(2 * position, 2)
        for steps in self._spellings(phrase):
            for start, last in self._table.find_between(steps, first, end):
                field, text = (Field.TITLE, paper.title) if start < abstract else (Field.ABSTRACT, paper.abstract)
                if phrase.field in {None, field}:
                    yield Hit(field, *_reading(text).visible(*self._table.span(start, last)))

    def _spellings(self, phrase: Phrase) -> Sequence[Spelling]:
        """The spellings of a phrase that may occur; their places take far more room."""
        spelled = self._spelled.get(phrase)
        if spelled is None:
            if len(self._spelled) >= _REMEMBERED:
                self._spelled.clear()
            spelled = self._spelled[phrase] = sequences(phrase, self._table)
        return spelled

    def _kept_places(self, phrase: Phrase) -> list[tuple[Slots, Slots]]:
        """Where a phrase stands in all papers."""
        places = self._stood.get(phrase)
        if places is None:
            if len(self._stood) >= _REMEMBERED_PHRASES:
                self._stood.clear()
            places = self._stood[phrase] = list(self._places(phrase))
        return places


def _merged(found: Postings, numbers: NDArray[np.int64], others: Sequence[tuple[int, _Seen]]) -> Postings:
    """Return the postings of keywords: those that are phrase `numbers[n]`, and what the other ones saw."""
    simple = np.flatnonzero(numbers >= 0)
    low = found.starts[numbers[simple]]
    whose, at = expanded(low, found.starts[numbers[simple] + 1] - low)
    papers = [np.flatnonzero(seen.papers) for _, seen in others]
    titles = [seen.title[mine] for (_, seen), mine in zip(others, papers, strict=True)]
    keywords = np.repeat(np.array([n for n, _ in others], np.int64), [len(mine) for mine in papers])
    return postings(
        np.concatenate([simple[whose], keywords]),
        np.concatenate([found.papers[at].astype(np.int64), *papers]),
        np.concatenate([found.title[at], *titles]),
        len(numbers),
    )


_reading = lru_cache(maxsize=4096)(read)  # The papers of one morning are asked for again and again.


def _any(masks: Iterable[Mask]) -> Mask:
    found: Mask = np.logical_or.reduce(list(masks))
    return found


_FIELDS = list(Field)


def _reading_order(hit: Hit) -> tuple[int, int, int, int]:
    return _FIELDS.index(hit.field), hit.index, hit.start, -hit.end


def _apart(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Join hits that overlap."""
    last: Hit | None = None
    for hit in hits:
        if last and (last.field, last.index) == (hit.field, hit.index) and hit.start < last.end:
            last = Hit(hit.field, last.start, max(last.end, hit.end), hit.index)
            continue
        if last:
            yield last
        last = hit
    if last:
        yield last
