"""Schema changes, applied by Alembic under one lock.

Comes in: an engine. Goes out: a database at this release's revision. Of two that start at once the second waits, then
finds nothing left to do.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

# Any number that no other program on the same PostgreSQL is likely to lock.
LOCK = 0x50_41_50_52


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def head() -> str:
    """The newest revision this release knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply what is missing up to `revision`, all of it or nothing."""
    config = _config()
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
