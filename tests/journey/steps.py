"""What every journey does: start the service as one process, read a mail, follow its links."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests import servers
from tests.forked import begin

READER = "reader@example.org"
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Orchids</title><link>https://orchids.example</link>
<description>d</description>{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><link>https://orchids.example/{n}</link><guid>https://orchids.example/{n}</guid>
<description>{text} It was measured in every season of the year and for every colour.</description></item>"""


def feed(*titles: str) -> dict[str, tuple[str, bytes]]:
    items = "".join(ITEM.format(title=title, n=n, text=title) for n, title in enumerate(titles))
    return {"/feed": ("application/rss+xml", FEED.format(items=items).encode())}


@contextmanager
def service(folder: Path, **environment: str) -> Iterator[str]:
    """`paperround up` as a process; yields its address once it is ready, and expects it to end well."""
    port = servers.free_port()
    settings = {f"PAPERROUND_{name.upper()}": value for name, value in environment.items()}
    process = begin(("up", "--port", str(port), "--data", str(folder)), settings, folder / "said")
    try:
        eventually(lambda: healthy(f"http://127.0.0.1:{port}", process))
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.join(60)
        assert process.exitcode == 0, (folder / "said").read_text("utf-8")
    finally:
        process.kill()
        process.join(10)


def healthy(base: str, process: ForkServerProcess) -> bool:
    assert process.exitcode is None, "the service ended while starting"
    try:
        return requests.get(f"{base}/healthz", timeout=2).status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


def eventually(done: Callable[[], bool], limit: float = 30.0) -> None:
    deadline = time.monotonic() + limit
    while not done():
        assert time.monotonic() < deadline, f"it did not happen within {limit:.0f} s"
        time.sleep(0.05)


def read(received: servers.Received) -> EmailMessage:
    mail = email.message_from_bytes(received.body, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def link(mail: EmailMessage, page: str) -> str:
    """The path of a link, as the reader would follow it."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"https?://\S+/{page}/\S+", body.get_content())
    assert found is not None
    return urlsplit(found[0]).path


def sign_up(base: str, *keywords: str) -> None:
    form = {"email": READER, "keywords": "\n".join(keywords), "timezone": "UTC", "hour": "7"}
    days = [("weekdays", str(day)) for day in range(1, 8)]
    answer = requests.post(f"{base}/subscribe", data=[*form.items(), *days], timeout=10)
    assert answer.status_code == 200
