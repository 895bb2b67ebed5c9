"""What an HTTP status means for a fetch.

Comes in: a host, a status code, the headers. Goes out: nothing when the page may be read, else a FetchError. Refuses to
know: connections and bodies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from service.errors import FetchError

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
# A server that asks for more than a week's patience has a wrong clock or a wrong unit.
_LONGEST_WAIT = 7 * 86400.0
# The 4xx that speak of the moment, not of the address (RFC 9110; 425: RFC 8470; 429: RFC 6585).
_PASSING = frozenset({408, 421, 425, 429})
_SENTENCES = {
    401: "asks for a password",
    403: "does not let this service in",
    404: "has no such page",
    410: "says this page is gone for good",
    429: "asks for fewer requests",
    503: "is not available at the moment",
}


def check(host: str, status: int, headers: Mapping[str, str]) -> None:
    """Return where the body is the page asked for; raise FetchError otherwise, with the wait the server asks for."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    sentence = _SENTENCES.get(status, "answers with an error" if status >= HTTPStatus.BAD_REQUEST else "gives no page")
    transient = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING
    wait = retry_after(headers)
    patience = f"; it asks to wait {wait:.0f} s" if wait is not None else ""
    raise FetchError(
        f"{host} {sentence} (HTTP {_named(status)}){patience}.", transient, wait, status == HTTPStatus.GONE
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from either form of Retry-After (RFC 9110, section 10.2.3); None where it cannot be read.

    A date is measured against the server's own clock where it tells one, since ours may differ.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT)
    then = _moment(value)
    if then is None:
        return None
    now = _moment(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((then - now).total_seconds(), 0.0), _LONGEST_WAIT)


def fresh_for(headers: Mapping[str, str]) -> int:
    """Seconds for which a page stays as it is, by Cache-Control or Expires (RFC 9111, section 4.2); 0 where unsaid."""
    said = {
        name.strip().lower(): value.strip(' "')
        for name, _, value in (part.partition("=") for part in headers.get("Cache-Control", "").split(","))
    }
    if said.keys() & {"no-store", "no-cache"}:
        return 0
    if (age := said.get("max-age", "")).isascii() and age.isdigit():
        return max(int(age[:9]) - _number(headers.get("Age", "")), 0)
    until, now = _moment(headers.get("Expires", "")), _moment(headers.get("Date", ""))
    return max(int((until - now).total_seconds()), 0) if until and now else 0


def validator(value: str) -> str:
    """An ETag or a Last-Modified that can be kept and sent back; one with a control character is none (RFC 9110)."""
    return value if value.isprintable() else ""


def charset(parameters: str) -> str:
    """The name of the characters in the parameters of a media type, or ""."""
    found = _CHARSET.search(parameters)
    return found[1].lower() if found else ""


def _number(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
