"""What is said of each mail: those that are done become sent, the next ones become sending.

Comes in: a connection, a lease, ids. Goes out: the ids that are begun. Refuses to know: when that is, and why.

These are the hottest statements of a morning, and so they are written out and handed to the driver as they are: built
anew for every list of ids, they cost a millisecond of Python for sixteen mails. They find their rows by id, not by
lease, which would look at each row of a batch to change a few; and they are two, because one that asked of every row
what is to become of it takes 13 µs a mail on SQLite instead of 5.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from service.errors import StoreError

_NOTE = """
    UPDATE delivery SET state = 'sent', finished_at = {now}, lease = NULL, error = ''
    WHERE id {done} AND {ours} AND state = 'sending'
"""
_BEGIN = """
    UPDATE delivery SET state = 'sending', attempts = attempts + 1
    WHERE id {begin} AND {ours} AND state = 'claimed' AND (
        kind NOT IN ('digest', 'quiet')
        OR EXISTS (SELECT 1 FROM subscriber
                   WHERE subscriber.id = delivery.subscriber_id AND subscriber.state = 'active'))
    RETURNING id
"""
# A list of ids is one value in both, and neither may use the index of leases to find the rows.
_SQLITE = {
    "now": ":now",
    "done": "IN (SELECT value FROM json_each(:done))",
    "begin": "IN (SELECT value FROM json_each(:begin))",
    "ours": "+lease = :token",
}
_POSTGRESQL = {
    "now": "%(now)s",
    "done": "= ANY(%(done)s::bigint[])",
    "begin": "= ANY(%(begin)s::bigint[])",
    "ours": "lease IS NOT DISTINCT FROM %(token)s",
}
_NOTED, _BEGUN = _NOTE.format(**_SQLITE), _BEGIN.format(**_SQLITE)
# One round trip for both; they change different rows.
_BOTH = f"WITH noted AS ({_NOTE}) {_BEGIN}".format(**_POSTGRESQL)


def exchange(connection: Connection, token: str, done: Sequence[int], begin: Sequence[int], now: datetime) -> set[int]:
    """Note `done` as sent and begin `begin`; returns the ids that are begun."""
    if connection.dialect.name == "postgresql":
        values = {"token": token, "now": now, "done": _array(done), "begin": _array(begin)}
        return {row[0] for row in connection.exec_driver_sql(_BOTH, values).all()}
    if done:
        moment = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        _asked(connection, _NOTED, {"token": token, "now": moment, "done": json.dumps(done)})
    if not begin:
        return set()
    return {row[0] for row in _asked(connection, _BEGUN, {"token": token, "begin": json.dumps(begin)})}


def _asked(connection: Connection, statement: str, values: dict[str, str]) -> Sequence[Any]:
    """Ask SQLite itself: by way of SQLAlchemy two such statements take 23 µs a mail more."""
    raw: Any = connection.connection.dbapi_connection
    try:
        rows: list[Any] = raw.execute(statement, values).fetchall()
    except sqlite3.Error as error:
        if not raw.in_transaction:
            # What came before it is undone, too (SQLite, "Response To Errors Within A Transaction").
            raise StoreError(f"the database answered: {error}", transient=True) from error
        # Asked once more by SQLAlchemy, which tells what it means; nothing of it was done.
        return connection.exec_driver_sql(statement, values).all()
    return rows


def _array(ids: Sequence[int]) -> str:
    """As PostgreSQL writes it; the driver looks at each element for its type, which takes longer than all the rest."""
    return f"{{{','.join(map(str, ids))}}}"
