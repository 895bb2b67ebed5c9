"""Cards → the lines that show them, made once for all readers whose keywords hit a paper alike.

Comes in: selected papers. Goes out: encoded lines, in full or compact, for either part of a mail. Refuses to know: what
else stands in a mail.

Even where hits differ most of a card is the same: a card is made of four parts, and only what is shown of the abstract
and why it is there are made anew for each (`lines`). No `Card` is put together for that: most are printed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from service.messages.cards import (
    Card,
    Marks,
    because,
    marked_abstract,
    marked_authors,
    marked_title,
    marks,
    matched,
    plain,
    shown,
)
from service.messages.frames import BLANK_LINE, Memo, encoded
from service.messages.lines import CLOSE, INDENT, OPEN, Form, HtmlLines, TextLines
from service.messages.typesetting import has_long_word, starred
from service.model import Digest, Paper, Selected

Part = TypeVar("Part")
HTML, TEXT = "html", "txt"
# A card takes 1.7 KB in both parts of a mail. A morning of 20,000 readers with real keywords asks for 30,000 cards
# where mails hold 4 papers, for 150,000 where they hold up to 60; where many are made a second time, a mail takes
# half as long again. Up to twice as many are kept.
_KEPT_CARDS, _KEPT_PAPERS = 98_304, 4096
_FORMS = {
    (HTML, True): attrgetter("html_full"),
    (HTML, False): attrgetter("html_brief"),
    (TEXT, True): attrgetter("text_full"),
    (TEXT, False): attrgetter("text_brief"),
}
# A paper has a head for each set of places that keywords hit in its title and authors.
_MOST_PARTS = 256
# Many papers are there for the same keyword in the same fields; such lines take a KB.
_KEPT_REASONS = 16_384


class _Around(NamedTuple):
    """What stands on a card above and below what is made anew for each."""

    html_head: bytes
    html_tail: bytes
    text_head: bytes
    text_tail: bytes


@dataclass(slots=True, eq=False)
class _Paper:
    """A paper's card without any keyword, the parts that all its cards share, and the paper whose id is its key."""

    card: Card
    paper: Paper
    long_words: bool
    parts: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    heads: dict[bool, Form] = field(default_factory=dict)
    around: dict[tuple[object, ...], _Around] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class PrintedCard:
    """A card's lines in the forms printed so far, beside the selected paper whose id is its key."""

    selected: Selected
    paper: _Paper
    html_full: bytes = b""
    html_brief: bytes = b""
    text_full: bytes = b""
    text_brief: bytes = b""

    @property
    def card(self) -> Card:
        """The card with the authors that a keyword hit; in its title and abstract no hits are marked."""
        return marked_authors(self.paper.card, self.selected)

    @property
    def title(self) -> str:
        """The title of the paper."""
        return self.paper.card.title.text

    @property
    def sentence(self) -> str:
        """What its compact form shows of the abstract."""
        return matched(self.paper.card, self.selected).sentence.text


class CardPress:
    """Prints the cards of one installation with the forms of its templates, one module for each part of a mail."""

    def __init__(self, forms: Mapping[str, Any]) -> None:
        self._forms = forms
        self._html, self._text = HtmlLines(forms[HTML]), TextLines(forms[TEXT])
        self._papers: Memo[_Paper] = Memo(_KEPT_PAPERS)
        self._cards: Memo[PrintedCard] = Memo(_KEPT_CARDS)
        self._reasons: Memo[tuple[bytes, bytes]] = Memo(_KEPT_REASONS)

    def card(self, selected: Selected, digest: Digest) -> PrintedCard:
        """The card of a paper; the same one for the same object, which readers share."""
        return self._cards.get((id(selected), digest.edition), lambda: self._card(selected, digest))

    def cards(self, digest: Digest, most: int | None = None) -> list[PrintedCard]:
        """The cards of a digest's first papers."""
        papers, edition = digest.papers[:most], digest.edition
        # Nearly all are known; a call for each would take three times as long as it takes to find it.
        found = self._cards.young([(id(each), edition) for each in papers])
        return [known or self.card(each, digest) for known, each in zip(found, papers, strict=True)]

    def also(self, paper: Paper, edition: date, side: str) -> bytes:
        """The lines that name a paper which no keyword chose."""
        mine = self._paper(paper, edition)
        known = mine.parts.get((side, "also"))
        return known or _keep(mine.parts, (side, "also"), encoded(self._forms[side].also(mine.card)))

    def print(self, full: Iterable[PrintedCard], brief: Iterable[PrintedCard]) -> None:
        """Print those of these cards that are not printed yet, all together."""
        self._print(list(dict.fromkeys([card for card in full if not card.html_full])), True)
        self._print(list(dict.fromkeys([card for card in brief if not card.html_brief])), False)

    def lines(self, cards: Sequence[PrintedCard], side: str, full: bool) -> list[bytes]:
        """The lines of each of these cards in a form that is printed; a text's behind the room for its number."""
        return list(map(_FORMS[side, full], cards))

    def _card(self, selected: Selected, digest: Digest) -> PrintedCard:
        return PrintedCard(selected, self._paper(selected.paper.paper, digest.edition))

    def _paper(self, paper: Paper, edition: date) -> _Paper:
        def made() -> _Paper:
            card = plain(paper, edition)
            return _Paper(card, paper, has_long_word(card.abstract.text))

        return self._papers.get((id(paper), edition), made)

    def _print(self, cards: Sequence[PrintedCard], full: bool) -> None:
        """Print one form on both sides; each step is done for all cards before the next one (`Press.printed`)."""
        papers, found = [card.paper for card in cards], [marks(card.selected.why) for card in cards]
        around = [self._around(card, its, full) for card, its in zip(cards, found, strict=True)]
        why = [self._why(its.why, full) if its.why else (b"", b"") for its in found]
        abstracts = [marked_abstract(paper.card, paper.paper, its) for paper, its in zip(papers, found, strict=True)]
        said = [shown(abstract, full) for abstract in abstracts]
        signed = [starred(each, OPEN, CLOSE) for each in said]
        long_words = [paper.long_words for paper in papers]
        above = list(map(self._html.said, said, signed, repeat(full), long_words))
        below = list(map(self._text.said, signed))
        for card, it, html_said, text_said, (html_why, text_why) in zip(cards, around, above, below, why, strict=True):
            html = b"".join((it.html_head, html_said, html_why, it.html_tail))
            if full:
                pieces = filter(None, (it.text_head, text_said, text_why + it.text_tail))
                card.html_full, card.text_full = html, BLANK_LINE.join(pieces)
            else:
                card.html_brief, card.text_brief = html, b"".join((it.text_head, text_said, text_why, it.text_tail))

    def _why(self, why: Sequence[tuple[str, int]], full: bool) -> tuple[bytes, bytes]:
        """Why the paper is there, on both sides: keywords, each with the fields that it hit."""

        def made() -> tuple[bytes, bytes]:
            reasons, more = because(why)
            return self._html.reasons(reasons, more, full), self._text.reasons(reasons, more)

        return self._reasons.get((why, full), made)

    def _around(self, printed: PrintedCard, found: Marks, full: bool) -> _Around:
        around, key = printed.paper.around, (found.title, found.authors, not found.why, full)
        known = around.get(key)
        if known is None:
            html_head = self._html_head(printed, found, full)
            html_tail = self._part(printed, HTML, "tail", bool(found.why), full)
            text_head = self._part(printed, TEXT, "head", found.authors, full)[INDENT:]
            text_tail = self._part(printed, TEXT, "tail", None, full)
            known = _keep(around, key, _Around(html_head, html_tail, text_head, text_tail))
        return known

    def _html_head(self, printed: PrintedCard, found: Marks, full: bool) -> bytes:
        """The head of a card: the same for all but its title, where it names the same authors."""
        paper = printed.paper
        if found.authors or not paper.card.title:
            return self._part(printed, HTML, "head", (found.title, found.authors), full)
        if full not in paper.heads:
            paper.heads[full] = self._html.head(paper.card, full)
        return self._html.titled(paper.heads[full], marked_title(paper.card, paper.paper, found))

    def _part(self, printed: PrintedCard, side: str, name: str, what: object, full: bool) -> bytes:
        """A part of a paper's cards, the same in all of which `what` is equal."""
        paper, key = printed.paper, (side, name, what, full)
        known = paper.parts.get(key)
        if known is None:
            form = getattr(self._forms[side], name)
            known = _keep(paper.parts, key, encoded(form(matched(paper.card, printed.selected), full)))
        return known


def _keep(parts: dict[tuple[object, ...], Part], key: tuple[object, ...], part: Part) -> Part:
    if len(parts) >= _MOST_PARTS:
        parts.clear()
    parts[key] = part
    return part
