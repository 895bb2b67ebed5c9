"""A database of another release: nothing but `migrate` and `up` changes it, and every process says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from service.cli import app
from service.errors import StoreError
from service.model import Schedule
from service.operations.doctor import examine
from service.settings import Settings, load
from service.store import Store, migrations
from service.store.mailboxes import Proposed
from tests.integration.stores import NOW, paper
from tests.integration.worlds import house
from tests.servers import free_port
from workers.app import make_app

EARLIER = "the database is of an earlier release; stop what works on it, make a backup, and run `paperround migrate`"
NEWER = "the database is of a newer release; start that one, or bring back a backup of this one"
OLD = "0013"


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of an installation whose database the release before the last one made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PAPERROUND_PORT", str(free_port()))
    if request.param == "postgres":
        monkeypatch.setenv("PAPERROUND_DATABASE_URL", request.getfixturevalue("postgres_unbuilt"))
    settings = load()
    store = Store(settings.database_url)
    migrations.upgrade(store.engine, OLD)
    store.close()
    return settings


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output.strip()


def revision(url: str) -> str:
    store = Store(url)
    with store.engine.connect() as connection:
        found = migrations.current(connection)
    store.close()
    return found


@pytest.mark.parametrize("command", ["status", "collect", "send", "hold", "source list", "web"])
def test_no_command_changes_the_tables_of_an_earlier_release(settings: Settings, command: str) -> None:
    assert run(*command.split()) == (1, f"paperround: {EARLIER}")
    assert revision(settings.database_url) == OLD
    assert run("migrate") == (0, "The database is up to date.")
    assert run("status")[0] == 0


def test_a_worker_begins_nothing_on_the_tables_of_an_earlier_release(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    tick = make_app(settings).tasks["paperround.tick"]
    tick()
    assert caplog.messages == [f"tick stopped: {EARLIER}"]
    assert run("migrate")[0] == 0
    caplog.clear()
    tick()
    assert caplog.messages == []


def test_the_doctor_says_which_release_a_database_is_of(settings: Settings) -> None:
    store = Store(settings.database_url)
    assert [each.seen for each in examine(store, settings, NOW) if each.what == "migrations"] == [EARLIER]
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert [each.seen for each in examine(store, settings, NOW) if each.what == "migrations"] == [NEWER]
    store.close()
    assert run("status") == (1, f"paperround: {NEWER}")


def test_a_backup_before_an_upgrade_is_still_of_the_earlier_release(settings: Settings, tmp_path: Path) -> None:
    if not settings.database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL is copied by pg_dump")
    file = tmp_path / "before.sqlite3"
    assert run("backup", str(file))[0] == 0
    assert revision(settings.database_url) == OLD
    assert revision(f"sqlite:///{file}") == OLD
    for each in tmp_path.glob("paperround.sqlite3*"):
        each.unlink()
    assert run("restore", str(file))[0] == 0
    assert revision(settings.database_url) == migrations.head()
    assert "restored from a backup" in run("status")[1]


def test_what_came_back_stays_with_the_mail_server_until_it_can_be_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("bounces") == (75, EARLIER)
    assert run("migrate")[0] == 0
    assert run("bounces") == (0, "")
    monkeypatch.setenv("PAPERROUND_SMTP_RATE", "much")
    assert run("bounces")[0] == 75


@pytest.mark.parametrize("letters", ["SQL_ASCII", "LATIN1"])
def test_a_new_database_without_room_for_all_letters_is_refused(postgres_url: str, letters: str) -> None:
    made = f"CREATE DATABASE \"{letters}\" ENCODING '{letters}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    server = Store(postgres_url)
    store = Store(str(make_url(postgres_url).set(database=letters).render_as_string(hide_password=False)))
    try:
        with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(made))
        with pytest.raises(StoreError, match=f"^the database keeps text as {letters}, .* `createdb --encoding UTF8"):
            store.migrate()
    finally:
        store.close()
        with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{letters}"'))
        server.close()


def test_there_is_no_backup_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    assert run("backup", str(tmp_path / "file")) == (1, "paperround: there is no database yet")
    assert not (tmp_path / "file").exists()


def test_the_doctor_sees_that_a_database_takes_nothing(postgres_database: str, tmp_path: Path) -> None:
    away = {"smtp_url": f"smtp://127.0.0.1:{free_port()}", "secret_keys": "k" * 40, "suppression_key": "s" * 40}
    settings = load({}, None, data_dir=tmp_path, database_url="postgresql://me:secret@db/papers", **away)
    for readable, said in (("off", []), ("on", ["cannot execute INSERT in a read-only transaction"])):
        store = Store(f"{postgres_database}?options=-c%20default_transaction_read_only%3D{readable}")
        seen = list(examine(store, settings, NOW))
        found = [each.seen for each in seen if each.what == "writing"]
        assert seen[0].seen == "postgresql://me:***@db/papers answers"
        assert "disk" not in {each.what for each in seen}, "nothing is kept in this machine's folder"
        store.close()
        assert found == [f"the database answered: {sentence}" for sentence in said]


def test_a_mail_that_an_earlier_release_froze_goes_out(settings: Settings, request: pytest.FixtureRequest) -> None:
    sqlite = settings.database_url.startswith("sqlite")
    options = {} if sqlite else {"database_url": request.getfixturevalue("postgres_database")}
    with house(settings.data_dir / "house", **options) as home:
        home.join("ada@uni.example", "adapters")
        home.arrive(paper("Adapters of an earlier release"))
        home.world.pipeline.compose(home.clock())
        spoken = "json_set(payload, '$.language', 'en')" if sqlite else 'payload::jsonb || \'{"language": "en"}\''
        with home.world.store.engine.begin() as connection:
            connection.execute(text("ALTER TABLE subscriber ADD COLUMN language TEXT NOT NULL DEFAULT 'en'"))
            connection.execute(text(f"UPDATE delivery_payload SET payload = {spoken}"))
            connection.execute(text("DROP INDEX ix_delivery_letters"))
            connection.execute(text("UPDATE alembic_version SET version_num = '0015'"))
        home.world.store.migrate()
        home.world.pipeline.deliver(home.clock())
        assert "Adapters of an earlier release" in home.digests("ada@uni.example")[0]


def test_mailboxes_that_merely_folded_alike_are_told_apart(settings: Settings) -> None:
    store = Store(settings.database_url)
    migrations.upgrade(store.engine, "0017")
    old = {"ada@straße.de": "ada@strasse.de", "Ida@Uni.example": "ida@uni.example", "ﬁ@uni.example": "fi@uni.example"}
    with store.write() as unit:
        for email, mailbox in old.items():
            row = unit.subscribers.add(email, email, mailbox, Schedule(), 10, NOW)
            unit.mailboxes.propose(row, Proposed(f"new-{email}", f"new-{mailbox}", "nonce"), NOW)
    store.migrate()
    with store.read() as unit:
        for email in old:
            known = unit.subscribers.by_mailbox(email.lower())
            assert known is not None
            assert known.email == email
            assert unit.mailboxes.proposed(known.id) == Proposed(f"new-{email}", f"new-{email.lower()}", "nonce")
        assert unit.subscribers.by_mailbox("ada@strasse.de") is None
    store.close()
