"""The web server as a context: uvicorn in a thread of its own, for the one-process forms of the service.

Comes in: a World. Goes out: a URL that answers for as long as the block lasts. Refuses to know: what the pages say.
"""

from __future__ import annotations

import errno
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
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Take the port first: whoever cannot have it should hear so before anything is begun. Port 0 takes any.

    Raises PaperRoundError with a mend.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # A port that is only bound is given to the next one as well.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PaperRoundError(f"{host} port {port} cannot be used ({error.strerror}). {_mend(error)}") from error
    return listener


def _mend(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "PAPERROUND_HOST is an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them."
    if error.errno == errno.EACCES:
        return "Ports below 1024 are for root: choose another with --port, behind a reverse proxy."
    return "End what listens there, or choose another with --port."


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

    def __init__(self, world: World, listener: socket.socket) -> None:
        self.url = world.settings.base_url
        self._server = uvicorn.Server(configuration(world))
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="web", daemon=True)

    def __enter__(self) -> WebServer:
        self._thread.start()
        deadline = time.monotonic() + START_LIMIT
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise PaperRoundError(f"the web server could not start at {self.url}")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_LIMIT)
