"""Answers a browser or a feed reader may keep, as long as it asks each time whether they hold (RFC 9110, 9111).

Comes in: a body, what the client has. Goes out: the body with its entity tag, or 304 without it. Refuses to know: what
the body says. There is no Last-Modified: a paper that is hidden changes an answer, and no date tells of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from fastapi import Request, Response

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def kept(request: Request, body: str, media_type: str, headers: Mapping[str, str]) -> Response:
    """Answer with the body, or with 304 where the client has it already.

    Only the client's own cache may keep it, where `headers` do not say otherwise.
    The entity tag is made of the whole body, so that a new release is never taken for what was there; `guard` makes it
    weak, as the bytes may travel packed.
    """
    return _answer(request, f'"{_digest(body)}"', lambda: body, media_type, headers)


def stamped(
    request: Request, stamp: str, body: Callable[[], str], media_type: str, headers: Mapping[str, str]
) -> Response:
    """The same for a body that is dear to make; equal stamps stand for equal content, if not for equal bytes."""
    return _answer(request, f'W/"{_digest(stamp)}"', body, media_type, headers)


def _answer(
    request: Request, tag: str, body: Callable[[], str], media_type: str, headers: Mapping[str, str]
) -> Response:
    validators = {
        "etag": tag,
        "cache-control": "private, no-cache",
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex, nofollow",
        **headers,
    }
    if _holds(request, tag.removeprefix("W/")):
        return Response(status_code=304, headers=validators)
    return Response(body(), media_type=media_type, headers=validators)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _holds(request: Request, tag: str) -> bool:
    """RFC 9110, section 13.1.2, which compares weakly."""
    tags = request.headers.get("if-none-match", "")
    return tags.strip() == "*" or tag in _TAG.findall(tags)
