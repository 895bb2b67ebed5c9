"""The local mailbox: what would have gone out, for the person at this machine and nobody else.

Comes in: requests from this machine, while nobody else is served. Goes out: the list of mails, one mail with its
parts, its bytes. Refuses to know: how mails are kept.
"""

from __future__ import annotations

import re
from typing import TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from service.web.pages import Here

# A mail may bring its own styles; it may run nothing, load nothing, send nothing, and stands only in our frame.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

Mail = TypeVar("Mail")

_HEAD = re.compile(r"<head\b[^>]*>|$", re.IGNORECASE)


def open_here(desk: Here) -> None:
    """Answer 404 to everybody else, as if there were no such page."""
    if not desk.mailbox:
        raise HTTPException(404)


router = APIRouter(dependencies=[Depends(open_here)])


@router.get("/mailbox")
def mails(desk: Here) -> Response:
    """Every mail, newest first."""
    return desk.page("mailbox", mails=desk.world.operations.mailbox())


@router.get("/mailbox/{name}")
def mail(desk: Here, name: str) -> Response:
    """One mail: headers, how it looks, its text."""
    return desk.page("mail", mail=_there(desk.world.operations.mail(name)), name=name)


@router.get("/mailbox/{name}/html")
def html(desk: Here, name: str) -> Response:
    """The HTML part as it was sent, shut in: it may show itself and open links, nothing else."""
    page = _there(desk.world.operations.mail(name)).html
    headers = {"content-security-policy": _MAIL_POLICY, "referrer-policy": "no-referrer"}
    return HTMLResponse(_HEAD.sub(lambda head: head[0] + '<base target="_blank">', page, count=1), headers=headers)


@router.get("/mailbox/{name}/raw")
def raw(desk: Here, name: str) -> Response:
    """The mail's bytes, to be opened in a mail program."""
    body = _there(desk.world.operations.mail(name)).raw
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name.partition(':')[0], safe='')}"}
    return Response(body, media_type="message/rfc822", headers=headers)


def _there(found: Mail | None) -> Mail:
    if found is None:
        raise HTTPException(404)
    return found
