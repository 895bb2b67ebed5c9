"""Looser forms of a keyword: what finds at least as much as it does.

Comes in: expressions. Goes out: looser expressions, the least change first. Refuses to know: papers, which form helps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from service.keywords.expression import And, Expression, Not, Or, Phrase, grounded
from service.words import FUNCTION


def apart(expression: Expression) -> str:
    """Return the AND form of a phrase of several telling words, or nothing."""
    if not isinstance(expression, Phrase):
        return ""
    words = _telling(expression)
    return " AND ".join(words) if len(words) > 1 else ""


def looser(expression: Expression) -> Iterator[Expression]:
    """Yield looser forms of an expression: first those that change one thing, then those that change more."""
    once = list(dict.fromkeys(_once(expression)))
    yield from once
    seen = {expression, *once}
    for each in once:
        for further in _once(each):
            if further not in seen:
                seen.add(further)
                yield further


def _once(expression: Expression) -> Iterator[Expression]:
    match expression:
        case Phrase():
            yield from _phrases(expression)
        case And(operands):
            for at, operand in enumerate(operands):
                for other in _once(operand):
                    yield And((*operands[:at], other, *operands[at + 1 :]))
            for at in reversed(range(len(operands))):
                yield from _without(operands, at)
        case Or(operands):
            for at, operand in enumerate(operands):
                for other in _once(operand):
                    yield Or((*operands[:at], other, *operands[at + 1 :]))
        case _:
            return


def _phrases(phrase: Phrase) -> Iterator[Expression]:
    if phrase.field is not None:
        yield replace(phrase, field=None)
    if phrase.exact:
        yield replace(phrase, exact=False, text=phrase.text.lower())
        return
    words = _telling(phrase)
    last = phrase.parts[-1] if phrase.parts else None
    if last and not last.prefix and len(last.word) > 3:
        yield replace(phrase, text=phrase.text[: -1 if last.word.lower().endswith("s") else None] + "*")
    if len(words) > 1:
        yield And(tuple(Phrase(word, field=phrase.field) for word in words))


def _without(operands: tuple[Expression, ...], at: int) -> Iterator[Expression]:
    rest = operands[:at] + operands[at + 1 :]
    left = rest[0] if len(rest) == 1 else And(rest)
    if rest and grounded(left) and not isinstance(left, Not):
        yield left


def _telling(phrase: Phrase) -> list[str]:
    words = [part.word.lower() + "*" * part.prefix for part in phrase.parts]
    return [word for word in words if word not in FUNCTION and len(word) > 1]
