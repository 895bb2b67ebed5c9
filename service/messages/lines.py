"""The lines of a card that differ with every keyword: what is shown of the abstract, and why the paper is there.

Comes in: the forms of one part of a mail, passages, reasons. Goes out: encoded lines. Refuses to know: what else stands
on a card.

What a form writes around foreign text is the same for all of it, so each form is rendered once, with a sign where that
text stands, and cut there. A template of Jinja takes 45 µs for such a line; the pieces are joined in five.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from markupsafe import escape

from service.messages.cards import Card, Reason
from service.messages.frames import Memo
from service.messages.mime import quoted_line, quoted_printable
from service.messages.passages import Passage
from service.messages.typesetting import breakable, hang, settled, wrap
from service.model import Field

# A private-use character: `clean` drops it from every foreign text.
_TEXT = "\ue004"
# Stand around hits until it is known for which part of a mail they are marked; no clean text has them.
OPEN, CLOSE = "\x02", "\x03"
# A card of the text part stands behind so many columns.
INDENT = 4
# Nearly all readers' reasons are of a few forms: so many keywords, each in the title, the abstract or both.
_KEPT_FORMS = 512


class _Because(NamedTuple):
    """What the forms ask of a card that says why it is there."""

    reasons: Sequence[Reason]
    more_reasons: int

    @classmethod
    def of(cls, fields: Sequence[tuple[Field, ...]], more: int) -> _Because:
        """With a sign in the place of each keyword."""
        return cls([Reason(_TEXT, each) for each in fields], more)


class Form:
    """A rendered form, cut where foreign text stands."""

    def __init__(self, rendered: str) -> None:
        self._pieces = rendered.split(_TEXT)

    @classmethod
    def of(cls, macro: Callable[[str], str]) -> Form:
        """The form of a macro that shows one text."""
        return cls(settled(macro(_TEXT)))

    def filled(self, texts: Iterable[str]) -> str:
        """The form with these texts in their places."""
        return "".join(chain.from_iterable(zip_longest(self._pieces, texts, fillvalue="")))


class HtmlLines:
    """Lines of the HTML part."""

    def __init__(self, forms: Any) -> None:
        self._forms = forms
        self._before, self._after = str(forms.runs(Passage(_TEXT, ((0, 1),)))).split(_TEXT)
        self._said = {
            full: settled(forms.said(Passage(_TEXT), full)).rstrip("\n").split(_TEXT) for full in (True, False)
        }
        self._shapes: Memo[Form] = Memo(_KEPT_FORMS)

    def head(self, card: Card, full: bool) -> Form:
        """The head of a card, without its title."""
        return Form(settled(self._forms.head(replace(card, title=Passage(_TEXT)), full)))

    def titled(self, head: Form, title: Passage) -> bytes:
        """A head with a title put in."""
        return quoted_printable(head.filled([self._runs(title)]))

    def said(self, passage: Passage, signed: str, full: bool, long_words: bool) -> bytes:
        """What is shown of the abstract, as a passage and with signs; it may hold long words, or does not."""
        if not passage:
            return b""
        before, after = self._said[full]
        # Nothing but signs to escape, which may be done to all of it at once.
        runs = self._runs(passage) if long_words else str(escape(signed))
        return quoted_line(f"{before}{runs.replace(OPEN, self._before).replace(CLOSE, self._after)}{after}")

    def reasons(self, reasons: Sequence[Reason], more: int, full: bool) -> bytes:
        """Why the paper is there: keywords, each with the fields that it hit, and how many more."""
        fields = tuple([each.fields for each in reasons])
        form = self._shapes.get(
            (fields, more, full), lambda: Form(settled(self._forms.reasons(_Because.of(fields, more), full)))
        )
        return quoted_printable(form.filled([breakable(each.keyword) for each in reasons]))

    def _runs(self, passage: Passage) -> str:
        """A passage with its hits marked, as the form of that name writes it."""
        before, after = self._before, self._after
        return "".join(f"{before}{breakable(text)}{after}" if hit else breakable(text) for text, hit in passage.runs)


class TextLines:
    """Lines of the text part; they are wrapped once their text is known."""

    def __init__(self, forms: Any) -> None:
        self._forms = forms
        self._shapes: Memo[Form] = Memo(_KEPT_FORMS)

    def said(self, signed: str) -> bytes:
        """What is shown of the abstract, with signs."""
        starred = signed.replace(OPEN, "*").replace(CLOSE, "*")
        return quoted_line(wrap(starred, INDENT).replace("\n", "\r\n")) if signed else b""

    def reasons(self, reasons: Sequence[Reason], more: int) -> bytes:
        """Why the paper is there: keywords, each with the fields that it hit, and how many more."""
        fields = tuple([each.fields for each in reasons])
        form = self._shapes.get((fields, more), lambda: Form(self._forms.why(_Because.of(fields, more))))
        return quoted_printable(hang(form.filled([each.keyword for each in reasons]), INDENT))
