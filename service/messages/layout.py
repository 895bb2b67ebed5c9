"""Cards → their places in a mail: which profile they stand under, which are shown in full.

Comes in: cards in their order, the sections of a digest. Goes out: numbered groups. Refuses to know: words, markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from typing import NamedTuple

from service.messages.cards import Card
from service.messages.visible import clean, shorten
from service.model import Section

_LONGEST_NAME = 60


class Place(NamedTuple):
    """A card, its number in the mail, and whether all of it is shown."""

    number: int
    card: Card
    full: bool


class Group(NamedTuple):
    """What stands under one heading; without a name there is none."""

    name: str
    places: tuple[Place, ...]


def groups(cards: Sequence[Card], sections: Sequence[Section]) -> tuple[Group, ...]:
    """Cut the cards by section, numbered through; a section that lost all its cards is left out."""
    numbers, rest = count(1), list(cards)
    made = []
    for section in sections or (Section("", len(cards)),):
        mine, rest = rest[: section.papers], rest[section.papers :]
        places = tuple(Place(next(numbers), card, at < section.full) for at, card in enumerate(mine))
        if places:
            made.append(Group(shorten(clean(section.name), _LONGEST_NAME), places))
    return tuple(made)


def ahead(cards: Sequence[Card], best: int) -> tuple[Card, ...]:
    """The cards with the best one first: what a subject and its preheader speak of."""
    at = best if best < len(cards) else 0
    return (*cards[at : at + 1], *cards[:at], *cards[at + 1 :])


def weeks(edition: date, since: date | None) -> tuple[int, ...]:
    """The number of the ISO 8601 week that holds most of the seven days before an edition.

    Where editions were missed `since` a day, the first of two is the week of that one.
    """
    middle = edition - timedelta(days=3)
    first = since - timedelta(days=3) if since else middle
    return tuple(dict.fromkeys((first.isocalendar().week, middle.isocalendar().week)))
