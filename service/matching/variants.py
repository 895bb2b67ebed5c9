"""A phrase to the sequences of words that spell it: joined, apart, hyphenated.

Comes in: the parts of a phrase. Goes out: `Step` sequences, each to be found side by side. Refuses to know: papers;
what words exist at all it asks, so that only spellings that occur are followed.

A keyword's parts may stand joined in the text (fine-tuning, finetuning), and one part may stand apart (pretrained,
pre-trained). Over a space words join only where neither is a function word, or `asymmetric` would find "a symmetric".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple, Protocol, TypeVar

from service.keywords.expression import Part, Phrase, capitals, case_exact
from service.words import FUNCTION, fold, form, prefixes, unaccented

MOST_PIECES = 4
_DIGIT_EDGE = re.compile(r"(?<=[0-9])(?=[^\W\d_])|(?<=[^\W\d_])(?=[0-9])")


class Key(IntEnum):
    """Which keys of a word must meet those of the text (see `service.words.Form`)."""

    CASED = 0
    PLAIN = 1
    FOLDED = 2
    STEMS = 3
    PREFIX = 4


class Link(IntEnum):
    """What may stand between a word and the one before it; the numbers are the least `Gap` asked for."""

    LOOSE = -1  # anything within the field, since the keyword has a mark there too
    BESIDE = 0  # anything but a break
    SPACED = 2
    JOINED = 3


class Step(NamedTuple):
    """One word of the text: its keys of this kind meet those of `word`, and it is linked so to the step before."""

    key: Key
    word: str
    link: Link = Link.BESIDE

    def spellings(self) -> frozenset[str]:
        """The keys that a word of the text must have one of; beginnings of them for a prefix."""
        return _SPELLINGS[self.key](self.word)


_SPELLINGS = (
    lambda word: frozenset({unaccented(word)}),
    lambda word: form(word).plain,
    lambda word: form(word).folded,
    lambda word: form(word).stems,
    prefixes,
)


class Vocabulary(Protocol):
    """What is asked of the text while its spellings are followed; a wrong yes costs time, a wrong no a match.

    `apart` is what `written_apart` has said of it so far.
    """

    apart: dict[Step, tuple[Spelling, ...]]

    def knows(self, step: Step) -> bool:
        """Whether any word fits the step."""

    def adjoins(self, before: Step, after: Step) -> bool:
        """Whether a word that fits `after` may stand beside one that fits `before`."""

    def cuts(self, word: str) -> Sequence[int]:
        """Where the beginning of a word is the very word of the text, and one like the rest may stand beside it."""


Spelling = tuple[Step, ...]
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# The words of some ten thousand keywords; those of one question take 250 bytes.
MOST_ANSWERS = 1 << 16


def sequences(phrase: Phrase, text: Vocabulary) -> list[Spelling]:
    """Return every way to spell the phrase that may occur in the text."""
    if not phrase.exact:
        return list(_follow(phrase.parts, 0, None, text))
    steps = tuple(_exact(part, len(phrase.parts) == 1) for part in phrase.parts)
    return [steps] if all(map(text.knows, steps)) else []


def written_apart(whole: Step, text: Vocabulary) -> tuple[Spelling, ...]:
    """Return the ways to write the word of a step as several words that may occur in the text.

    They are remembered: keywords share most of their words, and trying all cuts of one takes 50 µs.
    """
    known = text.apart.get(whole)
    return keep(text.apart, whole, tuple(_apart(whole, None, MOST_PIECES, text))) if known is None else known


def keep(answers: dict[Asked, Answer], asked: Asked, answer: Answer) -> Answer:
    """Remember an answer about words, and forget all of them first where they are too many: anybody may ask for any."""
    if len(answers) >= MOST_ANSWERS:
        answers.clear()
    answers[asked] = answer
    return answer


def _exact(part: Part, alone: bool) -> Step:
    return Step(Key.CASED if case_exact(part.word, alone) else Key.PLAIN, part.word, _link(part))


def _link(part: Part) -> Link:
    return Link.LOOSE if part.loose else Link.BESIDE


def _follow(parts: Sequence[Part], at: int, before: Step | None, text: Vocabulary) -> Iterator[Spelling]:
    """Yield the spellings of parts[at:] that may stand after the step `before`."""
    if at == len(parts):
        yield ()
        return
    for steps, after in _options(parts, at, before, text):
        for rest in _follow(parts, after, steps[-1], text):
            yield steps + rest


def _options(parts: Sequence[Part], at: int, before: Step | None, text: Vocabulary) -> Iterator[tuple[Spelling, int]]:
    """Yield the spellings of the part at `at`, alone or joined with those after it, and where to go on."""
    key = Key.STEMS if len(parts) > 1 else Key.FOLDED
    link = _link(parts[at])
    for after in range(at + 1, min(at + MOST_PIECES, len(parts)) + 1):
        if after > at + 1 and not joins(parts[after - 2], parts[after - 1]):
            break
        word = "".join(part.word for part in parts[at:after])
        step = Step(fitting(parts[at:after], key), word, link)
        if _may_follow(before, step, text):
            yield (step,), after
    last = Key.PREFIX if parts[at].prefix else key
    for steps in written_apart(Step(last, parts[at].word, link), text):
        if before is None or _may_follow(before, steps[0], text):
            yield steps, at + 1


def _may_follow(before: Step | None, step: Step, text: Vocabulary) -> bool:
    if before is None or step.link is Link.LOOSE:
        return text.knows(step)
    return text.adjoins(before, step)


def fitting(parts: Sequence[Part], key: Key) -> Key:
    """The key for these parts as one word, where others have `key`.

    A single letter behind another word is never part of an ending: *top-p* is no *topped*.
    """
    if parts[-1].prefix:
        return Key.PREFIX
    return Key.PLAIN if len(parts) > 1 and len(parts[-1].word) == 1 else key


def joins(before: Part, after: Part) -> bool:
    """Whether two parts of a keyword may stand joined in the text."""
    if after.loose or before.prefix or (before.word[-1].isdigit() and after.word[0].isdigit()):
        return False
    return after.tied or not {before.word.lower(), after.word.lower()} & FUNCTION


def _apart(whole: Step, before: Step | None, most: int, text: Vocabulary) -> Iterator[Spelling]:
    """Yield the ways to write the word of a step as several words of the text."""
    if most < 2 or not (cuts := text.cuts(whole.word)):
        return
    for head, tail, inner in _splits(whole.word, cuts, whole.key is Key.PREFIX):
        first, rest = Step(Key.PLAIN, head, whole.link), Step(whole.key, tail, inner)
        if not _may_follow(before, first, text):
            continue
        if text.adjoins(first, rest):
            yield first, rest
        for others in _apart(rest, first, most - 1, text):
            yield first, *others


def _splits(word: str, cuts: Sequence[int], prefix: bool) -> Iterator[tuple[str, str, Link]]:
    """Yield the two halves of a word at each place where it may be cut, and what must stand there."""
    even = len(word) > 3 and word.islower() and word.isalpha()
    seams = {*capitals(word), *(edge.start() for edge in _DIGIT_EDGE.finditer(word))} if not even else ()
    for at in cuts:
        link = _cut(word[:at], word[at:], at in seams, prefix)
        if link is not None:
            yield word[:at], word[at:], link


def _cut(head: str, tail: str, seam: bool, prefix: bool) -> Link | None:
    """Judge one cut; a `seam` is where a capital or a digit already shows two parts (muP, GPT4)."""
    if head[-1].isdigit() and tail[0].isdigit():
        return None
    if prefix and not seam:
        return Link.JOINED if len(tail) > 2 else None
    # The plural looks like a word of its own: "tensors" would be found in "tens or hundreds".
    if not FUNCTION.isdisjoint((head.lower(), tail.lower(), fold(tail.lower()))):
        return Link.JOINED
    return Link.SPACED if seam or (len(tail) > 1 and len(head + tail) > 3) else Link.JOINED
