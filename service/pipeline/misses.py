"""The topics that nearly found a paper.

Comes in: a paper, the keywords of a profile. Goes out: for each keyword its nearest wider form that finds the paper.
Refuses to know: readers, why the paper was missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.keywords import Change, Keyword
from service.matching import Index
from service.model import Paper
from service.pipeline.nearly import changes
from service.pipeline.window import View

_NEARNESS = list(Change)


@dataclass(frozen=True, slots=True)
class Miss:
    """`wider` is what `keyword` becomes after `steps`, the least change first; it finds `count` papers in all."""

    profile: int
    keyword: str
    wider: str
    steps: int
    count: int


def nearest(view: View, paper: Paper, profile: int, keywords: Sequence[Keyword]) -> Iterator[Miss]:
    """Yield the nearest miss of each keyword that has one. One paper is quickly searched, the window only once."""
    index = Index([paper])
    for keyword in keywords:
        for steps, form in _wider(keyword):
            if len(index.find(form).papers):
                yield Miss(profile, keyword.text, form.text, steps, len(view.find(form).papers))
                break


def _wider(keyword: Keyword) -> Iterator[tuple[int, Keyword]]:
    """The forms after one change, the least first, then those after two."""
    once = sorted(changes(keyword), key=lambda each: _NEARNESS.index(each[0].change))
    for change, form in once:
        yield _NEARNESS.index(change.change), form
    for change, form in once:
        for second, further in changes(form):
            yield len(_NEARNESS) + _NEARNESS.index(change.change) + _NEARNESS.index(second.change), further
