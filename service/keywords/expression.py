"""What a keyword means, as a tree of plain values, and the one way to write it down.

Comes in: the parser's findings. Goes out: expressions, their canonical text. Refuses to know: papers, how to match.
`parse(write(expression)).expression == expression` holds for every expression the parser makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from service.model import Field
from service.words import FUNCTION, UNSPACED, Gap, Reading, acronym_in_s, fold, keep_umlauts, read, unaccented, words_of

FIELD_PREFIX = {Field.TITLE: "ti:", Field.ABSTRACT: "abs:", Field.AUTHOR: "au:", Field.CATEGORY: "cat:", None: ""}


@dataclass(frozen=True, slots=True)
class Part:
    """One word of a phrase. `loose` says that the keyword had a punctuation mark before it, so the text may too.

    `tied` says that the word is never joined with the one before, being apart from it in the keyword.
    """

    word: str
    prefix: bool = False
    loose: bool = False
    tied: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side in `field`, or in title or abstract where it is None; `exact` words were quoted."""

    text: str
    exact: bool = False
    field: Field | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The words to be found, in order."""
        return parts(self.text, self.exact)


@dataclass(frozen=True, slots=True)
class Person:
    """The name of an author, in lower case."""

    text: str


@dataclass(frozen=True, slots=True)
class Category:
    """A category such as cs.lg, in lower case; a final star stands for any ending."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """Everything but the operand; stands only beside something positive in an And."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class And:
    """All of the operands."""

    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the operands."""

    operands: tuple[Expression, ...]


Leaf = Phrase | Person | Category
Expression = Leaf | Not | And | Or

_CAPITAL = re.compile(r"(?<=[a-z0-9])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])")
# Ions are written either way: HII and H II, CIV and C IV. Longer ones need no rule.
_ION = re.compile(r"(?<=\A[hcnos])(?=ii\Z)|(?<=\Ac)(?=iv\Z)|(?<=\Ao)(?=vi\Z)", re.IGNORECASE)
# Most keywords are this; their parts need no look at marks and signs.
PLAIN_WORDS = re.compile(r"[a-z]+(?: [a-z]+)*")
_STAR = re.compile(r"\*(?!\d)")
_CJK = re.compile(f"[{UNSPACED}]")


def parts(text: str, exact: bool = False) -> tuple[Part, ...]:
    """Return the words of a phrase that has been read; outside quotes a star at the end of a word makes it a prefix."""
    if PLAIN_WORDS.fullmatch(text):
        return tuple(map(_part, text.split(" ")))
    found: list[Part] = []
    done = 0
    for token in words_of(Reading(text, text)):
        starred = not exact and _STAR.match(text, token.end) is not None
        between = text[done : token.start]
        loose = bool(found) and token.gap is Gap.BREAK
        found.append(Part(token.word, starred, loose, token.gap is Gap.JOINT and "-" in between))
        done = token.end
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def _part(word: str) -> Part:
    return Part(word)


def capitals(word: str) -> list[int]:
    """Return where a capital inside `word` begins a new part of it (muP at 2, GPTNeo at 3), or the charge of an ion."""
    return [found.start() for pattern in (_CAPITAL, _ION) for found in pattern.finditer(word)]


def category_key(text: str) -> str:
    """Return a category as it is compared: lower case, without accents and signs."""
    plain = unaccented(unaccented(read(text).text).casefold())
    return " ".join(re.sub(r"[^\w.* -]", " ", plain).split())


def case_exact(word: str, alone: bool) -> bool:
    """Whether a quoted word asks for its very capitals: one after its first letter, a letter on its own, an A*."""
    return any(letter.isupper() for letter in word[1:]) or (alone and len(word) == 1) or word.endswith("*")


def canonical(text: str, exact: bool) -> str:
    """Return the one spelling of a phrase among those that match alike (case, dashes, spaces, accents)."""
    written = ""
    found = parts(text, exact)
    for before, part in zip((None, *found), found, strict=False):
        word = _quoted(part.word, len(found) == 1) if exact else _bare(part)
        written += _between(before, part, exact) + word
    return written


def _quoted(word: str, alone: bool) -> str:
    return unaccented(word) if case_exact(word, alone) else keep_umlauts(word.casefold())


def _bare(part: Part) -> str:
    """Lower the case of a word, but for capitals that decide where it may be split, that it is no plural or a name."""
    word = part.word
    if not part.prefix and word.endswith("s") and word[-2:-1].isupper() and fold(word.lower()) == word.lower():
        # In lower case nobody could tell this plural from a word such as "bus" or "axis": GRUs, MRIs.
        word = word[:-1]
    kept = {at for at in capitals(word) if part.prefix or at == len(word) - 1}
    if acronym_in_s(word) or word.endswith("*"):
        kept = set(range(len(word)))
    lowered = "".join(sign if at in kept else sign.lower() for at, sign in enumerate(word))
    return keep_umlauts(lowered) + "*" * part.prefix


def _between(before: Part | None, part: Part, exact: bool) -> str:
    if before is None:
        return ""
    if part.loose:
        return ", "
    if _CJK.match(before.word[-1]) and _CJK.match(part.word[0]):
        return ""
    guarded = before.word.lower() in FUNCTION or part.word.lower() in FUNCTION
    return "-" if part.tied and (guarded or part.prefix) and not exact else " "


def write(expression: Expression) -> str:
    """Return the canonical text of an expression."""
    match expression:
        case Phrase(text, exact, field):
            return FIELD_PREFIX[field] + (f'"{text}"' if exact else text)
        case Person(text):
            return f'au:"{text}"'
        case Category(text):
            return f'cat:"{text}"'
        case Not(operand):
            return f"NOT {_inner(operand, And, Or)}"
        case And(operands):
            return " AND ".join(_inner(operand, Or) for operand in operands)
        case Or(operands):
            return " OR ".join(write(operand) for operand in operands)


def _inner(operand: Expression, *loosely: type) -> str:
    return f"({write(operand)})" if isinstance(operand, loosely) else write(operand)


def leaves(expression: Expression) -> Iterator[Leaf]:
    """Yield what an expression looks for, from left to right, the operands of NOT included."""
    match expression:
        case Not(operand):
            yield from leaves(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from leaves(operand)
        case _:
            yield expression


def grounded(expression: Expression) -> bool:
    """Whether an expression asks for something, and not merely for the absence of something."""
    match expression:
        case Not():
            return False
        case And(operands):
            return any(map(grounded, operands))
        case Or(operands):
            return all(map(grounded, operands))
        case _:
            return True
