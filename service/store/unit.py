"""The unit of work: one transaction with the verbs of every table.

Comes in: an engine. Goes out: `Unit`s, committed when their block ends well and rolled back when it does not.
Foreign errors are translated here, once, into StoreError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.errors import StoreError
from service.store import migrations
from service.store.deliveries import Deliveries
from service.store.engine import connect
from service.store.journal import Journal
from service.store.papers import Papers
from service.store.sources import Sources
from service.store.subscribers import Subscribers


class Unit:
    """One transaction."""

    def __init__(self, connection: Connection) -> None:
        self.sources = Sources(connection)
        self.papers = Papers(connection)
        self.subscribers = Subscribers(connection)
        self.deliveries = Deliveries(connection)
        self.journal = Journal(connection)


class Store:
    """A database of Paper Round."""

    def __init__(self, url: str, sqlite_synchronous: str = "normal") -> None:
        self.engine: Engine = connect(url, sqlite_synchronous)

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """One snapshot; nothing may be written. Raises StoreError."""
        options = {} if self.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with _translated(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield Unit(connection)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        """One transaction that may write; no network call belongs inside. Raises StoreError."""
        with (
            _translated(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield Unit(connection)

    def migrate(self) -> None:
        """Bring the schema to this release; safe when two start at once. Raises StoreError."""
        with _translated():
            migrations.upgrade(self.engine)

    def ready(self) -> bool:
        """Whether the schema is there (it may still be of an older release)."""
        with _translated(), self.engine.connect() as connection:
            return inspect(connection).has_table("delivery")

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        raise StoreError(f"the database answered: {reason}", _is_transient(error)) from error
    except SQLAlchemyError as error:
        raise StoreError(f"the database could not be used: {str(error).splitlines()[0]}") from error


def _is_transient(error: DBAPIError) -> bool:
    """Lost connections, locks and full pools pass; a wrong statement does not."""
    return error.connection_invalidated or type(error.orig).__name__ in {
        "OperationalError",
        "DeadlockDetected",
        "SerializationFailure",
    }


def sqlite_url(folder: Path) -> str:
    """The database of the one-machine form."""
    return f"sqlite:///{folder / 'paperround.sqlite3'}"
