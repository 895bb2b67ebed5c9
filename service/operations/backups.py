"""Copies of the database, out and back in; every copy is on hold, so that a restored one never sends old mails.

Comes in: a store, files. Goes out: files, or a store with what a file held. Refuses to know: SQL.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from service.errors import StoreError
from service.store import Store
from service.store.journal import BRAKE


def backup(store: Store, file: Path, now: datetime) -> None:
    """Copy the database while it is in use. The copy is on hold, and of the release that made it.

    Raises StoreError where there is none yet, for a file that exists, and for PostgreSQL, which has tools of its own.
    """
    if not store.ready():
        raise StoreError("there is no database yet")
    store.copy_to(file)
    _hold(file, now)


def restore(store: Store, file: Path, now: datetime) -> None:
    """Put a copy of a backup where the database belongs, on hold and brought up to this release.

    On PostgreSQL the rows go into an empty database, as the way from SQLite to it. Raises StoreError where something is
    there already, or `file` is none.
    """
    if not file.is_file():
        raise StoreError(f"there is no file {file}")
    place = store.place()
    if place is None:
        with TemporaryDirectory() as folder:
            _cross(store, _copied(file, Path(folder) / "copy", now))
        return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = place.with_name(f"{place.name}.restoring")
    unfinished.unlink(missing_ok=True)
    # Only a finished copy that is on hold gets the name under which senders look.
    _copied(file, unfinished, now).replace(place)


def _copied(file: Path, copy: Path, now: datetime) -> Path:
    backup = Store(f"sqlite:///{file}")
    try:
        if not _ready(backup, file):
            raise StoreError(f"{file} is no backup of this service")
        backup.copy_to(copy)
    finally:
        backup.close()
    _hold(copy, now, migrated=True)
    return copy


def _ready(backup: Store, file: Path) -> bool:
    try:
        return backup.ready()
    except StoreError as error:
        # SQLite writes beside what it reads; of a file that it may not, it speaks as of the database of this service.
        mend = "it is no backup, or this user may not write to it and its folder"
        raise StoreError(f"{file} cannot be read: {mend} ({error})") from error


def _cross(store: Store, copy: Path) -> None:
    store.prepare()
    old = Store(f"sqlite:///{copy}")
    try:
        store.take_all_of(old)
    finally:
        old.close()


def _hold(file: Path, now: datetime, migrated: bool = False) -> None:
    copy = Store(f"sqlite:///{file}")
    try:
        if migrated:
            copy.migrate()
        with copy.write() as unit:
            unit.journal.set_flag(BRAKE, {"since": now.isoformat(timespec="seconds"), "why": "restored from a backup"})
    finally:
        copy.close()
