"""Connections that only lead to permitted addresses and end at a total deadline.

Comes in: a host name, the permitted networks and the seconds a whole fetch may take. Goes out: connected sockets inside
a requests adapter. Refuses to know: redirects, status codes, bodies.

The check stands where the connection is made: the name is resolved once, its addresses are judged, and the socket goes
to a judged address. So neither a redirect nor a name that changes its answer (DNS rebinding) leads inside, and TLS
still proves the name, because only the socket is ours.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from service.errors import FetchError
from service.sources.addresses import Network, reachable

Resolved = tuple[int, int, int, str, tuple[Any, ...]]
Resolver = Callable[[str, int], Iterable[Resolved]]

# One dead address of several must leave time for the others.
_CONNECT_LIMIT = 10.0


def system_resolver(host: str, port: int) -> Iterable[Resolved]:
    """Ask the machine's own resolver for stream addresses."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Watch:
    """The total deadline of one fetch: when it passes, every held connection is cut, whoever waits on it.

    A time-out per read is no deadline: a server that sends a byte a second never meets it. A duplicate of the file
    descriptor is held, because TLS takes the original over before its handshake begins.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Watch:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for held in self._held:
                held.close()
            self._held.clear()

    def remaining(self) -> float:
        """Seconds left, never quite nothing: a socket takes 0 for "do not block"."""
        return max(self._end - time.monotonic(), 0.001)

    def hold(self, connection: socket.socket) -> None:
        """Cut this connection too when the deadline passes."""
        with self._lock:
            self._held.append(connection.dup())
            if self.expired:
                self._shut(self._held[-1])

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            for held in self._held:
                self._shut(held)

    @staticmethod
    def _shut(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class Gate:
    """Opens sockets to permitted addresses, within the watch's time."""

    def __init__(self, allowed: Sequence[Network], watch: Watch, resolve: Resolver = system_resolver) -> None:
        self._allowed = allowed
        self._watch = watch
        self._resolve = resolve

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to the first permitted address that answers; FetchError says why none did."""
        failure: OSError | None = None
        for family, kind, protocol, _, address in self._permitted(host, port):
            try:
                return self._open(family, kind, protocol, address)
            except OSError as error:
                failure = error
        raise _not_connected(host, failure, self._watch) from failure

    def _permitted(self, host: str, port: int) -> list[Resolved]:
        found = self._addresses(host, port)
        permitted = [entry for entry in found if reachable(str(entry[4][0]), self._allowed)]
        if permitted:
            return permitted
        raise FetchError(
            f"{host} leads to {found[0][4][0]}, which is not a public address, and no allowed network names it.", False
        )

    def _addresses(self, host: str, port: int) -> list[Resolved]:
        """Resolve on a thread of its own: the system's resolver knows no deadline and cannot be interrupted."""
        answer: queue.SimpleQueue[list[Resolved] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answer.put(list(self._resolve(host, port)))
            except (OSError, UnicodeError) as error:
                answer.put(error)

        threading.Thread(target=ask, name="resolve", daemon=True).start()
        try:
            found = answer.get(timeout=self._watch.remaining())
        except queue.Empty as error:
            raise FetchError(f"{host} could not be looked up within {self._watch.seconds:g} s.") from error
        if isinstance(found, Exception):
            raise FetchError(f"{host} could not be found: there is no such host, or no network.") from found
        if not found:
            raise FetchError(f"{host} has no address.")
        return found

    def _open(self, family: int, kind: int, protocol: int, address: tuple[Any, ...]) -> socket.socket:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(min(_CONNECT_LIMIT, self._watch.remaining()))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._watch.hold(connection)
            connection.settimeout(self._watch.remaining())
        except BaseException:
            connection.close()
            raise
        return connection


def _not_connected(host: str, failure: OSError | None, watch: Watch) -> FetchError:
    if isinstance(failure, ConnectionRefusedError):
        return FetchError(f"{host} refused the connection.")
    if isinstance(failure, TimeoutError):
        return FetchError(f"{host} did not take the connection within {min(_CONNECT_LIMIT, watch.seconds):g} s.")
    reason = failure.strerror if failure and failure.strerror else "no address answered"
    return FetchError(f"{host} could not be reached: {reason[:1].lower()}{reason[1:]}.")


class GuardedAdapter(HTTPAdapter):
    """A requests adapter whose every new socket comes from the gate, and which knows no proxy."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools build their connections through the gate."""
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pools(self._gate)


def _pools(gate: Gate) -> dict[str, type[HTTPConnectionPool]]:
    """Pool classes bound to this gate; urllib3 takes classes, so the binding is a closure."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return gate.connect(self._dns_host, self.port)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return gate.connect(self._dns_host, self.port or 443)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
