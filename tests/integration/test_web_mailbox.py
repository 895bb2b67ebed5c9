"""The local mailbox in the browser: for the person at this machine, and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from service.links import Purpose
from tests.integration.sites import Site, form, site, text
from tests.integration.stores import paper

ADA = "ada@uni.example"
LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
HOSTILE = b"""From: x@y.example
To: a@b.example
Subject: <script>alert(1)</script>
Content-Type: text/html; charset=utf-8

<p>Hello<script>alert(1)</script><img src="https://tracker.example/p.gif">
"""


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as opened:
        opened.house.arrive(LORA)
        opened.post("/subscribe", form(ADA, "low-rank adaptation"))
        opened.mails()
        yield opened


def addresses(pages: Site) -> list[str]:
    page = LexborHTMLParser(pages.get("/mailbox").text)
    return [node.attributes["href"] or "" for node in page.css(".mails a")]


def test_the_confirmation_mail_can_be_read_and_followed(pages: Site) -> None:
    (address,) = addresses(pages)
    page = pages.get(address)
    assert page.status_code == 200
    assert ADA in text(page, ".headers")
    link = re.search(r'href="http://127\.0\.0\.1:\d+(/confirm/[^"]+)"', page.text)
    assert link is not None, "the links of the text part can be followed"
    assert pages.post(link[1]).status_code == 200


def test_digests_are_listed_newest_first_with_both_parts(pages: Site) -> None:
    pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}")
    pages.house.morning()
    digest = addresses(pages)[0]
    assert LORA.title in text(pages.get(digest), "pre")
    part = pages.get(digest + "/html")
    assert LORA.title in " ".join(part.text.replace("<wbr>", "").split()) or "Low-Rank" in part.text
    raw = pages.get(digest + "/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert ".eml" in raw.headers["content-disposition"]
    assert b"List-Unsubscribe-Post" in raw.content


def test_the_html_part_is_shut_in(pages: Site, tmp_path: Path) -> None:
    (tmp_path / "mailbox" / "new" / "hostile.eml").write_bytes(HOSTILE)
    page = pages.get("/mailbox/hostile.eml")
    assert "<script>alert" not in page.text
    frame = LexborHTMLParser(page.text).css_first("iframe")
    assert frame is not None
    assert "allow-scripts" not in (frame.attributes["sandbox"] or "")
    assert "allow-same-origin" not in (frame.attributes["sandbox"] or "")
    part = pages.get(frame.attributes["src"] or "")
    policy = part.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert "frame-ancestors 'self'" in policy
    assert '<base target="_blank">' in part.text


@pytest.mark.parametrize("name", ["nothing.eml", "%2e%2e%2fsecret", "..%2fpaperround.sqlite3", "%00", "secret"])
def test_only_mails_of_the_mailbox_are_shown(pages: Site, name: str) -> None:
    for part in ("", "/html", "/raw"):
        assert pages.get(f"/mailbox/{name}{part}").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=203.0.113.9"},
        {"Host": "evil.example"},
        {"Host": "paper.example:8080"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:80"},
    ],
    ids=str,
)
def test_nobody_but_the_person_at_this_machine_finds_the_mailbox(pages: Site, headers: dict[str, str]) -> None:
    (address,) = addresses(pages)
    for path in ("/mailbox", address, address + "/html", address + "/raw"):
        assert pages.get(path, headers=headers).status_code == 404
    assert "/mailbox" not in pages.get("/", headers=headers).text


def test_localhost_is_this_machine_too(pages: Site) -> None:
    port = pages.url.rsplit(":", 1)[1]
    assert pages.get("/mailbox", headers={"Host": f"localhost:{port}"}).status_code == 200
    assert 'href="/mailbox"' in pages.get("/").text


def test_a_service_for_others_shows_no_mailbox_to_a_proxy_that_names_no_visitor(tmp_path: Path) -> None:
    key = "k" * 40
    with site(tmp_path, base_url="https://papers.example", secret_keys=key, suppression_key=key) as pages:
        pages.post("/subscribe", form(ADA, "low-rank adaptation"))
        assert pages.mails()
        assert pages.get("/mailbox").status_code == 404
        assert "/mailbox" not in pages.get("/").text


def test_with_a_mail_server_there_is_no_mailbox(tmp_path: Path) -> None:
    key = "k" * 40
    with site(tmp_path, smtp_url="smtp://127.0.0.1:9", secret_keys=key, suppression_key=key) as pages:
        assert pages.get("/mailbox").status_code == 404
        assert "/mailbox" not in pages.get("/").text
