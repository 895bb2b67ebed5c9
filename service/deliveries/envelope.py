"""What a mail is on the wire: the commands of its envelope and its bytes.

Comes in: a mail's addresses, its body. Goes out: lines of SMTP (RFC 5321). Refuses to know: connections.
"""

from __future__ import annotations

import re
from functools import lru_cache

import idna
import numpy as np

from service.errors import AddressRefused, MessageRefused

_LINE_END = re.compile(rb"\r\n|\r|\n")
_CR, _LF = b"\r\n"
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
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
    """The parameters of MAIL (RFC 6152, RFC 6531). Raises MessageRefused where the server knows no such address."""
    said = " BODY=8BITMIME" if eight_bit and knows_eight_bit else ""
    if sender.isascii() and recipient.isascii():
        return said
    if knows_utf8:
        return f"{said} SMTPUTF8"
    # No bounce: the reader's own server was never asked.
    raise MessageRefused("The mail server takes no addresses with signs beyond ASCII (SMTPUTF8), and this has some.")


def wire_form(body: bytes, *, as_is: bool = False) -> list[bytes]:
    """End every line with CRLF, double the leading dots (RFC 5321, section 4.5.2) and set the final dot.

    A bare CR or LF is how one mail smuggles in another; none leaves this house. A body that may be written as it is
    (`Mail`) is neither looked through nor copied: for 46 KB that took 60 µs, a sixth of what the mail takes at one
    connection.
    """
    written = body if as_is else _LEADING_DOT.sub(b"..", crlf(body))
    return [written, b".\r\n" if written.endswith(b"\r\n") else b"\r\n.\r\n"]


def crlf(body: bytes) -> bytes:
    """The same with every line ended by CRLF; one that is so already is only looked at, which costs little."""
    return body if _in_lines(body) else _LINE_END.sub(b"\r\n", body)


def _in_lines(body: bytes) -> bool:
    """Whether no line feed and no carriage return stands alone."""
    octets = np.frombuffer(body, np.uint8)
    returns, feeds = octets == _CR, octets == _LF
    return not body or not (feeds[0] or returns[-1] or returns[:-1].tobytes() != feeds[1:].tobytes())
