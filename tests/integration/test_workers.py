"""Separate processes over a real Redis protocol server: web here, worker and beat there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from service.bootstrap import World, build
from service.model import Schedule
from service.settings import Settings, load
from tests import databases, servers
from tests.forked import celery
from tests.integration.worlds import DATABASE
from workers.app import make_app
from workers.bell import CeleryBell

Start = Callable[..., ForkServerProcess]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def environ(tmp_path: Path, redis_url: str) -> dict[str, str]:
    databases.sqlite(tmp_path / "data" / DATABASE)
    return {
        "PAPERROUND_DATA_DIR": str(tmp_path / "data"),
        "PAPERROUND_BROKER_URL": redis_url,
        "PAPERROUND_SOURCES": "http://127.0.0.1:9/papers",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load(environ)


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """The web process's world; it rings, and does no work itself."""
    here = build(settings, bell=CeleryBell(make_app(settings)))
    here.store.migrate()
    yield here
    here.close()


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts `celery -A workers.app …` in a folder of its own and ends what is left of it."""
    started: list[ForkServerProcess] = []

    def start_celery(*arguments: str) -> ForkServerProcess:
        started.append(celery(environ, tmp_path, *arguments))
        return started[-1]

    yield start_celery
    for process in started:
        process.kill()
        process.join(10)


def told_to_end(process: ForkServerProcess) -> int | None:
    """The exit code of a process that is asked to end."""
    process.terminate()
    process.join(20)
    return process.exitcode


def eventually(happened: Callable[[], object], what: str, limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < deadline, f"within {limit:.0f} s: {what}"
        time.sleep(0.1)


def sign_up(world: World, name: str) -> None:
    world.subscriptions.subscribe(f"{name}@example.org", "protein", Schedule(), now())


def test_a_worker_of_its_own_sends_what_the_pages_ring_for(world: World, start: Start, tmp_path: Path) -> None:
    worker = start("worker", "--concurrency", "2")
    sign_up(world, "first")
    eventually(lambda: len(world.operations.mailbox()) == 1, "the confirmation mail is in the mailbox")
    assert told_to_end(worker) == 0
    # The level of our own lines is PAPERROUND_LOG_LEVEL, whatever Celery says of its own.
    assert "delivered 1, to retry 0, failed 0" in (tmp_path / "worker.log").read_text()


def test_beat_of_its_own_makes_a_worker_look_and_keeps_no_file(world: World, start: Start, tmp_path: Path) -> None:
    world.operations.ensure_sources(now())
    start("worker", "--concurrency", "1")
    beat = start("beat")
    eventually(lambda: "beat" in world.operations.status(world.now()).beats, "a tick has been worked on")
    eventually(lambda: world.operations.status(world.now()).failing, "the source that is not there has been tried")
    assert told_to_end(beat) == 0
    assert not list(tmp_path.glob("celerybeat*"))


def test_a_ring_costs_nothing_while_the_broker_is_away(settings: Settings) -> None:
    away = settings.model_copy(update={"broker_url": f"redis://127.0.0.1:{servers.free_port()}/0"})
    bell = CeleryBell(make_app(away))
    begun = time.monotonic()
    for source in range(1000):
        bell.collect(source)
    bell.deliver()
    assert time.monotonic() - begun < 1
    assert bell.flush(limit=30), "rings that cannot be made are given up, not kept"


def test_equal_rings_that_wait_are_one_message(settings: Settings) -> None:
    with servers.redis() as url:
        app = make_app(settings.model_copy(update={"broker_url": url}))
        bell = CeleryBell(app)
        for _ in range(200):
            bell.deliver()
        assert bell.flush(limit=30)
        with app.connection_for_read() as connection:
            assert 1 <= connection.default_channel.client.llen("paperround") < 200


def test_work_goes_on_after_a_child_is_killed(world: World, start: Start) -> None:
    worker = start("worker", "--concurrency", "1")
    sign_up(world, "before")
    eventually(lambda: len(world.operations.mailbox()) == 1, "the first mail")
    assert worker.pid is not None
    for child in children(worker.pid):
        os.kill(child, signal.SIGKILL)
    sign_up(world, "after")
    eventually(lambda: len(world.operations.mailbox()) == 2, "the second mail")


def children(pid: int) -> list[int]:
    """The pool's processes: those that have this parent."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def test_a_worker_without_a_broker_says_what_to_set(tmp_path: Path) -> None:
    worker = celery({"PAPERROUND_DATA_DIR": str(tmp_path)}, tmp_path, "worker")
    worker.join(60)
    said = (tmp_path / "worker.log").read_text()
    assert worker.exitcode == 1
    assert "Set it to redis://HOST:6379/0" in said
    assert "Traceback" not in said


def test_a_worker_that_hears_nothing_ends_for_its_supervisor(
    world: World, environ: dict[str, str], start: Start, full: bool
) -> None:
    if not full:
        pytest.skip("takes a minute; run with --full")
    with servers.redis() as url:
        environ["PAPERROUND_BROKER_URL"] = url
        worker = start("worker", "--concurrency", "1")
        bell = CeleryBell(make_app(world.settings.model_copy(update={"broker_url": url})))
        bell.compose()
        eventually(lambda: "worker" in world.operations.status(world.now()).beats, "the worker works")
    worker.join(90)
    assert worker.exitcode not in (None, 0)
