"""The subject of a digest: its form once for all digests of a shape, and the title of a paper put in.

Comes in: the macro that writes subjects, a digest, its cards. Goes out: one clean line. Refuses to know: its words, and
how the room of a line is shared out; both stand in the template.

Titles differ from reader to reader, and the macro takes 35 µs. So it is asked once, with a title of signs that is too
long for any line: as many as are left of them, so much room there is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from service.messages.cards import Card
from service.messages.frames import Memo
from service.messages.passages import Passage
from service.messages.visible import clean, shorten
from service.model import Digest

# A private-use character: `clean` drops it from every foreign text.
_SIGN = "\ue004"
_LONGEST = 400
_TITLE = re.compile(f"{_SIGN}+…?")
# What is kept takes a fraction of a KB; a morning has a few hundred totals, and few authors are followed.
_KEPT = 4096


class _Form(NamedTuple):
    """What stands around a title, and how many signs of it may be shown."""

    before: str
    room: int
    after: str


class Subjects:
    """Writes subjects with a template's macro."""

    def __init__(self, macro: Any) -> None:
        self._macro = macro
        self._forms: Memo[_Form] = Memo(_KEPT)

    def line(self, digest: Digest, best: Card | None, shown: int, total: int, weeks: Sequence[int]) -> str:
        """The subject of a digest that shows so many cards, this one being the best, as one clean line."""
        title = who = ""
        if best:
            title = best.title.text
            who = next((each.name.text for each in best.authors if each.name.hits), "")
        facts = (digest.first, digest.trending, digest.weekly, digest.edition, digest.since, total, shown)
        form = self._forms.get((title != "", who, *facts), lambda: self._form(digest, best, shown, total, weeks))
        return f"{form.before}{shorten(title, form.room)}{form.after}" if form.room else form.before

    def _form(self, digest: Digest, best: Card | None, shown: int, total: int, weeks: Sequence[int]) -> _Form:
        """What the macro makes of all but a title; no room where it shows none."""
        if best and best.title:
            best = replace(best, title=Passage(_SIGN * _LONGEST))
        # Of all cards but the best one it asks how many there are.
        line = str(self._macro(digest, [best] * shown, total, weeks))
        title = _TITLE.search(line)
        if title is None:
            return _Form(clean(line), 0, "")
        # A letter stands for the title, so that the spaces beside it stay.
        before, after = clean(line[: title.start()] + "x"), clean("x" + line[title.end() :])
        return _Form(before[:-1], len(title[0]), after[1:])
