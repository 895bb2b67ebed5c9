"""From a database URL to an engine whose transactions mean the same on SQLite and PostgreSQL.

Comes in: a URL. Goes out: an engine with the house's transaction rules. Refuses to know: tables.

SQLite: `BEGIN` for reading and `BEGIN IMMEDIATE` for writing, never upgraded: an upgrade can fail with "database is
locked" at once, whatever the busy time-out. WAL lets readers go on while one writes; writers wait for each other in
short steps of equal length. PostgreSQL: read units see one
snapshot (REPEATABLE READ), write units are READ COMMITTED and lock rows.
"""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from service.errors import StoreError
from service.store.values import read, written

BUSY_TIMEOUT_MS = 30_000
# Up to so many seconds are between two looks at a database that another process writes to, at first and at last: most
# write for a fifth of a millisecond. Looking from the first every half to three, two senders took a tenth longer.
_FIRST_LOOK, _LAST_LOOK = 0.0001, 0.003
_BEGIN, _WAL = "BEGIN IMMEDIATE", "PRAGMA journal_mode=WAL"


# A server that vanished without a word, or accepts and says nothing, is given up in so many seconds (the last one:
# milliseconds), where the URL says nothing else; left to themselves libpq and the system take minutes to hours.
_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# An option of psycopg alone, which the URL may name like those of libpq.
PREPARED = "prepare_threshold"
# What a statement was given may be an address or what somebody reads, and an error is logged with all that led to it.
_ALIKE: dict[str, Any] = {"json_serializer": written, "json_deserializer": read, "hide_parameters": True}


def connect(url: str, sqlite_synchronous: str = "normal") -> Engine:
    """Make the engine for `url`; opens nothing yet. Raises StoreError for a URL that names no database we know."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database, sqlite_synchronous)
        if parsed.get_backend_name() == "postgresql":
            return _postgresql(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(f"the database URL cannot be read: {_hint(url)}") from error
    except ModuleNotFoundError as error:
        raise StoreError("PostgreSQL needs its driver: install paperround[postgres]") from error
    raise StoreError(f"{parsed.get_backend_name()} is not a database this service knows: use sqlite or postgresql")


def _postgresql(url: URL) -> Engine:
    patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
    named = url.set(drivername="postgresql+psycopg").difference_update_query([PREPARED])
    # Whatever the server keeps text as, it is told in UTF-8, and says itself what it has no room for.
    own = {"client_encoding": "utf8"} | patience | _prepared(url)
    return create_engine(named, pool_pre_ping=True, connect_args=own, **_ALIKE)


def _prepared(url: URL) -> dict[str, int | None]:
    """After how many times psycopg prepares a statement: never, where a pooler hands each transaction to any server."""
    asked = url.query.get(PREPARED)
    if asked is None:
        return {}
    if asked == "none":
        return {PREPARED: None}
    if isinstance(asked, str) and asked.isdecimal():
        return {PREPARED: int(asked)}
    raise StoreError(f"the database URL cannot be read: {PREPARED} is a number, or none")


def _hint(url: str) -> str:
    scheme = url.split(":", 1)[0][:20]
    return f'it begins with "{scheme}"; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME'


# What SQLite says of a whole file, and whether it may pass while the process lives on.
_WRONG_FILES = {
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened: is its folder there, and open to this user?", False),
    sqlite3.SQLITE_READONLY: ("cannot be written to: may this user write to it and its folder?", True),
    sqlite3.SQLITE_NOTADB: ("is no file of SQLite", False),
}


def missing(database: str) -> bool:
    """Whether a file of SQLite is not there, or has nothing in it; to open it would make it."""
    if not database or database.startswith((":", "file:")):
        return False
    try:
        return Path(database).stat().st_size == 0
    except OSError as error:
        # Of all else SQLite says better what is wrong.
        return isinstance(error, FileNotFoundError)


def _make_room(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder of the database, {folder}, cannot be made: {error.strerror}") from error


def _sqlite(url: str, database: str | None, synchronous: str) -> Engine:
    own = {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    engine = create_engine(url, connect_args=own, **_ALIKE)

    @event.listens_for(engine, "do_connect")
    def _make(*_: object) -> None:
        # It holds addresses. SQLite gives its log the mode of the file, and would make that as readable as any other.
        if database and not database.startswith((":", "file:")):
            _make_room(Path(database).parent)
            with suppress(OSError):  # SQLite says better what is wrong.
                Path(database).touch(0o600)

    event.listen(engine, "handle_error", partial(_name, database))

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's BEGIN is ours to choose, below.
        # Of several that would change it at once all but one are refused, whatever the busy time-out.
        if not _done(connection, _WAL, time.monotonic() + BUSY_TIMEOUT_MS / 1000):
            connection.execute(_WAL)
        for pragma in (
            f"synchronous={synchronous}",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        if writes:
            _begin_to_write(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _name(database: str | None, context: ExceptionContext) -> None:
    """SQLite does not say which file, and who runs a command in another folder or as another user has another one."""
    number = getattr(context.original_exception, "sqlite_errorcode", 0) & 0xFF
    if number in _WRONG_FILES:
        sentence, passes = _WRONG_FILES[number]
        raise StoreError(f"the database {database} {sentence}", passes)


def _begin_to_write(connection: Connection) -> None:
    """Begin as soon as nobody else writes, or fail when that took too long.

    SQLite's own way of waiting sleeps longer the longer it has waited, up to a tenth of a second, so that who came
    first finds the door shut again and again by those who have just come.
    """
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA busy_timeout=0")
    try:
        if not _done(raw, _BEGIN, time.monotonic() + BUSY_TIMEOUT_MS / 1000):
            connection.exec_driver_sql(_BEGIN)
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _done(raw: sqlite3.Connection, statement: str, until: float) -> bool:
    """Run a statement as soon as nobody else is in its way; False where that took too long, or it is wrong."""
    longest = _FIRST_LOOK
    while time.monotonic() < until:
        try:
            raw.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return False
        else:
            return True
        time.sleep(random.uniform(longest / 3, longest))  # noqa: S311 - two who wait are only to look at different times
        longest = min(1.5 * longest, _LAST_LOOK)
    return False
