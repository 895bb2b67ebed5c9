"""The witness over the broker's Redis: how far the database has come, kept on another machine than the database.

Comes in: the broker's URL. Goes out: counts by database. Refuses to know: what follows from them. A broker that is away
or has forgotten everything knows nothing, which holds nobody up.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property

import redis

from service.model import Witness
from service.settings import Settings
from service.settings.brokers import redis_url

LOG = logging.getLogger(__name__)

KEY = "paperround.databases"
# A broker that is frozen makes a pass wait so long, in seconds.
PATIENCE = 2.0


class BrokerWitness:
    """`model.Witness` over Redis; opens no connection before it is asked, so it may be made before a fork."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._away = False

    @cached_property
    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(
            redis_url(self._url),
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            decode_responses=True,
        )

    def told(self) -> Mapping[str, int]:
        """The counts by database; none where the broker does not answer."""
        try:
            told = {str(name): int(count) for name, count in self._client.hgetall(KEY).items()}
        except Exception as error:  # noqa: BLE001 -- whatever a URL or a server makes of it, no mail waits for a witness
            self._missed(error)
            return {}
        self._away = False
        return told

    def tell(self, name: str, count: int) -> None:
        """Keep the count; a broker that is away is told with the next pass."""
        try:
            self._client.hset(KEY, name, count)
        except Exception as error:  # noqa: BLE001 -- as above
            self._missed(error)

    def _missed(self, error: Exception) -> None:
        """Senders ask every second: one line says it for the whole outage."""
        if not self._away:
            LOG.warning("the broker cannot say or keep how far the database has come: %s", type(error).__name__)
        self._away = True


def witness(settings: Settings) -> Witness | None:
    """The one for a database and a broker that several machines share; None where a file is the better one."""
    shared = not settings.database_url.startswith("sqlite") and not settings.broker_url.startswith("memory")
    return BrokerWitness(settings.broker_url) if shared else None
