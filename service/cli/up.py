"""`paperround up` and `paperround web`: the service itself, whole in one process or its pages alone.

Comes in: where to listen and where to keep data. Goes out: a running service, until Ctrl-C or SIGTERM. Refuses to know:
what the pages say and what the tasks do. Only here, inside the commands, does the command line start workers.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from service.bootstrap import World, build
from service.cli.output import say
from service.cli.screen import log
from service.cli.web_server import configuration, listen
from service.settings import Settings, load
from service.web.timing import STEP

# Together with the web server's own three seconds this keeps the promise to be gone within five.
WORKER_STOP_LIMIT = 1.5

# The worker begins when the page that rang has answered, which it does at a step.
AFTER = 2 * STEP

Host = Annotated[str | None, typer.Option(help="Where to listen; 127.0.0.1 by default.")]
Port = Annotated[int | None, typer.Option(help="The port; 8080 by default.", min=1, max=65535)]
Data = Annotated[Path | None, typer.Option(help="The folder for everything that is kept.")]


def up(host: Host = None, port: Port = None, data: Data = None) -> None:
    """Run everything in this one process: pages, worker and timetable."""
    # A broker of its own: the worker is a thread here, and no other process has to be up for this one to work.
    settings = load(host=host, port=port, data_dir=data, broker_url="memory://")
    _log(settings)
    listener = listen(settings.host, settings.port)
    from workers.app import make_app
    from workers.bell import CeleryBell
    from workers.embedded import Embedded

    app = make_app(settings, lambda: world)
    world = build(settings, bell=CeleryBell(app, pause=AFTER))
    world.store.migrate()
    world.operations.ensure_sources(world.now())
    world.pipeline.copies.look(world.now())
    worker = Embedded(app)
    worker.start()
    _welcome(world)
    try:
        _serve(world, listener)
    finally:
        drained = worker.stop(WORKER_STOP_LIMIT)
    say("Stopped.")
    if not drained:
        # A task that is still at work would hold the exit until it is done. Its rows are leased, not lost.
        sys.stdout.flush()
        os._exit(0)
    world.close()


def web(host: Host = None, port: Port = None) -> None:
    """Run the pages alone; workers run elsewhere."""
    settings = load(host=host, port=port)
    _log(settings)
    listener = listen(settings.host, settings.port)
    world = _shop_window(settings)
    world.store.check()
    world.operations.ensure_sources(world.now())
    world.pipeline.copies.look(world.now())
    say(f"{settings.service_name} answers at {settings.base_url}")
    _tell_of_hold(world)
    _serve(world, listener)
    world.close()


def _shop_window(settings: Settings) -> World:
    if settings.broker_url.startswith("memory"):
        logging.getLogger(__name__).warning("PAPERROUND_BROKER_URL names no broker, so this process rings no worker")
        return build(settings)
    from workers.app import make_app
    from workers.bell import CeleryBell
    from workers.witness import witness

    return build(settings, bell=CeleryBell(make_app(settings), pause=AFTER), witness=witness(settings))


def _serve(world: World, listener: socket.socket) -> None:
    """Answer requests until a signal comes; the signal ends the server, not the process."""
    server = uvicorn.Server(configuration(world))

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn raises the signals it has taken once more when it is done, and by then these are the handlers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.run(sockets=[listener])


def _log(settings: Settings) -> None:
    log(clock=True)
    for ours in ("service", "workers"):
        logging.getLogger(ours).setLevel(settings.log_level.upper())


def _welcome(world: World) -> None:
    say(f"{world.settings.service_name} answers at {world.settings.base_url}; Ctrl-C stops it.")
    if world.operations.mailbox_dir:
        place = world.operations.mailbox_dir if world.settings.production else f"{world.settings.base_url}/mailbox"
        say(f"No mail server is set: mails stay in the local mailbox, {place}")
    _tell_of_hold(world)


def _tell_of_hold(world: World) -> None:
    """Whoever brought a backup back starts the service and waits for mails."""
    if held := world.operations.held():
        say(f"On hold {held}. No mail is begun until `paperround release`.")
