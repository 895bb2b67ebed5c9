"""What a site has beside its pages: a sign of life, a word to robots, the texts an operator adds.

Comes in: settings, the database's state. Goes out: small answers. Refuses to know: readers.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from service.errors import StoreError
from service.web.guard import at_this_machine
from service.web.pages import STATIC, Desk, Here

router = APIRouter()


@router.get("/healthz")
def health(desk: Here, request: Request) -> Response:
    """200 once requests can be served, 503 while the database cannot be reached; why, this machine alone is told."""
    try:
        desk.world.operations.healthy()
    except StoreError as error:
        # It names the database's host and user.
        why = {"reason": str(error)} if at_this_machine(request) else {}
        return JSONResponse({"status": "unavailable"} | why, 503)
    return JSONResponse({"status": "ok", "release": desk.identity.release})


@router.get("/robots.txt")
def robots(desk: Here) -> Response:
    """Search engines stay out of what is one reader's own (RFC 9309)."""
    return PlainTextResponse(desk.text("robots"))


@router.get("/favicon.ico")
def icon() -> Response:
    """Where browsers look without being told."""
    return FileResponse(STATIC / "favicon.svg", media_type="image/svg+xml")


@router.get("/imprint")
def imprint(desk: Here) -> Response:
    """Who runs this; 404 where the settings do not say."""
    return _text(desk, "imprint", desk.identity.imprint)


@router.get("/privacy")
def privacy(desk: Here) -> Response:
    """What is kept about readers; 404 where the settings do not say."""
    return _text(desk, "privacy", desk.identity.privacy)


def _text(desk: Desk, name: str, body: str) -> Response:
    if not body:
        raise HTTPException(404)
    return desk.page("text", name=name, body=body)
