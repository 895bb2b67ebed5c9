"""One real neighbour at a time: the servers an integration test may ask for, each started once; and a fresh house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.sites import Site, site
from tests.integration.worlds import House, house


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


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """A fresh service for this one test, with a clock that it turns."""
    with house(tmp_path) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def either(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """The same on each of the two databases, for what the store has a part in."""
    other = request.param == "postgresql"
    options = {"database_url": request.getfixturevalue("postgres_database")} if other else {}
    with house(tmp_path, **options) as opened:
        yield opened


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Site]:
    """A fresh service with its pages for this one test."""
    with site(tmp_path) as opened:
        yield opened
