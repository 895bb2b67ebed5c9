"""The shop window: what this is, topics that live in the address bar, and signing up.

Comes in: topics, an address, a schedule. Goes out: the front page, given back with every problem where something is
wrong, or the request to look in the inbox. Refuses to know: whether an address is already known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.errors import InputError
from service.keywords import LIMIT
from service.web import forms, shown, trying
from service.web.forms import Posted, Problem, Typed
from service.web.guard import own_form
from service.web.limits import measured, paced, tried
from service.web.pages import Desk, Here
from service.web.timing import even, unhurried

router = APIRouter()

EXAMPLES = (
    "low-rank adaptation",
    "diffusion models",
    "world model",
    "mixture of experts",
    "speculative decoding",
    "state space model*",
    "LLM agents",
    "3D reconstruction",
)


@router.get("/", dependencies=[Depends(paced)])
def front(desk: Here, k: Annotated[list[str] | None, Query()] = None, invitation: str = "") -> Response:
    """The front page, with the topics and the invitation of a link that was handed round."""
    given = [each for each in k or () if each.strip()]
    shown_at = str(int(desk.now().timestamp()))
    return _page(desk, Typed(keywords="\n".join(given), invitation=invitation, shown=shown_at), fresh=True)


@router.post("/subscribe", dependencies=[Depends(own_form), Depends(measured), Depends(tried), Depends(unhurried)])
def subscribe(desk: Here, fields: Posted) -> Response:
    """Sign up: the same answer for the same input, whatever we know about the address.

    `company` is a field no person sees; whoever fills it in is answered alike and heard no further. `action=look`
    only counts what the topics find.
    """
    form = Typed().over(fields)
    found = forms.check(form)
    if fields.get("action") == "look":
        return _page(desk, form, [each for each in found if each.field == "keywords"])
    with even(desk.step):
        if not fields.get("company"):
            found += _signed_up(desk, form, dry=bool(found))
        return _page(desk, form, found) if found else desk.page("inbox", email=form.email)


def _signed_up(desk: Desk, form: Typed, dry: bool) -> list[Problem]:
    """Subscribe; `dry` where the form has problems already, and only the address is looked at."""
    subscriptions = desk.world.subscriptions
    try:
        if dry:
            subscriptions.check_address(form.email, form.invitation)
        else:
            subscriptions.subscribe(form.email, form.keywords, form.schedule(), desk.now(), form.invitation)
    except InputError as error:
        return forms.problems(error, "email")
    return []


def _page(desk: Desk, form: Typed, problems: Sequence[Problem] = (), *, fresh: bool = False) -> Response:
    """`fresh` lets the browser guess the time zone: nobody has chosen one yet.

    Where no more topics fit none are offered: each offer is a link that repeats all there are.
    """
    lines = form.keywords.splitlines()
    return desk.page(
        "front",
        422 if problems else 200,
        form=form,
        problems=problems,
        fresh=fresh,
        examples=[each for each in EXAMPLES if each not in lines] if len(lines) < LIMIT else [],
        zones=shown.zones(),
        door=desk.world.subscriptions.door,
        sources=[each for each in desk.world.operations.sources() if each.active and each.common],
        **trying.facts(desk, form),
    )
