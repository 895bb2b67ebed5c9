"""Mails that kill whoever renders them, and a worker that can meet them: `celery -A tests.faults.poison worker`.

Comes in: the settings of the environment. Goes out: an app like the service's own, with short leases. Refuses to know:
how senders are started anew.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

from celery import Celery

from service.bootstrap import World, build
from service.messages import Renderer
from service.model import Digest, Envelope, Message
from service.settings import load

POISON = "poison"
LEASE = 2.0


class Poisoned(Renderer):
    """A renderer whose process dies of the digests of some readers."""

    def digests(self, mails: Sequence[tuple[Digest, Envelope]]) -> list[Message]:
        if any(envelope.recipient.startswith(POISON) for _, envelope in mails):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().digests(mails)


def poisoned(world: World) -> World:
    """The same world, where a dead worker's rows are free again at once and poison kills."""
    renderer = Poisoned(world.templates, world.identity)
    return replace(world, pipeline=replace(world.pipeline, lease=LEASE, renderer=renderer))


def _from_environment() -> Celery:
    # Only in a worker: senders need the renderer alone, and what forks workers must not have loaded theirs.
    from workers.app import make_app
    from workers.bell import CeleryBell
    from workers.tasks import Workshop

    settings = load()
    app: Celery = make_app(settings, Workshop(lambda: poisoned(build(settings, bell=CeleryBell(app)))).world)
    return app


def __getattr__(name: str) -> Celery:
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = _from_environment()
    app: Celery = globals()["app"]
    return app
