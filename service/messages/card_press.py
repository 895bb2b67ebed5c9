"""Cards → the lines that show them, made once for all readers whose keywords hit a paper alike.

Comes in: selected papers. Goes out: encoded lines, in full or compact, for either part of a mail. Refuses to know: what
else stands in a mail.

Even where hits differ most of a card is the same: a card is made of four parts, and only what is shown of the abstract
is made anew for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.messages.cards import Card, card
from service.messages.frames import BLANK_LINE, Memo, encoded
from service.model import Digest, Selected

HTML, TEXT = "html", "txt"
# A card takes some 2 KB in both parts of a mail, a part of a card a quarter of that. A morning of 20,000 readers with
# real keywords asks for 70,000 cards; where most of them have to be made anew, a mail takes ten times as long.
_KEPT_CARDS, _KEPT_PARTS = 65_536, 32_768


@dataclass(slots=True, eq=False)
class PrintedCard:
    """A card and the forms in which it was printed so far, beside the values whose ids are its key."""

    card: Card
    selected: Selected
    forms: dict[tuple[str, bool], bytes] = field(default_factory=dict)


class CardPress:
    """Prints the cards of one installation with the forms of its templates, one module for each part of a mail."""

    def __init__(self, forms: Mapping[str, Any]) -> None:
        self._forms = forms
        self._cards: Memo[PrintedCard] = Memo(_KEPT_CARDS)
        self._parts: Memo[bytes] = Memo(_KEPT_PARTS)

    def card(self, selected: Selected, digest: Digest) -> PrintedCard:
        """The card of a paper; the same one for the same paper, keywords and places of hits."""
        key: tuple[object, ...] = (id(selected.paper.paper), digest.edition)
        for match in selected.matches:
            key += (digest.keywords[match.keyword], id(match.hits))
        return self._cards.get(key, lambda: PrintedCard(card(selected, digest.keywords, digest.edition), selected))

    def form(self, printed: PrintedCard, side: str, full: bool) -> bytes:
        """The lines of a card in one of its forms."""
        known = printed.forms.get((side, full))
        if known is None:
            known = printed.forms[side, full] = self._form(printed.card, side, full)
        return known

    def _form(self, shown: Card, side: str, full: bool) -> bytes:
        own = (shown.title, shown.links[0], shown.authors, shown.others, shown.categories, shown.upvotes, shown.stars)
        head = self._part(side, "head", (*own, shown.kind, shown.fresh, shown.year), shown, full)
        said = encoded(self._forms[side].said(shown.excerpt if full else shown.sentence, full))
        reasons = self._part(side, "reasons", (shown.reasons, shown.more_reasons), shown, full)
        tail = self._part(side, "tail", (shown.links, not shown.reasons), shown, full)
        if side == TEXT and full:
            return BLANK_LINE.join(part for part in (head, said, reasons + tail) if part)
        return head + said + reasons + tail

    def _part(self, side: str, name: str, key: object, shown: Card, *full: bool) -> bytes:
        """A part of a card, the same wherever its key is."""
        form = getattr(self._forms[side], name)
        return self._parts.get((side, name, key, *full), lambda: encoded(form(shown, *full)))
