"""Templates with places in them + lines that are kept → the parts of a mail.

Comes in: a rendered template in which marks keep places, and encoded lines for each place. Goes out: all lines of a
part in their order. Refuses to know: what a place is for.

The readers of one morning share nearly everything in their mails: papers, sentences, the whole frame. Quoted-printable
encodes line by line (RFC 2045, section 6.7), so whole lines may be rendered and encoded once and then be joined for
each reader as they are: the bytes are the same as if the whole mail had been rendered for that reader alone.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from service.messages.mime import quoted_printable, undotted
from service.messages.typesetting import settled

Kept = TypeVar("Kept")
# Lines, a part of the octets that differ from mail to mail, or the name of a place.
Piece = bytes | slice | str

# Private-use characters: `clean` drops them from every foreign text, so nobody else can write a mark.
_MARK = re.compile("\ue002(\\w+)\ue003\n")

BLANK_LINE = b"\r\n"


def encoded(text: str) -> bytes:
    """Tidy a text and encode it as whole lines; nothing but white space becomes none."""
    tidy = settled(text)
    return quoted_printable(tidy) if tidy.strip() else b""


def decoded(lines: bytes) -> str:
    """The text of encoded lines."""
    return binascii.a2b_qp(lines).decode().replace("\r\n", "\n")


def mark(name: str) -> str:
    """What a template shows, alone on its line, where lines are to stand."""
    return f"\ue002{name}\ue003"


class Frame:
    """A rendered template, cut at its marks."""

    def __init__(self, rendered: str) -> None:
        first, *cut = _MARK.split(settled(rendered))
        # Blank lines at a cut belong to the frame, so what stands between two marks is not tidied again.
        self._first, *rest = (quoted_printable(text) if text else b"" for text in (first, *cut[1::2]))
        self._rest = list(zip(cut[::2], rest, strict=True))

    def sheet(self, places: Mapping[str, Sequence[Piece]]) -> Sheet:
        """Put these pieces in their places; any other place stays open."""
        pieces: list[Piece] = [self._first]
        for name, after in self._rest:
            pieces += [*places.get(name, (name,)), after]
        return Sheet(pieces)


class Sheet:
    """A frame for mails that differ in nothing but the lines at its open places and in the octets of links.

    Filling it takes a copy of a list of some thirty pieces: 2 µs, where joining its lines anew took 10.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = [each if isinstance(each, bytes) else b"" for each in pieces]
        slices = [(at, each) for at, each in enumerate(pieces) if isinstance(each, slice)]
        self._within = [(at, each) for at, each in slices if not self._pieces[at - 1].endswith(b"\n")]
        self._first_in_line = [each for each in slices if each not in self._within]
        # The last one first, so that no place moves before it is filled.
        self._open = [(at, each) for at, each in enumerate(pieces) if isinstance(each, str)][::-1]

    def filled(self, lines: Mapping[str, Sequence[bytes]], octets: bytes) -> list[bytes]:
        """Put lines in the open places, and the parts of these octets where they belong."""
        filled = self._pieces.copy()
        for at, part in self._within:
            filled[at] = octets[part]
        for at, part in self._first_in_line:
            piece = octets[part]
            filled[at] = undotted(piece) if piece.startswith(b".") else piece
        for at, name in self._open:
            filled[at : at + 1] = lines[name]
        return filled


class Memo(Generic[Kept]):
    """Keeps what was made for a key; between `room` and twice as many, the ones asked for last."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._young: dict[Hashable, Kept] = {}
        self._old: dict[Hashable, Kept] = {}

    def young(self, keys: Iterable[Hashable]) -> list[Kept | None]:
        """What is kept for each of these keys and was asked for lately; None for any other."""
        return list(map(self._young.get, keys))

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
