"""What frozen rows name → papers with the places of their keywords, made once for all rows that name them alike.

Comes in: texts of revisions, a view of the window. Goes out: papers to show, the very same objects for whoever asks
again, by which the renderer knows the cards it has printed. Refuses to know: rows, readers, mails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from sys import intern
from typing import Any

from service.keywords import Keyword
from service.matching import Index
from service.model import ArrivalKind, Fit, Hit, Paper, Selected, StoredPaper
from service.pipeline.selection import read_keyword
from service.pipeline.window import View

# What a process keeps: a few mornings' papers, where the keywords of many readers stand in them, and which of these
# keywords stand together.
_MOST_TEXTS, _MOST_HITS, _MOST_SELECTED = 20_000, 500_000, 250_000
# A paper of a frozen row: its id, revision, upvotes and stars, whether it is a new version, and its keywords.
Chosen = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Texts of revisions, which never change; papers as rows froze them; where keywords hit; all this together."""

    texts: dict[tuple[int, int], Paper] = field(default_factory=dict)
    _papers: dict[Chosen, StoredPaper] = field(default_factory=dict)
    _hits: dict[tuple[int, int, str], tuple[Hit, ...]] = field(default_factory=dict)
    _selected: dict[Chosen, Selected] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether it has grown past a few mornings."""
        return len(self.texts) > _MOST_TEXTS or len(self._hits) > _MOST_HITS or len(self._selected) > _MOST_SELECTED

    def selected(self, papers: Sequence[Chosen], view: View) -> list[Selected | None]:
        """Papers with their keywords; None in place of one whose text is gone."""
        found = list(map(self._selected.get, papers))
        if not all(found):
            found = [each or self._new(paper, view) for paper, each in zip(papers, found, strict=True)]
        return found

    def _new(self, paper: Chosen, view: View) -> Selected | None:
        if paper[:2] not in self.texts:
            return None
        why = tuple(Fit(text, self.hits(view, paper[0], paper[1], text)) for text in paper[5:])
        return self._selected.setdefault(paper, Selected(self.stored(*paper[:5]), why))

    def stored(
        self,
        paper_id: int,
        revision: int,
        upvotes: int | None = None,
        stars: int | None = None,
        revised: bool = False,
    ) -> StoredPaper:
        """The paper as it stood when the row was frozen. Raises KeyError where its text is gone."""
        papers, key = self._papers, (paper_id, revision, upvotes, stars, revised)
        if key not in papers:
            paper = replace(self.texts[paper_id, revision], upvotes=upvotes, stars=stars)
            paper = replace(paper, kind=ArrivalKind.REPLACE) if revised else paper
            papers[key] = StoredPaper(paper_id, revision, paper)
        return papers[key]

    def hits(self, view: View, paper_id: int, revision: int, text: str) -> tuple[Hit, ...]:
        """Where a keyword hits. Raises KeyError where the paper's text is gone."""
        hits, place = self._hits, (paper_id, revision, text)
        if place not in hits:
            keyword = read_keyword(text)
            hits[place] = self._where(view, paper_id, revision, keyword) if keyword else ()
        return hits[place]

    def _where(self, view: View, paper_id: int, revision: int, keyword: Keyword) -> tuple[Hit, ...]:
        """Ask the shared index where it holds this very text, else one made for this paper alone."""
        at = view.position.get(paper_id)
        if at is not None and view.papers[at].revision == revision:
            return view.hits(keyword, at)
        return Index((self.texts[paper_id, revision],)).hits(keyword, 0)


class Stock:
    """What one process has read and found for earlier batches."""

    def __init__(self) -> None:
        self._kept = Kept()

    def kept(self) -> Kept:
        """What there is, empty again once it is full; a batch holds on to what it was given."""
        if self._kept.full:
            self._kept = Kept()
        return self._kept


def chosen(frozen: Mapping[str, Any]) -> list[Chosen]:
    """The papers of a frozen row."""
    # The very same texts in every row: what is kept by them is found without comparing letters.
    keywords, revised = list(map(intern, frozen.get("keywords", ()))), frozen.get("revised", ())
    return [
        (paper_id, revision, upvotes, stars, place in revised, keywords[positions[0]])
        if len(positions) == 1
        else (paper_id, revision, upvotes, stars, place in revised, *[keywords[number] for number in positions])
        for place, (paper_id, revision, upvotes, stars, positions) in enumerate(frozen.get("papers", ()))
    ]
