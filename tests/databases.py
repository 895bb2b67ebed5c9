"""Databases of this release that need not be built: applying every migration takes longer than most tests.

Comes in: a file, or the address of a PostgreSQL server. Goes out: URLs of databases that are copied from one made once.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from service.store import Store
from tests import servers


@lru_cache(maxsize=1)
def _migrated() -> Path:
    """An empty SQLite database of this release, made once per process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "migrated.sqlite3"
    _migrate(f"sqlite:///{file}")
    return file


def _migrate(url: str) -> None:
    store = Store(url)
    store.migrate()
    store.close()


def sqlite(file: Path) -> str:
    """The URL of this file, which is made where there is none."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_migrated(), file)
    return f"sqlite:///{file}"


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server's URL and, after a blank, the name of a database of this release, for `fresh_database`."""
    with servers.postgres() as url, servers.fresh_database(url) as template:
        _migrate(template)
        yield f"{url} {template.partition('?')[0].rpartition('/')[2]}"
