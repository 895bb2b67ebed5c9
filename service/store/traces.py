"""What was deleted, gone from SQLite's files too.

Comes in: an engine, and texts that must not be found any more. Goes out: files without them, as far as others at work
allow. Refuses to know: whose texts they are. PostgreSQL has its own ways (VACUUM), which are the operator's.
"""

from __future__ import annotations

import logging
import mmap
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import DBAPICursor

from service.store.engine import BUSY_TIMEOUT_MS

LOG = logging.getLogger(__name__)

# A reader in the middle of the log of changes is hardly waited for, a writer a little longer.
_LOG_MS, _FILE_MS = 200, 5_000


def scrub(engine: Engine, traces: Sequence[str]) -> None:
    """Empty the log of changes; where one of the traces is found even then, write the whole file anew.

    SQLite zeroes what it deletes (`secure_delete`), and may leave a copy in the slack of a page that was split.
    """
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        try:
            for attempt in (_settle, _settle_patiently, _write_anew):
                attempt(cursor)
                if not _found(engine.url.database or "", traces):
                    return
            LOG.warning("what was erased still lies in the database's file, which others are using")
        except sqlite3.OperationalError as error:
            LOG.warning("what was erased may still lie in the database's file, which others are using: %s", error)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _settle(cursor: DBAPICursor, wait: int = _LOG_MS) -> None:
    cursor.execute(f"PRAGMA busy_timeout={wait}")
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _settle_patiently(cursor: DBAPICursor) -> None:
    """The log may be as it was because somebody was reading it."""
    _settle(cursor, _FILE_MS)


def _write_anew(cursor: DBAPICursor) -> None:
    LOG.info("the database's file is written anew: it still held what was erased")
    cursor.execute("VACUUM")
    _settle(cursor, _FILE_MS)


def _found(file: str, traces: Sequence[str]) -> bool:
    """Whether one of the texts stands anywhere in the file or its log."""
    return any(_holds(Path(file + ending), traces) for ending in ("", "-wal") if traces)


def _holds(file: Path, traces: Sequence[str]) -> bool:
    if not file.is_file() or not file.stat().st_size:
        return False
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        return any(whole.find(trace.encode()) >= 0 for trace in traces)
