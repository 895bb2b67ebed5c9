"""What a keyword means, in the simplest code: the definition that the index must equal.

One paper and one expression at a time, without an index. Only words and their forms are shared with the service; how a
phrase may be spelled is written here a second time, by trying every place and every grouping of the words. What two
words have in common is remembered, so that ten million pairs can be tried; where they stand is looked at each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from service.keywords import And, Category, Expression, Not, Or, Person, Phrase
from service.keywords.expression import Part, capitals, case_exact, category_key
from service.model import Field, Paper
from service.words import FUNCTION, Gap, Token, agree, form, name, prefixes, tokens, unaccented


def matches(expression: Expression, paper: Paper) -> bool:
    match expression:
        case And(operands):
            return all(matches(operand, paper) for operand in operands)
        case Or(operands):
            return any(matches(operand, paper) for operand in operands)
        case Not(operand):
            return not matches(operand, paper)
        case Person(text):
            return any(named(text, author) for author in paper.authors)
        case Category(text):
            return any(in_category(category_key(category), text) for category in paper.categories)
        case Phrase():
            return bool(titled(expression, paper) or abstracted(expression, paper))


@lru_cache(maxsize=1 << 12)
def named(asked: str, author: str) -> bool:
    return agree(name(asked), name(author))


def in_category(category: str, text: str) -> bool:
    if text.endswith("*"):
        return category.startswith(text[:-1])
    return category == text or category.startswith(text + ".")


def titled(phrase: Phrase, paper: Paper) -> bool:
    return phrase.field in {None, Field.TITLE} and stands_in(phrase, paper.title)


def abstracted(phrase: Phrase, paper: Paper) -> bool:
    return phrase.field in {None, Field.ABSTRACT} and stands_in(phrase, paper.abstract)


def hit_in_title(expression: Expression, paper: Paper) -> bool:
    """Whether some phrase of an expression that holds, outside NOT, stands in the title."""
    match expression:
        case And(operands):
            return matches(expression, paper) and any(hit_in_title(operand, paper) for operand in operands)
        case Or(operands):
            return any(hit_in_title(operand, paper) for operand in operands)
        case Phrase():
            return titled(expression, paper)
        case _:
            return False


def stands_in(phrase: Phrase, text: str) -> bool:
    words, beginning = read_words(text), beginnings(phrase)
    parts, exact = beginning.parts, phrase.exact
    return any(
        any(True for _ in ends(parts, words, start, exact, len(parts) > 1, first=True))
        for start, token in enumerate(words)
        if beginning[token.word]
    )


class Beginnings(dict[str, bool]):
    """Whether a phrase may begin with a word at all, whatever stands around it."""

    def __init__(self, phrase: Phrase) -> None:
        super().__init__()
        self.parts, self.exact = phrase.parts, phrase.exact
        self._joined = list(groups(self.parts))

    def __missing__(self, text: str) -> bool:
        self[text] = found = self._fits(text)
        return found

    def _fits(self, text: str) -> bool:
        first, stems = self.parts[0].word, len(self.parts) > 1
        if self.exact:
            return equal_exactly(first, Token(text, 0, 0, Gap.SPACE), alone=not stems)
        joined = any(alike(word, text, prefix, stems, plain) for _, word, prefix, plain in self._joined)
        return joined or bool(cuts(first, text))


@lru_cache(maxsize=1 << 12)
def beginnings(phrase: Phrase) -> Beginnings:
    return Beginnings(phrase)


@lru_cache(maxsize=1 << 14)
def read_words(text: str) -> list[Token]:
    return tokens(text)


def ends(
    parts: Sequence[Part], words: Sequence[Token], at: int, exact: bool, stems: bool, first: bool
) -> Iterator[int]:
    """Yield where a phrase that begins with the word at `at` ends; only its first part may stand after a break."""
    if not parts:
        yield at
        return
    if at >= len(words) or not (first or parts[0].loose or words[at].gap is not Gap.BREAK):
        return
    if exact:
        if equal_exactly(parts[0].word, words[at], alone=first and len(parts) == 1):
            yield from ends(parts[1:], words, at + 1, exact, stems, first=False)
        return
    for many, word, prefix, plain in groups(parts):
        if alike(word, words[at].word, prefix, stems, plain):
            yield from ends(parts[many:], words, at + 1, exact, stems, first=False)
    for after in apart(parts[0].word, words, at, parts[0].prefix, stems, pieces=4):
        yield from ends(parts[1:], words, after, exact, stems, first=False)


def groups(parts: Sequence[Part]) -> Iterator[tuple[int, str, bool, bool]]:
    """Yield the ways to join the first parts to one word: how many, the word, and whether it is a prefix.

    Last, whether it is the very word: a letter behind other parts is no ending.
    """
    for many in range(1, min(4, len(parts)) + 1):
        if all(may_join(before, after) for before, after in pairwise(parts[:many])):
            last = parts[many - 1]
            yield many, "".join(part.word for part in parts[:many]), last.prefix, many > 1 and len(last.word) == 1


def equal_exactly(word: str, token: Token, alone: bool) -> bool:
    if case_exact(word, alone):
        return unaccented(word) in form(token.word).cased and not token.symbol
    return not form(word).plain.isdisjoint(form(token.word).plain)


@lru_cache(maxsize=1 << 16)
def alike(word: str, text: str, prefix: bool, stems: bool, plain: bool = False) -> bool:
    seen = form(text)
    if prefix:
        return any(spelling.startswith(beginning) for beginning in prefixes(word) for spelling in seen.folded)
    asked = form(word)
    if plain:
        return not asked.plain.isdisjoint(seen.plain)
    return not (asked.stems.isdisjoint(seen.stems) if stems else asked.folded.isdisjoint(seen.folded))


def may_join(before: Part, after: Part) -> bool:
    if after.loose or before.prefix or (before.word[-1].isdigit() and after.word[0].isdigit()):
        return False
    return after.tied or (before.word.lower() not in FUNCTION and after.word.lower() not in FUNCTION)


def apart(word: str, words: Sequence[Token], at: int, prefix: bool, stems: bool, pieces: int) -> Iterator[int]:
    """Yield where `word` ends when it is written as two words or more from `at` on."""
    if pieces < 2 or at + 1 >= len(words):
        return
    for cut in cuts(word, words[at].word):
        if not may_cut(word, cut, prefix, words[at + 1].gap):
            continue
        tail = word[cut:]
        if alike(tail, words[at + 1].word, prefix, stems):
            yield at + 2
        yield from apart(tail, words, at + 1, prefix, stems, pieces - 1)


@lru_cache(maxsize=1 << 16)
def cuts(word: str, text: str) -> tuple[int, ...]:
    """Where `word` may be cut so that what is before the cut is the very word `text`."""
    seen = form(text).plain
    return tuple(cut for cut in range(1, len(word)) if not form(word[:cut]).plain.isdisjoint(seen))


def may_cut(word: str, cut: int, prefix: bool, gap: Gap) -> bool:
    head, tail = word[:cut], word[cut:]
    if head[-1].isdigit() and tail[0].isdigit():
        return False
    between = head[-1].isdigit() != tail[0].isdigit() and head[-1].isalnum() and tail[0].isalnum()
    seam = cut in capitals(word) or between
    if prefix and not seam:
        return gap is Gap.JOINT and len(tail) >= 3
    if gap is Gap.SPACE:
        guarded = head.lower() in FUNCTION or tail.lower() in FUNCTION
        return not guarded and (seam or (len(tail) >= 2 and len(word) >= 4))
    return gap is Gap.JOINT
