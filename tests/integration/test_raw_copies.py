"""A database whose files were copied back starts on hold; one that goes on, whatever it went through, never does."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from service.cli import app
from service.model import Schedule
from service.store import Store
from service.store.beside import UNKNOWN, Beside, steady
from service.store.journal import PASSES
from service.store.lifeline import Life
from tests import servers
from tests.integration.stores import paper
from tests.integration.worlds import DATABASE, House, house
from workers.witness import BrokerWitness

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
ADA = "ada@example.org"

Put = Callable[[Path, Path], None]


def over(kept: Path, home: Path) -> None:
    """As `cp` does where a file is there already: the file stays the one it was."""
    (home / f"{DATABASE}-wal").unlink(missing_ok=True)
    (home / DATABASE).write_bytes((kept / DATABASE).read_bytes())


def anew(kept: Path, home: Path) -> None:
    (home / DATABASE).unlink()
    shutil.copy2(kept / DATABASE, home / DATABASE)


def alone(kept: Path, home: Path) -> None:
    shutil.rmtree(home)
    home.mkdir()
    shutil.copy2(kept / DATABASE, home / DATABASE)


def whole(kept: Path, home: Path) -> None:
    shutil.rmtree(home)
    shutil.copytree(kept, home)


def archive(kept: Path, home: Path) -> None:
    shutil.rmtree(home)
    subprocess.run(["cp", "-a", str(kept), str(home)], check=True)


def by_sqlite(kept: Path, home: Path) -> None:
    """As the shell of SQLite does with `.restore`, or `.backup` the other way round."""
    with sqlite3.connect(kept / DATABASE) as source, sqlite3.connect(home / DATABASE) as target:
        source.backup(target)
    source.close()
    target.close()


def begin(folder: Path) -> None:
    """One morning with a digest, and a second one that waits."""
    with house(folder) as home:
        home.join(ADA, "low-rank adaptation")
        home.morning()
        home.arrive(LORA)
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())


def held(home: House) -> str:
    """Why nothing is begun, or nothing."""
    return (home.world.operations.status(home.clock()).hold or {}).get("why", "")


def waiting(home: House) -> int:
    return home.world.operations.status(home.clock()).deliveries.get("ready", 0)


def swept(folder: Path, **options: str) -> str:
    """Why everything is held after one sweep of whoever starts here, or nothing."""
    with house(folder, **options) as home:
        home.world.pipeline.sweep(home.clock())
        return held(home)


def test_what_was_sent_since_a_copy_was_made_is_not_sent_again(tmp_path: Path) -> None:
    begin(tmp_path / "home")
    shutil.copytree(tmp_path / "home", tmp_path / "kept")
    with house(tmp_path / "home") as home:
        home.clock.tomorrow()
        home.morning()
        assert (waiting(home), held(home)) == (0, "")
    over(tmp_path / "kept", tmp_path / "home")
    with house(tmp_path / "home") as home:
        home.clock.tomorrow()
        home.morning()
        assert waiting(home) == 1
        assert held(home).startswith("restored from a backup")
        home.world.operations.release(home.clock())
        home.morning()
        assert (waiting(home), held(home)) == (0, "")
    assert swept(tmp_path / "home") == "", "it is asked once"


@pytest.mark.parametrize("put", [over, anew, alone, whole, archive, by_sqlite])
def test_however_the_files_are_put_back_they_start_on_hold(put: Put, tmp_path: Path) -> None:
    assert swept(tmp_path / "home") == ""
    shutil.copytree(tmp_path / "home", tmp_path / "kept")
    with house(tmp_path / "home") as home:
        for _ in range(3):
            home.world.pipeline.sweep(home.clock())
    put(tmp_path / "kept", tmp_path / "home")
    with house(tmp_path / "home") as home:
        home.world.pipeline.sweep(home.clock())
        assert held(home).startswith("restored from a backup")
        home.world.operations.release(home.clock())
        home.world.pipeline.sweep(home.clock())
        assert held(home) == "", "it is asked once"


def test_a_second_copy_that_is_younger_than_the_first_is_found_out_too(tmp_path: Path) -> None:
    for kept in ("first", "second", "third"):
        assert swept(tmp_path / "home") == ""
        shutil.copytree(tmp_path / "home", tmp_path / kept)
    with house(tmp_path / "home") as home:
        home.world.pipeline.sweep(home.clock())
    for kept in ("first", "second", "third"):
        over(tmp_path / kept, tmp_path / "home")
        assert swept(tmp_path / "home").startswith("restored from a backup: older")


def test_what_stays_is_never_held(tmp_path: Path) -> None:
    assert swept(tmp_path / "home") == ""
    shutil.move(tmp_path / "home", tmp_path / "moved")
    for _ in range(3):
        with house(tmp_path / "moved") as home, house(tmp_path / "moved") as other:
            for each in (home, other, home):
                each.world.pipeline.sweep(each.clock())
            # As a process leaves it that was killed before it noted how far it had come.
            witness = home.world.store.witness(tmp_path)
            witness.tell(next(iter(witness.told())), 1)
            assert held(home) == ""


def test_a_copy_elsewhere_is_held_and_what_it_was_made_from_is_not(tmp_path: Path) -> None:
    assert swept(tmp_path / "home") == ""
    shutil.copytree(tmp_path / "home", tmp_path / "staging")
    assert swept(tmp_path / "staging").startswith("restored from a backup")
    assert swept(tmp_path / "home") == ""


def test_what_a_sender_had_claimed_in_a_copy_is_not_begun(tmp_path: Path) -> None:
    with house(tmp_path / "home") as home:
        home.world.pipeline.sweep(home.clock())
        home.world.subscriptions.subscribe("ada@example.org", "lora", Schedule(), home.clock())
        with home.world.store.write() as unit:
            (letter,) = unit.deliveries.claim("who was at it", home.clock(), 1, 600.0)
    shutil.copytree(tmp_path / "home", tmp_path / "staging")
    with house(tmp_path / "staging") as copy:
        copy.world.pipeline.copies.look(copy.clock())
        assert held(copy)
        with copy.world.store.write() as unit:
            assert unit.deliveries.begin("who was at it", [], [letter.id], copy.clock()) == set()


def test_the_command_line_says_it_and_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swept(tmp_path / "home") == ""
    shutil.copytree(tmp_path / "home", tmp_path / "kept")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path / "home"))

    def run(*arguments: str) -> str:
        app(arguments, standalone_mode=False)
        return capsys.readouterr().out

    assert "restored" not in run("status", "--json")
    over(tmp_path / "kept", tmp_path / "home")
    assert "restored from a backup: older than" in run("status", "--json")
    over(tmp_path / "kept", tmp_path / "home")
    assert "The hold is over" in run("release"), "who releases at once has seen what a first look would stop for"
    assert "restored" not in run("status")


def test_a_line_that_was_cut_off_holds_nobody(tmp_path: Path) -> None:
    assert swept(tmp_path) == ""
    for line in (b"", b"0123 00", b"\0" * 40, b"\xff\xfe three words here\n"):
        (tmp_path / f"{DATABASE}-mark").write_bytes(line)
        assert [swept(tmp_path), swept(tmp_path)] == ["", ""]


def test_nothing_follows_from_what_cannot_be_seen() -> None:
    life = Life("a", ("a", "17", UNKNOWN, "5"))
    assert life.same("a 17 99 5")
    assert life.same("a 17")
    assert life.same(f"a {UNKNOWN} 99 5")
    assert not life.same("a 18 99 5")
    assert not life.same("b 17 99 5")


MOUNTS = """\
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 27 8:1 / /media/My\\040Disk rw - vfat /dev/sdb1 rw
32 27 0:40 / /mnt/far rw - fuse.sshfs far:/ rw
33 32 0:41 / /mnt/far/near rw master:1 - xfs /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("file", "stays"),
    [
        ("/var/lib/paperround/x", True),
        ("/media/My Disk/data/x", False),
        ("/media/My/x", True),
        ("/mnt/far/x", False),
        ("/mnt/far/near/x", True),
    ],
)
def test_inodes_count_only_where_a_file_keeps_its_own(file: str, stays: bool) -> None:
    assert steady(Path(file), MOUNTS) is stays
    assert steady(Path(file), "")


def test_a_data_folder_nobody_may_write_to_stops_nothing(tmp_path: Path) -> None:
    nowhere = Beside(tmp_path / "missing" / "mark")
    nowhere.tell("name", 3)
    assert nowhere.told() == {}
    assert nowhere.signs(tmp_path / "missing") == ()


def set_back(url: str) -> None:
    """Have the database come less far, as one that was put back."""
    store = Store(url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE counter SET value = value - 1 WHERE name = '{PASSES}'")
    store.close()


def test_the_broker_knows_how_far_postgresql_had_come(tmp_path: Path, redis_url: str, postgres_database: str) -> None:
    witness, client = BrokerWitness(redis_url), redis.Redis.from_url(redis_url)

    def look() -> str:
        with house(tmp_path, database_url=postgres_database) as home:
            copies = type(home.world.pipeline.copies)(home.world.store, witness)
            copies.look(home.clock())
            return held(home)

    assert [look(), look()] == ["", ""]
    client.flushall()
    set_back(postgres_database)
    assert look() == "", "a broker that forgot knows nothing"
    set_back(postgres_database)
    assert look().startswith("restored from a backup")
    client.close()


def test_a_broker_that_is_away_holds_nobody(tmp_path: Path) -> None:
    witness = BrokerWitness(f"redis://127.0.0.1:{servers.free_port()}/0")
    witness.tell("name", 1)
    assert witness.told() == {}
