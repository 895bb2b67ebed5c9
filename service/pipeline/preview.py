"""What keywords would find, before anyone subscribes.

Comes in: a view of the window and parsed keywords. Goes out: counts with advice, and the papers a digest would hold.
Refuses to know: readers, mails. Chooses with the same code as composing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from service.keywords import Keyword
from service.keywords import advise as advise_keyword
from service.model import Fit, Profile, Selected
from service.pipeline.firsts import Numbers, Seconds
from service.pipeline.mornings import News
from service.pipeline.selection import Span, select
from service.pipeline.window import View

LOOK_BACK = timedelta(days=30)
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Advice:
    """One keyword: its text, how many of `total` papers it fits in the last 30 days, what is worth changing.

    `days` counts the papers of each of those days, the oldest first; `example` is the newest, `last` its time.
    """

    keyword: str
    canonical: str
    count: int
    total: int
    warnings: tuple[str, ...]
    exclusion: bool = False
    days: tuple[int, ...] = ()
    example: Selected | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The papers a digest would show, and how many more there are behind them."""

    papers: tuple[Selected, ...]
    more: int
    read: int


def advise(
    view: View, keywords: Sequence[Keyword], now: datetime, sources: frozenset[int] | None = None
) -> tuple[Advice, ...]:
    """Count each keyword over the last 30 days through these sources and say what is worth changing."""
    times = News.of(view).times(view.firsts(sources))
    ages = np.floor((now.timestamp() - times) / _DAY).astype(np.int64)
    recent = (ages >= 0) & (ages < LOOK_BACK.days)
    total = int(np.count_nonzero(recent))
    return tuple(_advice(view, each, times, np.where(recent, ages, -1), total) for each in keywords)


def _advice(view: View, keyword: Keyword, times: Seconds, ages: Numbers, total: int) -> Advice:
    found = view.find(keyword).papers
    recent = found[ages[found] >= 0]
    warnings = advise_keyword(keyword, len(recent), total)
    days = np.bincount(ages[recent], minlength=LOOK_BACK.days)[::-1]
    newest = int(recent[np.argmax(times[recent])]) if len(recent) else None
    example = (
        None if newest is None else Selected(view.papers[newest], (Fit(keyword.text, view.hits(keyword, newest)),))
    )
    last = None if newest is None else datetime.fromtimestamp(float(times[newest]), UTC)
    counts = (len(recent), total, warnings, keyword.exclusion, tuple(days.tolist()), example, last)
    return Advice(keyword.text, keyword.canonical, *counts)


def preview(view: View, keywords: Sequence[Keyword], since: datetime, max_papers: int) -> Preview:
    """What a digest over the arrivals since `since` would show."""
    profile = Profile(tuple(keyword.text for keyword in keywords))
    selection = select(view, (profile,), Span(0, view.upto, since))
    shown = selection.ranked[:max_papers]
    papers = tuple(Selected(view.papers[at], selection.why(view, at)) for at in shown)
    return Preview(papers, len(selection.ranked) - len(shown), selection.read)
