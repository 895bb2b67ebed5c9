"""The processes of an installation on several machines: web, worker, beat, and a Redis that can be hurt.

Comes in: a town's environment. Goes out: running processes, as the compose file runs them. Refuses to know: what is
tried. A worker or beat that ends by itself is started again, as its supervisor would do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import redis
import requests

from tests import servers
from tests.forked import begin, celery
from tests.servers import free_port, stop, wait_for_port


@dataclass
class Broker:
    """A Redis on one port that keeps its append-only file, as the compose file asks for."""

    folder: Path
    port: int = field(default_factory=free_port)
    _server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What PAPERROUND_BROKER_URL is set to."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Begin, with whatever the file holds."""
        self.folder.mkdir(exist_ok=True)
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._server = subprocess.Popen([servers.redis_program(), *options], cwd=self.folder, **quiet)  # type: ignore[call-overload]
        wait_for_port(self.port, self._server)

    def send(self, number: int) -> None:
        """Send its process a signal."""
        assert self._server is not None
        self._server.send_signal(number)
        if number == signal.SIGKILL:
            self._server.wait(10)

    def lose_file(self) -> None:
        """Forget everything, while it is not running."""
        shutil.rmtree(self.folder)

    def client(self) -> redis.Redis:
        """A connection for looking and flushing."""
        return redis.Redis(port=self.port)

    def end(self) -> None:
        """End it, frozen or not."""
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)
            stop(self._server, signal.SIGKILL)


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """A broker that is not started yet."""
    made = Broker(folder / "redis")
    try:
        yield made
    finally:
        made.end()


@dataclass
class Kept:
    """A process that is started again when it ends by itself; `ends` holds the exit codes so far."""

    start_one: Callable[[], ForkServerProcess]
    ends: list[int] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Run it, and watch over it."""
        self.process = self.start_one()
        self._thread = threading.Thread(target=self._tend, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The id it has now."""
        assert self.process.pid is not None
        return self.process.pid

    def _tend(self) -> None:
        while not self._over.wait(0.2):
            if (code := self.process.exitcode) is not None:
                self.ends.append(code)
                self.process = self.start_one()

    def end(self) -> None:
        """End it and what it forked."""
        self._over.set()
        self._thread.join(5)
        forked = children(self.pid)
        self.process.kill()
        self.process.join(10)
        for child in forked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes that have this parent."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.is_file() else []


@contextlib.contextmanager
def kept(start_one: Callable[[], ForkServerProcess]) -> Iterator[Kept]:
    """Keep what this starts running until the block ends."""
    process = Kept(start_one)
    process.start()
    try:
        yield process
    finally:
        process.end()


def worker(
    environ: Mapping[str, str], folder: Path, app: str = "workers.app"
) -> contextlib.AbstractContextManager[Kept]:
    """A prefork worker with two children."""
    options = ("--concurrency", "2", "--loglevel", "warning")
    return kept(lambda: celery(environ, folder, "worker", *options, app=app))


def beat(environ: Mapping[str, str], folder: Path) -> contextlib.AbstractContextManager[Kept]:
    """A beat."""
    return kept(lambda: celery(environ, folder, "beat", "--loglevel", "warning"))


def front(environ: Mapping[str, str], folder: Path, port: int) -> contextlib.AbstractContextManager[Kept]:
    """The process of the pages."""
    return kept(lambda: begin(("web", "--port", str(port)), environ, folder / "web.log"))


@contextlib.contextmanager
def web(environ: Mapping[str, str], folder: Path) -> Iterator[str]:
    """The pages; yields their URL."""
    port = free_port()
    with front(environ, folder, port):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"


def sign_up(url: str, name: str, timeout: float = 30.0) -> requests.Response:
    """Subscribe as the form does."""
    fields = {"email": f"{name}@readers.example", "keywords": "sparse gates", "weekdays": "1", "hour": "7"}
    return requests.post(f"{url}/subscribe", {**fields, "timezone": "UTC", "company": ""}, timeout=timeout)


def within(limit: float, what: str, happened: object) -> float:
    """Wait until `happened()` is true; returns how long that took."""
    assert callable(happened)
    started = time.monotonic()
    while not happened():
        assert time.monotonic() - started < limit, f"not within {limit:.0f} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - started
