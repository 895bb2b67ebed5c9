"""Lines that hold a reader's own links and nothing else of theirs, encoded once for links of equal lengths.

Comes in: a form, links. Goes out: pieces of encoded lines. Refuses to know: what the links are for.

All readers' links are of few lengths, and letters, figures and a few signs stand in quoted-printable and in HTML for
themselves. So the lines are encoded with other links of the same lengths; wherever one of those stands, in one piece or
in several on both sides of a soft line break (RFC 2045, section 6.7), the reader's link is put in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from service.messages.frames import Memo, Piece, encoded
from service.messages.mime import DOT, SOFT_BREAK
from service.messages.visible import web_link
from service.model import ReaderLinks

# Links that are put in as they are, each ended by a line break; for any other the lines are made anew.
_PLAIN = re.compile(r"(?:https?://[a-z0-9.-]{1,255}(?::[1-9][0-9]{0,3})?/[A-Za-z0-9/._~-]{24,700}\n)+")
_DOT = rb"(?:\.|%s)" % DOT
_KEPT = 1024


class Links(NamedTuple):
    """The links that one mail may show; where all are plain ones also their lengths, and all in a row."""

    shown: ReaderLinks
    octets: bytes = b""
    lengths: tuple[int, ...] = ()

    @classmethod
    def of(cls, links: ReaderLinks) -> Links:
        """Leave out what is no link."""
        row = "".join([f"{url}\n" for url in links if url])
        if _PLAIN.fullmatch(row) and row.count("\n") == len(links) - links.count(""):
            return cls(links, row.encode("ascii"), tuple(map(len, links)))
        return cls(ReaderLinks(*map(web_link, links)))

    def __bool__(self) -> bool:
        return any(self.shown)


class Linked:
    """One form's lines."""

    def __init__(self, form: Callable[..., str]) -> None:
        self._form = form
        self._known: Memo[list[Piece]] = Memo(_KEPT)

    def pieces(self, links: Links, *values: object) -> list[Piece]:
        """The lines with these links, which the form may show or not, and other values."""
        if not links.lengths:
            return [encoded(self._form(links.shown, *values))]
        return self._known.get((links.lengths, *values), lambda: self._cut(links.lengths, *values))

    def _cut(self, lengths: Sequence[int], *values: object) -> list[Piece]:
        others, any_of = _others(lengths)
        starts = dict(zip(others, accumulate((len(url) + 1 for url in others.values()), initial=0), strict=False))
        lines, at = encoded(self._form(ReaderLinks(**others), *values)), 0
        pieces: list[Piece] = []
        for found in any_of.finditer(lines):
            before, start, at = lines[at : found.start()], starts[found.lastgroup or ""], found.end()
            for part in found[0].replace(DOT, b".").split(SOFT_BREAK):
                pieces += before, slice(start, start + len(part))
                before, start = SOFT_BREAK, start + len(part)
        return [*pieces, lines[at:]]


@lru_cache(maxsize=64)
def _others(lengths: Sequence[int]) -> tuple[dict[str, str], re.Pattern[bytes]]:
    """Other links of these lengths, and what finds whichever of them stands there, soft line breaks within."""
    others = {
        name: f"https://{name}.invalid/".ljust(length, "x")
        for name, length in zip(ReaderLinks._fields, lengths, strict=True)
        if length
    }
    spelt = {
        name: (b"(?:%s)?" % SOFT_BREAK).join(re.escape(letter.encode()) for letter in url).replace(rb"\.", _DOT)
        for name, url in others.items()
    }
    ways = (b"(?P<%s>%s)" % (name.encode(), letters) for name, letters in spelt.items())
    return others, re.compile(b"|".join(ways))
