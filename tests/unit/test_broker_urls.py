"""A broker's URL in Celery's words, as another client of the same server has to read it."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import redis

from service.settings.brokers import redis_url
from workers.witness import BrokerWitness


def connection(broker_url: str) -> Any:
    """One as redis-py would open it; it refuses what it does not know."""
    return redis.Redis.from_url(redis_url(broker_url)).connection_pool.make_connection()


@pytest.mark.parametrize(
    ("broker_url", "path", "database"),
    [
        ("redis+socket:///run/redis.sock", "/run/redis.sock", 0),
        ("redis+socket:///run/redis.sock?virtual_host=1", "/run/redis.sock", 1),
        ("redis+socket:///run/redis.sock?virtual_host=/2", "/run/redis.sock", 2),
        ("redis+socket:///run/redis.sock?virtual_host=/", "/run/redis.sock", 0),
        ("redis+socket://:pass%2Fword@/run/redis.sock?virtual_host=3", "/run/redis.sock", 3),
    ],
)
def test_a_socket_is_found_with_the_database_behind_it(broker_url: str, path: str, database: int) -> None:
    made = connection(broker_url)
    assert (made.path, made.db) == (path, database)
    assert made.credential_provider is None
    assert (made.password == "pass/word") == ("pass" in broker_url)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("CERT_REQUIRED", ssl.CERT_REQUIRED),
        ("CERT_OPTIONAL", ssl.CERT_OPTIONAL),
        ("CERT_NONE", ssl.CERT_NONE),
        ("required", ssl.CERT_REQUIRED),
    ],
)
def test_certificates_are_asked_for_as_celery_would(asked: str, meant: ssl.VerifyMode) -> None:
    made = connection(f"rediss://:pw@cache:6380/4?ssl_cert_reqs={asked}&ssl_ca_certs=/etc/ca.pem")
    assert (made.cert_reqs, made.ca_certs, made.host, made.port, made.db) == (meant, "/etc/ca.pem", "cache", 6380, 4)


def test_what_only_celery_knows_is_left_out() -> None:
    asked = "connect_timeout=60&heartbeat=3&socket_timeout=60&transport=redis&virtual_host=zero"
    assert redis_url(f"redis://:pw@cache/1?{asked}") == "redis://:pw@cache/1"


@pytest.mark.parametrize(
    "url",
    [
        "redis+socket:nowhere",
        "redis+socket:///nowhere.sock?virtual_host=1",
        "rediss://127.0.0.1:1/0?ssl_cert_reqs=CERT_PERHAPS",
        "rediss://127.0.0.1:1/0?ssl_of_another_release=yes",
    ],
)
def test_a_witness_that_cannot_be_asked_holds_nobody_up(url: str, caplog: pytest.LogCaptureFixture) -> None:
    witness = BrokerWitness(url)
    assert witness.told() == {}
    witness.tell("a database", 7)
    assert len(caplog.messages) == 1
