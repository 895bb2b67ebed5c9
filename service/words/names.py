"""Author names: whether the name a reader typed is the name a paper gives.

Comes in: two names in any order and form (Yann LeCun; LeCun, Y.). Goes out: whether they may be one person's.
Refuses to know: papers, keywords. A full given name asks for the full given name; an initial is content with either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.words import lexicon
from service.words.reading import read
from service.words.spelling import form, keep_umlauts
from service.words.tokens import UNSPACED

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_PIECE = re.compile(r"[^\W_]+(?:['\u0300-\u036f][^\W_]*)*\*?")
_NO_SPACES = re.compile(f"[{UNSPACED}]")

Word = frozenset[str]


@dataclass(frozen=True, slots=True)
class Name:
    """A name as its possible word lists, given names first; each word is the set of its spellings."""

    forms: tuple[tuple[Word, ...], ...]

    @property
    def words(self) -> frozenset[str]:
        """Every spelling of every word: what an index of names holds."""
        return frozenset(spelling for words in self.forms for word in words for spelling in word)


@lru_cache(maxsize=1 << 16)
def name(text: str) -> Name:
    """Read one person's name; what stands in brackets (an affiliation) is left out."""
    forms = dict.fromkeys(_forms(_groups(text)))
    return Name(tuple(tuple(_spellings(word) for word in words) for words in forms if words))


def written(text: str) -> str:
    """Return the one way to write a name among those that read alike (y lecun); empty where it holds no letter."""
    groups = _groups(text)
    return " ".join(
        group[0] if _initials(group, groups) else "-".join(keep_umlauts(word.casefold()) for word in group)
        for group in groups
    )


def _groups(text: str) -> list[list[str]]:
    """Split a name into words, given names first, each a list of its hyphenated pieces."""
    plain = re.sub(r"\([^)]*\)", " ", read(text).text)
    groups = [pieces for part in _upright(plain).split() if (pieces := _PIECE.findall(part))]
    while len(groups) > 1 and groups[-1][0].lower() in _SUFFIXES:
        groups.pop()
    return groups


def _upright(text: str) -> str:
    """Turn `LeCun, Y.` into `Y LeCun`, splitting at spaces and full stops."""
    surname, comma, given = text.replace(".", " ").partition(",")
    if comma and given.split() and given.split()[0].lower() not in _SUFFIXES:
        return f"{given.replace(',', ' ')} {surname}"
    return text.replace(".", " ").replace(",", " ")


def _forms(groups: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the name in pieces; hyphenated parts joined; the given names joined; particles joined to the surname.

    Initials that are written together are also yielded apart, and a name in a script without spaces also as one word.
    """
    pieces = tuple(piece for group in groups for piece in group)
    joined = tuple("".join(group) for group in groups)
    yield pieces
    yield joined
    for words in (pieces, joined):
        if len(words) > 2:
            yield ("".join(words[:-1]), words[-1])
        if len(words) > 1 and words[-2].lower() in lexicon.PARTICLES:
            yield (*words[:-2], words[-2] + words[-1])
    for at, group in enumerate(groups):
        if _initials(group, groups):
            yield (*joined[:at], *group[0], *joined[at + 1 :])
    if len(joined) > 1 and all(map(_NO_SPACES.match, joined)):
        yield ("".join(joined),)


def _initials(group: list[str], groups: list[list[str]]) -> bool:
    """Whether one part of a name may be initials alone, as PubMed writes them (Smith JA); LI Wei may be both."""
    word = group[0]
    return len(groups) > 1 and len(group) == 1 and 2 <= len(word) <= 3 and word.isalpha() and word.isupper()


def _spellings(word: str) -> Word:
    star = "*" if word.endswith("*") else ""
    return frozenset(plain.replace("'", "") + star for plain in form(word.rstrip("*")).plain)


def agree(asked: Name, given: Name) -> bool:
    """Whether the name asked for is a way to write the name given, in either order of surname and given names."""
    return any(
        _agree(words[turn:] + words[:turn], others)
        for words in asked.forms
        for turn in range(len(words))
        for others in given.forms
    )


def _agree(asked: Sequence[Word], given: Sequence[Word]) -> bool:
    if len(asked) == 1:
        return any(_same(asked[0], word) for word in given)
    if len(asked) > len(given):
        return False
    if all(map(_same, asked, given[-len(asked) :])) and not any(_initial(word) for word in asked):
        return True  # a surname of several words, such as van der Maaten
    inner = iter(given[1:-1])
    return (
        _fits(asked[0], given[0])
        and _fits(asked[-1], given[-1])
        and all(any(_fits(word, other) for other in inner) for word in asked[1:-1])
    )


def _same(asked: Word, given: Word) -> bool:
    return not asked.isdisjoint(given) or any(
        word.endswith("*") and other.startswith(word[:-1]) for word in asked for other in given
    )


def _initial(word: Word) -> bool:
    return all(len(spelling) == 1 for spelling in word) and not any(map(_NO_SPACES.match, word))


def _fits(asked: Word, given: Word) -> bool:
    """Whether two words agree, an initial standing for every name that begins with it."""
    if _initial(asked):
        return not {spelling[0] for spelling in asked}.isdisjoint(spelling[0] for spelling in given)
    return _same(asked, given)
