"""A backup that is brought back is whole, of this release, and on hold."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from service.cli import app
from service.errors import StoreError
from tests import servers
from tests.integration.stores import paper
from tests.integration.worlds import house

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
ADA = "ada@example.org"


def test_even_a_plain_copy_is_restored_on_hold(tmp_path: Path) -> None:
    with house(tmp_path / "old") as home:
        home.arrive(LORA)
        home.join(ADA, "low-rank adaptation")
        home.world.pipeline.compose(home.clock())
        # A copy made past `backup`, as tools for whole disks do it.
        home.world.store.copy_to(tmp_path / "plain.sqlite3")
        with pytest.raises(StoreError, match="move it away first"):
            home.world.operations.restore(tmp_path / "plain.sqlite3", home.clock())
    for file in (tmp_path / "old").glob("paperround.sqlite3*"):
        file.unlink()
    (tmp_path / "other").write_bytes(b"no database at all, whatever its name says" * 50)
    with house(tmp_path / "new") as home:
        operations, now = home.world.operations, home.clock()
        home.world.store.close()
        for file in (tmp_path / "new").glob("paperround.sqlite3*"):
            file.unlink()
        with pytest.raises(StoreError, match="there is no file"):
            operations.restore(tmp_path / "nothing", now)
        with pytest.raises(StoreError, match="other cannot be read: it is no backup, or this user may not write to it"):
            operations.restore(tmp_path / "other", now)
        operations.restore(tmp_path / "plain.sqlite3", now)
        assert sorted(file.name for file in (tmp_path / "new").glob("*restoring*")) == []
        home.morning()
        assert home.digests() == []
        assert (operations.status(now).hold or {})["why"] == "restored from a backup"
        operations.release(now)
        home.morning()
        assert home.titles(ADA, [LORA.title]) == [[LORA.title]]


def test_nothing_is_restored_beside_the_log_of_an_old_database(tmp_path: Path) -> None:
    """SQLite would read into it what a killed process had written last."""
    with house(tmp_path) as home:
        home.world.operations.backup(tmp_path / "backup", home.clock())
        home.world.store.close()
        for file in tmp_path.glob("paperround.sqlite3*"):
            file.unlink()
        log = tmp_path / "paperround.sqlite3-wal"
        log.write_bytes(b"the last transactions")
        with pytest.raises(StoreError, match=r"sqlite3-wal exists already; stop the service and move it away"):
            home.world.operations.restore(tmp_path / "backup", home.clock())
        log.unlink()
        home.world.operations.restore(tmp_path / "backup", home.clock())


def test_a_file_that_holds_nothing_gives_way_to_a_backup(tmp_path: Path) -> None:
    """Whoever looks first by `doctor` or `status` makes one."""
    with house(tmp_path / "old") as home:
        home.join(ADA, "low-rank adaptation")
        home.world.operations.backup(tmp_path / "backup", home.clock())
    with house(tmp_path / "new") as home:
        home.world.store.close()
        home.world.operations.restore(tmp_path / "backup", home.clock())
        assert [reader.email for reader, _ in home.world.operations.subscribers()] == [ADA]
        home.world.store.close()
        with pytest.raises(StoreError, match=r"sqlite3 exists already; stop the service and move it away first"):
            home.world.operations.restore(tmp_path / "backup", home.clock())
        (tmp_path / "new" / "paperround.sqlite3").write_bytes(b"what a broken disk left" * 50)
        with pytest.raises(StoreError, match=r"sqlite3 exists already; stop the service and move it away first"):
            home.world.operations.restore(tmp_path / "backup", home.clock())


def test_a_backup_is_for_its_owner_alone(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.world.operations.backup(tmp_path / "backup", home.clock())
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0


def test_a_backup_may_have_a_name_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "caf\udce9.sqlite3"
    with house(tmp_path / "old") as home:
        home.join(ADA, "low-rank adaptation")
        home.world.operations.backup(file, home.clock())
    with house(tmp_path / "new") as home:
        home.world.store.close()
        for left in (tmp_path / "new").glob("paperround.sqlite3*"):
            left.unlink()
        home.world.operations.restore(file, home.clock())
        assert [reader.email for reader, _ in home.world.operations.subscribers()] == [ADA]


def test_a_place_that_takes_no_backup_is_named(tmp_path: Path) -> None:
    with house(tmp_path) as home, pytest.raises(StoreError, match=r"away/backup cannot be written: No such file"):
        home.world.operations.backup(tmp_path / "away" / "backup", home.clock())


def test_the_command_line_brings_a_backup_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    backup = str(tmp_path / "backup.sqlite3")
    for folder, arguments in (
        ("one", ["migrate"]),
        ("one", ["backup", backup]),
        ("two", ["status"]),
        ("two", ["restore", backup]),
        ("two", ["status"]),
        ("two", ["release"]),
    ):
        monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path / folder))
        app(arguments, standalone_mode=False)
    said = capsys.readouterr().out
    assert "restored from a backup" in said
    assert said.endswith("The hold is over; what waited is sent with the next tick.\n")
    assert caplog.messages == [], "of a hold that stands already nobody is told again"


def plain(url: str) -> str:
    """The URL as PostgreSQL's own programs read it."""
    return url.replace("postgresql+psycopg", "postgresql")


def test_a_dump_of_postgresql_is_brought_back_on_hold(
    tmp_path: Path, postgres_url: str, postgres_database: str
) -> None:
    with house(tmp_path, database_url=postgres_database) as home:
        home.join(ADA, "low-rank adaptation")
        home.morning()
        assert home.world.operations.status(home.clock()).hold is None, "it was always here"
        before = len(home.digests())
        home.arrive(LORA)
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())
        dump = [servers.postgres_program("pg_dump"), "--file", str(tmp_path / "dump.sql"), plain(postgres_database)]
        subprocess.run(dump, check=True, timeout=60)
    with servers.fresh_database(postgres_url) as other:
        back = [servers.postgres_program("psql"), "--quiet", "--file", str(tmp_path / "dump.sql"), plain(other)]
        subprocess.run(back, check=True, timeout=60, stdout=subprocess.DEVNULL)
        with house(tmp_path, database_url=other) as copy:
            copy.clock.at = home.clock()
            copy.morning()
            assert len(copy.digests()) == before
            hold = copy.world.operations.status(copy.clock()).hold or {}
            assert hold["why"].startswith("restored from a backup")
            copy.world.operations.release(copy.clock())
            copy.morning()
            assert copy.titles(ADA, [LORA.title])[before:] == [[LORA.title]]
            copy.world.pipeline.sweep(copy.clock())
            assert copy.world.operations.status(copy.clock()).hold is None, "it is asked once"


def test_a_stand_by_that_takes_over_starts_on_hold(tmp_path: Path, full: bool) -> None:
    if not full:
        pytest.skip("starts two servers; run with --full")
    with servers.own_postgres() as server, contextlib.ExitStack() as opened:
        with house(tmp_path, database_url=server.url) as home:
            home.world.pipeline.sweep(home.clock())
            stand_by = replace(server, data=server.data.with_name("stand-by"), port=servers.free_port())
            server.run("pg_basebackup", "-d", plain(server.url), "-D", str(stand_by.data), "-R").check_returncode()
            stand_by.start()
            opened.callback(stand_by.stop)
            server.stop(signal.SIGQUIT)
            server.start()
            home.world.pipeline.sweep(home.clock())
            assert home.world.operations.status(home.clock()).hold is None, "a server that comes back is no other"
        stand_by.run("pg_ctl", "promote", "-w", "-D", str(stand_by.data)).check_returncode()
        with house(tmp_path, database_url=stand_by.url) as other:
            other.world.pipeline.sweep(other.clock())
            assert other.world.operations.status(other.clock()).hold is not None
