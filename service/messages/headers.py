"""Values → header lines that no value can break out of.

Comes in: names, addresses, subjects, URLs. Goes out: ASCII header lines of at most 998 characters (RFC 5322, 2047).
Refuses to know: what a mail is about, how its body is put together.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from textwrap import wrap

import idna

from service.errors import AddressError
from service.messages.visible import clean

_LONGEST_LINE = 998
_LONGEST_NAME = 60
_ADDRESSED = ("To", "Reply-To")
_ATOM = r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)[0-9A-Za-z_](?:[0-9A-Za-z_-]*[0-9A-Za-z_])?(?:\.[0-9A-Za-z_](?:[0-9A-Za-z_-]*[0-9A-Za-z_])?)*"
)
_LINE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,997}(?:\r\n [\x21-\x7e][\x20-\x7e]{0,996})*")
_LITERAL = re.compile(r"\[[0-9A-Za-z:.]+\]")
# Nearly every address: what the rules below would leave as it is.
_USUAL = re.compile(rf"(?=[^@]{{1,64}}@){_LOCAL.pattern}@{_DOMAIN.pattern}")


def mailbox(address: str) -> str:
    """Return the one address of a mail as it goes on the wire, its domain in IDNA form.

    A part before the @ that is not a plain dot-atom of RFC 5322, or of RFC 6531 where it has letters beyond ASCII,
    raises AddressError: quoted forms, since nobody has one; lists of addresses, since a mail has one reader; signs that
    cannot be seen or that turn the line around.
    """
    if _USUAL.fullmatch(address):
        return address
    local, at, domain = address.rpartition("@")
    try:
        wire = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except UnicodeError as error:
        raise AddressError(f"{clean(address)} is not a mail address: its domain cannot exist") from error
    if not (at and _is_local(local) and (_DOMAIN.fullmatch(wire) or _LITERAL.fullmatch(wire))):
        raise AddressError(f"{clean(address)} is not one mail address")
    return f"{local}@{wire}"


def _is_local(local: str) -> bool:
    """Whether this may stand before the @; RFC 6531 counts octets."""
    return len(local.encode(errors="replace")) <= 64 and bool(_LOCAL.fullmatch(_plain(local)))


def _plain(text: str) -> str:
    """The text with an x for every letter beyond ASCII that can be seen."""
    return "".join("x" if letter > "\x7f" and letter.isprintable() else letter for letter in text)


def phrase(name: str) -> str:
    """Return a display name as RFC 5322's phrase: quoted where it is ASCII, encoded words where it is not."""
    shown = clean(name)[:_LONGEST_NAME]
    if not shown.isascii() or "=?" in shown:
        return _encoded(shown)
    return '"' + re.sub(r'(["\\])', r"\\\1", shown) + '"'


def named(name: str, address: str) -> str:
    """Return RFC 5322's name-addr, folded before the address where one line of 78 would not hold both."""
    shown, wire = phrase(name), mailbox(address)
    return f"{shown} <{wire}>" if len(shown) + len(wire) < 60 else f"{shown}\r\n <{wire}>"


# The mails of a morning share many subjects.
@lru_cache(maxsize=4096)
def unstructured(text: str) -> str:
    """Return a text as RFC 5322's unstructured: folded at spaces where it is ASCII, encoded words where it is not."""
    shown = clean(text)
    if not shown.isascii() or "=?" in shown or any(len(word) > 60 for word in shown.split()):
        return _encoded(shown)
    if len(shown) <= 64:
        return shown
    return "\r\n ".join(wrap(shown, 64, break_long_words=False, break_on_hyphens=False))


def line(name: str, value: str) -> str:
    """Return a header line ended by CRLF; nothing for an empty value.

    A value must be ASCII whose line breaks are folds; anything else is a fault of the caller and raises ValueError. An
    address alone may have letters beyond it (RFC 6532): `mailbox` has looked at them.
    """
    made = f"{name}: {value}"
    if not _LINE.fullmatch(made if made.isascii() or name not in _ADDRESSED else _plain(made)):
        raise ValueError(f"not a header line of at most {_LONGEST_LINE} characters: {made[:80]!r}")
    return made + "\r\n" if value else ""


def block(fields: Iterable[tuple[str, str]]) -> str:
    """Return header lines ended by CRLF, leaving out empty values."""
    return "".join(line(name, value) for name, value in fields)


def _encoded(text: str) -> str:
    """RFC 2047's encoded words in base64, each whole characters and at most 75 long, one to a line."""
    octets, words, start = text.encode(), list[bytes](), 0
    while start < len(octets):
        end = start + 39
        # An octet 10xxxxxx goes on with a character that began before it.
        while octets[end : end + 1] and octets[end] & 0xC0 == 0x80:
            end -= 1
        words.append(octets[start:end])
        start = end
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)
