"""How often a network, and everybody together, may send the forms that write to people, and look for papers.

Comes in: requests. Goes out: nothing, or a page that says when to come back. Refuses to know: what a form says, and the
address of a visitor for longer than it takes to hash it. The counts of forms live in Redis where there is one, else
here.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import time
from dataclasses import dataclass, field
from threading import Event
from typing import Any, cast

from fastapi import Request
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException

from service.settings import Settings
from service.settings.brokers import redis_url
from service.web.forms import Posted
from service.web.guard import at_this_machine

# One household or one attacker has a whole network of IPv6 addresses; a campus often stands behind one of IPv4.
_IPV6_NETWORK = 56

_ANSWER_LIMIT = 0.5
# A question counts once more for each so many characters: a hundred long topics take half a second to look for.
_LONG = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """Counts visits; `counts` may be out of reach, then this process counts alone in `spare`."""

    name: str
    counts: SlidingWindowCounterRateLimiter
    spare: SlidingWindowCounterRateLimiter
    network: tuple[RateLimitItem, ...]
    everybody: tuple[RateLimitItem, ...]
    key: bytes
    told: Event = field(default_factory=Event)

    def wait(self, visitor: str, cost: int = 1) -> int:
        """Count one visit, which may cost as much as several; the seconds to wait where that is too much, else 0."""
        try:
            return self._wait(self.counts, visitor, cost)
        except StorageError as error:
            _log.warning("the counts of visits are out of reach, so this process counts alone: %s", error)
            return self._wait(self.spare, visitor, cost)

    def _wait(self, counts: SlidingWindowCounterRateLimiter, visitor: str, cost: int) -> int:
        named = hmac.new(self.key, network(visitor).encode(), hashlib.sha256).hexdigest()
        asked = [(item, "network", named) for item in self.network] + [(item, "all", "") for item in self.everybody]
        for item, *names in asked:
            if not counts.hit(item, self.name, *names, cost=cost):
                return max(1, round(counts.get_window_stats(item, self.name, *names).reset_time - time.time()))
        return 0


def gate(settings: Settings) -> Gate:
    """The gate for forms that write to people; opens no connection yet."""
    return _gate("forms", _shared(settings.broker_url), settings, settings.limit_network, settings.limit_everybody)


def _shared(broker_url: str) -> Storage:
    if broker_url.startswith("memory"):
        return MemoryStorage()
    waits: dict[str, Any] = {"socket_timeout": _ANSWER_LIMIT, "socket_connect_timeout": _ANSWER_LIMIT}
    # The counts have a name of their own for a socket in the file system.
    url = redis_url(broker_url).replace("unix:", "redis+unix:", 1)
    made: Any = storage_from_string(url, wrap_exceptions=True, **waits)
    return cast("Storage", made)


def reading_gate(settings: Settings) -> Gate:
    """The gate for whoever looks for papers: it guards this process alone, and no page waits for Redis."""
    return _gate("reading", MemoryStorage(), settings, settings.limit_reading, settings.limit_reading_everybody)


def _gate(name: str, storage: Storage, settings: Settings, network: str, everybody: str) -> Gate:
    return Gate(
        name,
        SlidingWindowCounterRateLimiter(storage),
        SlidingWindowCounterRateLimiter(MemoryStorage()),
        tuple(parse_many(network)) if network else (),
        tuple(parse_many(everybody)) if everybody else (),
        settings.suppression_key.encode(),
    )


def network(visitor: str) -> str:
    """The network that counts as one visitor; a text that is no address counts as itself."""
    try:
        address = ipaddress.ip_address(visitor)
    except ValueError:
        return visitor
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None or address.version == 4:
        return str(mapped or address)
    return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))


def measured(request: Request) -> None:
    """Refuse (429) a form that comes too often; whoever sits at this machine may send as many as they like."""
    _count(request, request.app.state.gate)


def paced(request: Request) -> None:
    """Refuse (429) whoever looks for papers too often, with the same exception; long questions cost more."""
    _count(request, request.app.state.reading_gate, 1 + len(request.scope["query_string"]) // _LONG)


def pace(request: Request, letters: int) -> None:
    """Refuse (429) whose topics, of so many letters, are tried too often; a page with few of them is free."""
    if letters >= _LONG:
        _count(request, request.app.state.reading_gate, letters // _LONG)


async def weighed(request: Request) -> None:
    """Refuse (429) long bodies of programs that come too often, before anybody looks into them."""
    pace(request, len(await request.body()))


def tried(request: Request, fields: Posted) -> None:
    """Refuse (429) long forms that come too often: their topics are read and tried as those of a question are."""
    pace(request, fields.letters)


def _count(request: Request, passed: Gate, cost: int = 1) -> None:
    if at_this_machine(request):
        return
    visitor = request.client.host if request.client else ""
    seconds = passed.wait(visitor, cost)
    if seconds:
        _tell_of_proxy(request, visitor, passed.told)
        raise HTTPException(429, headers={"retry-after": str(seconds)})


def _tell_of_proxy(request: Request, visitor: str, told: Event) -> None:
    """Say once what makes one network of everybody: a proxy whose word is not taken."""
    behind = request.headers.get("x-forwarded-for", visitor)
    if visitor not in behind and not told.is_set():
        told.set()
        _log.warning(
            "visitors behind a proxy count as one network, and some were turned away: "
            "PAPERROUND_TRUSTED_PROXIES does not name it"
        )
