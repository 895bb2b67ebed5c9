"""What was mailed, in a browser and in a feed reader.

Comes in: signed links. Goes out: one digest as a page and as BibTeX or RIS, a list of a reader's past digests, an Atom
feed. Refuses to know: how any of it is made. Only the list, which stands behind the reader's own link, leads to what
changes anything, and gives the feeds other addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from service.links import Purpose
from service.pipeline import Copy, Form
from service.web.caching import kept, stamped
from service.web.guard import own_form
from service.web.limits import measured
from service.web.pages import Desk, Here

router = APIRouter()

# A digest brings its styles with it, as the mail did; it may run nothing, load nothing and send nothing.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation allow-downloads"
)


@router.get("/view/{token}.bib")
def bibtex(desk: Here, request: Request, token: str) -> Response:
    """The digest's papers for LaTeX."""
    return _file(desk, request, token, Form.BIBTEX, "application/x-bibtex")


@router.get("/view/{token}.ris")
def ris(desk: Here, request: Request, token: str) -> Response:
    """The digest's papers for a reference manager."""
    return _file(desk, request, token, Form.RIS, "application/x-research-info-systems")


@router.get("/view/{token}")
def view(desk: Here, request: Request, token: str) -> Response:
    """The digest, as its mail showed it."""
    copy = desk.world.pipeline.reading.copy(token, desk.now())
    return _answer(request, copy, Form.PAGE, "text/html", {"content-security-policy": _POLICY})


@router.get("/feed/{token}")
def feed(desk: Here, request: Request, token: str) -> Response:
    """The papers of the last month's digests, newest first."""
    fed = desk.world.pipeline.reading.feed(token, desk.now())
    return stamped(request, fed.stamp, fed.render, "application/atom+xml", {})


@router.get("/manage/{token}/digests")
def archive(desk: Here, request: Request, token: str, done: str = "") -> Response:
    """A reader's past digests, and the feeds."""
    now = desk.now()
    reader = desk.world.subscriptions.reader(token, Purpose.MANAGE, now)
    issues, feeds = desk.world.pipeline.reading.archive(reader, now), desk.world.pipeline.reading.feeds(reader)
    page = desk.page("digests", reader=reader, token=token, issues=issues, feeds=feeds, done=done)
    return kept(request, bytes(page.body).decode(), "text/html", {})


@router.post("/manage/{token}/feeds", dependencies=[Depends(own_form), Depends(measured)])
def change_feeds(desk: Here, token: str) -> Response:
    """Other addresses for the feeds, for a reader whose own have got about."""
    desk.world.wishes.change_feeds(token, desk.now())
    return RedirectResponse(f"/manage/{token}/digests?done=feeds", 303)


def _file(desk: Desk, request: Request, token: str, form: Form, media_type: str) -> Response:
    copy = desk.world.pipeline.reading.copy(token, desk.now())
    name = f"papers-{copy.edition}.{form}"
    return _answer(request, copy, form, media_type, {"content-disposition": f'attachment; filename="{name}"'})


def _answer(request: Request, copy: Copy, form: Form, media_type: str, headers: Mapping[str, str]) -> Response:
    stamp = f"{form} {copy.stamp}"
    return stamped(request, stamp, partial(copy.render, form), media_type, headers)
