"""Papers → their places in a mail: which profile they stand under, which are shown in full.

Comes in: papers in their order, the sections of a digest. Goes out: groups of numbers. Refuses to know: words, markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar

from service.messages.visible import clean, shorten
from service.model import Section

Paper = TypeVar("Paper")

_LONGEST_NAME = 60


class Group(NamedTuple):
    """What stands under one heading; without a name there is none.

    Its papers are those from `start` to before `end`; of the first ones, before `full`, all of the card is shown.
    """

    name: str
    start: int
    full: int
    end: int


@lru_cache(maxsize=1024)
def groups(papers: int, sections: tuple[Section, ...]) -> tuple[Group, ...]:
    """Cut so many papers by section; a section that lost all its papers is left out."""
    made, end = [], 0
    for section in sections or (Section("", papers),):
        start, end = end, min(end + section.papers, papers)
        if start < end:
            made.append(Group(shorten(clean(section.name), _LONGEST_NAME), start, min(start + section.full, end), end))
    return tuple(made)


def ahead(papers: Sequence[Paper], best: int) -> tuple[Paper, ...]:
    """The papers with the best one first: what a subject and its preheader speak of."""
    at = best if best < len(papers) else 0
    if at == 0:
        return tuple(papers)
    return (*papers[at : at + 1], *papers[:at], *papers[at + 1 :])


@lru_cache(maxsize=64)
def weeks(edition: date, since: date | None) -> tuple[int, ...]:
    """The number of the ISO 8601 week that holds most of the seven days before an edition.

    Where editions were missed `since` a day, the first of two is the week of that one.
    """
    middle = edition - timedelta(days=3)
    first = since - timedelta(days=3) if since else middle
    return tuple(dict.fromkeys((first.isocalendar().week, middle.isocalendar().week)))
