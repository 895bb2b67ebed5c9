"""Read a mail file for the mailbox page, however odd it is.

Comes in: a file. Goes out: its headers decoded, its text and HTML parts, its bytes. Refuses to know: where the file
came from; nothing in it is trusted, and nothing in it can make reading fail.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

# More than any header block of ours; a summary reads no further.
_HEAD = 64 * 1024
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the mailbox page. `written` is when the file was; `date` what the mail says of itself."""

    name: str
    subject: str
    sender: str
    recipient: str
    date: datetime | None
    written: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail whole: headers in their order, the first text and HTML part (empty where there is none), the bytes."""

    summary: Summary
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    raw: bytes


def read_summary(file: Path) -> Summary | None:
    """Read a mail's headers; None where the file has gone meanwhile."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
        return _summary(file, _headers(message_from_bytes(head.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0])))
    except OSError:
        return None


def read_letter(file: Path) -> Letter | None:
    """Read a mail whole; None where the file has gone meanwhile."""
    try:
        raw = file.read_bytes()
        mail = _parsed(raw)
        headers = _headers(mail)
        summary = _summary(file, headers)
    except OSError:
        return None
    parts = list(_texts(mail))
    return Letter(summary, headers, _first(parts, "text/plain"), _first(parts, "text/html"), raw)


def links_of(letter: Letter) -> tuple[str, ...]:
    """List the links of the text part in their order, each once; a full stop after a link is no part of it."""
    return tuple(dict.fromkeys(link.rstrip(".,;:!?)]'") for link in _LINK.findall(letter.text)))


def _parsed(raw: bytes) -> Message:
    """Parse; a mail nested deeper than Python reads is shown as what it is, text."""
    try:
        return message_from_bytes(raw)
    except RecursionError:
        return message_from_bytes(b"Content-Type: text/plain; charset=utf-8\n\n" + raw)


def _summary(file: Path, headers: tuple[tuple[str, str], ...]) -> Summary:
    found = {name.lower(): value for name, value in reversed(headers)}
    return Summary(
        name=file.name,
        subject=found.get("subject", ""),
        sender=found.get("from", ""),
        recipient=found.get("to", ""),
        date=_date(found.get("date", "")),
        written=datetime.fromtimestamp(file.stat().st_mtime, UTC),
    )


def _headers(mail: Message) -> tuple[tuple[str, str], ...]:
    return tuple((_clean(name), _clean(_decoded(_written(str(value))))) for name, value in mail.raw_items())


def _written(value: str) -> str:
    """Letters as they stand in an address (RFC 6532): the parser keeps each octet beyond ASCII for itself."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(value: str) -> str:
    """Undo encoded words (RFC 2047); what cannot be decoded stays as it is written."""
    try:
        return "".join(_in_charset(part, charset) for part, charset in decode_header(value))
    except (HeaderParseError, binascii.Error, ValueError):
        return value


def _in_charset(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return part.decode("latin-1")


def _clean(text: str) -> str:
    """One line, and no lone surrogates: those stand for bytes that nobody can show or encode."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _texts(mail: Message) -> Iterator[tuple[str, str]]:
    """The readable leaves in their order; an iteration of our own, for a mail nested as deep as it likes."""
    waiting: list[Message] = [mail]
    while waiting:
        part = waiting.pop()
        if part.is_multipart():
            waiting.extend(reversed([one for one in part.get_payload() if isinstance(one, Message)]))
        elif part.get_content_maintype() == "text" and not _attached(part):
            yield part.get_content_type(), text_of(part)


def _attached(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")


def text_of(part: Message) -> str:
    """The text of one leaf, decoded as far as it can be."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError):
        # A charset that is none, or in the three parts of RFC 2231 where the library counts on one.
        del part["Content-Type"]
        payload = part.get_payload()
    if isinstance(payload, bytes):
        return _in_charset(payload, _charset(part)).replace("\r\n", "\n")
    return _clean(str(payload))


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _first(parts: list[tuple[str, str]], media_type: str) -> str:
    return next((text for kind, text in parts if kind == media_type), "")
