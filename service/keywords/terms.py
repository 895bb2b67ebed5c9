"""The leaves of an expression, checked: a phrase, a person, a category.

Comes in: the text of one term and where it stands in the keyword. Goes out: a leaf in its canonical spelling.
Refuses to know: operators. Refused here: one letter, punctuation alone, a star in the wrong place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.categories import categories
from service.errors import KeywordError
from service.keywords.expression import Category, Leaf, Part, Person, Phrase, canonical, category_key, parts
from service.model import Field
from service.words import UNSPACED, name, written

_UNSPACED = re.compile(f"[{UNSPACED}]")
_EDGES = " \t.,;:!?'\"-"


@dataclass(frozen=True, slots=True)
class Term:
    """The text of one term as read and as typed; `position` is its first character in `keyword`, counted from 1."""

    text: str
    typed: str
    quoted: bool
    position: int
    keyword: str

    def refuse(self, message: str, advice: str = "") -> KeywordError:
        """Return the error that says `message` about this term, and what to write instead."""
        told = f"{message} at character {self.position}"
        return KeywordError(f"{told}; {advice}" if advice else told, self.keyword, self.position)


def leaf(term: Term, field: Field | None) -> Leaf:
    """Return the leaf that a term means in `field`. Raises KeywordError."""
    if field is Field.AUTHOR:
        return _person(term)
    if field is Field.CATEGORY:
        return _category(term)
    return _phrase(term, field)


def _phrase(term: Term, field: Field | None) -> Phrase:
    found = parts(term.text, term.quoted)
    if not found:
        raise term.refuse("nothing but punctuation")
    if not term.quoted:
        _check_stars(term, found)
    if not term.quoted and len(found) == 1 and _is_letter(term.typed.strip(_EDGES), found[0].word):
        letter = term.typed.strip(_EDGES)
        raise term.refuse(
            "one letter, which matches symbols,", f'write "{letter}" in quotes or a phrase: {letter} package'
        )
    return Phrase(canonical(term.text, term.quoted), term.quoted, field)


def _is_letter(typed: str, word: str) -> bool:
    return (len(typed) == 1 or len(word) == 1) and not _UNSPACED.match(word)


def _check_stars(term: Term, found: tuple[Part, ...]) -> None:
    # Before a number it names an allele: HLA-B*27, CYP2D6*4.
    if inner := re.search(r"\S*\w\*[^\W\d]\S*", term.text):
        begun = re.search(r"\w{3,}\*(?=\w)", inner.group())
        example = f"write {begun.group()}" if begun else "as in diffus*"
        raise term.refuse("a star inside a word", f"it stands at the end, {example}")
    for before, part in zip((None, *found), found, strict=False):
        word = (before.word if before and part.tied else "") + part.word
        if part.prefix and sum(map(str.isalnum, word)) < 3 and not _UNSPACED.search(word):
            named = re.fullmatch("[A-Za-z]", word)
            advice = f"a name has a capital: {word.upper()}*" if named else "write more of the word, as in diffus*"
            raise term.refuse("a star after fewer than three letters", advice)


def _person(term: Term) -> Person:
    text = written(term.text)
    asked = name(text)
    if not asked.forms:
        raise term.refuse("nothing but punctuation")
    if any("*" in word.rstrip("*") or len(word) < 4 for word in text.split() if "*" in word):
        raise term.refuse("a star after fewer than three letters")
    if all(len(word) == 1 and not _UNSPACED.match(word) for word in text.split()):
        raise term.refuse("an initial without a surname")
    return Person(text)


def _category(term: Term) -> Category:
    text = category_key(term.text)
    first, _, rest = text.partition(" ")
    if not any(map(str.isalnum, text)):
        raise term.refuse("nothing but punctuation")
    if rest and re.fullmatch(r"[a-z-]+\.[a-z*-]+", first):
        raise term.refuse("more than a category", _apart(first, re.sub(r"\b(?:and|or)\b", " ", rest).strip() or rest))
    if "*" in text.removesuffix("*") or (text.endswith("*") and sum(map(str.isalnum, text)) < 2):
        raise term.refuse("a star out of place", "in a category it stands at the end, as in cat:cs.*")
    return Category(text)


def _apart(first: str, rest: str) -> str:
    """Say how to write a category beside what follows it, which may be others."""
    name = categories(first) or first
    others = categories(rest).split("+")
    if not others[0]:
        return f"write cat:{name} AND {rest}"
    both = " AND ".join(f"cat:{each}" for each in (name, *others))
    return f"write {both}, or cat:({' OR '.join((name, *others))})"
