"""Web servers for the tests: origins that answer by rule, and raw ones that misbehave on purpose.

Comes in: what to answer. Goes out: context managers that yield a server with its URL and what it was asked. Refuses to
know: who asks.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request as the origin saw it."""

    path: str
    headers: Message


@dataclass(frozen=True)
class Answer:
    """What an origin says to one request."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Origin:
    """A running origin: `asked` grows with every request, `connections` with every one taken."""

    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "") -> str:
        """An address of this origin, by its own or another name for its host."""
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"


@contextlib.contextmanager
def origin(
    answer: Callable[[Asked], Answer], *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Origin]:
    """An HTTP/1.1 server that answers every GET by the rule."""
    seen = Origin(host=host, scheme="https" if tls else "http")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # A page follows its headers at once.

        def do_GET(self) -> None:
            seen.asked.append(Asked(self.path, self.headers))
            said = answer(seen.asked[-1])
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the requests are kept."""

    server = _CountingServer((host, 0), Handler, seen)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    seen.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _CountingServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], seen: Origin) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._seen = seen
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, object]:
        accepted = super().get_request()
        self._seen.connections += 1
        return accepted

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what these tests are about."""


@contextlib.contextmanager
def raw(behave: Callable[[socket.socket], None]) -> Iterator[Origin]:
    """A TCP server that hands each connection to the function, and closes it when the function returns."""
    seen = Origin()
    listener = socket.create_server(("127.0.0.1", 0))
    seen.port = listener.getsockname()[1]
    open_now: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            behave(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                seen.connections += 1
                # What is sent in pieces waits for no acknowledgement of the one before: that takes 40 ms.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_now.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield seen
    finally:
        for held in (listener, *open_now):
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
            held.close()
