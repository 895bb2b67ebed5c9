"""One visitor a host, at the pace it asks for, where its robots.txt lets us in (RFC 9309).

Comes in: an address and how to fetch one. Goes out: the page, after its turn; or a FetchError that names robots.txt.
Refuses to know: connections, what pages mean. What it knows of hosts is forgotten with the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from protego import Protego

from service.errors import FetchError, HostBusy
from service.model import Page

Fetch = Callable[[str, str, str], Page]


class Turns(Protocol):
    """Which process is at a host, for all that share a database."""

    def take(self, host: str, longest: float) -> float:
        """Take a host's turn for so many seconds at most; returns 0 where it is ours, else the seconds to wait."""

    def give_back(self, host: str, rest: float) -> None:
        """End the turn, and leave the host alone for so many seconds."""


class _Alone:
    """The turns of a process that shares nothing: the lock of each host is enough."""

    def take(self, host: str, longest: float) -> float:
        return 0.0

    def give_back(self, host: str, rest: float) -> None:
        """Nobody waits elsewhere."""


# What names us in a robots.txt; its stars speak to us, too.
AGENT = "paperround"
# RFC 9309, section 2.4: no longer than a day.
_KEPT = 86_400.0
_LARGEST = 500 * 1024
# Their owners offer these to programs, with rules of their own, whatever they tell search engines.
_FOR_PROGRAMS = ("https://huggingface.co/api/", "https://export.arxiv.org/api/", "https://rss.arxiv.org/")
_ALSO = ("https://api.biorxiv.org/", "https://connect.biorxiv.org/", "https://connect.medrxiv.org/")
# arXiv asks for three seconds between two calls of its API.
_PACES = {"export.arxiv.org": 3.0}
_LONGEST_PAUSE = 30.0
# Longer than two fetches take, robots.txt and the page; a process that died gives its turn back by this.
_TURN = 75.0
# Whoever would wait longer comes back another time; until then its thread is free for other hosts.
_PATIENCE = 20.0
_NAP = 0.25


@dataclass
class _Host:
    """What one host asked for; whoever holds the lock is its only visitor."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    last: float | None = None
    rules: Protego | None = None
    read_at: float | None = None
    pause: float = 0.0


class Manners:
    """Shared by all threads of a process, and by its turns with other processes: the second at one host waits."""

    def __init__(self, pause: Callable[[float], None] = time.sleep, turns: Turns | None = None) -> None:
        self._pause = pause
        self._turns = turns or _Alone()
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def visit(self, fetch: Fetch, url: str, etag: str = "", last_modified: str = "") -> Page:
        """Fetch a page in its host's turn. Raises FetchError, also where robots.txt keeps us out or is out of order."""
        parts = urlsplit(url)
        name = f"{parts.scheme}://{parts.netloc}".lower()
        with self._lock:
            host = self._hosts.setdefault(name, _Host(pause=_PACES.get(parts.hostname or "", 0.0)))
        with self._locked(name, host), self._turn(name, host):
            if not url.startswith(_FOR_PROGRAMS + _ALSO):
                self._ask(host, fetch, url)
            self._wait(host)
            try:
                return fetch(url, etag, last_modified)
            finally:
                host.last = time.monotonic()

    @contextmanager
    def _locked(self, name: str, host: _Host) -> Iterator[None]:
        """Be the only visitor of this process."""
        if not host.lock.acquire(timeout=_PATIENCE):
            raise _busy(name, _PATIENCE)
        try:
            yield
        finally:
            host.lock.release()

    @contextmanager
    def _turn(self, name: str, host: _Host) -> Iterator[None]:
        """Be the only visitor of all processes; a host that asks for patience is left alone by every one of them."""
        waited = 0.0
        while wait := self._turns.take(name, _TURN):
            if wait > _TURN or waited > _PATIENCE:
                raise _busy(name, wait)
            self._pause(min(wait, _NAP))
            waited += _NAP
        asked = 0.0
        try:
            yield
        except FetchError as error:
            asked = error.retry_after or 0.0
            raise
        finally:
            self._turns.give_back(name, max(host.pause, asked))

    def _wait(self, host: _Host) -> None:
        if host.last is not None and (left := host.last + host.pause - time.monotonic()) > 0:
            self._pause(left)

    def _ask(self, host: _Host, fetch: Fetch, url: str) -> None:
        if host.read_at is None or host.read_at + _KEPT < time.monotonic():
            host.rules = _rules(fetch, url)
            host.pause = max(host.pause, min(float(host.rules.crawl_delay(AGENT) or 0), _LONGEST_PAUSE))
            host.read_at = time.monotonic()
        if host.rules is not None and not host.rules.can_fetch(url, AGENT):
            raise FetchError(f"{urlsplit(url).hostname} asks programs to stay away from this page (robots.txt).", False)


def _busy(name: str, wait: float) -> HostBusy:
    host = urlsplit(name).hostname
    said = "asked to be left alone" if wait > _TURN else "has another visitor from here"
    return HostBusy(f"{host} {said}; it is asked again in {wait:.0f} s.", True, wait)


def _rules(fetch: Fetch, url: str) -> Protego:
    """Read a host's rules; where there are none everything is allowed, and a server in trouble is left alone."""
    parts = urlsplit(url)
    try:
        page = fetch(f"{parts.scheme}://{parts.netloc}/robots.txt", "", "")
    except FetchError as error:
        if error.transient:
            raise
        return Protego.parse("")
    return Protego.parse(page.body[:_LARGEST].decode("utf-8-sig", "replace"))
