"""Schema changes, applied by Alembic under one lock.

Comes in: an engine. Goes out: a database at this release's revision. Of two that start at once the second waits, then
finds nothing left to do. Alembic is imported only when there is something to apply: it would double the time to start.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from service.errors import StoreError

# Any number that no other program on the same PostgreSQL is likely to lock.
LOCK = 0x50_41_50_52

_REVISIONS = Path(__file__).parent / "versions"


def head() -> str:
    """The newest revision this release knows; file names begin with their revision and count upwards."""
    return max(path.name.split("_", 1)[0] for path in _REVISIONS.glob("[0-9]*_*.py"))


def current(connection: Connection) -> str:
    """The revision a database is at, or nothing for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def check(engine: Engine) -> None:
    """Raise StoreError for a database that is not of this release."""
    with engine.connect() as connection:
        have = current(connection)
    if have > head():
        raise StoreError("the database is of a newer release; start that one, or bring back a backup of this one")
    if not have:
        raise StoreError("the database is empty; run `paperround migrate`")
    if have < head():
        raise StoreError(
            "the database is of an earlier release; stop what works on it, make a backup, and run `paperround migrate`"
        )


def _check_letters(connection: Connection, have: str) -> None:
    """A new database has room for the letters of every paper: not every server makes such ones by itself."""
    kept = str(connection.scalar(text("SHOW server_encoding")))
    if not have and kept != "UTF8":
        mend = "make it with `createdb --encoding UTF8 --template template0`"
        raise StoreError(f"the database keeps text as {kept}, which cannot hold every paper's; {mend}")


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply what is missing up to `revision`, all of it or nothing. StoreError for a database of a newer release."""
    with engine.connect() as connection:
        have = current(connection)
    if have == (head() if revision == "head" else revision):
        return
    if have > head():
        check(engine)
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            _check_letters(connection, have)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
