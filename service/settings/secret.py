"""The secrets of an installation that serves only its own machine: made once, kept in the data folder.

Comes in: the data folder. Goes out: the secrets, the same for every process that asks. Refuses to know: what they sign.
The file has the form of a `.env` file, so that its lines can move into one when the service goes public.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from service.errors import SettingsError
from service.settings.fields import PREFIX, SECRETS

FILE_NAME = "secret"


def made(data_dir: Path, make: bool = True) -> dict[str, str]:
    """Return the secrets of this data folder, making them if there are none; SettingsError if that cannot be done.

    Whole or not at all, readable by the owner alone, and two processes that start at once get the same ones. Without
    `make` those that are not there yet are drawn and kept nowhere.
    """
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            if not make:
                return {name: secrets.token_urlsafe(32) for name in SECRETS}
            _make(path)
        return _read(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(
            f"The data folder {data_dir} cannot keep the secrets of this installation ({reason}). "
            f"Set {PREFIX}DATA_DIR to a folder that can be written to."
        ) from error


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes a file only the owner can read; a link, unlike a rename, leaves a file that is already there alone.
    handle, draft = tempfile.mkstemp(prefix=".secret-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.writelines(f"{PREFIX}{name.upper()}={secrets.token_urlsafe(32)}\n" for name in SECRETS)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()


def _read(path: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in path.read_text("ascii").splitlines())
    found = {name.strip().removeprefix(PREFIX).lower(): text.strip() for name, _, text in lines}
    if not all(found.get(name) for name in SECRETS):
        raise SettingsError(
            f"The file {path} should hold the secrets of this installation and is damaged. Put back a copy of it; "
            "without one remove it, and links in mails sent so far stop working."
        )
    return {name: found[name] for name in SECRETS}
