"""Pausing and stopping from a mail: one click, no account, no question that has to be answered.

Comes in: signed links, buttons, and the one-click POST of mail programs (RFC 8058). Goes out: pages with a way back,
and plain text for programs. Refuses to know: what becomes of mails that were under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from service.errors import InputError, LinkError
from service.links import Purpose
from service.model import RUNNING, Subscriber, SubscriberState
from service.web import forms, resting
from service.web.forms import Posted, Problem, Sent
from service.web.guard import own_form
from service.web.limits import measured
from service.web.pages import Desk, Here

router = APIRouter()


@router.get("/unsubscribe/{token}")
def ask(desk: Here, token: str) -> Response:
    """Stop mails to a…@uni.edu? The page changes nothing."""
    reader = desk.world.subscriptions.reader(token, Purpose.UNSUBSCRIBE, desk.now())
    return _choice(desk, "unsubscribe", token, reader)


@router.post("/unsubscribe/{token}")
def stop(desk: Here, request: Request, token: str, fields: Posted) -> Response:
    """End the subscription, at once and as often as asked.

    A mail program's POST (RFC 8058) gets plain text and never a redirect; it may come from anywhere. What is signed
    by us is answered with 200 even when there is nobody left to stop mails to. At an address that several people
    read it is their owner who is asked.
    """
    if fields.get("List-Unsubscribe"):
        return _stopped_by_program(desk, token)
    own_form(request)
    reader = desk.world.owners.leave(token, desk.now(), by_hand=True)
    return desk.page("owner-asked" if _running(reader) else "stopped", reader=reader, token=token, thanked=False)


@router.post("/unsubscribe/{token}/undo", dependencies=[Depends(own_form), Depends(measured)])
def undo(desk: Here, token: str) -> Response:
    """Go on as if nothing had been pressed, also where it was pressed again or the page is loaded anew."""
    return _standing(desk, token, Purpose.UNSUBSCRIBE, desk.world.subscriptions.undo(token, desk.now()))


@router.post("/unsubscribe/{token}/resume", dependencies=[Depends(own_form), Depends(measured)])
def resume_here(desk: Here, token: str) -> Response:
    """End the pause that was chosen in place of stopping."""
    return _resumed(desk, token, Purpose.UNSUBSCRIBE)


@router.post("/unsubscribe/{token}/pause", dependencies=[Depends(own_form), Depends(measured)])
def rest_instead(desk: Here, token: str, fields: Posted) -> Response:
    """Pause, for whoever only wants some quiet."""
    return _paused(desk, token, Purpose.UNSUBSCRIBE, fields)


@router.post("/unsubscribe/{token}/weekly", dependencies=[Depends(own_form), Depends(measured)])
def weekly_instead(desk: Here, token: str, fields: Posted) -> Response:
    """One mail a week, for whoever only wants fewer; with `weekdays` it is undone."""
    now, back = desk.now(), forms.days(fields.fields.get("weekdays", ()))
    before = desk.world.subscriptions.reader(token, Purpose.UNSUBSCRIBE, now)
    reader = desk.world.wishes.rhythm(token, back, now)
    days = sorted(before.schedule.weekdays)
    return desk.page("rhythm", reader=reader, token=token, before=() if back else days, next=_next(desk, reader))


@router.post("/unsubscribe/{token}/reason", dependencies=[Depends(own_form), Depends(measured)])
def say_why(desk: Here, token: str, fields: Posted) -> Response:
    """Keep why somebody left, if they like to say; who has come back meanwhile is told how it stands."""
    said = " ".join((*fields.fields.get("why", ()), fields.get("said")))
    desk.world.wishes.reason(token, said, desk.now())
    reader = desk.world.subscriptions.reader(token, Purpose.UNSUBSCRIBE, desk.now())
    if reader.state not in (SubscriberState.LEFT, SubscriberState.SUPPRESSED):
        return _standing(desk, token, Purpose.UNSUBSCRIBE, reader)
    return desk.page("stopped", reader=reader, token=token, thanked=True)


@router.get("/pause/{token}")
def ask_pause(desk: Here, token: str) -> Response:
    """How long? The page changes nothing."""
    return _pause_page(desk, token, Purpose.PAUSE)


@router.post("/pause/{token}", dependencies=[Depends(own_form), Depends(measured)])
def pause(desk: Here, token: str, fields: Posted) -> Response:
    """Rest for so long."""
    return _paused(desk, token, Purpose.PAUSE, fields)


@router.post("/pause/{token}/resume", dependencies=[Depends(own_form), Depends(measured)])
def resume(desk: Here, token: str) -> Response:
    """End the pause."""
    return _resumed(desk, token, Purpose.PAUSE)


def _running(reader: Subscriber) -> bool:
    """Whether mails go on after all, because the owner of a list has to be asked first."""
    return reader.state in RUNNING


def _stopped_by_program(desk: Desk, token: str) -> Response:
    now = desk.now()
    try:
        reader = desk.world.owners.leave(token, now)
    except LinkError:
        try:
            desk.world.signer.verify(Purpose.UNSUBSCRIBE, token, now)
        except LinkError as error:
            return PlainTextResponse(f"{error}\n", 404)
        return PlainTextResponse(desk.text("stopped"))
    return PlainTextResponse(desk.text("owner-asked" if _running(reader) else "stopped"))


def _pause_page(desk: Desk, token: str, purpose: Purpose, problems: Sequence[Problem] = ()) -> Response:
    reader = desk.world.subscriptions.reader(token, purpose, desk.now())
    return _choice(desk, "pause", token, reader, problems=problems, purpose=purpose)


def _choice(desk: Desk, name: str, token: str, reader: Subscriber, **facts: object) -> Response:
    tomorrow = resting.tomorrow(reader.schedule, desk.now())
    status = 422 if facts.get("problems") else 200
    return desk.page(name, status, reader=reader, token=token, tomorrow=tomorrow, **facts)


def _paused(desk: Desk, token: str, purpose: Purpose, fields: Sent) -> Response:
    now = desk.now()
    reader = desk.world.subscriptions.reader(token, purpose, now)
    try:
        chosen = resting.until(reader.schedule, now, fields.get("days"), fields.get("until"))
        paused = desk.world.subscriptions.pause(token, chosen, now, purpose=purpose)
    except InputError as error:
        return _pause_page(desk, token, purpose, forms.problems(error, "until"))
    return _standing(desk, token, purpose, paused)


def _next(desk: Desk, reader: Subscriber) -> datetime | None:
    return resting.next_mail(reader, desk.now())


def _resumed(desk: Desk, token: str, purpose: Purpose) -> Response:
    reader = desk.world.subscriptions.resume(token, desk.now(), purpose=purpose)
    return _standing(desk, token, purpose, reader)


def _standing(desk: Desk, token: str, purpose: Purpose, reader: Subscriber) -> Response:
    """Whether mails go, rest or have ended, whatever was asked for: another tab or an old page may have been first."""
    name = "paused" if reader.state == SubscriberState.PAUSED else "resumed"
    return desk.page(name, reader=reader, token=token, purpose=purpose, next=_next(desk, reader))
