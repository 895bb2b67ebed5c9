"""Original text and hit spans → readable text whose hits are still marked.

Comes in: the text as its source wrote it, TeX and all, and spans in that text. Goes out: a Passage: what a person
reads, with spans that fit it. Refuses to know: keywords, papers, HTML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from service.messages.visible import CLOSE, OPEN, clean, fold
from service.tex import readable

Span = tuple[int, int]

_NO_MARKS = {ord(OPEN): " ", ord(CLOSE): " "}
# TeX that is read as one: a border of a hit inside it would take it apart.
_ATOM = re.compile(
    r"\$[^$]{1,300}\$|\\[A-Za-z]+\*?\s*(?:\{[^{}]{0,300}\})+|\{\\[A-Za-z]+\s[^{}]{0,300}\}|\{?\\.\s*\{?\\?\w\}*"
)


# No abstract is as long; one that is would take long to read for each of its words.
_LOOKED_UP = 8_000
# Enough to find two words among some hundred that the others cannot be carried over with.
_MOST_TRIES = 40
# A word that touches no sign of TeX.
_WORD = re.compile(r"(?<![\\\w{}^$])[^\W_]+(?![\w{}^$])")


@dataclass(frozen=True, slots=True)
class Passage:
    """Readable text with the spans that a keyword hit: ascending, disjoint, none of them empty."""

    text: str
    hits: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def runs(self) -> Iterator[tuple[str, bool]]:
        """The text cut at the borders of the hits: each piece, and whether it is a hit."""
        at = 0
        for start, end in self.hits:
            if at < start:
                yield self.text[at:start], False
            yield self.text[start:end], True
            at = end
        if at < len(self.text):
            yield self.text[at:], False

    def part(self, start: int, end: int) -> Passage:
        """Return the characters [start, end) with the hits, or parts of hits, among them."""
        inside = ((max(first, start) - start, min(last, end) - start) for first, last in self.hits)
        return Passage(self.text[start:end], tuple(span for span in inside if span[0] < span[1]))

    def __add__(self, other: Passage) -> Passage:
        shift = len(self.text)
        moved = tuple((start + shift, end + shift) for start, end in other.hits)
        return Passage(self.text + other.text, self.hits + moved)


def passage(original: str, spans: Iterable[Span] = ()) -> Passage:
    """Make `original` readable and carry the hit spans over.

    Where TeX was rewritten around a hit and its borders cannot be carried over, the visible words of the hit are
    looked for instead; a hit that is not found is not marked, and the text is the same either way.
    """
    text = _visible(original)
    merged = _merged(original, spans)
    if not merged:
        return Passage(text)
    if text == original:
        return Passage(text, merged)
    return _looked_up(original, merged, text) or _marked(original, merged, text)


def _looked_up(original: str, spans: tuple[Span, ...], text: str) -> Passage | None:
    """Carry over spans that begin and end where plain words do; None where another one is among them."""
    if len(original) > _LOOKED_UP:
        return None
    starts, ends = _words(original)
    hits = [(starts.get(start, -1), ends.get(end, -1)) for start, end in spans]
    return Passage(text, tuple(hits)) if all(0 <= start < end for start, end in hits) else None


# Reading TeX takes a hundred times as long as looking up what came of a word, and a paper is read for many keywords.
# What is kept of an ordinary abstract takes 40 KB.
@lru_cache(maxsize=256)
def _words(original: str) -> tuple[dict[int, int], dict[int, int]]:
    """Where the words outside of TeX begin and end in the readable text, by where they do in the original."""
    atoms = [atom.span() for atom in _ATOM.finditer(original)]
    plain = list(_apart(atoms, [word.span() for word in _WORD.finditer(original)]))
    placed = list(_placed(original, plain))
    return {old[0]: new[0] for old, new in placed}, {old[1]: new[1] for old, new in placed}


def _placed(original: str, words: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Words, each with its place in the readable text.

    Where they cannot be carried over together, mostly for one of them, the halves of them are tried, a few times.
    """
    text, groups = _visible(original), [words]
    for tried in range(_MOST_TRIES):
        if tried == len(groups):
            return
        group = groups[tried]
        carried = _carried(original, tuple(group), text)
        if carried and len(carried.hits) == len(group):
            yield from zip(group, carried.hits, strict=True)
        elif len(group) > 1:
            groups += group[: len(group) // 2], group[len(group) // 2 :]


def _apart(atoms: Sequence[Span], words: Iterable[Span]) -> Iterator[Span]:
    """The words that lie outside of all atoms; both are ascending."""
    at = 0
    for start, end in words:
        while at < len(atoms) and atoms[at][1] <= start:
            at += 1
        if at == len(atoms) or end <= atoms[at][0]:
            yield start, end


def _marked(original: str, spans: tuple[Span, ...], text: str) -> Passage:
    marked = _carried(original, spans, text) or _carried(original, _widened(original, spans), text)
    return marked or _found(original, spans, text)


# The papers of a morning are read again for every reader whose keywords hit them differently.
@lru_cache(maxsize=4096)
def _visible(original: str) -> str:
    return clean(readable(original))


def _merged(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sort the spans and join what overlaps."""
    tight = [_tight(text, *span) for span in spans]
    merged: list[Span] = []
    for start, end in sorted(tight) if len(tight) > 1 else tight:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return tuple(merged)


def _tight(text: str, start: int, end: int) -> Span:
    """Trim white space, and take in combining marks, which no border may cut off their letter."""
    start, end = max(start, 0), min(end, len(text))
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return start, end


def _widened(text: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Let each hit take in the whole of the TeX that it begins or ends inside."""
    atoms = [atom.span() for atom in _ATOM.finditer(text)]
    touched = [atom for atom in atoms if any(atom[0] < end and start < atom[1] for start, end in spans)]
    return _merged(text, (*spans, *touched))


def _carried(original: str, spans: tuple[Span, ...], text: str) -> Passage | None:
    """Send marks through the TeX reader; None where they change how it reads, or do not all come back in order."""
    plain, pieces, at = original.translate(_NO_MARKS), "", 0
    for start, end in spans:
        pieces += plain[at:start] + OPEN + plain[start:end] + CLOSE
        at = end
    return _unmarked(fold(readable(pieces + plain[at:])), text, len(spans))


def _unmarked(marked: str, text: str, count: int) -> Passage | None:
    pieces = re.split(f"([{OPEN}{CLOSE}])", marked)
    words, marks = pieces[::2], "".join(pieces[1::2])
    if marks != (OPEN + CLOSE) * count or "".join(words) != text:
        return None
    borders = list(accumulate(len(word) for word in words))
    hits = zip(borders[0::2], borders[1::2], strict=False)
    return Passage(text, tuple((start, end) for start, end in hits if start < end))


def _found(original: str, spans: tuple[Span, ...], text: str) -> Passage:
    """Look for the visible words of each hit, each after the one before."""
    hits: list[Span] = []
    at = 0
    for start, end in spans:
        words = clean(readable(original[start:end]))
        found = text.find(words, at) if words else -1
        if found >= 0:
            at = found + len(words)
            hits.append((found, at))
    return Passage(text, tuple(hits))
