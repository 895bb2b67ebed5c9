"""Confirming a subscription behind its signed link, and the way back to a link that was lost.

Comes in: tokens and addresses. Goes out: pages that say how things stand. Refuses to know: how links are signed, what
confirming sets off, managing (`managing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Depends, Response

from service import editions
from service.errors import InputError, LinkError
from service.links import Purpose
from service.subscriptions.owners import looks_shared
from service.web import forms
from service.web.forms import Posted, Problem, Typed
from service.web.guard import own_form
from service.web.limits import measured
from service.web.pages import Desk, Here
from service.web.timing import even

router = APIRouter()


@router.get("/confirm/{token}")
def ask(desk: Here, token: str) -> Response:
    """Show what would begin, and a button: mail scanners follow links, and only a person presses buttons."""
    return _confirm(desk, token)


@router.post("/confirm/{token}", dependencies=[Depends(own_form)])
def confirm(desk: Here, token: str, fields: Posted) -> Response:
    """Begin; a second press says the same. Who confirms a list names the one who decides for it."""
    now = desk.now()
    try:
        desk.world.owners.name(token, fields.get("owner"), now)
    except LinkError:
        raise
    except InputError as error:
        return _confirm(desk, token, fields.get("owner"), [replace(*forms.problems(error), field="owner")])
    reader = desk.world.subscriptions.confirm(token, now)
    # The owner of a list gets that link by mail: whoever reads the list may have pressed the button.
    own = "" if reader.owner else desk.link(Purpose.MANAGE, reader)
    return desk.page("confirmed", reader=reader, manage=own, next=editions.next_due(reader.schedule, now))


@router.get("/manage")
def lost(desk: Here) -> Response:
    """Who has no link at hand asks for one."""
    return desk.page("link", email="", problems=())


@router.post("/manage", dependencies=[Depends(own_form), Depends(measured)])
def send_link(desk: Here, fields: Posted) -> Response:
    """Mail the link, or nothing: the answer does not tell which."""
    form = Typed().over(fields)
    with even(desk.step):
        try:
            if not fields.get("company"):
                desk.world.subscriptions.send_manage_link(form.email, desk.now())
        except InputError as error:
            return desk.page("link", 422, email=form.email, problems=forms.problems(error, "email"))
        return desk.page("link-sent", email=form.email)


def _confirm(desk: Desk, token: str, owner: str = "", problems: Sequence[Problem] = ()) -> Response:
    reader = desk.world.subscriptions.reader(token, Purpose.CONFIRM, desk.now())
    facts = {"reader": reader, "owner": owner, "problems": problems, "shared": looks_shared(reader.email)}
    return desk.page("confirm", 422 if problems else 200, **facts)
