"""Connections that only lead to permitted addresses and end at a total deadline.

Comes in: a host name, the permitted networks and the seconds a whole fetch may take. Goes out: connected sockets inside
a requests adapter. Refuses to know: redirects, status codes, bodies.

The check stands where the connection is made: the name is resolved once, its addresses are judged, and the socket goes
to a judged address. So neither a redirect nor a name that changes its answer (DNS rebinding) leads inside, and TLS
still proves the name, because only the socket is ours.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from service.deadlines import Watch
from service.errors import FetchError
from service.sources.addresses import Network, literal, reachable

Resolved = tuple[int, int, int, str, tuple[Any, ...]]
Resolver = Callable[[str, int], Iterable[Resolved]]

# One dead address of several must leave time for the others.
_CONNECT_LIMIT = 10.0


def system_resolver(host: str, port: int) -> Iterable[Resolved]:
    """Ask the machine's own resolver for stream addresses."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Gate:
    """Opens sockets to permitted addresses, within the watch's time; and to the proxy, wherever that is."""

    def __init__(
        self,
        allowed: Sequence[Network],
        watch: Watch,
        resolve: Resolver = system_resolver,
        proxy: tuple[str, int] | None = None,
    ) -> None:
        self._allowed = allowed
        self._watch = watch
        self._resolve = resolve
        self._proxy = proxy

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
        if (host, port) == self._proxy:
            return found
        permitted = [entry for entry in found if reachable(str(entry[4][0]), self._allowed)]
        if permitted:
            return permitted
        raise FetchError(
            f"{host} leads to {found[0][4][0]}, which is not a public address, and no allowed network names it.", False
        )

    def _addresses(self, host: str, port: int) -> list[Resolved]:
        # A number and "localhost" are no names that anybody else should be asked for, whatever dot stands behind them.
        name = host.rstrip(".") if literal(host) else host
        try:
            found = self._watch.within(lambda: list(self._resolve(name, port)))
        except TimeoutError as error:
            raise FetchError(f"{host} could not be looked up within {self._watch.seconds:g} s.") from error
        except (OSError, UnicodeError) as error:
            raise FetchError(f"{host} could not be found: there is no such host, or no network.") from error
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
            connection.settimeout(self._watch.backstop())
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
    """A requests adapter whose every new socket comes from the gate, also those to a proxy."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools build their connections through the gate."""
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pools(self._gate)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """Make the connections to a proxy through the gate."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _pools(self._gate)
        return manager


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
