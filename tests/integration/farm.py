"""A farm of feeds on this machine, each at an address of its own, each failing in its turn.

Comes in: the simulated time. Goes out: pages, and a log of who asked for what. Refuses to know: who reads them.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

START = datetime(2026, 11, 16, tzinfo=UTC)
SHOWN = timedelta(days=3)
# How long the client of the trial waits, and how long a server that hangs keeps it waiting.
PATIENCE, HANG = 1.0, 2.0
RETRY_AFTER = 7200
FAULTS = (
    "500",
    "hangs",
    "wrong type",
    "truncated",
    "half a day",
    "doubled GUIDs",
    "changed GUIDs",
    "wrong clock",
    "429",
)
# So many rounds a source stays well, and then ill.
SPELL = timedelta(hours=16)


@dataclass(frozen=True)
class Visit:
    """One line of the access log: when (simulated), which feed, what was asked and answered."""

    at: datetime
    feed: int
    path: str
    status: int
    condition: str


@dataclass
class Feed:
    """One feed: `n` is its number, `fault` what befalls it every second spell, or for good (robots, gone, moved)."""

    n: int
    fault: str
    days: int

    def papers(self, now: datetime) -> list[tuple[str, datetime]]:
        """Title and time of all that was published so far: two papers a day, at one and at five in the morning."""
        times = [START + timedelta(days=day, hours=hour) for day in range(-2, self.days + 2) for hour in (1, 5)]
        return [
            (f"Kettle {at:%A} {at:%H} of farm {self.n} boils in finite time {at:%j}", at) for at in times if at <= now
        ]

    def ill(self, now: datetime) -> bool:
        """Whether its spell has come; half of the farm is ill at any time, and all are well in the end."""
        return now < START + timedelta(days=self.days - 1) and int((now - START) / SPELL + self.n) % 2 == 1

    def body(self, now: datetime) -> bytes:
        """The page, with the faults that a page can have."""
        fault = self.fault if self.ill(now) else ""
        shown = [(title, at) for title, at in self.papers(now) if at > now - SHOWN]
        if fault == "half a day":
            shown = shown[: max(1, len(shown) - 1)]
        if fault == "wrong type":
            return b"%PDF-1.7 not a feed at all"
        skew = timedelta(days=400) if fault == "wrong clock" else timedelta(0)
        items = "".join(self._item(title, at + skew, fault, now) for title, at in shown)
        return f"<rss version='2.0'><channel><title>Farm {self.n}</title>{items}</channel></rss>".encode()

    def _item(self, title: str, at: datetime, fault: str, now: datetime) -> str:
        guid = {"doubled GUIDs": "the same", "changed GUIDs": f"{title} {now}"}.get(fault, title)
        link = f"https://farm{self.n}.example/{at:%j%H}" if fault != "wrong clock" else ""
        return (
            f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid>"
            f"<description>{'It boils kettles, and says when and where. ' * 4}{title}.</description>"
            f"<author>Ada Brewer {self.n}</author><pubDate>{format_datetime(at)}</pubDate></item>"
        )


@dataclass
class Farm:
    """All feeds behind one port; the host's last number says which is meant."""

    feeds: dict[int, Feed]
    now: datetime = START
    port: int = 0
    log: list[Visit] = field(default_factory=list)

    def url(self, n: int, path: str = "/rss") -> str:
        """Where a feed is."""
        return f"http://127.0.1.{n}:{self.port}{path}"


@contextmanager
def farm(size: int, days: int) -> Iterator[Farm]:
    """Serve so many feeds for so many days; on the last all are well.

    The first three are closed by robots.txt, gone for good, and moved for good.
    """
    special = {1: "robots", 2: "gone", 3: "moved"}
    here = Farm({n: Feed(n, special.get(n, FAULTS[n % len(FAULTS)]), days) for n in range(1, size + 1)})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            feed = here.feeds[int(self.headers["Host"].partition(":")[0].rpartition(".")[2])]
            condition = self.headers["If-None-Match"] or ""
            status, body, headers = _answer(feed, self.path, condition, here.now)
            here.log.append(Visit(here.now, feed.n, self.path, status, condition))
            if status == 0:
                time.sleep(HANG)
                return
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing: the visits are kept."""

    class Server(ThreadingHTTPServer):
        daemon_threads, block_on_close, request_queue_size = True, False, 128

        def handle_error(self, *_: object) -> None:
            """A client that goes away at its deadline is what this is about."""

    server = Server(("0.0.0.0", 0), Handler)
    here.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


def _answer(feed: Feed, path: str, condition: str, now: datetime) -> tuple[int, bytes, dict[str, str]]:
    if path == "/robots.txt":
        return (200, b"User-agent: *\nDisallow: /\n", {}) if feed.fault == "robots" else (404, b"", {})
    if feed.fault == "gone" and now > START + timedelta(days=1):
        return 410, b"", {}
    if feed.fault == "moved" and path == "/rss" and now > START + timedelta(days=1):
        return 301, b"", {"Location": "/new"}
    ill = feed.fault if feed.ill(now) else ""
    if ill == "429":
        return 429, b"", {"Retry-After": str(RETRY_AFTER)}
    if ill in ("500", "hangs"):
        return int(ill == "500") * 500, b"", {}
    body = feed.body(now)
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if condition == etag:
        return 304, b"", {"ETag": etag}
    if ill == "truncated":
        return 200, body[: len(body) // 2], {"Content-Length": str(len(body)), "ETag": etag}
    return 200, body, {"ETag": etag}
