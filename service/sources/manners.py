"""One visitor a host, at the pace it asks for, where its robots.txt lets us in (RFC 9309).

Comes in: an address and how to fetch one. Goes out: the page, after its turn; or a FetchError that names robots.txt.
Refuses to know: connections, what pages mean. What it knows of hosts is forgotten with the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protego import Protego

from service.errors import FetchError
from service.model import Page

Fetch = Callable[[str, str, str], Page]

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


@dataclass
class _Host:
    """What one host asked for; whoever holds the lock is its only visitor."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    last: float | None = None
    rules: Protego | None = None
    read_at: float | None = None
    pause: float = 0.0


class Manners:
    """Shared by all threads of a process: of two that visit one host the second waits."""

    def __init__(self, pause: Callable[[float], None] = time.sleep) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def visit(self, fetch: Fetch, url: str, etag: str = "", last_modified: str = "") -> Page:
        """Fetch a page in its host's turn. Raises FetchError, also where robots.txt keeps us out or is out of order."""
        host = self._host(url)
        with host.lock:
            if not url.startswith(_FOR_PROGRAMS + _ALSO):
                self._ask(host, fetch, url)
            self._wait(host)
            try:
                return fetch(url, etag, last_modified)
            finally:
                host.last = time.monotonic()

    def _host(self, url: str) -> _Host:
        parts = urlsplit(url)
        with self._lock:
            return self._hosts.setdefault(
                f"{parts.scheme}://{parts.netloc}".lower(), _Host(pause=_PACES.get(parts.hostname or "", 0.0))
            )

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


def _rules(fetch: Fetch, url: str) -> Protego:
    """Read a host's rules; where there are none everything is allowed, and a server in trouble is left alone."""
    parts = urlsplit(url)
    try:
        page = fetch(f"{parts.scheme}://{parts.netloc}/robots.txt", "", "")
    except FetchError as error:
        if error.transient:
            raise
        return Protego.parse("")
    return Protego.parse(page.body[:_LARGEST].decode("utf-8", "replace"))
