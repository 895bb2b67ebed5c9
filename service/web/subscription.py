"""Confirming and managing a subscription, each behind a signed link.

Comes in: tokens and forms. Goes out: pages that say how things stand, and redirects after a change. Refuses to know:
how links are signed, what confirming sets off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from service import editions
from service.errors import InputError, LinkError
from service.links import Purpose
from service.model import Subscriber, SubscriberState
from service.subscriptions.owners import looks_shared
from service.web import forms, resting, shown
from service.web.forms import Posted, Problem, Typed
from service.web.guard import own_form
from service.web.limits import measured
from service.web.pages import Desk, Here

router = APIRouter()

_GONE = (SubscriberState.LEFT, SubscriberState.SUPPRESSED)


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
    try:
        if not fields.get("company"):
            desk.world.subscriptions.send_manage_link(form.email, desk.now())
    except InputError as error:
        return desk.page("link", 422, email=form.email, problems=forms.problems(error, "email"))
    return desk.page("link-sent", email=form.email)


@router.get("/manage/{token}")
def manage(desk: Here, token: str, done: str = "") -> Response:
    """How things stand, and everything that can be changed."""
    reader = _reader(desk, token)
    return _page(desk, token, reader, forms.of(reader), done=done)


@router.post("/manage/{token}", dependencies=[Depends(own_form)])
def change(desk: Here, token: str, fields: Posted) -> Response:
    """Save topics, schedule and number of papers together, or nothing of it."""
    if not fields.changes():
        raise HTTPException(400)  # A form that was cut off must not be answered with "Saved".
    reader = _reader(desk, token)
    form = forms.of(reader).over(fields)
    found = forms.check(form) or _saved(desk, token, form)
    return _page(desk, token, reader, form, found) if found else _back(token, "saved")


@router.post("/manage/{token}/pause", dependencies=[Depends(own_form)])
def pause(desk: Here, token: str, fields: Posted) -> Response:
    """Rest for some days, until a day, or until the reader comes back."""
    reader, now = _reader(desk, token), desk.now()
    try:
        chosen = resting.until(reader.schedule, now, fields.get("days"), fields.get("until"))
        desk.world.subscriptions.pause(token, chosen, now, purpose=Purpose.MANAGE)
    except InputError as error:
        return _page(desk, token, reader, forms.of(reader), forms.problems(error, "until"))
    return _back(token, "paused")


@router.post("/manage/{token}/resume", dependencies=[Depends(own_form)])
def resume(desk: Here, token: str) -> Response:
    """End a pause."""
    desk.world.subscriptions.resume(token, desk.now())
    return _back(token, "resumed")


def _confirm(desk: Desk, token: str, owner: str = "", problems: Sequence[Problem] = ()) -> Response:
    reader = desk.world.subscriptions.reader(token, Purpose.CONFIRM, desk.now())
    facts = {"reader": reader, "owner": owner, "problems": problems, "shared": looks_shared(reader.email)}
    return desk.page("confirm", 422 if problems else 200, **facts)


def _reader(desk: Desk, token: str) -> Subscriber:
    return desk.world.subscriptions.reader(token, Purpose.MANAGE, desk.now())


def _saved(desk: Desk, token: str, form: Typed) -> list[Problem]:
    try:
        papers = forms.papers(form)
        desk.world.subscriptions.change(token, form.keywords, form.schedule(), papers, desk.now())
    except InputError as error:
        return forms.problems(error, "max_papers")
    return []


def _back(token: str, done: str) -> Response:
    """See the page again: a reload then repeats nothing (RFC 9110, section 15.4.4)."""
    return RedirectResponse(f"/manage/{token}?done={done}", 303)


def _page(
    desk: Desk, token: str, reader: Subscriber, form: Typed, problems: Sequence[Problem] = (), *, done: str = ""
) -> Response:
    if reader.state in _GONE:
        return desk.page("come-back", reader=reader, token=token, topics=form.keywords.splitlines())
    now = desk.now()
    stored = [keyword for profile in reader.profiles for keyword in profile.keywords]
    return desk.page(
        "manage",
        422 if problems else 200,
        reader=reader,
        token=token,
        form=form,
        problems=problems,
        done=done,
        next=resting.next_mail(reader, now),
        tomorrow=resting.tomorrow(reader.schedule, now),
        unsubscribe=desk.link(Purpose.OWNER if reader.owner else Purpose.UNSUBSCRIBE, reader),
        advice=desk.world.pipeline.advice(stored, now),
        zones=shown.zones(),
    )
