"""The web application, assembled.

Comes in: a World. Goes out: an ASGI application for any server. Refuses to know: what the pages say and do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from service.bootstrap import World, look_for_garbage_less
from service.web import (
    api,
    archive,
    copies,
    documentation,
    faults,
    front,
    leaving,
    lists,
    mailbox,
    managing,
    metrics,
    records,
    searching,
    site,
    starting,
    subscription,
    trying,
)
from service.web.guard import Guard
from service.web.limits import gate, reading_gate
from service.web.pages import STATIC, desk
from service.web.timing import STEP

# Every page of the product stands in one of them, but for the files below /static.
_ROOMS = (
    *(front, trying, starting, archive, subscription, managing, records),
    *(leaving, lists, copies, mailbox, metrics, site, api, documentation),
)
ROUTERS = tuple(room.router for room in _ROOMS)


def _whole() -> APIRouter:
    """All rooms in one router."""
    whole = APIRouter()
    for router in ROUTERS:
        whole.include_router(router)
    return whole


# FastAPI reads the signature of every function anew for each inclusion; so all applications of a process share one.
_WHOLE = _whole()


@asynccontextmanager
async def _serving(_: FastAPI) -> AsyncIterator[None]:
    look_for_garbage_less()
    yield


def create_app(world: World, step: float = STEP) -> FastAPI:
    """Return the pages of this world. The caller closes the world after the server has stopped.

    Answers that must not tell what is known of an address leave at multiples of `step` seconds.
    """
    app = FastAPI(title=world.identity.name, openapi_url=None, redirect_slashes=False, lifespan=_serving)
    app.state.desk = desk(world, step)
    app.state.gate = gate(world.settings)
    app.state.reading_gate = reading_gate(world.settings)
    app.state.line = searching.Line()
    faults.install(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.router.routes.extend(_WHOLE.routes)
    https = world.identity.base_url.startswith("https://")
    # No cookie opens these pages, so no stranger can make a browser fetch a secret and weigh it (BREACH).
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    app.add_middleware(Guard, page=faults.page, https=https)
    return app
