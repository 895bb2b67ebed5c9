"""A paper that was nearly found → what a quiet note says of it.

Comes in: a paper, the keyword that missed it, what would have found it and where. Goes out: a card and clean words.
Refuses to know: how near misses are looked for, whether text or HTML is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.messages.cards import Card, card
from service.messages.visible import clean, shorten
from service.model import Fit, Hit, Selected, StoredPaper

_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Missed:
    """One near miss; `change` names why the keyword missed it, `lacking` what the paper does not hold."""

    card: Card
    change: str
    keyword: str
    instead: str
    lacking: str


def near_miss(stored: StoredPaper, hits: tuple[Hit, ...], change: str, *texts: str) -> Missed:
    """Put one near miss together; `texts` are the keyword, what to write instead, and what was lacking."""
    keyword, instead, lacking = (shorten(clean(text), _LONGEST) for text in texts)
    shown = card(Selected(stored, (Fit(instead, hits),)), date.min)
    return Missed(shown, change, keyword, instead, lacking)
