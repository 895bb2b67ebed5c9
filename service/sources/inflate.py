"""Undo a body's content encoding without letting a small body become an enormous one.

Comes in: compressed bytes, piece by piece. Goes out: plain bytes, never more than the limit. Refuses to know: HTTP.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

# zlib's names for "gzip framing" and "no framing at all" (zlib manual, inflateInit2).
_GZIP, _RAW = 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_STEP = 64 * 1024


class TooLarge(Exception):
    """More came out than the limit allows."""


class Broken(Exception):
    """The bytes are not what the encoding's name says, or they end too early."""


class Decoder(Protocol):
    """Takes the body in pieces and gives back its plain bytes."""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Decode one piece, bit by bit; raises TooLarge or Broken."""

    def finish(self) -> bytes:
        """Give what is left; raises Broken where the body is not complete."""


class Plain:
    """A body without encoding."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Count the piece and hand it on. Raises TooLarge."""
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge
        yield piece

    def finish(self) -> bytes:
        """Nothing is ever held back."""
        return b""


class Inflater:
    """A gzip or deflate body; several gzip members one after the other are one body (RFC 1952, section 2.2)."""

    def __init__(self, limit: int, gzip: bool) -> None:
        self._left = limit
        self._gzip = gzip
        self._stream = zlib.decompressobj(_GZIP if gzip else zlib.MAX_WBITS)
        self._started = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Inflate in small steps, so that no step can outgrow the limit by much, and hand each on at once."""
        while piece:
            if self._stream.eof and not self._next_member(piece):
                break
            yield self._step(piece)
            piece = self._stream.unconsumed_tail or self._stream.unused_data

    def _next_member(self, piece: bytes) -> bool:
        """Begin another gzip member; what follows the last one (padding, a signature) is no part of the body."""
        if not self._gzip or not piece.startswith(b"\x1f\x8b"):
            return False
        self._stream = zlib.decompressobj(_GZIP)
        return True

    def _step(self, piece: bytes) -> bytes:
        try:
            out = self._stream.decompress(piece, _STEP)
        except zlib.error as error:
            out = self._unframed(piece, error)
        self._started = True
        self._left -= len(out)
        if self._left < 0:
            raise TooLarge
        return out

    def _unframed(self, piece: bytes, error: zlib.error) -> bytes:
        """Some servers send "deflate" without the zlib frame that RFC 9110 asks for; browsers read both."""
        if self._gzip or self._started:
            raise Broken from error
        self._stream = zlib.decompressobj(_RAW)
        try:
            return self._stream.decompress(piece, _STEP)
        except zlib.error as again:
            raise Broken from again

    def finish(self) -> bytes:
        """Raise Broken where the stream did not come to its end; an empty body is complete in any encoding."""
        if self._started and not self._stream.eof:
            raise Broken
        return b""


def decoder(encoding: str, limit: int) -> Decoder | None:
    """Find the decoder for a Content-Encoding value; None for one we did not ask for."""
    match encoding.strip().lower():
        # Some servers write here what belongs into the Content-Type.
        case "" | "identity" | "none" | "utf-8" | "utf8" | "binary" | "8bit" | "7bit":
            return Plain(limit)
        case "gzip" | "x-gzip":
            return Inflater(limit, gzip=True)
        case "deflate":
            return Inflater(limit, gzip=False)
        case _:
            return None
