"""Databases of this release that need not be built: applying every migration takes longer than most tests.

Comes in: a file, or the address of a PostgreSQL server. Goes out: URLs of databases that are copied from one made once.
What SQLAlchemy makes of a statement is made once, too: it keeps that per engine, and nearly every test has its own.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from service.store import Store
from tests import servers


class _Statements(dict[tuple[Any, ...], Any]):
    """Compiled statements. Their keys begin with the dialect, of which each engine has its own as well."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """What was made of this statement for any engine of this kind."""
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], made: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), made)


def compile_once() -> None:
    """From now on, let every engine of this process know the statements of the others."""
    statements = _Statements()

    @event.listens_for(Engine, "engine_connect")
    def _share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=statements)


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
    with servers.postgres(servers.in_memory()) as url, servers.fresh_database(url) as template:
        _migrate(template)
        yield f"{url} {template.partition('?')[0].rpartition('/')[2]}"
