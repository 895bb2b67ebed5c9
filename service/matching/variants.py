"""A phrase to the sequences of words that spell it: joined, apart, hyphenated.

Comes in: the parts of a phrase. Goes out: `Step` sequences, each to be found side by side. Refuses to know: papers;
what words exist at all it asks, so that only spellings that occur are followed.

A keyword's parts may stand joined in the text (fine-tuning, finetuning), and one part may stand apart (pretrained,
pre-trained). Over a space words join only where neither is a function word, or `asymmetric` would find "a symmetric".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

from service.keywords.expression import Part, Phrase, capitals, case_exact
from service.words import FUNCTION, form, prefixes, unaccented

_MOST_PIECES = 4
_DIGIT_EDGE = re.compile(r"(?<=[0-9])(?=[^\W\d_])|(?<=[^\W\d_])(?=[0-9])")


class Key(StrEnum):
    """Which keys of a word must meet those of the text (see `service.words.Form`)."""

    CASED = "cased"
    PLAIN = "plain"
    FOLDED = "folded"
    STEMS = "stems"
    PREFIX = "prefix"


class Link(IntEnum):
    """What may stand between a word and the one before it; the numbers are the least `Gap` asked for."""

    LOOSE = -1  # anything within the field, since the keyword has a mark there too
    BESIDE = 0  # anything but a break
    SPACED = 2
    JOINED = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One word of the text: it has any of these keys, and is linked so to the step before."""

    key: Key
    spellings: frozenset[str]
    link: Link = Link.BESIDE


Sequence_ = tuple[Step, ...]
Known = Callable[[Step], bool]


def sequences(phrase: Phrase, known: Known) -> list[Sequence_]:
    """Return every way to spell the phrase in words that are `known`; none where a word of it never occurs."""
    if phrase.exact:
        steps = _exact(phrase.parts)
        return [steps] if all(map(known, steps)) else []
    return list(_follow(phrase.parts, 0, known))


@lru_cache(maxsize=1 << 16)
def _exact(parts: tuple[Part, ...]) -> Sequence_:
    return tuple(_exact_step(part, len(parts) == 1) for part in parts)


def _exact_step(part: Part, alone: bool) -> Step:
    link = Link.LOOSE if part.loose else Link.BESIDE
    if case_exact(part.word, alone):
        return Step(Key.CASED, frozenset({unaccented(part.word)}), link)
    return Step(Key.PLAIN, form(part.word).plain, link)


def _follow(parts: Sequence[Part], at: int, known: Known) -> Iterator[Sequence_]:
    """Yield the spellings of parts[at:], words joined or apart."""
    if at == len(parts):
        yield ()
        return
    for steps, after in _options(parts, at, known):
        for rest in _follow(parts, after, known):
            yield steps + rest


def _options(parts: Sequence[Part], at: int, known: Known) -> Iterator[tuple[Sequence_, int]]:
    """Yield the spellings of the part at `at`, alone or joined with those after it, and where to go on."""
    key = Key.STEMS if len(parts) > 1 else Key.FOLDED
    link = Link.LOOSE if parts[at].loose else Link.BESIDE
    for after in range(at + 1, min(at + _MOST_PIECES, len(parts)) + 1):
        if after > at + 1 and not _joins(parts[after - 2], parts[after - 1]):
            return
        word = "".join(part.word for part in parts[at:after])
        step = _step(word, key, parts[after - 1].prefix, link)
        if known(step):
            yield (step,), after
    for steps in _apart(parts[at].word, key, parts[at].prefix, link, _MOST_PIECES, known):
        yield steps, at + 1


def _step(word: str, key: Key, prefix: bool, link: Link) -> Step:
    if prefix:
        return Step(Key.PREFIX, prefixes(word), link)
    forms = form(word)
    return Step(key, forms.stems if key is Key.STEMS else forms.folded, link)


def _joins(before: Part, after: Part) -> bool:
    """Whether two parts of a keyword may stand joined in the text."""
    if after.loose or before.prefix or (before.word[-1].isdigit() and after.word[0].isdigit()):
        return False
    return after.tied or not {before.word.lower(), after.word.lower()} & FUNCTION


def _apart(word: str, key: Key, prefix: bool, link: Link, most: int, known: Known) -> Iterator[Sequence_]:
    """Yield the ways to write `word` as several words of the text."""
    for head, tail, inner in _splits(word, prefix):
        first = Step(Key.PLAIN, form(head).plain, link)
        if most < 2 or not known(first):
            continue
        last = _step(tail, key, prefix, inner)
        if known(last):
            yield first, last
        for rest in _apart(tail, key, prefix, inner, most - 1, known):
            yield first, *rest


@lru_cache(maxsize=1 << 16)
def _splits(word: str, prefix: bool) -> tuple[tuple[str, str, Link], ...]:
    """Return where a word may be cut in two, and what must stand at the cut."""
    seams = {*capitals(word), *(edge.start() for edge in _DIGIT_EDGE.finditer(word))}
    cuts = ((word[:at], word[at:], at in seams) for at in range(1, len(word)))
    return tuple(
        (head, tail, link) for head, tail, seam in cuts if (link := _cut(head, tail, seam, prefix)) is not None
    )


def _cut(head: str, tail: str, seam: bool, prefix: bool) -> Link | None:
    """Judge one cut; a `seam` is where a capital or a digit already shows two parts (muP, GPT4)."""
    if head[-1].isdigit() and tail[0].isdigit():
        return None
    if prefix and not seam:
        return Link.JOINED if len(tail) > 2 else None
    if {head.lower(), tail.lower()} & FUNCTION:
        return Link.JOINED
    return Link.SPACED if seam or (len(tail) > 1 and len(head + tail) > 3) else Link.JOINED
