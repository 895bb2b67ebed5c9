"""Managing a subscription behind its signed link: how it stands, everything that can be changed, one Save.

Comes in: tokens and forms. Goes out: the page, and redirects after a change. Refuses to know: how links are signed,
how papers are matched. A form sent with another button than Save comes back changed, and nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from service.errors import InputError
from service.links import Purpose
from service.model import Choice, Mend, Subscriber, SubscriberState
from service.subscriptions.choices import mended
from service.web import choosing, forms, resting, shown, trying
from service.web.choosing import Menu, Wanted
from service.web.forms import Posted, Problem, Sent
from service.web.guard import own_form
from service.web.limits import measured, pace, tried
from service.web.pages import Desk, Here

router = APIRouter()

_AWAY = (SubscriberState.PENDING, SubscriberState.LEFT, SubscriberState.SUPPRESSED)
_STAGING = ("drop", "add", "swap", "rhythm", "less", "more")


@router.get("/manage/{token}")
def manage(desk: Here, request: Request, token: str, done: str = "", paper: str = "") -> Response:
    """How things stand, and everything that can be changed; with a `paper`, why it did not come."""
    reader = _reader(desk, token)
    return _page(desk, request, token, reader, done=done, asked=paper)


@router.post("/manage/{token}", dependencies=[Depends(own_form), Depends(tried)])
def change(desk: Here, request: Request, token: str, fields: Posted) -> Response:
    """Save everything together, or nothing of it; a button that only changes the form gets the form back."""
    if not set(fields.fields) & {"keywords", "hour", "weekdays", "timezone", "max_papers"}:
        raise HTTPException(400)  # A form that was cut off must not be answered with "Saved".
    reader, menu, seen = _reader(desk, token), _menu(desk), fields.get("seen")
    stored = choosing.of(reader, menu)
    form = choosing.over(stored, fields, menu)
    if fields.get("action") == "look" or any(fields.get(name) for name in _STAGING):
        return _page(desk, request, token, reader, choosing.staged(form, fields), seen=seen)
    if seen and seen != choosing.stamp(stored) and choosing.changes(stored, form):
        # A form opened before the last change would undo it unseen; the next one sent knows of it.
        return _page(desk, request, token, reader, form, choosing.check(form, menu), overtaken=True)
    measured(request)
    found = choosing.check(form, menu) or _saved(desk, token, form, menu)
    return _page(desk, request, token, reader, form, found, seen=seen) if found else _back(token, "saved")


@router.post("/manage/{token}/mend", dependencies=[Depends(own_form), Depends(measured)])
def mend(desk: Here, request: Request, token: str, fields: Posted) -> Response:
    """Make the one change that an answer proposed."""
    reader = _reader(desk, token)
    choice = Choice(reader.profiles, reader.schedule, reader.max_papers, reader.quiet_digest)
    try:
        desk.world.subscriptions.change(token, mended(choice, _mend(fields)), desk.now())
    except InputError as error:
        return _page(desk, request, token, reader, problems=forms.problems(error, "keywords"))
    return _back(token, "saved")


@router.post("/manage/{token}/pause", dependencies=[Depends(own_form), Depends(measured)])
def pause(desk: Here, request: Request, token: str, fields: Posted) -> Response:
    """Rest for some days, until a day, or until the reader comes back."""
    reader, now = _reader(desk, token), desk.now()
    try:
        chosen = resting.until(reader.schedule, now, fields.get("days"), fields.get("until"))
        desk.world.subscriptions.pause(token, chosen, now, purpose=Purpose.MANAGE)
    except InputError as error:
        return _page(desk, request, token, reader, problems=forms.problems(error, "until"))
    return _back(token, "paused")


@router.post("/manage/{token}/resume", dependencies=[Depends(own_form), Depends(measured)])
def resume(desk: Here, token: str) -> Response:
    """End a pause."""
    desk.world.subscriptions.resume(token, desk.now())
    return _back(token, "resumed")


def _reader(desk: Desk, token: str) -> Subscriber:
    return desk.world.subscriptions.reader(token, Purpose.MANAGE, desk.now())


def _menu(desk: Desk) -> Menu:
    sources = desk.world.operations.sources()
    common = {str(each.id): shown.source(each.url) for each in sources if each.active and each.common}
    offers = desk.world.operations.catalogue()
    picked = {str(each.source): each.code for each in offers if each.source is not None}
    gone = {str(each.id): shown.source(each.url) for each in sources if not each.active}
    return Menu(common, picked, frozenset(each.code.casefold() for each in offers), gone)


def _saved(desk: Desk, token: str, form: Wanted, menu: Menu) -> list[Problem]:
    now = desk.now()
    try:
        choice = choosing.choice(form, menu, partial(desk.world.operations.pick, now=now))
        desk.world.subscriptions.change(token, choice, now)
    except InputError as error:
        return forms.problems(error, "max_papers")
    return []


def _mend(fields: Sent) -> Mend:
    source = forms.number(fields.get("source"))
    return Mend(
        forms.number(fields.get("profile")),
        fields.get("drop"),
        fields.get("add"),
        source if source > 0 else None,
        max(forms.number(fields.get("max_papers")), 0),
    )


def _back(token: str, done: str) -> Response:
    """See the page again: a reload then repeats nothing (RFC 9110, section 15.4.4)."""
    return RedirectResponse(f"/manage/{token}?done={done}", 303)


def _page(
    desk: Desk,
    request: Request,
    token: str,
    reader: Subscriber,
    form: Wanted | None = None,
    problems: Sequence[Problem] = (),
    *,
    done: str = "",
    asked: str = "",
    seen: str = "",
    overtaken: bool = False,
) -> Response:
    menu = _menu(desk)
    stored = choosing.of(reader, menu)
    form = form or stored
    if reader.state in _AWAY:
        topics = [topic for part in stored.parts for topic in part.topics]
        return desk.page("come-back", reader=reader, token=token, topics=topics)
    pace(request, sum(len(part.keywords) for part in form.parts))
    now = desk.now()
    return desk.page(
        "manage",
        409 if overtaken else 422 if problems else 200,
        reader=reader,
        seen=seen or choosing.stamp(stored),
        overtaken=overtaken,
        token=token,
        form=form,
        menu=menu,
        problems=problems,
        done=done,
        changes=choosing.changes(stored, form),
        next=resting.next_mail(reader, now),
        last=desk.world.wishes.last(reader),
        posted=not desk.world.operations.mailbox_dir,
        coming=_coming(reader, form, now),
        asked=asked,
        why=desk.world.pipeline.why(reader, asked[:500], now) if asked.strip() else None,
        tomorrow=resting.tomorrow(reader.schedule, now),
        unsubscribe=desk.link(Purpose.OWNER if reader.owner else Purpose.UNSUBSCRIBE, reader),
        zones=shown.zones(),
        **trying.mine(desk, reader, form, menu),
    )


def _coming(reader: Subscriber, form: Wanted, now: datetime) -> list[datetime]:
    """The next three times a mail would be sent by the form as it stands; none for a schedule that cannot be."""
    try:
        return resting.next_mails(reader, form.schedule(), now, 3)
    except InputError:
        return []
