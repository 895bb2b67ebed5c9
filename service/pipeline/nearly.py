"""What a quiet week nearly matched, and the change of a keyword that would have caught it.

Comes in: a view of the window, what a reader's profiles looked at. Goes out: near misses, the nearest first. Refuses to
know: mails, the store. A change counts only where the product's own matcher finds the paper with it, the profile reads
the paper, and no exclusion keeps it away; one that finds half of science is no near miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from service.errors import KeywordError
from service.keywords import Change, Keyword, Wider, parse, wider
from service.pipeline.firsts import Mask
from service.pipeline.selection import Selection, excluded, read_keywords
from service.pipeline.window import View
from service.words import FUNCTION

NEAR = 3
# A change that would have brought more than this share of the week's papers (and more than a few) asks for too little.
SHARE, FEW = 0.05, 3
# So many changes are tried for one reader.
TRIED = 300
_NEARNESS = list(Change)
_WORD = re.compile(r"[^\W_]+")
_OPERATORS = {"AND", "OR", "NOT"}
_JOINED = re.compile(r"[^\W_]+(?:-[^\W_]+)+")


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The paper at `position` was missed by `keyword`; `instead` would have found it, and so many papers in all."""

    position: int
    keyword: str
    change: Change
    instead: str
    lacking: str
    caught: int


def near_misses(view: View, selection: Selection) -> list[NearMiss]:
    """Up to three papers that were read and not found, each with another change where there are so many."""
    votes = view.upvotes()
    found = sorted(
        _tried(view, selection),
        key=lambda miss: (_NEARNESS.index(miss.change), miss.caught, -int(votes[miss.position]), miss.position),
    )
    chosen: list[NearMiss] = []
    # One of each keyword first, then of each change, then whatever is left.
    for told in ("keyword", "instead", "position"):
        for miss in found:
            known = {each.position for each in chosen} | {getattr(each, told) for each in chosen}
            if len(chosen) < NEAR and not known & {miss.position, getattr(miss, told)}:
                chosen.append(miss)
    return chosen


def _tried(view: View, selection: Selection) -> Iterator[NearMiss]:
    left, start = TRIED, 0
    for look in selection.looks:
        keywords = read_keywords(selection.keywords[start : start + look.wanted])
        start += look.wanted
        missed = look.read & ~excluded(view, look.unwanted)
        for keyword in keywords:
            missed[view.find(keyword).papers] = False
        most = max(int(SHARE * np.count_nonzero(missed)), FEW)
        for keyword in keywords:
            tried = changes(keyword)[:left]
            left -= len(tried)
            yield from _caught(view, keyword, tried, missed, most)


def _caught(
    view: View, keyword: Keyword, tried: Sequence[tuple[Wider, Keyword]], missed: Mask, most: int
) -> Iterator[NearMiss]:
    for each, instead in tried:
        papers = view.find(instead).papers
        papers = papers[missed[papers]]
        if 0 < len(papers) <= most:
            for position in papers.tolist():
                yield NearMiss(position, keyword.text, each.change, instead.text, each.lacking, len(papers))


# Many readers look for the same.
@lru_cache(maxsize=20_000)
def changes(keyword: Keyword) -> Sequence[tuple[Wider, Keyword]]:
    """Every change of a keyword that can be written down and is not itself a slip."""
    found = []
    for each in wider(keyword.expression, keyword.text):
        instead = _written(each, keyword.text)
        if instead is not None and not instead.warnings and instead.canonical != keyword.canonical:
            found.append((each, instead))
    return found


def _written(change: Wider, typed: str) -> Keyword | None:
    """The wider keyword, with the capitals and hyphens that the reader typed where these mean the same."""
    capitals = {word.casefold(): word for word in _WORD.findall(typed)}
    try:
        plain = parse(_whole(change.text, typed) if change.change is Change.SHORTER else change.text)
        spelt = _WORD.sub(lambda word: capitals.get(word[0], word[0]), plain.canonical)
        for joined in _JOINED.findall(typed):
            spelt = spelt.replace(joined.replace("-", " "), joined)
        own = parse(spelt)
    except KeywordError:
        return None
    return own if own.canonical == plain.canonical else plain


def _whole(text: str, typed: str) -> str:
    """Put the small words back that stand between two others of a keyword: nobody writes "learning human feedback"."""
    words = _WORD.findall(typed)
    telling = [at for at, word in enumerate(words) if len(word) > 1 and word.casefold() not in FUNCTION]
    for before, after in pairwise(telling):
        small = words[before + 1 : after]
        if small and not _OPERATORS.intersection(small):
            pair = rf"\b({re.escape(words[before])}\*?) (?={re.escape(words[after])}\b)"
            text = re.sub(pair, rf"\1 {' '.join(small)} ", text, flags=re.IGNORECASE)
    return text
