"""Facts + template → answer.

Comes in: a template's name and the facts it shows. Goes out: an HTML answer. Refuses to know: where facts come from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

import jinja2
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from service.bootstrap import World
from service.links import Purpose
from service.model import Identity, Subscriber
from service.web import shown
from service.web.guard import at_this_machine

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page works with: the world, and the templates made ready once.

    `mailbox` says whether this request may see the local mailbox, `step` at what times answers about addresses leave.
    """

    world: World
    environment: jinja2.Environment = field(repr=False)
    identity: Identity
    step: float
    mailbox: bool = False

    def page(self, name: str, status: int = 200, /, **facts: object) -> HTMLResponse:
        """Render `templates/web/NAME.html` with the facts; what must not be kept is `guard`'s to say."""
        return HTMLResponse(
            self.environment.get_template(f"web/{name}.html").render(mailbox=self.mailbox, **facts), status
        )

    def text(self, name: str) -> str:
        """Render `templates/web/NAME.txt`, for readers that are programs."""
        return self.environment.get_template(f"web/{name}.txt").render()

    def link(self, purpose: Purpose, reader: Subscriber) -> str:
        """A path of this site that allows `purpose` from now on."""
        return f"/{purpose}/{self.world.signer.sign(purpose, reader.public_id, self.now())}"

    def now(self) -> datetime:
        """The present time of this world."""
        return self.world.now()


def desk(world: World, step: float) -> Desk:
    """Make ready what every page works with."""
    return Desk(world, prepared(world.templates, world.identity), world.identity, step)


def prepared(templates: jinja2.Environment, identity: Identity) -> jinja2.Environment:
    """The templates with the filters of the pages, and what every page mentions; the mails' own are left alone."""
    pages = templates.overlay()
    pages.filters = pages.filters | shown.FILTERS
    pages.globals = pages.globals | {"service": identity, "asset": _asset}
    return pages


@cache
def _asset(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep what they have."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"


def of(request: Request) -> Desk:
    """The desk as it stands for this request."""
    found: Desk = request.app.state.desk
    # A service for others stands behind a proxy, and the simplest ones say nothing of who visits.
    return replace(found, mailbox=not found.world.settings.production and at_this_machine(request))


Here = Annotated[Desk, Depends(of)]
