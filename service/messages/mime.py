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

# A line break that is none of the text, and a dot before one.
SOFT_BREAK = b"=\r\n"
DOT = b"=2E" + SOFT_BREAK


def quoted_printable(text: str) -> bytes:
    """Encode a text in quoted-printable (RFC 2045) with CRLF; no line is above 76 characters or begins with a dot."""
    return quoted_line("\r\n".join(text.splitlines()))


def quoted_line(text: str) -> bytes:
    """Encode one clean line, or several with CRLF between them, in half the time."""
    return undotted(binascii.b2a_qp(f"{text}\r\n".encode(), istext=True))


def undotted(lines: bytes) -> bytes:
    """Encode a dot at the beginning of a line, and break the line behind it: it may be full.

    So nobody need look through a whole mail for what SMTP would take for its end (RFC 5321, section 4.5.2).
    """
    while b"\n." in lines:
        lines = lines.replace(b"\n.", b"\n" + DOT)
    return undotted(DOT + lines[1:]) if lines.startswith(b".") else lines


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
