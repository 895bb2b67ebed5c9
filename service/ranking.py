"""Which of a reader's matches come first.

Comes in: what each keyword found, and upvotes. Goes out: positions, best first. Refuses to know: papers, keywords.

Papers are compared by, in this order: how many of the reader's keywords hit; how many hit in the title; how rare those
keywords are (the sum of log(total / papers found): a rare topic goes before one that is always there); upvotes. What is
still equal keeps the order of its positions. The order is total, so equal input gives equal mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Positions = NDArray[np.int64]


class Found(Protocol):
    """What one keyword found (as `service.matching` says it): positions, and for each whether it hit in the title."""

    @property
    def papers(self) -> NDArray[np.int32]:
        """Positions, each once."""

    @property
    def title(self) -> NDArray[np.bool_]:
        """One flag for each of `papers`."""


def rank(found: Sequence[Found], upvotes: ArrayLike, total: int) -> Positions:
    """Return every position that any keyword found, best first.

    `found` has one entry for each keyword of the reader; `upvotes` one number for each of the `total` papers.
    """
    keywords, titles, rarity = np.zeros(total), np.zeros(total), np.zeros(total)
    for each in found:
        keywords[each.papers] += 1
        titles[each.papers] += each.title
        rarity[each.papers] += np.log(max(total, 1) / max(len(each.papers), 1))
    positions = np.flatnonzero(keywords)
    worth = (np.asarray(upvotes), np.round(rarity, 9), titles, keywords)
    return positions[np.lexsort((positions, *(-each[positions] for each in worth)))]


def trending(upvotes: ArrayLike, among: Positions | None = None) -> Positions:
    """Return positions (those `among`, or all), most upvotes first; equals keep their order."""
    votes = np.asarray(upvotes)
    positions = np.arange(len(votes)) if among is None else np.asarray(among)
    return positions[np.argsort(-votes[positions], kind="stable")]
