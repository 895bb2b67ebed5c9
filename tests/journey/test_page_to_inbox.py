"""From a page to an inbox: the whole service as one process, with a real web server, a real feed and a real relay."""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from service.cli import demo_pages
from tests import servers

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
    command = [sys.executable, "-m", "service", "up", "--port", str(port), "--data", str(folder)]
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("PAPERROUND_")}
    process = subprocess.Popen(command, env=surroundings | settings)
    try:
        eventually(lambda: healthy(f"http://127.0.0.1:{port}", process))
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        servers.stop(process)


def healthy(base: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the service ended while starting"
    try:
        return requests.get(f"{base}/healthz", timeout=2).status_code == 200
    except requests.ConnectionError:
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


@pytest.fixture
def settings(smtp: servers.Sink) -> dict[str, str]:
    return {
        "smtp_url": smtp.url,
        "secret_keys": "links-of-this-test-alone",
        "suppression_key": "hashes-of-this-test-alone",
        "allowed_networks": "127.0.0.0/8",
        "send_interval": "1",
    }


def test_from_a_page_to_an_inbox_and_out_again(tmp_path: Path, smtp: servers.Sink, settings: dict[str, str]) -> None:
    pages = feed("The Colour of Alpine Orchids", "On the Price of Lamps")
    with demo_pages.serve(pages) as origin, service(tmp_path, sources=f"{origin}/feed", **settings) as base:
        sign_up(base, "orchids")
        asked = read(smtp.wait(1)[0])
        assert asked["To"] == READER
        assert asked["List-Unsubscribe-Post"] is None
        confirm = base + link(asked, "confirm")
        for _ in range(3):
            assert requests.get(confirm, timeout=10).status_code == 200
        time.sleep(1)
        assert len(smtp.messages) == 1
        assert requests.post(confirm, timeout=10).status_code == 200
        digest = read(smtp.wait(2)[1])
        check_digest(digest)
        one_click = base + link(digest, "unsubscribe")
        answer = requests.post(one_click, data={"List-Unsubscribe": "One-Click"}, timeout=10, allow_redirects=False)
        assert answer.status_code == 200
        assert not answer.cookies
        assert requests.get(base + link(digest, "manage"), timeout=10).status_code == 200
        assert len(smtp.messages) == 2


def check_digest(digest: EmailMessage) -> None:
    """One digest, in two parts that say the same, with a way out."""
    for kind in ("plain", "html"):
        body = digest.get_body((kind,))
        assert body is not None
        assert "Alpine" in body.get_content()
        assert "Lamps" not in body.get_content()
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert digest["List-Unsubscribe"].startswith("<http")
    assert digest["Auto-Submitted"] == "auto-generated"


def test_a_relay_that_is_not_there_loses_nothing(tmp_path: Path, smtp: servers.Sink, settings: dict[str, str]) -> None:
    with demo_pages.serve(feed("The Colour of Alpine Orchids")) as origin:
        sources = {"sources": f"{origin}/feed"}
        nowhere = f"smtp://127.0.0.1:{servers.free_port()}"
        with service(tmp_path, **(settings | sources | {"smtp_url": nowhere})) as base:
            sign_up(base, "orchids")
            time.sleep(2)
        with service(tmp_path, **(settings | sources)):
            assert read(smtp.wait(1, 90)[0])["To"] == READER
