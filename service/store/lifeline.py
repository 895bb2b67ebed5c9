"""Which life of a database this is: signs that a copy brought back from a backup does not have.

Comes in: a connection. Goes out: the life. Refuses to know: what is done where it is another one than before.

PostgreSQL: a dump that is read back makes its tables anew, on a server that may be another one; a server brought back
to an earlier moment, or a stand-by that took over, begins a new timeline; a folder of raw files that is copied back has
files that were born later. SQLite tells nothing of itself, so a small file beside it speaks for it (`beside`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from service.store.beside import UNKNOWN, Beside

_SERVER = text(
    "SELECT system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), CAST(to_regclass('flag') AS oid)"
    " FROM pg_control_system()"
)
# This file is written once. Its mode and owner are part of a change, its contents never are.
_BORN = text("SELECT CAST(extract(epoch FROM change) AS bigint) FROM pg_stat_file('PG_VERSION')")


@dataclass(frozen=True, slots=True)
class Life:
    """What a witness knows this database by, and the signs of its present life; no name where it tells none."""

    name: str = ""
    signs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(self.signs)

    def same(self, known: str) -> bool:
        """Whether nothing that is known then and now has changed; of what could not be seen nothing follows."""
        pairs = zip(self.signs, known.split(), strict=False)
        return all(now == then or UNKNOWN in (now, then) for now, then in pairs)


def life(connection: Connection) -> Life:
    """The life of this database, or an empty one where it has or tells none."""
    if connection.dialect.name == "sqlite":
        return _file(connection.engine.url.database or ":memory:")
    try:
        with connection.begin_nested():
            server, timeline, table = connection.execute(_SERVER).one()
    except DBAPIError:
        # A hosted server may keep these functions from its guests.
        return Life()
    return Life(f"{server}/{table}", (str(server), str(timeline), str(table), _born(connection)))


def _file(database: str) -> Life:
    signs = () if database == ":memory:" else Beside.of(Path(database)).signs(Path(database))
    return Life(signs[0], signs) if signs else Life()


def _born(connection: Connection) -> str:
    try:
        with connection.begin_nested():
            return str(connection.scalar(_BORN))
    except DBAPIError:
        # Only a superuser, or who was given the right, may look at the server's files.
        return UNKNOWN
