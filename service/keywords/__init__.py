"""The keyword language: what a reader types to what a paper must hold.

Comes in: a form field or single keywords. Goes out: `Keyword`s, each with its expression, its canonical text and what
looks like a slip. Refuses to know: papers, how they are searched. A keyword that cannot be read raises KeywordError,
which says what and where; nothing else is raised. The README documents the language; `expression` holds its values,
`lexer`, `terms` and `parser` read it, `advice` speaks to the reader, `widening` says what would find more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from service.errors import KeywordError, KeywordsError
from service.keywords.advice import outcome, slips
from service.keywords.expression import PLAIN_WORDS, And, Category, Expression, Leaf, Not, Or, Person, Phrase, write
from service.keywords.parser import Parser
from service.keywords.widening import Change, Wider, wider
from service.words import FUNCTION, read

LIMIT = 100
LENGTH = 300
# More than any keyword of LENGTH can come to.
_LONGEST_CANONICAL = 10_000

# In lower case these are words that were perhaps meant as operators.
_OPERATORS = frozenset({"and", "or", "not"})

__all__ = [
    "LENGTH",
    "LIMIT",
    "And",
    "Category",
    "Change",
    "Expression",
    "Keyword",
    "Leaf",
    "Not",
    "Or",
    "Person",
    "Phrase",
    "Wider",
    "advise",
    "parse",
    "parse_all",
    "reread",
    "split",
    "wider",
]


@dataclass(frozen=True, slots=True)
class Keyword:
    """One entry of a profile.

    `text` is the reader's own spelling, `canonical` the one text that all its equal spellings share. For an
    `exclusion` the expression is what is left out. `warnings` need no look at any paper.
    """

    text: str
    canonical: str
    expression: Expression
    exclusion: bool = False
    warnings: tuple[str, ...] = ()


def parse(keyword: str) -> Keyword:
    """Read one keyword. Raises KeywordError; its position counts characters of `keyword` from 1."""
    if _is_plain(keyword):
        return Keyword(keyword, keyword, Phrase(keyword))
    if len(keyword.strip()) > LENGTH:
        raise KeywordError(
            f"a keyword has at most {LENGTH} characters, not {len(keyword.strip()):,}", keyword, LENGTH + 1
        )
    return _read(keyword)


def reread(canonical: str) -> Keyword:
    """Read a canonical text, which may be far longer than what was typed: `ti:(a OR b)` stands there as two fields.

    Raises KeywordError for what another release wrote.
    """
    if _is_plain(canonical):
        return Keyword(canonical, canonical, Phrase(canonical))
    return _keyword(canonical, Parser(canonical, _LONGEST_CANONICAL))


# A page reads its topics for their counts, the week, suggestions and what is wrong with them.
@lru_cache(maxsize=1024)
def _read(keyword: str) -> Keyword:
    return _keyword(keyword, Parser(keyword))


def _keyword(keyword: str, parser: Parser) -> Keyword:
    expression, exclusion = parser.parse()
    text = " ".join(keyword.split())
    warnings = tuple(slips(text, expression, parser.pieces))
    return Keyword(text, _canonical(expression, exclusion), expression, exclusion, warnings)


def _is_plain(keyword: str) -> bool:
    """Whether a keyword is nothing but lower-case words, of which none looks like a slip: it is its own canonical text.

    Nearly all keywords of a service are, and reading one of these takes a twentieth of the time.
    """
    if not 1 < len(keyword) <= LENGTH or PLAIN_WORDS.fullmatch(keyword) is None:
        return False
    words = keyword.split(" ")
    return _OPERATORS.isdisjoint(words) and not FUNCTION.issuperset(words)


def _canonical(expression: Expression, exclusion: bool) -> str:
    if not exclusion:
        return write(expression)
    return f"-({write(expression)})" if isinstance(expression, And | Or) else f"-{write(expression)}"


def parse_all(keywords: Iterable[str]) -> tuple[Keyword, ...]:
    """Read the keywords of one profile, each meaning once (the first spelling stays), blank ones dropped.

    Raises KeywordsError with every keyword that cannot be read, or with one error where there are more than LIMIT.
    """
    typed = list(dict.fromkeys(keyword for keyword in keywords if keyword.strip()))
    if len(typed) > LIMIT:
        raise KeywordsError((_too_many(len(typed)),))
    read_well: dict[str, Keyword] = {}
    errors: list[KeywordError] = []
    for text in typed:
        try:
            keyword = parse(text)
        except KeywordError as error:
            errors.append(error)
        else:
            read_well.setdefault(keyword.canonical, keyword)
    if errors:
        raise KeywordsError(tuple(errors))
    return tuple(read_well.values())


def _too_many(count: int) -> KeywordError:
    return KeywordError(f"{count:,} keywords are too many: a profile holds at most {LIMIT}", "")


_SEPARATOR = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029,;\uff0c\uff1b\u3001]")
# An author by surname and initials, "au:LeCun, Y. A.": a letter alone is no keyword.
_AUTHOR = re.compile(r"\s*-?(?:au|authors?):[^\",;()]{1,60}", re.IGNORECASE)
_AND_INITIALS = re.compile(r",\s?[A-Z](?:\.[ -]?[A-Z])*\.?[ \t]*(?=[\n\r,;]|\Z)")
_LINE_END = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# What stands before each line of a list.
_BULLET = re.compile(r"\s*(?:[-*+•·‣–—]|[0-9]{1,3}[.)])[ \t]+(?=\S)")
_MARKS = frozenset('"()')
# A line break inside a quoted phrase: its next quote stands in the next line, behind a word and before none.
_WRAPPED = re.compile(r'[\n\r]{1,2}[^"\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*[^\s"]"(?![^\s,;)\uff0c\uff1b\u3001])')


def split(text: str) -> tuple[str, ...]:
    """Split a form field at line breaks, commas and semicolons outside quotes and brackets; blanks are dropped.

    The line ends a quote that the next line does not close, and every bracket where one is never closed, so that one
    slip spoils one line only: a quote that opens another line's phrase must not be taken for the other half. A list
    that was pasted loses the bullets or numbers of its lines.
    """
    text = _unlisted(text)
    found, open_ended = _split(text)
    if open_ended:
        found = [entry for line in _LINE_END.split(text) for entry in _split(line)[0]]
    return tuple(entry for entry in map(str.strip, found) if entry)


def _unlisted(text: str) -> str:
    """Take away what stands before each line of a list: in a single line it may mean something."""
    lines = [line for line in _LINE_END.split(text) if line.strip()]
    if len(lines) < 2 or not all(map(_BULLET.match, lines)):
        return text
    return "\n".join(_BULLET.sub("", line, count=1) for line in lines)


def _split(text: str) -> tuple[list[str], bool]:
    """Return the entries, and whether a bracket stood open at the end."""
    # Each sign is read once, however often it stands there: a megabyte may be pasted.
    marks = {ord(sign): mark for sign in set(text) if (mark := read(sign).text) in _MARKS}
    plain = text.translate(marks)
    found, begun, quoted, depth = [], 0, False, 0
    for at, sign in enumerate(plain):
        if sign == '"' and plain[at - 1 : at] != "\\":
            quoted = not quoted
        elif quoted and _LINE_END.match(sign) and not _WRAPPED.match(plain, at):
            found.append(text[begun:at])
            begun, quoted, depth = at + 1, False, 0
        elif not quoted and sign in {"(", ")"}:
            depth = max(0, depth + (1 if sign == "(" else -1))
        elif not quoted and not depth and _SEPARATOR.match(sign) and not _within_name(plain, begun, at):
            found.append(text[begun:at])
            begun = at + 1
    return [*found, text[begun:]], depth > 0


def _within_name(plain: str, begun: int, at: int) -> bool:
    return bool(_AND_INITIALS.match(plain, at) and _AUTHOR.fullmatch(plain, begun, at))


def advise(keyword: Keyword, count: int, total: int) -> tuple[str, ...]:
    """Return the keyword's warnings, and what it says that it hit `count` of the `total` papers of the last 30 days."""
    return keyword.warnings + tuple(outcome(keyword.expression, keyword.exclusion, count, total, keyword.text))
