"""Which papers one reader gets, and in which order.

Comes in: a view of the window, a reader's profiles, the arrival numbers an edition covers, papers already delivered.
Goes out: positions best first with their matches. Refuses to know: the store, the clock, mails.
Composing and the preview both choose here, so that what a preview shows is what a digest sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import numpy as np

from service.errors import KeywordError
from service.keywords import Keyword, parse
from service.matching import Found
from service.model import Fit, Profile
from service.pipeline.firsts import Firsts, Mask, Seconds
from service.pipeline.window import View
from service.ranking import rank, trending

TRENDING = 10
# What a service's readers have is short; whoever tries a hundred thousand long ones must not fill the memory.
_SHORT, _REMEMBERED = 60, 100_000


def read_keyword(text: str) -> Keyword | None:
    """A stored keyword, parsed; None for one that a newer release of the language refuses."""
    return _known(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> Keyword | None:
    try:
        return parse(text)
    except KeywordError:
        return None


_known = lru_cache(maxsize=_REMEMBERED)(_read)


def read_keywords(texts: Iterable[str]) -> list[Keyword]:
    """Those of stored keywords that can be read."""
    return [keyword for text in texts if (keyword := read_keyword(text)) is not None]


class Covering(Protocol):
    """Which arrivals an edition covers."""

    def mask(self, first: Firsts) -> Mask:
        """Which papers' first arrivals are covered."""


@dataclass(frozen=True, slots=True)
class Span:
    """The arrivals an edition covers: numbers in (after, upto], at or after `since`.

    Those at or after `again` are covered whatever their number: the profile was edited, and what its new keywords would
    have found this morning is still news. Those that came between the times of `owed` are covered however long ago that
    was: the reader wanted mails, and had none since. Papers read as history are news where their day ended after
    `last`, the last edition before this one. Other sources were `chosen` after that arrival: what one of them told of
    before is news when the others tell of it. Times are UTC.
    """

    after: int
    upto: int
    since: datetime
    again: datetime | None = None
    last: datetime | None = None
    owed: tuple[tuple[datetime, datetime], ...] = ()
    chosen: int | None = None

    def mask(self, first: Firsts) -> Mask:
        """Which papers' first arrivals are covered."""
        covered = self._covered(first, self._fresh(first))
        if first.told is not None:
            # What one source told as history is news when another one tells of it.
            covered |= self._covered(first.told, self._fresh(first.told))
        # The sources were edited, and one that is read now may have told of it before the last edition, or before that.
        for number in (self.after if self.again is not None else None, self.chosen):
            if first.later is not None and number is not None:
                later = first.later(number)
                covered |= self._covered(later, later.numbers > self.after)
        return covered

    def _fresh(self, first: Firsts) -> Mask:
        """Which papers no edition before this one can have held."""
        fresh: Mask = first.numbers > self.after
        if self.last is not None:
            fresh &= ~first.past | (first.times > self.last.timestamp())
        if self.again is not None and not first.renewals:
            fresh |= first.times >= self.again.timestamp()
        return fresh

    def _covered(self, first: Firsts, fresh: Mask) -> Mask:
        return fresh & (first.numbers > 0) & (first.numbers <= self.upto) & self._near(first.times)

    def _near(self, times: Seconds) -> Mask:
        """Which times are not too long ago."""
        near: Mask = times >= self.since.timestamp()
        for begun, over in self.owed:
            near |= (times >= begun.timestamp()) & (times <= over.timestamp())
        return near


@dataclass(frozen=True, slots=True)
class Look:
    """What one profile looked at: how many keywords of the selection are its own, and per paper whether it was read.

    `unwanted` are its exclusions.
    """

    profile: Profile
    wanted: int
    unwanted: tuple[Keyword, ...]
    read: Mask


@dataclass(frozen=True, slots=True)
class Selection:
    """`ranked` holds positions best first; `found` those of each of `keywords`, ascending, in the same order.

    `looks` has one entry per profile; their keywords, each in its reader's own spelling, follow each other.
    """

    keywords: tuple[str, ...]
    ranked: tuple[int, ...]
    found: tuple[Sequence[int], ...]
    read: int
    trending: bool = False
    looks: tuple[Look, ...] = ()

    def why(self, view: View, position: int) -> tuple[Fit, ...]:
        """The keywords that fit this paper, with the places."""
        return tuple(
            Fit(keyword.text, view.hits(keyword, position))
            for keyword, found in zip(read_keywords(self.keywords), self.found, strict=True)
            if position in found
        )

    def counts(self) -> list[int]:
        """How many papers of this edition each keyword found."""
        return [len(found) for found in self.found]


def select(view: View, profiles: Sequence[Profile], span: Covering, delivered: Iterable[int] = ()) -> Selection:
    """Choose from the papers whose first arrival through a profile's sources is covered and which are not delivered.

    Replacements come besides where a profile wants them, after all that is new, and also of papers once delivered.
    """
    fresh = np.ones(len(view.papers), bool)
    fresh[view.places(delivered)] = False
    keywords: list[str] = []
    found: list[Found] = []
    looks: list[Look] = []
    popular = np.zeros(len(view.papers), bool)
    read = np.zeros(len(view.papers), bool)
    plain = True
    for profile in profiles or (Profile(),):
        wanted, unwanted = _sorted(profile)
        eligible = span.mask(view.firsts(profile.sources)) & fresh
        read |= eligible
        looks.append(Look(profile, len(wanted), tuple(unwanted), eligible))
        wanting = ~excluded(view, unwanted)
        eligible = eligible & wanting
        if not wanted:
            popular |= eligible
            continue
        if profile.replacements:
            eligible |= span.mask(view.firsts(profile.sources, renewals=True)) & wanting
        plain = False
        keywords += [each.text for each in wanted]
        found += [_only(view.find(keyword), eligible) for keyword in wanted]
    if plain:
        order = trending(view.upvotes(), np.flatnonzero(popular))[:TRENDING]
    else:
        order = rank(found, view.upvotes(), len(view.papers))
    # What is no news stands behind all that is.
    ranked = tuple(int(at) for at in order[np.argsort(~read[order], kind="stable")])
    positions = tuple(each.papers.tolist() for each in found)
    return Selection(tuple(keywords), ranked, positions, int(read.sum()), plain, tuple(looks))


def _sorted(profile: Profile) -> tuple[list[Keyword], list[Keyword]]:
    parsed = read_keywords(profile.keywords)
    return [each for each in parsed if not each.exclusion], [each for each in parsed if each.exclusion]


def excluded(view: View, unwanted: Iterable[Keyword]) -> Mask:
    """Which papers any of these exclusions leaves out."""
    mask: Mask = np.zeros(len(view.papers), np.bool_)
    for keyword in unwanted:
        mask[view.find(keyword).papers] = True
    return mask


def _only(found: Found, eligible: Mask) -> Found:
    keep = eligible[found.papers]
    return Found(found.papers[keep], found.title[keep])
