"""The topics that nearly found a paper.

Comes in: a paper, the keywords of a profile. Goes out: for each keyword its nearest looser form that finds the paper.
Refuses to know: readers, why the paper was missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.keywords import Keyword, write
from service.keywords.loosening import looser
from service.matching import Index
from service.model import Paper
from service.pipeline.selection import read_keyword
from service.pipeline.window import View


@dataclass(frozen=True, slots=True)
class Miss:
    """`looser` is what `keyword` becomes, after so many tries; it finds `count` papers of the window."""

    profile: int
    keyword: str
    looser: str
    steps: int
    count: int


def nearest(view: View, paper: Paper, profile: int, keywords: Sequence[Keyword]) -> Iterator[Miss]:
    """Yield the nearest miss of each keyword that has one. One paper is quickly searched, the window only once."""
    index = Index([paper])
    for keyword in keywords:
        for steps, form in enumerate(looser(keyword.expression)):
            found = read_keyword(write(form))
            if found is not None and len(index.find(found).papers):
                yield Miss(profile, keyword.text, found.text, steps, len(view.find(found).papers))
                break
