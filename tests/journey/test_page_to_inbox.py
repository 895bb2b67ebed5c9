"""From a page to an inbox: the whole service as one process, with a real web server, a real feed and a real relay."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from email.message import EmailMessage
from pathlib import Path

import requests

from service.cli import demo_pages
from tests import servers
from tests.journey.steps import READER, eventually, feed, link, read, service, sign_up


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


def given_up(folder: Path) -> bool:
    """Whether a sender has tried the relay in vain."""
    with contextlib.closing(sqlite3.connect(folder / "paperround.sqlite3")) as database:
        rested = database.execute("SELECT value FROM flag WHERE name LIKE 'relay%'").fetchall()
    return any('"until"' in value for (value,) in rested)


def test_a_relay_that_is_not_there_loses_nothing(tmp_path: Path, smtp: servers.Sink, settings: dict[str, str]) -> None:
    with demo_pages.serve(feed("The Colour of Alpine Orchids")) as origin:
        sources = {"sources": f"{origin}/feed"}
        nowhere = f"smtp://127.0.0.1:{servers.free_port()}"
        with service(tmp_path, **(settings | sources | {"smtp_url": nowhere})) as base:
            sign_up(base, "orchids")
            eventually(lambda: given_up(tmp_path))
        with service(tmp_path, **(settings | sources)):
            assert read(smtp.wait(1, 90)[0])["To"] == READER
