"""What every test may lean on: the big-trial switch, real inputs beside the project, closed sockets in unit tests."""

from __future__ import annotations

import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import databases, servers
from tests.together import shared as shared_server

# How long one example takes on a busy machine says nothing about whether it is right.
settings.register_profile("ordinary", deadline=None, derandomize=True)
settings.register_profile("full", deadline=None, max_examples=1000)

FIGURES = pytest.StashKey[list[str]]()

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the big trials in full instead of a slice of each")
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden mails anew instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    """The ordinary suite tries the same examples every time; `--full` goes and looks for new ones."""
    settings.load_profile("full" if config.getoption("--full") else "ordinary")
    config.stash[FIGURES] = []
    if not config.getoption("--full"):  # There it is measured how long the service takes.
        databases.compile_once()
        # Looking for garbage among all tests takes an eighth of the time with Python's own threshold.
        gc.set_threshold(100_000, 20, 100)
    # A shell ignores it for what runs in the background, and then whatever the tests start would ignore it as well.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """The tests themselves are never garbage, and those that have it looked for need not wait while all are."""
    if not session.config.getoption("--full"):
        gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the big trials measured."""
    for line in config.stash[FIGURES] if config.getoption("--full") else ():
        terminalreporter.write_line(line)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Many tests wait: on two cores the ordinary suite takes 281 s with two processes, 245 with three, 220 with four.

    A big trial is measured alone.
    """
    return 0 if config.getoption("--full") else 2 * (os.cpu_count() or 2)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the big trials run whole."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what a big trial measured, below the summary of the run."""
    return request.config.stash[FIGURES].append


@pytest.fixture(scope="session")
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real captures beside the project; tests that read it skip elsewhere."""
    if not (SHARED / "corpus" / "README.md").is_file():
        pytest.skip("the real captures (../shared beside the project) are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def seeds(shared: Path) -> list[Path]:
    """The four seed captures, in name order."""
    return sorted((shared / "seeds").glob("*.txt"))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a PostgreSQL server that all processes of the run share, and a database of this release to copy."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    own = tmp_path_factory.getbasetemp()
    with shared_server((own if alone else own.parent) / "postgres", databases.postgres) as address:
        url, template = address.split()
        yield url, template


@pytest.fixture(scope="session")
def postgres_url(postgres_server: tuple[str, str]) -> str:
    """The SQLAlchemy URL of the PostgreSQL server; see `postgres_database` for a database of one's own."""
    return postgres_server[0]


@pytest.fixture
def postgres_database(postgres_server: tuple[str, str]) -> Iterator[str]:
    """The URL of a PostgreSQL database of this release, with nothing in it, for this one test."""
    with servers.fresh_database(*postgres_server) as url:
        yield url


@pytest.fixture
def postgres_unbuilt(postgres_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL database without any table, for this one test."""
    with servers.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(autouse=True)
def _closed_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test that opens a socket has left its room."""
    if "unit" not in Path(str(request.node.path)).relative_to(Path(__file__).parent).parts:
        return

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a unit test may not open a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "bind", refuse)
