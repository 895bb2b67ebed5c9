"""Header lines and two texts → the bytes of a mail.

Comes in: a header block, a text part and an HTML part. Goes out: a multipart/alternative message (RFC 2046) in CRLF,
7-bit clean but for an address that is not, the same bytes for the same values. Refuses to know: readers, papers,
templates.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from hashlib import sha256

_PLAIN, _HTML = (
    f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    for subtype in ("plain", "html")
)


def quoted_printable(text: str) -> bytes:
    """Encode a text in quoted-printable (RFC 2045) with CRLF; the result holds no line above 76 characters."""
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    return binascii.b2a_qp(lines.encode(), istext=True)


def quoted_line(text: str) -> bytes:
    """Encode one clean line, or several with CRLF between them, in half the time."""
    return binascii.b2a_qp(f"{text}\r\n".encode(), istext=True)


def assemble(header_block: str, message_id: str, text: Iterable[bytes], html: Iterable[bytes]) -> bytes:
    """Join the encoded lines of both parts under headers, the plainest part first.

    The boundary comes from the Message-ID, so that a second try yields the same bytes; it begins with `=_`, which
    quoted-printable text cannot contain.
    """
    boundary = "=_" + sha256(message_id.encode()).hexdigest()[:32]
    kind = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    head = f"{header_block}{kind}--{boundary}\r\n{_PLAIN}".encode()
    between = f"\r\n--{boundary}\r\n{_HTML}".encode("ascii")
    # In one step: a mail is long, and each step would copy it.
    return b"".join([head, *text, between, *html, f"\r\n--{boundary}--\r\n".encode("ascii")])
