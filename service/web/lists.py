"""What the owner of a list sees: its mails go on, or end for everybody.

Comes in: signed links and two buttons. Goes out: pages. Refuses to know: who asked, and how the owner was told.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from starlette.exceptions import HTTPException

from service.web.forms import Posted
from service.web.guard import own_form
from service.web.pages import Here

router = APIRouter()


@router.get("/owner/{token}")
def ask(desk: Here, token: str) -> Response:
    """Stop or keep? The page changes nothing."""
    return desk.page("owner", reader=desk.world.owners.owned(token, desk.now()), kept=False)


@router.post("/owner/{token}", dependencies=[Depends(own_form)])
def decide(desk: Here, token: str, fields: Posted) -> Response:
    """Do as the button says."""
    owners, action = desk.world.owners, fields.get("action")
    if action not in ("stop", "keep"):
        raise HTTPException(400)
    decided = owners.stop if action == "stop" else owners.keep
    decided(token, desk.now())
    return desk.page("owner", reader=owners.owned(token, desk.now()), kept=action == "keep")
