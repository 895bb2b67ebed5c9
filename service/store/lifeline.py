"""Which life of a database this is: a mark that a copy brought back from a backup does not have.

Comes in: a connection. Goes out: the mark. Refuses to know: what is done where it is another one than before.

A dump that is read back makes its tables anew, on a server that may be another one; a server brought back to an earlier
moment, or a stand-by that took over, begins a new timeline. SQLite has no mark: `paperround backup` and `paperround
restore` take care of its copies.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

_MARK = text(
    "SELECT system_identifier || ' ' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"
    " || ' ' || CAST(to_regclass('flag') AS oid) FROM pg_control_system()"
)


def mark(connection: Connection) -> str:
    """The mark of this life, or nothing where the database has or tells none."""
    if connection.dialect.name == "sqlite":
        return ""
    try:
        with connection.begin_nested():
            return str(connection.scalar(_MARK) or "")
    except DBAPIError:
        # A hosted server may keep these functions from its guests.
        return ""
