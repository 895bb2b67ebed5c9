"""The phrases of a text that may name a topic: two to four telling words side by side.

Comes in: text. Goes out: phrases in its own words, one for each place, or single words. Refuses to know: which of
them is a topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from service.words import lexicon
from service.words.spelling import fold
from service.words.tokens import Gap, Token, tokens

_INSIDE = frozenset({"of", "from"})
_PAST = re.compile(r"[a-z]{3,}ed")
_MOST_WORDS, _MOST_UNITS = 5, 4


class Written(NamedTuple):
    """A phrase as it is written, and its key: case, hyphens and plurals do not count."""

    key: str
    text: str


def phrases(text: str) -> Iterator[Written]:
    """Yield each phrase of two words or more; what hyphens join is one word, and is not taken apart."""
    units = list(_units(tokens(text)))
    for start in range(len(units)):
        for end in range(start + 2, min(start + _MOST_UNITS, len(units)) + 1):
            if units[end - 1][0].gap is not Gap.SPACE:
                break
            words = [word for unit in units[start:end] for word in unit]
            if len(words) <= _MOST_WORDS and _telling([word.word.lower() for word in words]):
                written = text[words[0].start : words[-1].end]
                if not any(map(written.__contains__, "$\\{}")):
                    yield Written(_key(words), written)


def telling_words(text: str) -> Iterator[str]:
    """Yield each word that may name a topic by itself, as it is written; what hyphens join is one word."""
    for unit in _units(tokens(text)):
        word = text[unit[0].start : unit[-1].end]
        if _tells(word.lower()) and not any(map(word.__contains__, "$\\{}")):
            yield word


def _units(found: Sequence[Token]) -> Iterator[list[Token]]:
    unit: list[Token] = []
    for word in found:
        if unit and word.gap is not Gap.JOINT:
            yield unit
            unit = []
        unit.append(word)
    if unit:
        yield unit


@lru_cache(maxsize=1 << 14)
def key(phrase: str) -> str:
    """The key of one phrase."""
    return _key(tokens(phrase))


def _key(words: Sequence[Token]) -> str:
    return " ".join(_folded(word.word) for word in words)


@lru_cache(maxsize=1 << 16)
def _folded(word: str) -> str:
    return fold(word.lower())


def _telling(words: Sequence[str]) -> bool:
    first, *inside, last = words
    opens, closes = first in lexicon.OPENING, last in lexicon.CLOSING
    if first in lexicon.NEVER_FIRST or last in lexicon.NEVER_LAST or (opens and closes):
        return False
    if not all(_tells(word) or word in _INSIDE or word in lexicon.OPENING for word in inside):
        return False
    return (opens or _tells(first)) and (closes or (_tells(last) and not _PAST.fullmatch(last)))


def _tells(word: str) -> bool:
    return len(word) > 1 and word not in lexicon.FUNCTION and word not in lexicon.FILLER and not word.isdigit()
