"""An expression → the expressions that ask for a little less: what would have caught a paper that was nearly found.

Comes in: an expression. Goes out: each wider form, with the one change that makes it. Refuses to know: papers, readers.
What NOT forbids stays forbidden: a reader who leaves something out means it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from service.keywords.expression import And, Expression, Not, Or, Person, Phrase, grounded, write
from service.words import FUNCTION

# An ending that one form of an English word has and another has not; what is left must still say something.
_ENDING = re.compile(
    r"(?<=[a-z]{4})(?:ations?|itions?|ions?|ing|ed|ers?|ors?|ive|ments?|ical|ity|ness|ence|ance|ent|ant|able|ible|al|ic)$"
)


class Change(StrEnum):
    """What a wider form does without, the least change first."""

    FORM = "form"
    FIELD = "field"
    APART = "apart"
    MISSING = "missing"
    NAME = "name"
    SHORTER = "shorter"


@dataclass(frozen=True, slots=True)
class Wider:
    """A wider expression and the change that made it; `lacking` is the part that it no longer asks for, if any."""

    change: Change
    expression: Expression
    lacking: str = ""

    @property
    def text(self) -> str:
        """The expression as a keyword."""
        return write(self.expression)


def wider(expression: Expression, typed: str = "") -> Iterator[Wider]:
    """Yield every expression that one change makes of this one.

    Words that a hyphen joins in the keyword as it was `typed` stay together.
    """
    match expression:
        case And(operands):
            yield from _without_one(operands)
            yield from _one_wider(And, operands, typed)
        case Or(operands):
            yield from _one_wider(Or, operands, typed)
        case Phrase():
            yield from _of_phrase(expression, typed)
        case Person(text) if " " in text:
            yield Wider(Change.NAME, Person(text.split()[-1]))


def _without_one(operands: tuple[Expression, ...]) -> Iterator[Wider]:
    """Each part left out in turn, while something is still asked for."""
    for rest in combinations(range(len(operands)), len(operands) - 1):
        kept = tuple(operands[at] for at in rest)
        (left,) = (each for at, each in enumerate(operands) if at not in rest)
        if not isinstance(left, Not) and any(map(grounded, kept)):
            yield Wider(Change.MISSING, kept[0] if len(kept) == 1 else And(kept), write(left))


def _one_wider(kind: type[And | Or], operands: tuple[Expression, ...], typed: str) -> Iterator[Wider]:
    for at, operand in enumerate(operands):
        for each in wider(operand, typed):
            yield Wider(each.change, kind((*operands[:at], each.expression, *operands[at + 1 :])), each.lacking)


def _of_phrase(phrase: Phrase, typed: str) -> Iterator[Wider]:
    telling = [term for term in terms(phrase, typed) if term.lower() not in FUNCTION and len(term) > 1]
    if phrase.exact:
        yield Wider(Change.FORM, Phrase(phrase.text, exact=False, field=phrase.field))
    elif (ending := _ENDING.search(phrase.text)) and " " not in phrase.text[ending.start() :]:
        yield Wider(Change.FORM, Phrase(phrase.text[: ending.start()] + "*", field=phrase.field))
    if phrase.field is not None:
        yield Wider(Change.FIELD, Phrase(phrase.text, phrase.exact))
    if len(telling) > 1:
        yield Wider(Change.APART, And(tuple(Phrase(word, phrase.exact, phrase.field) for word in telling)))
    if len(telling) > 2:
        yield Wider(Change.SHORTER, Phrase(" ".join(telling[1:]), phrase.exact, phrase.field), telling[0])
        yield Wider(Change.SHORTER, Phrase(" ".join(telling[:-1]), phrase.exact, phrase.field), telling[-1])


def terms(phrase: Phrase, typed: str) -> list[str]:
    """The words of a phrase, those that a hyphen joins in the keyword as it was `typed` as one term."""
    terms: list[str] = []
    before = ""
    for part in phrase.parts:
        word = part.word + "*" * part.prefix
        if before and f"{before}-{part.word}".casefold() in typed.casefold():
            terms[-1] += f" {word}"
        else:
            terms.append(word)
        before = part.word
    return terms
