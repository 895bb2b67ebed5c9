"""From SQLite to PostgreSQL: a backup of the one is restored into the other, with every row as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text
from typer.testing import CliRunner

from service.cli import app
from service.errors import StoreError
from service.store import Store
from service.store.tables import metadata
from tests.integration.stores import paper
from tests.integration.worlds import House, house

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
CATS = paper("Low-Rank Adaptation Counts Cats in Satellite Images", arxiv_id="2611.01004", upvotes=7)
TEA = paper("Kettles Boil Faster Than Pots", arxiv_id="2611.01007")
TEA_AGAIN = paper("On the Boiling of Kettles and of Pots", arxiv_id="2611.01008")
ADA, BOB = "ada@example.org", "bob@example.org"


def lived(home: House) -> None:
    """A service with readers, papers that were joined, and mails."""
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.morning()
    home.arrive(TEA)
    home.arrive(CATS, TEA_AGAIN)
    with home.world.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        # A paper that turned out to be one which came after it.
        connection.execute(text("UPDATE paper SET merged_into = (SELECT max(id) FROM paper) WHERE id = 2"))
        connection.execute(text("UPDATE profile SET sources = NULL"))


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def test_every_row_crosses_as_it_is_and_waits_on_hold(tmp_path: Path, postgres_unbuilt: str) -> None:
    backup = tmp_path / "backup.sqlite3"
    with house(tmp_path / "old") as home:
        lived(home)
        home.world.operations.backup(backup, home.clock())
    with house(tmp_path / "new", database_url=postgres_unbuilt) as there:
        operations = there.world.operations
        operations.restore(backup, there.clock())
        old = Store(f"sqlite:///{backup}")
        assert rows(there.world.store) == rows(old)
        assert len(rows(old)["delivery"]) > 1
        old.close()
        with there.world.store.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM profile WHERE sources IS NULL")) == 1
        there.clock.tomorrow()
        there.morning()
        assert there.digests() == []
        there.world.pipeline.copies.look(there.clock())
        operations.release(there.clock())
        there.join(BOB, "low-rank adaptation")
        there.morning()
        assert there.titles(ADA, [LORA.title, CATS.title]) == [[CATS.title]]
        with pytest.raises(StoreError, match="is in use already; a backup is brought back into an empty one"):
            operations.restore(backup, there.clock())


def test_a_crossing_that_fails_leaves_the_database_empty(tmp_path: Path, postgres_database: str) -> None:
    backup = tmp_path / "backup.sqlite3"
    with house(tmp_path / "old") as home:
        lived(home)
        home.world.operations.backup(backup, home.clock())
    broken = Store(f"sqlite:///{backup}")
    with broken.engine.connect().execution_options(writes=True) as connection, connection.begin():
        # SQLite keeps a zero byte in a text, and PostgreSQL none.
        connection.execute(text("UPDATE event SET name = 'a' || char(0)"))
    broken.close()
    with house(tmp_path / "new", database_url=postgres_database) as there:
        with pytest.raises(StoreError, match="NUL"):
            there.world.operations.restore(backup, there.clock())
        assert {name for name, found in rows(there.world.store).items() if found} == {"counter"}


def test_the_command_line_crosses(tmp_path: Path, postgres_unbuilt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    backup = str(tmp_path / "backup.sqlite3")
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    assert CliRunner().invoke(app, ["subscriber", "add", ADA, "-k", "mamba"]).exit_code == 0
    assert CliRunner().invoke(app, ["backup", backup]).exit_code == 0
    monkeypatch.setenv("PAPERROUND_DATABASE_URL", postgres_unbuilt)
    assert CliRunner().invoke(app, ["restore", backup]).output.startswith("Restored, and on hold")
    assert ADA in CliRunner().invoke(app, ["subscriber", "list"]).output
