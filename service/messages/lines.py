"""The lines of a card that differ with every keyword: what is shown of the abstract, and why the paper is there.

Comes in: the forms of one part of a mail, passages, reasons. Goes out: encoded lines. Refuses to know: what else stands
on a card.

What a form writes around foreign text is the same for all of it, so each form is rendered once, with a sign where that
text stands, and cut there. A template of Jinja takes 45 µs for such a line; the pieces are joined in five.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from service.messages.cards import Reason
from service.messages.frames import Memo
from service.messages.mime import quoted_printable
from service.messages.passages import Passage
from service.messages.typesetting import breakable, hang, settled, starred
from service.model import Field

# A private-use character: `clean` drops it from every foreign text.
_TEXT = "\ue004"
# A card of the text part stands behind so many columns.
INDENT = 4
# Nearly all readers' reasons are of a few forms: so many keywords, each in the title, the abstract or both.
_KEPT_FORMS = 512


class _Because(NamedTuple):
    """What the forms ask of a card that says why it is there."""

    reasons: Sequence[Reason]
    more_reasons: int


class _Form:
    """A rendered form, cut where foreign text stands."""

    def __init__(self, rendered: str) -> None:
        self._pieces = rendered.split(_TEXT)

    def filled(self, texts: Iterable[str]) -> str:
        """The form with these texts in their places."""
        return "".join(chain.from_iterable(zip_longest(self._pieces, texts, fillvalue="")))


class HtmlLines:
    """Lines of the HTML part."""

    def __init__(self, forms: Any) -> None:
        self._forms = forms
        self._hit = _Form(str(forms.runs(Passage(_TEXT, ((0, 1),)))))
        self._said = {full: _Form(settled(forms.said(Passage(_TEXT), full))) for full in (True, False)}
        self._reasons: Memo[_Form] = Memo(_KEPT_FORMS)

    def said(self, passage: Passage, full: bool) -> bytes:
        """What is shown of the abstract."""
        runs = [self._hit.filled([breakable(text)]) if hit else breakable(text) for text, hit in passage.runs]
        return quoted_printable(self._said[full].filled(["".join(runs)])) if runs else b""

    def reasons(self, reasons: Sequence[Reason], more: int, full: bool) -> bytes:
        """Why the paper is there."""
        if not reasons:
            return b""
        fields = tuple(each.fields for each in reasons)
        form = self._reasons.get(
            (fields, more, full), lambda: _Form(settled(self._forms.reasons(_because(fields, more), full)))
        )
        return quoted_printable(form.filled(breakable(each.keyword) for each in reasons))


class TextLines:
    """Lines of the text part; they are wrapped once their text is known."""

    def __init__(self, forms: Any) -> None:
        self._forms = forms
        self._reasons: Memo[_Form] = Memo(_KEPT_FORMS)

    def said(self, passage: Passage, full: bool) -> bytes:
        """What is shown of the abstract."""
        return quoted_printable(hang(starred(passage), INDENT)) if passage else b""

    def reasons(self, reasons: Sequence[Reason], more: int, full: bool) -> bytes:
        """Why the paper is there."""
        if not reasons:
            return b""
        fields = tuple(each.fields for each in reasons)
        form = self._reasons.get((fields, more), lambda: _Form(self._forms.why(_because(fields, more))))
        return quoted_printable(hang(form.filled(each.keyword for each in reasons), INDENT))


def _because(fields: Sequence[tuple[Field, ...]], more: int) -> _Because:
    return _Because([Reason(_TEXT, each) for each in fields], more)
