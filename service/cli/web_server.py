"""The web server as a context: uvicorn in a thread of its own, for the one-process forms of the service.

Comes in: a World. Goes out: a URL that answers for as long as the block lasts. Refuses to know: what the pages say.
"""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType

import uvicorn

from service.bootstrap import World
from service.errors import PaperRoundError
from service.web import create_app

START_LIMIT = 15.0
STOP_LIMIT = 4.0


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(world: World) -> uvicorn.Config:
    """How every form of the service runs its web server."""
    settings = world.settings
    return uvicorn.Config(
        create_app(world),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=3,
    )


class WebServer:
    """Serves the pages of a World until its block ends."""

    def __init__(self, world: World) -> None:
        self.url = world.settings.base_url
        self._server = uvicorn.Server(configuration(world))
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def __enter__(self) -> WebServer:
        self._thread.start()
        deadline = time.monotonic() + START_LIMIT
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise PaperRoundError(f"the web server could not start at {self.url}; is the port taken?")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_LIMIT)
