"""Which words may stand beside each other, in small tables that may say yes too often and never a wrong no.

Comes in: the row of all words, beginnings of words. Goes out: marks. Refuses to know: keywords, where anything stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_SPREAD, _LEAST_BITS, _MOST_BITS = 1_000_003, 10, 22
_BIT, _ANY = 63, (1 << 64) - 1
# Beginnings whose folded spelling may begin with another letter: aesthetic, oestrogen, kerb.
_OTHER_LETTER = frozenset({"ae", "oe", "ke"})


def begun(tail: str) -> int:
    """Return the letters with which a word like `tail`, in lower case, may begin, as bits."""
    return _ANY if tail[:2] in _OTHER_LETTER else 1 << (ord(tail[0]) & _BIT)


def bits(letters: Iterable[str]) -> int:
    """Return letters as a set of bits; several letters may share one."""
    bits = 0
    for letter in letters:
        bits |= 1 << (ord(letter) & _BIT)
    return bits


def pairs(row: NDArray[np.int32]) -> bytes:
    """Return which pairs of words ever stand side by side, as marks in a small table that may say yes too often.

    Its length is a power of two, and 32 places for each word of the text while that is no more than 4 MB.
    """
    first, second = row[:-1].astype(np.int64), row[1:].astype(np.int64)
    both = (first >= 0) & (second >= 0)
    size = 1 << min(max((32 * len(row)).bit_length(), _LEAST_BITS), _MOST_BITS)
    marks = np.zeros(size, np.uint8)
    marks[(first[both] * _SPREAD + second[both]) & (size - 1)] = 1
    return marks.tobytes()


def adjoin(marks: bytes, firsts: Sequence[int], seconds: Sequence[int]) -> bool:
    """Whether one of the first words may stand before one of the second ones, by the marks of `pairs`."""
    mask = len(marks) - 1
    return any(marks[(first * _SPREAD + second) & mask] for first in firsts for second in seconds)
