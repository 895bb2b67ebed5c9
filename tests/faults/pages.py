"""The pages as a process that can be killed and is back within milliseconds, and visitors who sign up there.

Comes in: a town's environment. Goes out: `paperround web` in a process forked from a server that has imported it; who
was answered. Refuses to know: what is hurt meanwhile.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess

import requests

from service.cli.up import web
from tests.faults import sender
from tests.faults.stack import sign_up, within
from tests.forked import forks
from tests.servers import free_port, wait_for_port


def serve(environ: Mapping[str, str], port: int) -> None:
    """Run the command that serves the pages."""
    os.environ |= environ
    sys.stdout = sys.stderr = io.StringIO()
    web(port=port)


@dataclass
class Pages:
    """A running web process on a port that it keeps."""

    environ: Mapping[str, str]
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin, and wait until it answers."""
        self.process: ForkServerProcess = forks.Process(target=serve, args=(self.environ, self.port), daemon=True)
        self.process.start()
        wait_for_port(self.port)

    def kill(self) -> None:
        """Kill it with -9."""
        sender.kill(self.process)


@contextlib.contextmanager
def pages(environ: Mapping[str, str]) -> Iterator[Pages]:
    """Serve until the block ends."""
    served = Pages(environ)
    served.start()
    try:
        yield served
    finally:
        served.process.kill()
        served.process.join(10)


@dataclass
class Visitors:
    """People who sign up one after the other; `answered` are those who saw the page that says it worked."""

    url: str
    answered: list[str] = field(default_factory=list)
    turned_away: int = 0
    slowest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def visit(self, name: str) -> None:
        """Sign up, and note what came of it."""
        try:
            answer = sign_up(self.url, name)
        except requests.RequestException:
            self.turned_away += 1
            self._over.wait(0.02)
            return
        self.slowest = max(self.slowest, answer.elapsed.total_seconds())
        if answer.status_code == 200:
            self.answered.append(name)
        else:
            self.turned_away += 1

    def keep_coming(self, door: int) -> None:
        """Visit until it is over."""
        for number in itertools.count():
            if self._over.is_set():
                return
            self.visit(f"visitor{door}-{number}")

    def until_answered(self, more: int) -> None:
        """Wait until so many more were answered."""
        wanted = len(self.answered) + more
        within(60, f"{wanted} people are answered", lambda: len(self.answered) >= wanted)

    def stop(self) -> None:
        """Let nobody else in."""
        self._over.set()


@contextlib.contextmanager
def visitors(url: str, doors: int) -> Iterator[Visitors]:
    """So many people at a time, until the block ends."""
    coming = Visitors(url)
    threads = [threading.Thread(target=coming.keep_coming, args=(door,), daemon=True) for door in range(doors)]
    for thread in threads:
        thread.start()
    try:
        yield coming
    finally:
        coming.stop()
        for thread in threads:
            thread.join(40)
