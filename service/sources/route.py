"""Which way a fetch goes: straight, or through the one proxy that leads out.

Comes in: a host. Goes out: what requests takes for proxies; FetchError for an address that no way may lead to. Refuses
to know: sockets.

A proxy looks names up by itself, so what a name leads to is for the proxy to judge. A number is judged here.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from service.errors import FetchError
from service.sources import addresses
from service.sources.addresses import Network

_PORTS = {"http": 80, "https": 443}


class Route:
    """With a proxy everything goes through it, but numeric addresses in the allowed networks; those go straight."""

    def __init__(self, allowed: Sequence[Network], proxy: str) -> None:
        self._allowed = allowed
        self._proxy = proxy

    @property
    def place(self) -> tuple[str, int] | None:
        """Where the proxy is."""
        parts = urlsplit(self._proxy)
        return (parts.hostname, parts.port or _PORTS[parts.scheme]) if parts.hostname else None

    def proxies(self, host: str) -> dict[str, str]:
        """Return how to reach a host, one proxy per scheme or none. Raises FetchError."""
        if not self._proxy:
            return {}
        address = addresses.literal(host)
        if not address or addresses.reachable(address):
            return {"http": self._proxy, "https": self._proxy}
        if addresses.reachable(address, self._allowed):
            return {}
        raise FetchError(f"{host} is {address}, which is not a public address, and no allowed network names it.", False)
