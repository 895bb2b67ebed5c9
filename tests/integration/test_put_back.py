"""Databases that are put back under real processes, or a real server; and processes that are killed hold nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from service.store import Store
from service.store.journal import PASSES
from tests import servers
from tests.forked import forks
from tests.integration.test_raw_copies import over, swept
from tests.integration.worlds import DATABASE, house
from tests.journey.steps import service


def test_the_service_itself_starts_on_hold_after_a_copy(tmp_path: Path, full: bool) -> None:
    if not full:
        pytest.skip("starts the service three times; run with --full")
    home, kept, nowhere = tmp_path / "home", tmp_path / "kept", {"sources": f"http://127.0.0.1:{servers.free_port()}/"}
    for folder in (home, kept):
        folder.mkdir()
    with service(home, **nowhere):
        pass
    over(home, kept)
    with service(home, **nowhere):
        pass
    assert "on hold" not in (home / "said").read_text()
    over(kept, home)
    with service(home, **nowhere):
        assert "on hold: restored from a backup" in (home / "said").read_text()


def look(folder: Path, url: str, times: int) -> None:
    """One process that looks, as fast as it can."""
    with house(folder, database_url=url) as home:
        for _ in range(times):
            home.world.pipeline.copies.look(home.clock())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_processes_that_are_killed_at_any_moment_hold_nothing(
    name: str, tmp_path: Path, request: pytest.FixtureRequest, full: bool
) -> None:
    if not full:
        pytest.skip("starts many processes; the slices of tests/faults kill some; run with --full")
    url = f"sqlite:///{tmp_path / DATABASE}"
    url = url if name == "sqlite" else request.getfixturevalue("postgres_database")
    chance = random.Random(7)
    store = Store(url)
    store.migrate()
    for _ in range(20):
        both = [forks.Process(target=look, args=(tmp_path, url, 10_000)) for _ in range(2)]
        for process in both:
            process.start()
        before = passes(store)
        while passes(store) < before + 3:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.2))
        for process in both:
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join(10)
        with store.read() as unit:
            assert unit.journal.named("held") == []
    store.close()


def passes(store: Store) -> int:
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT max(value) FROM counter WHERE name = '{PASSES}'").scalar() or 0)


def put_back(kept: Path, data: Path, *spared: str) -> None:
    """Copy every file into its place, over the one that is there, but for those a tool would find unchanged."""
    for file in data.rglob("*"):
        if file.is_file() and file.name not in spared:
            file.unlink()
    for folder in kept.iterdir():
        if folder.name not in spared:
            subprocess.run(["cp", "-a", str(folder), str(data)], check=True)


def test_a_folder_of_postgresql_that_is_put_back_starts_on_hold(tmp_path: Path, full: bool) -> None:
    if not full:
        pytest.skip("starts a server many times; run with --full")
    with servers.own_postgres() as server:
        kept = server.data.with_name("kept")

        assert swept(tmp_path / "one", database_url=server.url) == ""
        for number in (signal.SIGQUIT, signal.SIGINT):
            server.stop(number)
            if number == signal.SIGINT:
                subprocess.run(["cp", "-a", str(server.data), str(kept)], check=True)
            server.start()
            assert swept(tmp_path / "one", database_url=server.url) == "", "a server that comes back is no other"
        for folder, spared in (("one", ("PG_VERSION",)), ("no witness", ())):
            server.stop()
            put_back(kept, server.data, *spared)
            server.start()
            assert swept(tmp_path / folder, database_url=server.url).startswith("restored from a backup")
