"""Acronyms beside their long forms, as authors define them: `low-rank adaptation (LoRA)`, `LoRA (low-rank adaptation)`.

Comes in: text. Goes out: pairs as they stand in it. Refuses to know: which text it is, which pair is meant.
The long form is found as Schwartz and Hearst do (PSB 2003): the letters of the short form are looked for from the
right, and the first one has to begin a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BRACKETS = re.compile(r"\(([^()\n]{2,70})\)")
# Two capitals, or a capital beside a digit: what is smaller in brackets is a remark and no name.
_SHORT = re.compile(r"(?=(?:[^A-Z]*[A-Z]){2}|[^A-Z]*[A-Z][^\d]*\d|\d+[A-Z])[A-Za-z0-9][A-Za-z0-9-]{1,9}")
_LONG = re.compile(r"[A-Za-z][A-Za-z0-9'’ -]{4,69}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'’-]*")
_BEFORE = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{1,9})\s*$")


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield each short form with its long form."""
    if "(" not in text:
        return
    for found in _BRACKETS.finditer(text):
        inside = re.split(r"[,;]", found[1])[0].strip()
        before = text[max(found.start() - 120, 0) : found.start()].rstrip()
        name = _BEFORE.search(before)
        if short := _named(inside):
            long = long_form(short, _tail(before, short))
        elif name and (short := _named(name[1])) and _LONG.fullmatch(inside):
            long = inside if long_form(short, inside) == inside else ""
        else:
            continue
        if long:
            yield short, long


def long_form(short: str, text: str) -> str:
    """The shortest end of `text` that spells the letters of `short`, or nothing."""
    at = len(text)
    letters = [letter for letter in short.casefold() if letter.isalnum()]
    folded = text.casefold()
    for number, letter in reversed(list(enumerate(letters))):
        at = folded.rfind(letter, 0, at)
        while number == 0 and at > 0 and folded[at - 1].isalnum():
            at = folded.rfind(letter, 0, at)
        if at < 0:
            return ""
    long = text[at:].strip(" -")
    words = re.split(r"[ -]+", long)
    spelt = len(words) > 1 and len(words) <= 2 * len(letters) and short.casefold() not in map(str.casefold, words)
    return long if spelt and _LONG.fullmatch(long) else ""


def _named(text: str) -> str:
    """The short form that a text is, without the s of its plural; nothing for any other text."""
    bare = text[:-1] if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*[A-Z0-9]s", text) else text
    return bare if _SHORT.fullmatch(bare) else ""


def _tail(before: str, short: str) -> str:
    """The words that may spell it: as many as it has letters and five more, or twice as many."""
    clause = re.split(r"[.;:!?()\[\]{}$\\]", before)[-1]
    starts = [word.start() for word in _WORD.finditer(clause)]
    most = min(len(short) + 5, 2 * len(short))
    return clause[starts[-most] if len(starts) >= most else 0 :]
