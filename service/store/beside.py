"""The file beside a database: how far its processes have come, kept where a copy of the database does not reach.

Comes in: the path of a database, a count. Goes out: the signs of its files, the count last noted. Refuses to know: what
follows from a database that has not come so far.

It holds one line, a random name and a count, and is written in place: so its inode tells it from a copy of the folder.
The count is noted once the database has it on disk, hence a crash or a loss of power leaves it behind and never ahead.
Nothing here opens the database itself: a process that closes it gives up the locks that SQLite holds on it.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LOG = logging.getLogger(__name__)

# What could not be seen.
UNKNOWN = "-"
# Linux: the generation of an inode, which tells two files apart that were given the same number one after the other.
_GET_GENERATION = 0x80087601
# Where a file keeps its inode for as long as it lives; others (FAT, FUSE, overlays) may number files anew when mounted.
_STEADY = {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "nfs", "nfs4", "tmpfs", "xfs", "zfs"}
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Beside:
    """A witness in a file. `log`: what is brought to disk first, SQLite's write-ahead log."""

    file: Path
    log: Path | None = None

    @classmethod
    def of(cls, database: Path) -> Beside:
        """The one of an SQLite file."""
        whole = database.resolve()
        return cls(whole.with_name(f"{whole.name}-mark"), whole.with_name(f"{whole.name}-wal"))

    def told(self) -> Mapping[str, int]:
        """How far the database had come, by its name."""
        try:
            name, count = _parsed(self.file.read_bytes())
        except OSError:
            return {}
        return {} if name == UNKNOWN else {name: count}

    def tell(self, name: str, count: int) -> None:
        """Note how far it has come; a disk that refuses is logged."""
        line = f"{secrets.token_hex(8) if name == UNKNOWN else name} {count:020d}\n"
        try:
            self._settle()
            with _opened(self.file, os.O_WRONLY | os.O_CREAT) as number:
                os.pwrite(number, line.encode("ascii"), 0)
        except OSError as error:
            LOG.warning("how far the database has come cannot be noted in %s: %s", self.file.name, error.strerror)

    def _settle(self) -> None:
        if self.log is None:
            return
        # Without a log there is nothing that is not in the database itself, on disk.
        with suppress(FileNotFoundError), _opened(self.log, os.O_RDONLY) as number:
            os.fsync(number)

    def signs(self, database: Path) -> tuple[str, ...]:
        """The random name, and what a copied file has another of; nothing where the file cannot be made or read."""
        try:
            with suppress(FileExistsError), _opened(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as number:
                os.write(number, f"{secrets.token_hex(8)} {0:020d}\n".encode("ascii"))
            with _opened(self.file, os.O_RDONLY) as number:
                name, _ = _parsed(os.read(number, _LONGEST))
                if not steady(self.file, _mounts()):
                    return (name, UNKNOWN, UNKNOWN, UNKNOWN)
                return (name, str(os.fstat(number).st_ino), _generation(number), str(database.stat().st_ino))
        except OSError as error:
            LOG.warning("the database cannot be told from a copy, %s: %s", self.file.name, error.strerror)
            return ()


def _parsed(line: bytes) -> tuple[str, int]:
    """The name and the count; a line that was cut off by a loss of power says nothing."""
    parts = line.decode("ascii", "replace").split()
    if not line.endswith(b"\n") or len(parts) != 2 or not parts[1].isdecimal():
        return UNKNOWN, 0
    return parts[0], int(parts[1])


@contextmanager
def _opened(file: Path, flags: int) -> Iterator[int]:
    number = os.open(file, flags | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        yield number
    finally:
        os.close(number)


def _generation(number: int) -> str:
    if sys.platform != "linux":
        return UNKNOWN
    import fcntl

    try:
        (found,) = struct.unpack("l", fcntl.ioctl(number, _GET_GENERATION, struct.pack("l", 0)))
    except OSError:
        return UNKNOWN
    return str(found)


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return ""


def steady(file: Path, mounts: str) -> bool:
    """Whether inodes mean something there; systems without Linux's list of mounts are taken to keep theirs."""
    kinds: dict[Path, str] = {}
    for parts in (line.split(" ") for line in mounts.splitlines()):
        # A blank in the name of a folder is written as \040 (proc_pid_mountinfo(5)).
        folder = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), parts[4])
        kinds[Path(folder)] = parts[parts.index("-") + 1]
    return not mounts or next((kinds[folder] in _STEADY for folder in file.parents if folder in kinds), False)
