"""Ranked papers → one reader's digest for one edition.

Comes in: papers, their order for this reader, and what each matched. Goes out: a Digest, cut to the reader's maximum.
Refuses to know: how the order was found, what a mail looks like, where papers are kept, what time it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from service.model import Digest, Fit, Match, Selected, StoredPaper


def compose(
    edition: date,
    keywords: Sequence[str],
    papers: Sequence[StoredPaper],
    ranked: Sequence[int],
    matches: Mapping[int, Sequence[Match]],
    *,
    max_papers: int = 10,
    read: int | None = None,
    counts: Sequence[int] = (),
    days: int = 0,
    trending: bool = False,
    first: bool = False,
    next_edition: datetime | None = None,
    timezone: str = "UTC",
    language: str = "en",
) -> Digest:
    """Choose the papers of one edition.

    `ranked` holds positions in `papers`, best first, each at most once; `matches` is asked only for the first
    `max_papers` of them, so it may hold no more than those. What stands behind the cut is counted in `more`. `read`
    is by default the number of papers given; `counts` says how many papers each keyword found, in the order of
    `keywords`; `days` how far back the edition looks, or 0 where that is not worth a word. Times are UTC.
    """
    shown = [int(position) for position in ranked[: max(max_papers, 0)]]
    return Digest(
        edition=edition,
        keywords=tuple(keywords),
        papers=tuple(_selected(papers[at], matches.get(at, ()), keywords) for at in shown),
        more=len(ranked) - len(shown),
        read=len(papers) if read is None else read,
        trending=trending,
        first=first,
        next_edition=next_edition,
        timezone=timezone,
        language=language,
        counts=tuple(counts),
        days=days,
    )


def _selected(paper: StoredPaper, matches: Sequence[Match], keywords: Sequence[str]) -> Selected:
    """From here on a paper names its keywords itself: the places where they were matched are forgotten."""
    found = sorted(matches, key=lambda match: match.keyword)
    return Selected(paper, tuple(Fit(keywords[match.keyword], match.hits) for match in found))
