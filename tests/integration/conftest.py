"""One real neighbour at a time: the servers an integration test may ask for, started once per run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings of an empty database of either kind, for all tests of a module together."""
    if request.param == "sqlite":
        yield {}
        return
    with servers.fresh_database(*request.getfixturevalue("postgres_server")) as url:
        yield {"database_url": url}


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis server shared by the run."""
    with servers.redis() as url:
        yield url


@pytest.fixture
def smtp() -> Iterator[servers.Sink]:
    """A plain capturing SMTP server for this one test."""
    with servers.smtp() as sink:
        yield sink
