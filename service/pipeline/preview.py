"""What keywords would find, before anyone subscribes.

Comes in: a view of the window and parsed keywords. Goes out: counts with advice, and the papers a digest would hold.
Refuses to know: readers, mails. Chooses with the same code as composing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from service.keywords import Keyword
from service.keywords import advise as advise_keyword
from service.model import Profile, Selected
from service.pipeline.selection import Span, select
from service.pipeline.window import View

LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Advice:
    """One keyword: its text, how many of `total` papers it fits in the last 30 days, what is worth changing."""

    keyword: str
    canonical: str
    count: int
    total: int
    warnings: tuple[str, ...]
    exclusion: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """The papers a digest would show, and how many more there are behind them."""

    papers: tuple[Selected, ...]
    more: int
    read: int


def advise(view: View, keywords: Sequence[Keyword], now: datetime) -> tuple[Advice, ...]:
    """Count each keyword over the last 30 days and say what is worth changing."""
    recent = view.firsts(None).times >= (now - LOOK_BACK).timestamp()
    total = int(np.count_nonzero(recent))
    return tuple(_advice(view, each, int(np.count_nonzero(recent[view.find(each).papers])), total) for each in keywords)


def _advice(view: View, keyword: Keyword, count: int, total: int) -> Advice:
    warnings = advise_keyword(keyword, count, total)
    return Advice(keyword.text, keyword.canonical, count, total, warnings, keyword.exclusion)


def preview(view: View, keywords: Sequence[Keyword], since: datetime, max_papers: int) -> Preview:
    """What a digest over the arrivals since `since` would show."""
    profile = Profile(tuple(keyword.text for keyword in keywords))
    selection = select(view, (profile,), Span(0, view.upto, since))
    shown = selection.ranked[:max_papers]
    papers = tuple(Selected(view.papers[at], selection.matches(view, at)) for at in shown)
    return Preview(papers, len(selection.ranked) - len(shown), selection.read)
