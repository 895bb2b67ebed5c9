"""A selection → what its delivery row keeps, so that rendering has nothing left to choose.

Comes in: a view of the window, what was chosen for a reader, the days it covers. Goes out: JSON values. Refuses to
know: the store, mails. Whoever reads these values asks for the newer ones with a default: rows wait over an update.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice
from typing import Any

import numpy as np

from service import editions
from service.model import Profile, Subscriber
from service.pipeline.firsts import Mask
from service.pipeline.origins import Origins
from service.pipeline.selection import Look, Selection, read_keywords
from service.pipeline.window import View

FULL = 3
# A weekly digest shows so many papers for each profile.
WEEKLY = 15
ALSO = 3
_WEEK = 8


@dataclass(frozen=True, slots=True)
class Cover:
    """The days of one edition: its own, where it makes up for missed ones the first of those, and the next edition.

    `back` is how far back the first digest looks.
    """

    day: date
    following: datetime
    since: date | None = None
    back: timedelta = timedelta(0)


def is_weekly(reader: Subscriber) -> bool:
    """Whether this reader gets one digest a week."""
    return len(reader.schedule.weekdays) == 1


@dataclass(frozen=True, slots=True)
class _Sources:
    """What readers who look at the same papers are told: [name, papers, late] of each source, most papers first.

    `popular` are the papers they read that have upvotes, most first: position and [id, revision].
    """

    origins: list[list[Any]]
    popular: list[tuple[int, list[int]]]


@dataclass(frozen=True, slots=True)
class Told:
    """What readers of one batch are told of what they look at: readers who look alike are told the same."""

    view: View
    origins: Origins
    # Beside each answer stand the masks whose ids are its key.
    _known: dict[object, tuple[Sequence[Look], _Sources]] = field(default_factory=dict)

    def of(self, looks: Sequence[Look]) -> _Sources:
        """What is told of these looks."""
        key = tuple([(id(look.read), look.profile.sources) for look in looks])
        if key not in self._known:
            read = np.logical_or.reduce([look.read for look in looks])
            popular = [(at, self.view.papers[at]) for at in self.view.popular() if read[at]]
            pairs = [(at, [each.id, each.revision]) for at, each in popular]
            self._known[key] = looks, _Sources(_read(self.view, looks, self.origins), pairs)
        return self._known[key][1]


def freeze(reader: Subscriber, selection: Selection, cover: Cover, told: Told, *, first: bool) -> dict[str, Any]:
    """What rendering needs; papers as [id, revision, upvotes, stars, [keyword positions]]."""
    view, groups, weekly = told.view, _groups(selection, reader), is_weekly(reader)
    shown = [position for _, positions in groups for position in positions]
    sources = told.of(selection.looks)
    # What is seldom there is left out where it is not: every mail of a month is kept.
    seldom = {
        "since": cover.since.isoformat() if cover.since else None,
        "weekly": weekly and not first,
        "sections": _sections(selection, groups, weekly),
        "best": shown.index(selection.ranked[0]) if shown else 0,
        "revised": _revised(selection, shown),
        "per_day": _per_day(view, reader, selection, cover) if weekly and not first else (),
        "days": cover.back.days,
        "hidden": _hidden(view, selection),
    }
    return {
        "edition": cover.day.isoformat(),
        "keywords": list(selection.keywords),
        "papers": _chosen(view, selection, shown),
        "more": len(selection.ranked) - len(shown),
        "read": selection.read,
        "counts": selection.counts(),
        "trending": selection.trending,
        "first": first,
        "next": cover.following.isoformat(),
        "timezone": reader.schedule.timezone,
        "origins": sources.origins,
        "also": [] if selection.trending else _also(view, selection, sources.popular),
        **{name: value for name, value in seldom.items() if value},
    }


def _chosen(view: View, selection: Selection, shown: Sequence[int]) -> list[tuple[Any, ...]]:
    none: tuple[int, ...] = ()
    keywords = dict.fromkeys(shown, none)
    for number, found in enumerate(selection.found):
        # Most papers have one keyword: they share what names it.
        own = (number,)
        for position in found:
            if position in keywords:
                keywords[position] += own
    named = view.named()
    return [(*named[position], mine) for position, mine in keywords.items()]


def _revised(selection: Selection, shown: Sequence[int]) -> list[int]:
    """The places of papers that are here as new versions: they were not read as new for any profile."""
    if not any(look.profile.replacements for look in selection.looks):
        return []
    return [n for n, position in enumerate(shown) if not any(look.read[position] for look in selection.looks)]


def _groups(selection: Selection, reader: Subscriber) -> list[tuple[int, list[int]]]:
    """The papers to show by the profile that found them first, in the order of the profiles, best first in each."""
    most = None if is_weekly(reader) and not selection.trending else reader.max_papers
    if len(selection.looks) < 2:
        mine = list(selection.ranked[: WEEKLY if most is None else most])
        return [(0, mine)] if mine else []
    finders = _finders(selection)
    groups: dict[int, list[int]] = defaultdict(list)
    for position in selection.ranked[:most]:
        mine = groups[finders.get(position, 0)]
        if most is not None or len(mine) < WEEKLY:
            mine.append(position)
    return sorted(groups.items())


def _finders(selection: Selection) -> dict[int, int]:
    """Per position the first profile that found it."""
    finders: dict[int, int] = {}
    ends = list(accumulate(look.wanted for look in selection.looks))
    for number, (look, end) in enumerate(zip(selection.looks, ends, strict=True)):
        for found in selection.found[end - look.wanted : end]:
            for position in found:
                finders.setdefault(position, number)
    return finders


def _sections(selection: Selection, groups: Sequence[tuple[int, list[int]]], weekly: bool) -> list[list[Any]]:
    """[name, papers, full cards] per profile, where there are several; a weekly digest has full cards in each."""
    if len(selection.looks) < 2 or selection.trending:
        return []
    best = set(selection.ranked[:FULL])
    return [
        [
            named(selection.looks[number].profile),
            len(mine),
            FULL if weekly else sum(position in best for position in mine),
        ]
        for number, mine in groups
    ]


def named(profile: Profile) -> str:
    """What a profile is called where there are several: by its name, else by its first keywords."""
    return profile.name or ", ".join(profile.keywords[:FULL])


def _per_day(view: View, reader: Subscriber, selection: Selection, cover: Cover) -> list[tuple[str, int]]:
    """[day, papers that matched] for each local day of the week; an empty first day of eight is left out."""
    times = {}
    for look in reversed(selection.looks):
        first = view.firsts(look.profile.sources).times
        times.update({position: first[position] for position in selection.ranked if look.read[position]})
    moments = (datetime.fromtimestamp(float(seconds), UTC) for seconds in times.values())
    arrived = [editions.local_day(reader.schedule, moment) for moment in moments]
    days = [cover.day - timedelta(days=n) for n in reversed(range(_WEEK))]
    counts = [(day.isoformat(), arrived.count(day)) for day in days]
    complete = sum(count for _, count in counts) == len(arrived)
    return (counts if counts[0][1] else counts[1:]) if complete else []


def _read(view: View, looks: Sequence[Look], origins: Origins) -> list[list[Any]]:
    counts: dict[str, int] = defaultdict(int)
    seen: Mask = np.zeros(len(view.papers), np.bool_)
    for look in looks:
        sources = np.bincount(view.firsts(look.profile.sources).sources[look.read & ~seen])
        seen |= look.read
        for source_id in np.flatnonzero(sources):
            if int(source_id) in origins:
                counts[origins[int(source_id)].name] += int(sources[source_id])
    late = {
        origin.name
        for source_id, origin in origins.items()
        if origin.late and any(view.reads(source_id, look.profile.sources) for look in looks)
    }
    names = sorted(counts.keys() | late, key=lambda name: (-counts.get(name, 0), name))
    return [[name, counts.get(name, 0), name in late] for name in names]


def _hidden(view: View, selection: Selection) -> list[list[Any]]:
    """How many papers each exclusion left out that would have been chosen."""
    if not any(look.unwanted for look in selection.looks):
        return []
    hidden: dict[str, int] = defaultdict(int)
    ends = list(accumulate(look.wanted for look in selection.looks))
    for look, end in zip(selection.looks, ends, strict=True):
        if look.unwanted:
            liked = look.read & _liked(view, selection, end - look.wanted, end)
            for keyword in look.unwanted:
                hidden[keyword.text] += int(np.count_nonzero(liked[view.find(keyword).papers]))
    return [[text, count] for text, count in hidden.items() if count]


def _liked(view: View, selection: Selection, start: int, end: int) -> Mask:
    """Which papers any of these keywords fits; all, where there is no keyword."""
    liked: Mask = np.full(len(view.papers), start == end, np.bool_)
    for keyword in read_keywords(selection.keywords[start:end]):
        liked[view.find(keyword).papers] = True
    return liked


def _also(view: View, selection: Selection, popular: Sequence[tuple[int, list[int]]]) -> list[list[int]]:
    """The most upvoted of what was read, matched nothing and is not unwanted, as [id, revision]."""
    left_out = {*selection.ranked}
    for look in selection.looks:
        for keyword in look.unwanted:
            left_out.update(view.find(keyword).papers.tolist())
    return list(islice((pair for at, pair in popular if at not in left_out), ALSO))
