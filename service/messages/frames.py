"""Templates with places in them + pieces that are kept → the parts of a mail.

Comes in: a rendered template in which marks keep places, and the pieces for each place. Goes out: all pieces of a
part in their order, each as text and in its transfer encoding. Refuses to know: what a place is for.

The readers of one morning share nearly everything in their mails: papers, sentences, the whole frame. Quoted-printable
encodes line by line (RFC 2045, section 6.7), so whole lines may be rendered and encoded once and then be joined for
each reader as they are: the bytes are the same as if the whole mail had been rendered for that reader alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from service.messages.mime import quoted_printable
from service.messages.typesetting import settled

Kept = TypeVar("Kept")

# Private-use characters: `clean` drops them from every foreign text, so nobody else can write a mark.
_MARK = re.compile("\ue002(\\w+)\ue003\n")


class Piece(NamedTuple):
    """Whole lines, tidy, and the same lines in quoted-printable."""

    text: str
    octets: bytes


BLANK_LINE = Piece("\n", b"\r\n")


def pieces(text: str) -> tuple[Piece, ...]:
    """Tidy a text and encode it, as one piece; nothing but white space becomes none."""
    tidy = settled(text)
    return (_encoded(tidy),) if tidy.strip() else ()


def spaced(some: Iterable[Piece]) -> list[Piece]:
    """Put a blank line between pieces."""
    return [each for piece in some for each in (BLANK_LINE, piece)][1:]


def mark(name: str) -> str:
    """What a template shows, alone on its line, where a piece is to stand."""
    return f"\ue002{name}\ue003"


def _encoded(lines: str) -> Piece:
    return Piece(lines, quoted_printable(lines) if lines else b"")


class Frame:
    """A rendered template, cut at its marks."""

    def __init__(self, rendered: str) -> None:
        first, *cut = _MARK.split(settled(rendered))
        self._first = _encoded(first)
        self._rest = [(name, _encoded(text)) for name, text in zip(cut[::2], cut[1::2], strict=True)]

    def filled(self, places: Mapping[str, Sequence[Piece]]) -> list[Piece]:
        """Put the pieces in their places."""
        filled = [self._first]
        for name, after in self._rest:
            filled += places[name]
            filled.append(after)
        return filled


class Memo(Generic[Kept]):
    """Keeps what was made for a key; between `room` and twice as many, the ones asked for last."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._young: dict[Hashable, Kept] = {}
        self._old: dict[Hashable, Kept] = {}

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What is kept for a key, or what `make` gives now."""
        value = self._young.get(key)
        if value is not None:
            return value
        # Several threads may ask at once; then a thing is made twice, which does no harm.
        value = self._old.pop(key, None)
        if value is None:
            value = make()
        if len(self._young) >= self._room:
            self._young, self._old = {}, self._young
        self._young[key] = value
        return value
