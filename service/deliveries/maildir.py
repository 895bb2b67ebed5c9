"""The local mailbox: mails as files of a Maildir, for a machine without a mail server.

Comes in: messages, or the name of one written before. Goes out: a file each, whole or not at all; for the mailbox page,
summaries and letters (see `letters`). Refuses to know: who reads them, and whether that is allowed.

A file is written under `tmp` and renamed into `new`, so that no reader meets half a mail. Its name comes from the
Message-ID: a mail that is sent again after a crash takes the place of the first.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from email.parser import BytesHeaderParser
from pathlib import Path

from service.deliveries.letters import Letter, Summary, links_of, read_letter, read_summary
from service.errors import RelayUnavailable
from service.model import Message

__all__ = ["Letter", "MaildirMailer", "Summary", "letter", "letters", "links_of"]

_SUFFIX = ".eml"
_FOLDERS = ("tmp", "new", "cur")
_UNFIT = re.compile(r"[^A-Za-z0-9]+")


class MaildirMailer:
    """A Mailer into a folder, which is made, for its owner's eyes only, when the first mail comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> None:
        """Write one mail durably. Raises RelayUnavailable when the folder cannot take it, and nothing else."""
        name = _file_name(message.body)
        try:
            self._prepare()
            if not _read_before(self._folder, name):
                self._write(name, message.body)
        except OSError as error:
            raise RelayUnavailable(f"The mailbox folder {self._folder} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        """Nothing is kept open between two mails."""

    def _prepare(self) -> None:
        for part in _FOLDERS:
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, name: str, body: bytes) -> None:
        draft = self._folder / "tmp" / uuid.uuid4().hex
        try:
            with draft.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._folder / "new" / name)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(self._folder / "new")


def letters(folder: Path, limit: int = 500) -> list[Summary]:
    """Summarise the mailbox's mails, newest first; a folder that does not exist yet holds none."""
    newest = sorted(_files(folder), key=lambda file: (-_written(file), file.name))[:limit]
    return [summary for file in newest if (summary := read_summary(file)) is not None]


def letter(folder: Path, name: str) -> Letter | None:
    """Read one mail whole; None where the mailbox holds no mail of that name, whatever else the name may be."""
    file = next((file for file in _files(folder) if file.name == name), None)
    return read_letter(file) if file is not None else None


def _files(folder: Path) -> list[Path]:
    """Every mail of the folder itself: a link might lead out of it."""
    listed = [file for part in ("new", "cur") if (folder / part).is_dir() for file in (folder / part).iterdir()]
    return [file for file in listed if _is_mail(file.name) and file.is_file() and not file.is_symlink()]


def _is_mail(name: str) -> bool:
    return name.partition(":")[0].endswith(_SUFFIX)


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _read_before(folder: Path, name: str) -> bool:
    """A mail program moves what was read to `cur` and adds its flags after a colon; such a mail is not new again."""
    return any(file.name.partition(":")[0] == name for file in (folder / "cur").iterdir())


def _file_name(body: bytes) -> str:
    """Readable from the Message-ID, distinct by its hash: two ids may differ only in signs a file name cannot hold."""
    given = str(BytesHeaderParser().parsebytes(body).get("Message-ID", "")).strip()
    mark = hashlib.sha256(given.encode("utf-8", "replace") if given else body).hexdigest()[:16]
    readable = _UNFIT.sub("-", given.partition("@")[0]).strip("-")[:60]
    return f"{readable or 'mail'}.{mark}{_SUFFIX}"


def _sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
