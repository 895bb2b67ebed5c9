"""Lines that hold a reader's own links and nothing else of theirs, encoded once for links of equal lengths.

Comes in: a form, links. Goes out: encoded lines. Refuses to know: what the links are for.

All readers' links are of few lengths, and letters, figures and a few signs stand in quoted-printable and in HTML for
themselves. So the lines are encoded with other links of the same lengths; wherever one of those stands, in one piece or
in several on both sides of a soft line break (RFC 2045, section 6.7), the reader's link is put in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

from service.messages.frames import Memo, encoded
from service.messages.visible import web_link
from service.model import ReaderLinks

# Links that are put in as they are; for any other the lines are made anew.
_PLAIN = re.compile(r"https?://[a-z0-9.-]{1,255}(?::[1-9][0-9]{0,3})?/[A-Za-z0-9/._~-]{24,700}")
_SOFT_BREAK = b"=\r\n"
_KEPT = 1024
_NAMES = tuple(each.name for each in fields(ReaderLinks))


@dataclass(frozen=True, slots=True)
class Links:
    """The links that one mail may show, by name; `lengths` is empty where they are not all plain ones."""

    shown: Mapping[str, str]
    octets: Mapping[str, bytes]
    lengths: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, links: ReaderLinks) -> Links:
        """Leave out what is no link."""
        named = [(name, url) for name in _NAMES if (url := getattr(links, name))]
        if all(_PLAIN.fullmatch(url) for _, url in named):
            octets = {name: url.encode("ascii") for name, url in named}
            return cls(dict(named), octets, tuple((name, len(url)) for name, url in named))
        return cls({name: link for name, url in named if (link := web_link(url))}, {}, ())


class _Piece(NamedTuple):
    """What stands before a piece of a link, and which link's characters follow."""

    before: bytes
    link: str
    part: slice


class _Lines(NamedTuple):
    pieces: list[_Piece]
    rest: bytes


class Linked:
    """One form's lines."""

    def __init__(self, form: Callable[..., str]) -> None:
        self._form = form
        self._known: Memo[_Lines] = Memo(_KEPT)

    def lines(self, links: Links, *values: object) -> bytes:
        """The lines for these links, which the form may show or not, and other values."""
        if not links.lengths:
            return encoded(self._form(ReaderLinks(**links.shown), *values))
        key = (links.lengths, *values)
        pieces, rest = self._known.get(key, lambda: self._cut(dict(links.lengths), *values))
        filled: list[bytes] = []
        octets = links.octets
        for before, name, part in pieces:
            filled += before, octets[name][part]
        return b"".join(filled) + rest

    def _cut(self, lengths: Mapping[str, int], *values: object) -> _Lines:
        others = {name: f"https://{name}.invalid/".ljust(length, "x") for name, length in lengths.items()}
        lines, pieces, at = encoded(self._form(ReaderLinks(**others), *values)), [], 0
        for found in _any_of(others).finditer(lines):
            before, start, at = lines[at : found.start()], 0, found.end()
            for part in found[0].split(_SOFT_BREAK):
                pieces.append(_Piece(before, found.lastgroup or "", slice(start, start + len(part))))
                before, start = _SOFT_BREAK, start + len(part)
        return _Lines(pieces, lines[at:])


def _any_of(others: Mapping[str, str]) -> re.Pattern[bytes]:
    """Whichever of these stands there, soft line breaks within."""
    spelt = {
        name: (b"(?:%s)?" % _SOFT_BREAK).join(re.escape(letter.encode()) for letter in url)
        for name, url in others.items()
    }
    return re.compile(b"|".join(b"(?P<%s>%s)" % (name.encode(), letters) for name, letters in spelt.items()))
