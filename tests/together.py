"""One server for all processes of a run: the first that needs it starts it, and it ends when nobody needs it any more.

Comes in: a folder that the processes share, how the server is started. Goes out: its address. Refuses to know: what
kind of server it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# The one that started it waits for the tests of the others, which have a time limit of their own.
PATIENCE = 1800.0


@contextlib.contextmanager
def shared(folder: Path, start: Callable[[], contextlib.AbstractContextManager[str]]) -> Iterator[str]:
    """The address of the server of this folder, started where none runs yet."""
    folder.mkdir(exist_ok=True)
    address, mine = folder / "address", folder / f"user-{os.getpid()}"
    with contextlib.ExitStack() as opened:
        with _alone(folder):
            started = not address.exists()
            if started:
                address.write_text(opened.enter_context(start()))
            mine.touch()
        try:
            yield address.read_text()
        finally:
            mine.unlink()
            if started:
                _wait_until_unused(folder)


def _wait_until_unused(folder: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with _alone(folder):
            if not list(folder.glob("user-*")):
                (folder / "address").unlink()
                return
        time.sleep(0.05)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
