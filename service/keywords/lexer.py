"""A keyword to its pieces: words, quotes, brackets, operators, fields.

Comes in: a keyword as typed. Goes out: `Piece`s that know their character, counted from 1. Refuses to know: what the
pieces mean together. Refused here: what cannot be read at any place (control characters, an unclosed quote).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto

from service.errors import KeywordError
from service.model import Field
from service.words import Reading
from service.words.lexicon import GREEK

FIELDS: dict[str, Field | None] = (
    dict.fromkeys(("ti", "title", "intitle"), Field.TITLE)
    | dict.fromkeys(("abs", "ab", "abstract"), Field.ABSTRACT)
    | dict.fromkeys(("au", "author", "authors"), Field.AUTHOR)
    | dict.fromkeys(("cat", "category"), Field.CATEGORY)
    | {"all": None}
)
# PubMed's fields stand behind a term: heart attack[Title/Abstract].
TAGS: dict[str, Field | None] = FIELDS | dict.fromkeys(("tiab", "title/abstract", "tw", "text word", "all fields"))


class Kind(Enum):
    """What a piece is."""

    WORD = auto()
    QUOTE = auto()
    FIELD = auto()
    TAG = auto()
    OPEN = auto()
    CLOSE = auto()
    MINUS = auto()
    AND = auto()
    OR = auto()
    NOT = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece: its text in the reading and where it stands there; as typed, and its character counted from 1."""

    kind: Kind
    text: str
    start: int
    end: int
    typed: str
    position: int


# What stands in brackets directly behind a word and is no group: SE(3), TD(λ), O(n), t(9;22), 25(OH)D.
_INDEX = (
    rf"(?<=\w)(?<!\bAND)(?<!\bOR)(?<!\bNOT)(?<!\bANDNOT)"
    rf"\((?:\w|\d+(?:[;,]\d+)*|{'|'.join(GREEK.values())}|\w{{2,6}}(?=\)(?!OR\b|AND\b|NOT\b|ANDNOT\b)\w))\)"
)
# What stands in brackets directly before a hyphen and is no group: (2+1)-dimensional, (∞,1)-category, (R)-ibuprofen.
_PREFIX = r"\((?:[^\W_]|(?=[^\s()\"]*[\d,+])[^\s()\"]{2,30})\)(?=-[^\W\d_])"
_TAG = rf"\[(?:{'|'.join(map(re.escape, TAGS))})\]"
_PIECE = re.compile(
    rf"""
    (?P<tag>(?<=[^\s(])\s*{_TAG})
  | \s+
  | (?P<quote>"[^"]*"?)
  | (?P<open>(?!{_PREFIX})\()
  | (?P<close>\))
  | (?P<minus>(?<![^\s(])-+(?=[^\s\-]))
  | (?P<field>(?<![^\s(\-])[A-Za-z]+:)
  | (?P<word>(?:{_PREFIX}|(?!{_TAG})[^\s"()]|(?<=\w)\(e?s\)(?!\w)|{_INDEX})+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_OPERATORS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.NOT, "ANDNOT": Kind.NOT}  # the last is arXiv's


def pieces(keyword: str, reading: Reading) -> list[Piece]:
    """Return the pieces of a keyword, given its reading. Raises KeywordError."""
    _refuse_control_characters(keyword)
    return [_piece(seen, keyword, reading) for seen in _PIECE.finditer(reading.text) if seen.lastgroup]


def _refuse_control_characters(keyword: str) -> None:
    for at, sign in enumerate(keyword):
        if unicodedata.category(sign) in {"Cc", "Cs", "Cn", "Co"} and not sign.isspace():
            raise KeywordError(f"an unreadable character at character {at + 1}", keyword, at + 1)


def _piece(seen: re.Match[str], keyword: str, reading: Reading) -> Piece:
    first, last = reading.span(*seen.span())
    kind = _kind(seen, keyword, first + 1)
    return Piece(kind, seen.group(), *seen.span(), keyword[first:last], first + 1)


def _kind(seen: re.Match[str], keyword: str, position: int) -> Kind:
    text, group = seen.group(), str(seen.lastgroup)
    if group == "quote" and (len(text) == 1 or not text.endswith('"')):
        raise KeywordError(f"unclosed quote at character {position}", keyword, position)
    if group == "field" and not _is_field(seen, keyword, position):
        return Kind.WORD
    return _OPERATORS.get(text, Kind[group.upper()])


def _is_field(seen: re.Match[str], keyword: str, position: int) -> bool:
    """Tell a field from a colon in ordinary text; a name of no field before a word is more likely a slip."""
    name = seen.group()[:-1]
    after = seen.string[seen.end() :]
    if name.lower() in FIELDS:
        return True
    if name.lower() in ("arxiv", "doi"):
        raise KeywordError(f"a paper's number at character {position} is not a keyword", keyword, position)
    if after.startswith("//"):
        raise KeywordError(f"a web address at character {position} is not a keyword", keyword, position)
    if after[:1].strip():
        raise KeywordError(
            f"unknown field {name}: at character {position}; the fields are ti: abs: au: cat: "
            f"(leave a space after the colon if it is part of the text)",
            keyword,
            position,
        )
    return False
