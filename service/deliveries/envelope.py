"""What a mail is on the wire: the commands of its envelope and its bytes.

Comes in: a mail's addresses, its body. Goes out: lines of SMTP (RFC 5321). Refuses to know: connections.
"""

from __future__ import annotations

import re
from functools import lru_cache

import idna
import numpy as np

from service.errors import AddressRefused

_LINE_END = re.compile(rb"\r\n|\r|\n")
_CR, _LF, _DOT = b"\r\n."
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")


@lru_cache(maxsize=1024)
def address(text: str) -> str:
    """Write an address as the envelope needs it: an international domain in its ASCII form (RFC 5890).

    Raises AddressRefused for one that could not stand there, or would end its command.
    """
    if _UNSAFE.search(text) or text.count("@") < 1:
        raise AddressRefused("The address cannot stand in a mail's envelope.")
    local, _, domain = text.rpartition("@")
    if domain.isascii():
        return text
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise AddressRefused("The address has a domain that cannot exist.") from error


def options(sender: str, recipient: str, *, eight_bit: bool, knows_eight_bit: bool, knows_utf8: bool) -> str:
    """The parameters of MAIL (RFC 6152, RFC 6531). Raises AddressRefused where the server knows no such address."""
    said = " BODY=8BITMIME" if eight_bit and knows_eight_bit else ""
    if sender.isascii() and recipient.isascii():
        return said
    if knows_utf8:
        return f"{said} SMTPUTF8"
    raise AddressRefused("The mail server takes no addresses with signs beyond ASCII (SMTPUTF8), and this has some.")


def wire_form(body: bytes) -> bytes:
    """End every line with CRLF, double the leading dots (RFC 5321, section 4.5.2) and set the final dot.

    A bare CR or LF is how one mail smuggles in another; none leaves this house.
    """
    whole = crlf(body)
    octets = np.frombuffer(whole, np.uint8)
    # numpy marks the leading dots in a third of the time that a regular expression takes to look for them.
    leading = ((octets[:-1] == _LF) & (octets[1:] == _DOT)).tobytes()
    pieces, begun = [b"." if whole.startswith(b".") else b""], 0
    while (at := leading.find(1, begun)) >= 0:
        pieces += (whole[begun : at + 1], b".")
        begun = at + 1
    pieces += (whole[begun:], b".\r\n" if whole.endswith(b"\r\n") else b"\r\n.\r\n")
    return b"".join(pieces)


def crlf(body: bytes) -> bytes:
    """The same with every line ended by CRLF; one that is so already is only looked at, which costs next to nothing."""
    octets = np.frombuffer(body, np.uint8)
    returns, feeds = octets == _CR, octets == _LF
    if not body or not (feeds[0] or returns[-1] or returns[:-1].tobytes() != feeds[1:].tobytes()):
        return body
    return _LINE_END.sub(b"\r\n", body)
