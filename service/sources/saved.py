"""A file, or a folder of saved pages on this machine → pages, as if they had been fetched.

Comes in: a path or a file: address. Goes out: Pages, whose `etag` tells one state of a file from the next. Refuses to
know: what they hold. Only the operator names such a source, never a reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from service.errors import FetchError
from service.model import Page

LARGEST = 8 * 1024 * 1024
MOST_FILES = 1_000


def stands(place: str) -> bool:
    """Whether there is such a file or folder."""
    try:
        return bool(place.strip()) and path_of(place).exists()
    except (OSError, ValueError):
        return False


def pages(place: str) -> list[Page]:
    """Read the file, or the newest thousand files of the folder by their names; hidden and oversized ones are left out.

    Raises FetchError where the place cannot be read or holds no file.
    """
    path = path_of(place)
    try:
        found = [_page(file) for file in _files(path)]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FetchError(f"{path.name or path} cannot be read: {reason}.", False) from error
    if not found:
        raise FetchError(f"{path.name or path} holds no saved pages.", False)
    return found


def path_of(place: str) -> Path:
    """The path that a path or a file: address names."""
    return Path(unquote(urlsplit(place).path) if place.startswith("file:") else place)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    plain = (each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
    yield from [each for each in sorted(plain) if each.stat().st_size <= LARGEST][-MOST_FILES:]


def _page(file: Path) -> Page:
    state = file.stat()
    # A name in another encoding than UTF-8 is written with its bytes as numbers, or no row could hold it.
    name = str(file).encode(errors="surrogateescape").decode(errors="backslashreplace")
    with file.open("rb") as opened:
        return Page(opened.read(LARGEST + 1), "", name, etag=f"{state.st_mtime_ns}-{state.st_size}")
