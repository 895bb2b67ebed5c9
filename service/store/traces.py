"""What was deleted, gone from SQLite's files too.

Comes in: an engine, and texts that must not be found any more. Goes out: files without them, as far as others at work
allow. Refuses to know: whose texts they are. PostgreSQL has its own ways (VACUUM), which are the operator's.
"""

from __future__ import annotations

import json
import logging
import mmap
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from itertools import chain
from pathlib import Path

from sqlalchemy import Boolean, Engine, Float, Integer, LargeBinary, bindparam, exists, func, or_, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPICursor

from service.store.engine import BUSY_TIMEOUT_MS
from service.store.tables import metadata

LOG = logging.getLogger(__name__)

# Columns of other kinds may hold a text.
_NO_TEXT = (Boolean, Float, Integer, LargeBinary)

# A file of so many bytes is written anew in about a second.
SMALL = 64 * 2**20

# Seconds. A large file is settled first with hardly a wait; a reader who asks to be erased waits for the answer.
_HARDLY, _PATIENCE = 0.2, 5.0
# SQLite's own waiting sleeps longer the longer it has waited, and so misses the moments between two who write in turn.
_LOOK_MS = 10


def scrub(engine: Engine, traces: Sequence[str], small: int = SMALL) -> None:
    """Write the file anew and empty the log of changes; a large file only where it holds a trace that no row does.

    SQLite zeroes what it deletes (`secure_delete`), and may leave a copy, or a piece of one that no search would find,
    in the slack of a page that was split. Writing a large file would keep everybody else waiting.
    """
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        try:
            left, file = _spelt(traces), engine.url.database or ""
            cursor.execute(f"PRAGMA busy_timeout={_LOOK_MS}")
            large = not Path(file).is_file() or Path(file).stat().st_size > small
            steps = ((_settle, _HARDLY), (_settle, _PATIENCE), (_write_anew, _PATIENCE))
            for step, wait in steps if large else steps[-1:]:
                step(cursor, time.monotonic() + wait)
                left = [each for each in _found(file, left) if not _alive(cursor, each)]
                if not left:
                    return
            LOG.warning("what was erased still lies in the database's file, which others are using")
        except sqlite3.OperationalError as error:
            LOG.warning("what was erased may still lie in the database's file, which others are using: %s", error)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _settle(cursor: DBAPICursor, until: float) -> None:
    """Empty the log into the file; it stays as it is while somebody is reading it or writing to it."""
    _when_free(cursor, "PRAGMA wal_checkpoint(TRUNCATE)", until)


def _write_anew(cursor: DBAPICursor, until: float) -> None:
    try:
        _when_free(cursor, "VACUUM", until)
    finally:
        _settle(cursor, until)


def _when_free(cursor: DBAPICursor, statement: str, until: float) -> None:
    """Run as soon as nobody is in the way, looking at least once; a checkpoint says by a row whether somebody was."""
    while True:
        late = time.monotonic() >= until
        try:
            cursor.execute(statement)
            said = cursor.fetchone()
            if late or not said or not said[0]:
                return
        except sqlite3.OperationalError as error:
            if late or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        time.sleep(_LOOK_MS / 10_000)


def _spelt(traces: Sequence[str]) -> list[str]:
    """Each text as it is, and as JSON writes it: now, and in rows of earlier releases."""
    written = ((each, json.dumps(each, ensure_ascii=False)[1:-1], json.dumps(each)[1:-1]) for each in traces)
    return list(dict.fromkeys(chain.from_iterable(written)))


def _alive(cursor: DBAPICursor, trace: str) -> bool:
    """Whether a row still holds the text, as others' topics and papers may: then the file tells of nobody by it."""
    for question in _questions():
        cursor.execute(question, {"trace": trace})
        if cursor.fetchone() == (1,):
            return True
    return False


@cache
def _questions() -> tuple[str, ...]:
    """For each table with columns of text: whether one of them holds `:trace`, in any row."""
    spoken = sqlite.dialect(paramstyle="named")
    texts = [[each for each in table.c if not isinstance(each.type, _NO_TEXT)] for table in metadata.sorted_tables]
    held = [or_(*(func.instr(each, bindparam("trace")) for each in columns)) for columns in texts if columns]
    return tuple(str(select(exists().where(each)).compile(dialect=spoken)) for each in held)


def _found(file: str, traces: Sequence[str]) -> set[str]:
    """Which of the texts stand anywhere in the file or its log."""
    return {each for ending in ("", "-wal") for each in _held(Path(file + ending), traces)}


def _held(file: Path, traces: Sequence[str]) -> list[str]:
    if not traces or not file.is_file() or not file.stat().st_size:
        return []
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        return [each for each in traces if whole.find(each.encode()) >= 0]
