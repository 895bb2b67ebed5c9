"""What holds for every page: headers, methods, bounds, who may send a form, and no cookies."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from fastapi.routing import APIRoute

from service.links import Purpose
from service.web.app import ROUTERS
from service.web.guard import BODY_LIMIT
from tests.integration.sites import Site, form, site, text

ADA = "ada@uni.example"
PUBLIC = [
    "/",
    "/manage",
    "/start?papers=x",
    "/robots.txt",
    "/healthz",
    "/static/style.css",
    "/static/script.js",
    "/favicon.ico",
    "/nowhere",
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("pages")) as opened:
        opened.post("/subscribe", form(ADA, "low-rank adaptation"))
        opened.post(f"/confirm/{opened.token(ADA, Purpose.CONFIRM)}")
        yield opened


def every_page(pages: Site) -> list[str]:
    return PUBLIC + ["/mailbox"] + [f"/{purpose}/{pages.token(ADA, purpose)}" for purpose in Purpose] + ["/confirm/x"]


def test_every_answer_carries_the_headers_that_keep_readers_safe(pages: Site) -> None:
    for path in every_page(pages):
        headers = pages.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in ("same-origin", "no-referrer")
        assert "set-cookie" not in headers
        assert "strict-transport-security" not in headers, "plain http was asked for by the settings"


def test_what_is_one_readers_own_is_kept_by_nobody(pages: Site) -> None:
    for purpose in Purpose:
        headers = pages.get(f"/{purpose}/{pages.token(ADA, purpose)}").headers
        assert headers["cache-control"] == "no-store"
        assert "noindex" in headers["x-robots-tag"]
    assert "no-store" in pages.post("/subscribe", form(ADA, "lora")).headers["cache-control"]
    wish = {"email": ADA, "keywords": ["lora"]}
    assert "no-store" in pages.post("/api/v1/subscribe", json=wish).headers["cache-control"]


def test_assets_may_be_kept_and_change_their_address_with_their_content(pages: Site) -> None:
    address = re.search(r'href="(/static/style\.css\?v=\w+)"', pages.get("/").text)
    assert address is not None
    assert "max-age" in pages.get(address[1]).headers["cache-control"]


def test_head_answers_as_get_does_without_a_body(pages: Site) -> None:
    for path in every_page(pages):
        got, head = pages.get(path), pages._ask("HEAD", path)
        assert head.status_code == got.status_code, path
        assert head.content == b""
        assert head.headers["content-type"] == got.headers["content-type"]


def test_https_is_insisted_on_where_the_service_is_reached_by_it(tmp_path: Path) -> None:
    key = "k" * 40
    with site(
        tmp_path, base_url="https://paper.example", secret_keys=key, suppression_key=key, contact="a@b.example"
    ) as secure:
        assert secure.get("/").headers["strict-transport-security"].startswith("max-age=")


FORMS = ["/subscribe", "/manage", "/confirm/{confirm}", "/manage/{manage}", "/manage/{manage}/pause"]
FORMS += [
    "/manage/{manage}/resume",
    "/manage/{manage}/mend",
    "/manage/{manage}/feeds",
    "/pause/{pause}",
    "/pause/{pause}/resume",
    "/unsubscribe/{unsubscribe}",
]
FORMS += ["/unsubscribe/{unsubscribe}/weekly", "/unsubscribe/{unsubscribe}/reason"]
FORMS += ["/unsubscribe/{unsubscribe}/undo", "/unsubscribe/{unsubscribe}/resume", "/unsubscribe/{unsubscribe}/pause"]
FORMS += [
    "/manage/{manage}/records",
    "/export/{export}",
    "/erase/{erase}",
    "/move/{move}",
    "/address/{address}",
    "/owner/{owner}",
    "/api/v1/subscribe",
]
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", FORMS)
def test_a_form_from_another_site_is_refused(pages: Site, path: str, headers: dict[str, str]) -> None:
    before = pages.reader(ADA)
    tokens = {purpose.value: pages.token(ADA, purpose) for purpose in Purpose}
    data = form("eve@uni.example", "evil") | {"days": "7"}
    answer = pages.post(path.format(**tokens), data, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert pages.reader(ADA) == before
    assert pages.house.world.subscriptions.find("eve@uni.example") is None


def test_every_route_that_takes_a_form_is_in_the_list_above() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    taken = {route.path for route in routes if "POST" in (route.methods or ())}
    assert taken == {re.sub(r"\{\w+\}", "{token}", path) for path in FORMS}


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}], ids=str)
def test_a_form_of_our_own_is_taken(pages: Site, headers: dict[str, str]) -> None:
    assert pages.post("/subscribe", form(ADA, "lora"), headers=headers).status_code == 200
    assert pages.post("/subscribe", form(ADA, "lora"), headers=headers | {"Origin": pages.url}).status_code == 200


def test_behind_a_proxy_the_public_name_is_our_own(tmp_path: Path) -> None:
    key = "k" * 40
    with site(tmp_path, base_url="https://paper.example", secret_keys=key, suppression_key=key) as public:
        sent = public.post("/subscribe", form(ADA, "lora"), headers={"Origin": "https://paper.example"})
        assert sent.status_code == 200


def test_a_body_over_the_bound_gets_a_page_that_says_so(pages: Site) -> None:
    body = form(ADA, "x" * (BODY_LIMIT + 1))
    answer = pages.post("/subscribe", body)
    assert answer.status_code == 413
    assert "too much" in text(answer, "h1")

    def pieces() -> Iterator[bytes]:
        for _ in range(80):
            yield b"k" * 65536

    assert pages.post("/subscribe", pieces()).status_code == 413


def test_half_a_form_is_not_taken_for_a_whole_one(pages: Site) -> None:
    host, port = pages.url.removeprefix("http://").split(":")
    body = "email=half@uni.example&keywords=cats"
    head = f"POST /subscribe HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}Content-Length: {len(body) + 50}\r\n\r\n{body}".encode())
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        assert not connection.recv(100).startswith(b"HTTP/1.1 2")
    assert pages.house.world.subscriptions.find("half@uni.example") is None


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("multipart/form-data; boundary=b", b"--b\r\nbroken"),
        ("multipart/form-data", b"--b\r\nno boundary"),
        ("application/x-www-form-urlencoded", b"email=%FF%FE&keywords=%ZZ&hour=%00"),
        ("application/json", b'{"email": "a@uni.example"}'),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(5000))),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="email"; filename="x"\r\n\r\nx\r\n--b--\r\n',
        ),
    ],
)
def test_a_broken_form_gets_a_page_and_changes_nothing(pages: Site, media_type: str, body: bytes) -> None:
    before = pages.reader(ADA)
    for path in ("/subscribe", "/manage", f"/manage/{pages.token(ADA, Purpose.MANAGE)}"):
        answer = pages.post(path, body, headers={"Content-Type": media_type})
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"].startswith("text/html")
    assert pages.reader(ADA) == before


def test_what_is_not_there_is_said_in_style(pages: Site) -> None:
    for path in ("/nowhere", "/static/nothing.css", "/redoc", "/openapi.json", "/imprint", "/static/../app.py"):
        answer = pages.get(path)
        assert answer.status_code == 404
        assert text(answer, "h1") == "There is nothing here."
    assert pages.post("/").status_code == 405
    assert pages._ask("DELETE", "/subscribe").status_code == 405


def test_the_texts_of_the_operator_have_their_page(tmp_path: Path) -> None:
    with site(tmp_path, imprint="Lab <b>7</b>\nhttps://lab.example", privacy="https://lab.example/privacy") as told:
        page = told.get("/imprint")
        assert "Lab <b>7</b>" in text(page, ".plain")
        assert 'href="https://lab.example/privacy"' in told.get("/").text


def test_health_answers_once_ready_and_says_when_it_is_not(tmp_path: Path) -> None:
    with site(tmp_path) as pages:
        answer = pages.get("/healthz")
        assert answer.status_code == 200
        assert json.loads(answer.text)["status"] == "ok"
        for file in tmp_path.glob("paperround.sqlite3*"):
            file.unlink()
        pages.house.world.store.close()
        (tmp_path / "paperround.sqlite3").mkdir()
        assert pages.get("/healthz").status_code == 503
        assert "reason" in pages.get("/healthz").json()
        elsewhere = pages.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9"})
        assert (elsewhere.status_code, elsewhere.json()) == (503, {"status": "unavailable"})
        broken = pages.get("/")
        assert broken.status_code == 503
        assert broken.headers["retry-after"] == "60"
        assert text(broken, "h1") == "Just a moment."


def test_robots_stay_out_of_what_is_private(pages: Site) -> None:
    rules = pages.get("/robots.txt")
    assert rules.headers["content-type"].startswith("text/plain")
    for path in ("/confirm/", "/manage", "/pause/", "/unsubscribe/", "/mailbox"):
        assert f"Disallow: {path}" in rules.text


def test_every_page_is_light(pages: Site) -> None:
    assets = sum(len(pages.get(path).content) for path in ("/static/style.css", "/static/script.js", "/favicon.ico"))
    for path in every_page(pages):
        assert len(pages.get(path).content) + assets <= 60_000, path


def test_many_readers_at_once_are_all_answered(pages: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def sign_up(number: int) -> int:
        return pages.post("/subscribe", form(f"reader{number}@uni.example", "lora")).status_code

    with ThreadPoolExecutor(16) as crowd:
        assert set(crowd.map(sign_up, range(64))) == {200}
    assert isinstance(pages.get("/"), requests.Response)
