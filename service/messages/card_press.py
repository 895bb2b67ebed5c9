"""Cards → the lines that show them, made once for all readers whose keywords hit a paper alike.

Comes in: selected papers. Goes out: encoded lines, in full or compact, for either part of a mail. Refuses to know: what
else stands in a mail.

Even where hits differ most of a card is the same: a card is made of four parts, and only what is shown of the abstract
and why it is there are made anew for each (`lines`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from service.messages.cards import Card, matched, plain
from service.messages.frames import BLANK_LINE, Memo, encoded
from service.messages.lines import INDENT, HtmlLines, TextLines
from service.model import Digest, Paper, Selected

HTML, TEXT = "html", "txt"
# A card takes some 2 KB in both parts of a mail. A morning of 20,000 readers with real keywords asks for 70,000 cards;
# where most of them have to be made anew, a mail takes several times as long.
_KEPT_CARDS, _KEPT_PAPERS = 65_536, 4096
_FORMS = {
    (HTML, True): "html_full",
    (HTML, False): "html_brief",
    (TEXT, True): "text_full",
    (TEXT, False): "text_brief",
}
# A paper has a head for each set of places that keywords hit in its title and authors.
_MOST_PARTS = 256


@dataclass(slots=True, eq=False)
class _Paper:
    """A paper's card without any keyword, the parts that all its cards share, and the paper whose id is its key."""

    card: Card
    paper: Paper
    parts: dict[tuple[object, ...], bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class PrintedCard:
    """A card and its lines in the forms printed so far, beside the selected paper whose id is its key."""

    card: Card
    selected: Selected
    paper: _Paper
    html_full: bytes = b""
    html_brief: bytes = b""
    text_full: bytes = b""
    text_brief: bytes = b""


class CardPress:
    """Prints the cards of one installation with the forms of its templates, one module for each part of a mail."""

    def __init__(self, forms: Mapping[str, Any]) -> None:
        self._forms = forms
        self._lines: dict[str, HtmlLines | TextLines] = {HTML: HtmlLines(forms[HTML]), TEXT: TextLines(forms[TEXT])}
        self._papers: Memo[_Paper] = Memo(_KEPT_PAPERS)
        self._cards: Memo[PrintedCard] = Memo(_KEPT_CARDS)

    def card(self, selected: Selected, digest: Digest) -> PrintedCard:
        """The card of a paper; the same one for the same object, which readers share."""
        return self._cards.get((id(selected), digest.edition), lambda: self._card(selected, digest))

    def cards(self, digest: Digest, most: int | None = None) -> list[PrintedCard]:
        """The cards of a digest's first papers."""
        papers, edition = digest.papers[:most], digest.edition
        # Nearly all are known; a call for each would take three times as long as it takes to find it.
        found = self._cards.young([(id(each), edition) for each in papers])
        return [known or self.card(each, digest) for known, each in zip(found, papers, strict=True)]

    def plain(self, paper: Paper, edition: date) -> Card:
        """The card of a paper that no keyword chose."""
        return self._paper(paper, edition).card

    def lines(self, cards: Sequence[PrintedCard], side: str, full: bool) -> list[bytes]:
        """The lines of each of these cards in one of its forms; those of a text behind the room for its number."""
        name = _FORMS[side, full]
        lines = list(map(attrgetter(name), cards))
        if not all(lines):
            for at, card in enumerate(cards):
                if not lines[at]:
                    lines[at] = self._form(card, side, full)[INDENT if side == TEXT else 0 :]
                    setattr(card, name, lines[at])
        return lines

    def _card(self, selected: Selected, digest: Digest) -> PrintedCard:
        known = self._paper(selected.paper.paper, digest.edition)
        return PrintedCard(matched(known.card, selected), selected, known)

    def _paper(self, paper: Paper, edition: date) -> _Paper:
        return self._papers.get((id(paper), edition), lambda: _Paper(plain(paper, edition), paper))

    def _form(self, printed: PrintedCard, side: str, full: bool) -> bytes:
        shown, own, lines = printed.card, printed.paper.card, self._lines[side]
        untouched = shown.title is own.title and shown.authors is own.authors
        head = self._part(printed, side, "head", untouched or (shown.title, shown.authors), full)
        said = lines.said(shown.excerpt if full else shown.sentence, full)
        reasons = lines.reasons(shown.reasons, shown.more_reasons, full)
        tail = self._part(printed, side, "tail", not shown.reasons, full)
        if side == TEXT and full:
            return BLANK_LINE.join(part for part in (head, said, reasons + tail) if part)
        return head + said + reasons + tail

    def _part(self, printed: PrintedCard, side: str, name: str, what: object, full: bool) -> bytes:
        """A part of a paper's cards, the same in all of which `what` is equal."""
        parts, key = printed.paper.parts, (side, name, what, full)
        if key not in parts:
            if len(parts) >= _MOST_PARTS:
                parts.clear()
            form = getattr(self._forms[side], name)
            parts[key] = encoded(form(printed.card, full))
        return parts[key]
