"""Text to words, each with its place in the original and with what stands between it and the word before.

Comes in: a title, an abstract, a keyword. Goes out: `Token`s. Refuses to know: spelling variants, papers, keywords.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from service.words.reading import Reading, read


class Gap(IntEnum):
    """What stands before a word. Only a BREAK keeps two words from standing side by side."""

    BREAK = 0  # a sentence end, a bracket, any mark that separates; also the beginning of a text
    APART = 1  # a slash or plus: side by side, but never one word
    SPACE = 2
    JOINT = 3  # a hyphen, or nothing at all


class Token(NamedTuple):
    """One word: as it is read (accents kept), its span in the original text, and the gap before it.

    `symbol` marks a single letter that belongs to a formula or a compound (R^2, R-CNN) and is no word of its own.
    """

    word: str
    start: int
    end: int
    gap: Gap
    symbol: bool = False


# Scripts written without spaces, and Korean, whose particles are joined to the noun: each character is a word, so
# that a phrase of them is a substring.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2eff\u3005-\u3007\u3021-\u3029\u3031-\u3035"
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"


def _pattern(letter: str) -> str:
    return rf"""
        (?<![^\s"'(/])\.[A-Za-z]{letter}+                      # .NET
      | (?<!\S)&(?!\S)                                         # a free-standing & is the word and
      | [A-Za-z]{{1,2}}(?:\+\+|\#)(?!{letter})                 # C++, F#
      | (?<![\w*])[A-Z](?:\*(?![\w*])|\^\*(?=-[A-Za-z]))        # A*, C*-algebra, $C^*$-algebra
      | (?<!{letter})\d{{1,3}}(?:,\d{{3}})+(?!{letter})        # 1,000
      | (?<!{letter})[A-Za-z](?:\.[A-Za-z])+(?!{letter})       # U.S.
      | {letter}+(?:(?<=\d)\.(?=\d){letter}+|['&](?=[^\W\d_]){letter}+)*(?:\(e?s\)(?!{letter}))?
    """


_ASCII = re.compile(_pattern("[A-Za-z0-9]"), re.VERBOSE)
_LETTER = f"(?:(?![{UNSPACED}])[^\\W_]|[{_MARKS}])"
_ANY = re.compile(f"[{UNSPACED}]|{_pattern(_LETTER)}", re.VERBOSE)

_ABBREVIATIONS = frozenset({"vs", "st", "dr", "cf", "resp", "approx", "eg", "ie", "viz", "ca"})
_BESIDE = str.maketrans("", "", "\"'`*%°#")
_INSIDE = str.maketrans("", "", "',^")
_JOINTS = frozenset({"-", "--", "_", "^", "@", "·", "-_", "_-", "^-"})
_SLASHES = frozenset({"/", "//", "+", "^+"})
# A charge (W^+ bosons, e^- beams) belongs to the word before it.
_CHARGES = frozenset({"^+ ", "^- "})


def tokens(text: str) -> list[Token]:
    """Return the words of one text (one field of one paper: nothing is adjacent across two calls)."""
    return words_of(read(text))


def words_of(reading: Reading) -> list[Token]:
    """Return the words of a text that has been read."""
    found: list[Token] = []
    text, done = reading.text, 0
    for seen in (_ASCII if text.isascii() else _ANY).finditer(text):
        start, end = seen.span()
        word = seen.group()
        if not word.isalnum():
            word = _tidy(word)
        if not word:
            done = end
            continue
        gap = _gap(text, done, start, found) if found else Gap.BREAK
        symbol = len(word) == 1 and word.isalpha() and _is_symbol(reading, start, end)
        found.append(Token(word, *reading.span(start, end), gap, symbol))
        done = end
    return found


@lru_cache(maxsize=1 << 14)
def _tidy(word: str) -> str:
    """Strip what writing adds to a word: the plural in brackets, a possessive, dots and commas that only group.

    An accent that stands alone (U+00B8 reads as a space and a mark) is no word at all.
    """
    if all(map(unicodedata.combining, word)):
        return ""
    word = re.sub(r"\(e?s\)$|'[sS]$", "", word)
    if word == "&":
        return "and"
    if len(word) > 2 and word[1] == "." and word[0].isalpha():
        return word.replace(".", "")
    return word.translate(_INSIDE)


def _gap(text: str, done: int, start: int, found: list[Token]) -> Gap:
    """Judge what stands in a text between the last word, which ends at `done`, and the next one."""
    between, first = text[done:start], text[start : start + 1]
    gap = _plain_gap(between)
    if gap is not None:
        return gap
    before = found[-1].word
    if between == ".":
        return Gap.BREAK if first.isupper() else Gap.JOINT
    if between.startswith("."):
        short = before.lower() in _ABBREVIATIONS or (first.islower() and _is_initial(text[max(done - 2, 0) : done]))
        return Gap.SPACE if short else Gap.BREAK
    # A prefix in brackets, as in (pre-)training or (un)supervised, is part of its word.
    return Gap.JOINT if len(before) < 7 and found[-1].gap is Gap.BREAK else Gap.BREAK


def _is_initial(last: str) -> bool:
    """Whether a dot behind these two letters belongs to the word: "H. pylori", "U.S. women", "i.i.d. data"."""
    return last[:-1] == "." or (last.isupper() and not last[:-1].isalnum())


@lru_cache(maxsize=1 << 12)
def _plain_gap(between: str) -> Gap | None:
    """Judge a gap by itself, or return None where the words around it decide."""
    marks = between.translate(_BESIDE)
    core = marks.strip()
    if "\t" in between or between.count("\n") > 1:
        return Gap.BREAK
    if not core:
        return Gap.SPACE if between else Gap.JOINT
    if marks in _CHARGES:
        return Gap.SPACE
    if core in _SLASHES:
        return Gap.APART
    if core == marks and core in _JOINTS:
        return Gap.JOINT
    if core == "-" and not (marks[0].isspace() and marks[-1].isspace()):
        return Gap.SPACE
    return None if between in {")", "-)"} or marks in {".", ". "} else Gap.BREAK


def _is_symbol(reading: Reading, start: int, end: int) -> bool:
    before, after = reading.text[start - 1 : start] if start else "", reading.text[end : end + 1]
    if (before and before in "-^_=<>@+·") or (after and after in "-^_=<>@+·(["):
        return True
    return reading.in_formula(start) or reading.original[slice(*reading.span(start, end))] != reading.text[start:end]
