"""A reader's own records: all of them as a file, none of them any more, another address.

Comes in: signed links and buttons. Goes out: pages, and the export as JSON. Refuses to know: what is kept where. The
link to manage, which every digest carries, only asks for a mail; what could hurt needs the link in that mail.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, Depends, Response
from starlette.exceptions import HTTPException

from service.errors import InputError
from service.links import FRESH, Purpose
from service.web import forms
from service.web.forms import Posted, Typed
from service.web.guard import own_form
from service.web.limits import measured
from service.web.pages import Here
from service.web.timing import even

router = APIRouter()


@router.get("/manage/{token}/records")
def records(desk: Here, token: str) -> Response:
    """What can be asked for; nothing of it happens here."""
    return desk.page("records", reader=desk.world.subscriptions.reader(token, Purpose.MANAGE, desk.now()), token=token)


@router.post("/manage/{token}/records", dependencies=[Depends(own_form), Depends(measured)])
def ask(desk: Here, token: str, fields: Posted) -> Response:
    """Mail the link for one of them, or nothing: the answer does not tell which."""
    what = fields.get("what")
    if what not in FRESH:
        raise HTTPException(400)
    with even(desk.step):
        return desk.page("records-sent", reader=desk.world.records.ask(token, Purpose(what), desk.now()), what=what)


@router.get("/export/{token}")
def show_export(desk: Here, token: str) -> Response:
    """Say what the file holds."""
    return desk.page("export", reader=desk.world.subscriptions.reader(token, Purpose.EXPORT, desk.now()))


@router.post("/export/{token}", dependencies=[Depends(own_form)])
def export(desk: Here, token: str) -> Response:
    """The file: asked for by a button, so that no scanner of mails ever fetches it."""
    body = json.dumps(desk.world.records.export(token, desk.now()), ensure_ascii=False, indent=2)
    headers = {"content-disposition": 'attachment; filename="paper-round-export.json"'}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/erase/{token}")
def show_erase(desk: Here, token: str) -> Response:
    """Say what goes."""
    return desk.page("erase", reader=desk.world.subscriptions.reader(token, Purpose.ERASE, desk.now()))


@router.post("/erase/{token}", dependencies=[Depends(own_form)])
def erase(desk: Here, token: str) -> Response:
    """Erase; a second press says the same."""
    desk.world.records.erase(token, desk.now())
    return desk.page("erased")


@router.get("/move/{token}")
def show_move(desk: Here, token: str) -> Response:
    """Ask for the new address."""
    reader = desk.world.subscriptions.reader(token, Purpose.MOVE, desk.now())
    return desk.page("move", reader=reader, email="", problems=())


@router.post("/move/{token}", dependencies=[Depends(own_form), Depends(measured)])
def move(desk: Here, token: str, fields: Posted) -> Response:
    """Ask the new address; the answer does not tell who reads there."""
    form = Typed().over(fields)
    reader = desk.world.subscriptions.reader(token, Purpose.MOVE, desk.now())
    with even(desk.step):
        try:
            desk.world.records.propose(token, form.email, desk.now())
        except InputError as error:
            return desk.page("move", 422, reader=reader, email=form.email, problems=forms.problems(error, "email"))
        return desk.page("move-sent", email=form.email)


@router.get("/address/{token}")
def show_address(desk: Here, token: str) -> Response:
    """Show where mails would go, and a button."""
    reader, email = desk.world.records.proposed(token, desk.now())
    return desk.page("address", reader=reader, email=email)


@router.post("/address/{token}", dependencies=[Depends(own_form)])
def confirm_address(desk: Here, token: str) -> Response:
    """Write there from now on."""
    reader, told = desk.world.records.move(token, desk.now())
    return desk.page("moved", reader=reader, told=told)
