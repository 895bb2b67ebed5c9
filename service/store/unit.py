"""The unit of work: one transaction with the verbs of every table.

Comes in: an engine. Goes out: `Unit`s, committed when their block ends well and rolled back when it does not.
Foreign errors are translated here, once, into StoreError.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.errors import StoreError
from service.store import crossing, migrations, traces
from service.store.archive import Archive
from service.store.beside import Beside
from service.store.canaries import Canaries
from service.store.clocks import Clocks
from service.store.deliveries import Deliveries
from service.store.engine import PREPARED, connect, missing
from service.store.enrichment import Enrichment
from service.store.journal import Journal
from service.store.mailboxes import Mailboxes
from service.store.paces import Paces
from service.store.papers import Papers
from service.store.past import Past
from service.store.rosters import Rosters
from service.store.shelf import Shelf
from service.store.sources import Sources
from service.store.statements import database_now
from service.store.subscribers import Subscribers

# A kept connection that was not used for so many seconds is tried before it is used again.
_IDLE = 1.0


class Unit:
    """One transaction."""

    def __init__(self, connection: Connection) -> None:
        self.sources = Sources(connection)
        self.papers = Papers(connection)
        self.archive = Archive(connection)
        self.enrichment = Enrichment(connection)
        self.subscribers = Subscribers(connection)
        self.deliveries = Deliveries(connection)
        self.journal = Journal(connection)
        self.past = Past(connection)
        self.paces = Paces(connection)
        self.rosters = Rosters(connection)
        self.canaries = Canaries(connection)
        self.clocks = Clocks(connection)
        self.mailboxes = Mailboxes(connection)
        self.shelf = Shelf(connection)


class _Kept(threading.local):
    """The connection that a thread keeps, and when it was last used."""

    connection: Connection | None = None
    used = 0.0

    def open(self, engine: Engine) -> Connection:
        """Keep one from now on."""
        self.connection, self.used = engine.connect().execution_options(writes=True), time.monotonic()
        return self.connection

    def fresh(self, engine: Engine) -> Connection:
        """The kept one; what broke or lay idle, as others in between may not let it for ever, is exchanged."""
        assert self.connection is not None
        if not self.connection.invalidated and time.monotonic() - self.used < _IDLE:
            return self.connection
        self.close()
        return self.open(engine)

    def close(self) -> None:
        """Keep none."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


class Store:
    """A database of Paper Round."""

    def __init__(self, url: str, sqlite_synchronous: str = "normal") -> None:
        self.engine: Engine = connect(url, sqlite_synchronous)
        self._is_file = self.engine.dialect.name == "sqlite"
        self._kept = _Kept()

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """One snapshot; nothing may be written. Raises StoreError."""
        options = {} if self.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with _translated(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield Unit(connection)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """One transaction that may write; no network call belongs inside. Raises StoreError."""
        # What the pool gives was tried first; one that is kept may have been cut since.
        with _translated(), self._writing() if self._is_file else self._pooled() as connection, connection.begin():
            yield Unit(connection)

    @contextmanager
    def step(self) -> Iterator[Unit]:
        """A unit of one statement, which is a transaction by itself: PostgreSQL is asked once, not three times.

        On SQLite, where asking costs nothing, it is any other unit that may write. Raises StoreError, transient where
        the connection was lost; the next step has another one.
        """
        if self._is_file:
            with self.write() as unit:
                yield unit
            return
        with _translated(), self._writing() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.autocommit = True
            try:
                with connection.begin():
                    yield Unit(connection)
            finally:
                if not connection.invalidated:
                    driver.autocommit = False

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Within the block the steps of this thread follow each other on one connection, and on SQLite all that write.

        Fetching one from the pool, where it is tried first, and giving it back took half of the time of a short unit.
        It comes besides those that are fetched meanwhile, of which a process has fifteen.
        """
        with _translated():
            self._kept.open(self.engine)
        try:
            yield
        finally:
            self._kept.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        kept = self._kept.connection
        if kept is not None and not kept.in_transaction():
            yield self._kept.fresh(self.engine)
            self._kept.used = time.monotonic()
            return
        with self._pooled() as connection:
            yield connection

    def _pooled(self) -> Connection:
        return self.engine.connect().execution_options(writes=True)

    def migrate(self) -> None:
        """Bring the schema to this release; safe when two start at once. Raises StoreError."""
        with _translated():
            migrations.upgrade(self.engine)

    def prepare(self) -> None:
        """Make the tables of an empty database; what another release made is left alone. Raises StoreError."""
        if not self.ready():
            self.migrate()
        self.check()

    def ready(self) -> bool:
        """Whether the schema is there (it may still be of an older release); makes no file to find out."""
        if self.missing():
            return False
        with _translated(), self.engine.connect() as connection:
            return inspect(connection).has_table("delivery")

    def check(self) -> None:
        """Raise StoreError for a schema that is not of this release, or not there at all; makes no file to find out."""
        if self.missing():
            raise StoreError(
                f"there is no database yet: `paperround up` or `paperround migrate` makes {self.engine.url.database}; "
                "where a service is at work already, this command lacks its settings (see `paperround settings`)"
            )
        with _translated():
            migrations.check(self.engine)

    def missing(self) -> bool:
        """Whether it is a file that nobody has made yet; to ask makes none."""
        return self._is_file and missing(self.engine.url.database or "")

    @property
    def folder(self) -> Path | None:
        """Where its file lies; None on a server."""
        return Path(self.engine.url.database).absolute().parent if self._is_file and self.engine.url.database else None

    def clock(self) -> float:
        """The database's clock, in seconds since 1970."""
        with _translated(), self.engine.connect() as connection:
            return float(connection.scalar(select(database_now(connection))) or 0.0)

    def copy_to(self, file: Path) -> None:
        """Write a whole and consistent copy into a new file, while others go on. Raises StoreError."""
        if self.engine.dialect.name != "sqlite":
            raise StoreError("PostgreSQL is backed up by pg_dump; a restored copy starts on hold by itself")
        try:
            # It holds addresses: nobody else may read it, from its first byte on.
            file.touch(0o600, exist_ok=False)
        except FileExistsError as error:
            raise StoreError(f"{file} exists already; a backup is a new file") from error
        except OSError as error:
            raise StoreError(f"{file} cannot be written: {error.strerror}") from error
        with _translated(), closing(self.engine.raw_connection()) as connection:
            # Past SQLAlchemy, whose connections begin a transaction: VACUUM must stand outside of one.
            try:
                # The name as the bytes it is: one in another encoding than UTF-8 is a name, too.
                connection.cursor().execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(file),))
            except sqlite3.Error as error:
                file.unlink(missing_ok=True)
                raise StoreError(f"{file} cannot be written: {error}") from error

    def place(self) -> Path | None:
        """Where a restored database is to lie: a file that holds nothing yet, None on a server. Raises StoreError."""
        if self.engine.dialect.name != "sqlite":
            return None
        file = Path(self.engine.url.database or "")
        # What a killed process left in the log of the old database would be read into the new one.
        for left in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-journal"), file):
            if left.exists() and (left != file or self._used()):
                raise StoreError(f"{left} exists already; stop the service and move it away first")
        return file

    def _used(self) -> bool:
        """Whether its file holds anything: `migrate` makes one with empty tables."""
        try:
            return self.ready() and crossing.used(self.engine)
        except (StoreError, SQLAlchemyError):
            return True
        finally:
            # Another file is about to have its name.
            self.engine.dispose()

    def take_all_of(self, other: Store) -> None:
        """Take every row of a database of this release into this one on PostgreSQL, which is empty; all or nothing.

        Raises StoreError.
        """
        with _translated():
            if crossing.used(self.engine):
                raise StoreError("the database is in use already; a backup is brought back into an empty one")
            crossing.cross(other.engine, self.engine)

    def witness(self, folder: Path) -> Beside:
        """What keeps how far this database has come: a file beside it, or in `folder` where it lies elsewhere."""
        file = self.engine.url.database
        if self.engine.dialect.name == "sqlite" and file:
            return Beside.of(Path(file))
        return Beside(folder / "database-mark")

    def scrub(self, erased: Sequence[str] = ()) -> None:
        """Let what was deleted be gone from the files too, as far as others at work allow; `erased` is looked for."""
        if self.engine.dialect.name == "sqlite":
            with _translated():
                traces.scrub(self.engine, erased)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        if "prepared statement" in reason:
            reason += f"; behind a pooler of transactions the database URL ends in ?{PREPARED}=none"
        raise StoreError(f"the database answered: {reason}", _is_transient(error)) from error
    except SQLAlchemyError as error:
        raise StoreError(f"the database could not be used: {str(error).splitlines()[0]}") from error


def _is_transient(error: DBAPIError) -> bool:
    """Lost connections, locks and full pools pass; a wrong statement does not."""
    kinds = {each.__name__ for each in type(error.orig).__mro__}
    return error.connection_invalidated or "OperationalError" in kinds


def sqlite_url(folder: Path) -> str:
    """The database of the one-machine form."""
    return f"sqlite:///{folder / 'paperround.sqlite3'}"
