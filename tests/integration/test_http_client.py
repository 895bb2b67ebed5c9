"""The client against real servers on loopback: what it brings home, what it refuses, and how long it can be held."""

from __future__ import annotations

import functools
import gzip
import pickle
import socket
import ssl
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from service.errors import FetchError, SettingsError
from service.sources.connections import Resolved, system_resolver
from service.sources.http import Client
from tests.origins import Answer, Asked, origin, raw
from tests.servers import free_port

LOOPBACK = ("127.0.0.1/32", "::1/128")
AGENT = "PaperRound/0 (+mailto:operator@example.org)"


def client(deadline: float = 5.0, ca: Path | None = None) -> Client:
    return Client(AGENT, LOOPBACK, deadline, ca=ca)


def refusal(url: str, one: Client | None = None) -> FetchError:
    with pytest.raises(FetchError) as caught:
        (one or client()).fetch(url)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.transient) == (str(caught.value), caught.value.transient)
    return caught.value


def always(answer: Answer) -> Callable[[Asked], Answer]:
    return lambda _: answer


def test_a_page_comes_home_with_its_bytes_type_and_validators() -> None:
    headers = {
        "Content-Type": "Text/HTML; charset=utf-8",
        "ETag": '"1"',
        "Last-Modified": "Sat, 01 Aug 2026 00:00:00 GMT",
    }
    with origin(always(Answer(200, "Poincaré".encode(), headers))) as server:
        page = client().fetch(server.url("/papers"))
    assert (page.body, page.media_type, page.url) == ("Poincaré".encode(), "text/html", server.url("/papers"))
    assert page.charset == "utf-8"
    assert (page.etag, page.last_modified, page.not_modified) == ('"1"', "Sat, 01 Aug 2026 00:00:00 GMT", False)
    assert page.fetched_at is not None
    assert page.fetched_at.tzinfo is not None


def test_the_client_says_who_it_is_and_asks_conditionally() -> None:
    with origin(always(Answer(304))) as server:
        page = client().fetch(server.url(), '"1"', "Sat, 01 Aug 2026 00:00:00 GMT")
    assert page.not_modified
    assert (page.body, page.etag, page.last_modified) == (b"", '"1"', "Sat, 01 Aug 2026 00:00:00 GMT")
    headers = server.asked[0].headers
    assert headers["User-Agent"] == AGENT
    assert headers["If-None-Match"] == '"1"'
    assert headers["If-Modified-Since"] == "Sat, 01 Aug 2026 00:00:00 GMT"


def test_a_304_nobody_asked_for_is_an_error() -> None:
    with origin(always(Answer(304))) as server:
        assert "gives no page (HTTP 304" in str(refusal(server.url()))


def test_a_validator_with_a_line_break_never_becomes_a_header() -> None:
    with origin(always(Answer(200))) as server:
        client().fetch(server.url(), 'x"\r\nCookie: a=b', "")
    assert "Cookie" not in server.asked[0].headers
    assert "If-None-Match" not in server.asked[0].headers


@pytest.mark.parametrize(
    ("status", "transient"),
    [
        (204, None),
        (300, False),
        (400, False),
        (401, False),
        (403, False),
        (404, False),
        (408, True),
        (425, True),
        (421, True),
        (429, True),
        (500, True),
        (502, True),
        (503, True),
        (504, True),
        (599, True),
    ],  # 599 is nobody's code
)
def test_each_status_says_whether_another_try_is_worth_it(status: int, transient: bool | None) -> None:
    with origin(always(Answer(status))) as server:
        if transient is None:
            assert client().fetch(server.url()).body == b""
            return
        error = refusal(server.url())
    assert error.transient is transient
    assert str(error).startswith("127.0.0.1 ")
    assert f"(HTTP {status}" in str(error)
    assert error.gone is False


def test_a_page_that_is_gone_is_said_to_be_gone() -> None:
    with origin(always(Answer(410))) as server:
        error = refusal(server.url())
    assert (error.gone, error.transient) == (True, False)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sat, 01 Aug 2026 00:02:00 GMT", 120.0),
        ("Fri, 31 Jul 2026 00:00:00 GMT", 0.0),
        ("99999999999999999999", 604800.0),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
    ],
)
def test_retry_after_is_read_in_both_forms(status: int, value: str, seconds: float | None) -> None:
    # The origin writes its own Date first, and ours would be joined to it; so the reply is made by hand.
    reply = f"HTTP/1.1 {status} No\r\nDate: Sat, 01 Aug 2026 00:00:00 GMT\r\nRetry-After: {value}\r\n\r\n"
    with raw(lambda connection: speak(connection, reply.encode())) as server:
        error = refusal(server.url())
    assert error.retry_after == seconds
    assert error.transient


def speak(connection: socket.socket, *pieces: bytes, pause: float = 0.0) -> None:
    connection.recv(65536)
    for piece in pieces:
        connection.sendall(piece)
        time.sleep(pause)


def test_redirects_are_followed_to_the_page() -> None:
    def answer(asked: Asked) -> Answer:
        step = int(asked.path.removeprefix("/"))
        return (
            Answer(200, b"home")
            if step == 5
            else Answer((301, 302, 303, 307, 308)[step], b"", {"Location": f"/{step + 1}"})
        )

    with origin(answer) as server:
        page = client().fetch(server.url("/0"), '"1"')
    assert (page.body, page.url) == (b"home", server.url("/5"))
    assert all(asked.headers["If-None-Match"] == '"1"' for asked in server.asked)


def test_the_sixth_redirect_is_one_too_many() -> None:
    with origin(lambda asked: Answer(302, b"", {"Location": asked.path + "x"})) as server:
        error = refusal(server.url("/"))
    assert str(error) == "127.0.0.1 redirects more than 5 times."
    assert not error.transient
    assert len(server.asked) == 6


def test_a_cookie_set_on_the_way_is_shown_at_the_next_step_and_forgotten_after() -> None:
    def answer(asked: Asked) -> Answer:
        if "Cookie" in asked.headers:
            return Answer(200, b"let in")
        return Answer(302, b"", {"Location": "/", "Set-Cookie": "seen=1"})

    with origin(answer) as server:
        one = client()
        assert [one.fetch(server.url()).body, one.fetch(server.url()).body] == [b"let in", b"let in"]
    assert len(server.asked) == 4


def test_the_body_of_a_redirect_is_never_read() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))

    def answer(asked: Asked) -> Answer:
        if asked.path == "/page":
            return Answer(200, b"page")
        return Answer(302, bomb, {"Location": "/page", "Content-Encoding": "gzip"})

    with origin(answer) as server:
        tracemalloc.start()
        assert client().fetch(server.url("/")).body == b"page"
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "data:text/html,x",
        "javascript:1",
        "/etc/passwd",
        "",
        "papers.html",
        "http://",
        "http:///papers",
        "http://[::1",
        "http://a b/",
        "http://exa\nmple/",
        "//127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://" + "a" * 70 + ".example/",
        "http://..example/",
        "http://\x00/",
    ],
)
def test_what_is_no_plain_web_address_is_refused_in_a_sentence(url: str) -> None:
    error = refusal(url)
    assert str(error).endswith(".")
    assert "\n" not in str(error)


@pytest.mark.parametrize("userinfo", ["name:secret@", "name@", ":@", "example.org@", "example.org%2f@"])
def test_an_address_with_a_name_or_password_is_refused_before_any_connection(userinfo: str) -> None:
    with origin(always(Answer(200))) as server:
        error = refusal(f"http://{userinfo}127.0.0.1:{server.port}/")
        redirecting = always(Answer(302, b"", {"Location": f"http://{userinfo}127.0.0.1:{server.port}/"}))
        with origin(redirecting) as first:
            assert "name or password" in str(refusal(first.url()))
    assert "name or password" in str(error)
    assert "secret" not in str(error)
    assert server.connections == 0


INSIDE = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0x7f.1",
    "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "0", "0.0.0.0", "00.0.0.0", "0x0", "[::1]", "[::]",
    "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fec0::1]", "[fc00::1]", "[fd00::1]",
    "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "127.0.0.2", "127.255.255.254", "127。0。0。1", "①②⑦.0.0.1",
    "１２７.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "[::ffff:169.254.169.254]", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
]  # fmt: skip


def leading_to(host: str, asked: Asked) -> Answer:
    location = f"http://{host}:{asked.path.strip('/')}/"
    return Answer(302, b"", {"Location": location.encode().decode("latin-1")})


@pytest.mark.timeout(600)
@pytest.mark.parametrize("host", INSIDE)
def test_no_way_of_writing_an_inside_address_leads_there(host: str, full: bool) -> None:
    strict = Client(AGENT, ("127.0.0.9/32",), 5.0)
    with origin(always(Answer(200, b"inside"))) as target, origin(always(Answer()), host="::1") as sixth:
        with origin(lambda asked: leading_to(host, asked), host="127.0.0.9") as outside:
            for port in (target.port, sixth.port):
                straight = refusal(f"http://{host}:{port}/", strict)
                redirected = refusal(outside.url(f"/{port}"), strict)
                assert not straight.transient or "could not be found" in str(straight)
                assert str(straight) == str(redirected)
                for _ in range(999 * full):
                    refusal(f"http://{host}:{port}/", strict)
        assert (target.connections, sixth.connections) == (0, 0)


@pytest.mark.parametrize("host", ["127.0.0.1.", "localhost.", "0x7f.1."])
def test_a_dot_behind_the_own_machine_asks_no_other_for_it(host: str) -> None:
    looked_up: list[str] = []

    def noting(name: str, port: int) -> list[Resolved]:
        looked_up.append(name)
        return list(system_resolver("127.0.0.1", port))

    refusal(f"http://{host}:1/", Client(AGENT, resolve=noting))
    assert looked_up == [host.rstrip(".")]


def test_the_guard_says_where_the_name_led_and_that_it_may_be_allowed() -> None:
    error = refusal("http://localhost:1/", Client(AGENT))
    assert str(error).startswith("localhost leads to ")
    assert "not a public address" in str(error)
    assert not error.transient


def test_a_name_that_changes_its_answer_is_judged_where_it_is_connected(
    full: bool, figure: Callable[[str], None]
) -> None:
    rounds = 1000 if full else 60
    with (
        origin(always(Answer(200, b"inside"))) as target,
        origin(always(Answer(200, b"out")), host="127.0.0.9") as good,
    ):
        asked = 0

        def rebinding(host: str, port: int) -> list[Resolved]:
            nonlocal asked
            asked += 1
            return list(system_resolver("127.0.0.9" if asked % 2 else "127.0.0.1", port))

        one = Client(AGENT, ("127.0.0.9/32",), 5.0, resolve=rebinding)
        for turn in range(rounds):
            port = good.port if turn % 2 == 0 else target.port
            if turn % 2 == 0:
                assert one.fetch(f"http://rebinding.example:{port}/").body == b"out"
            else:
                assert "127.0.0.1, which is not a public address" in str(
                    refusal(f"http://rebinding.example:{port}/", one)
                )
        assert asked == rounds
        assert target.connections == 0
        figure(f"a name that changes its answer: {rounds} fetches, half of them led inside, 0 connections there")


def test_of_several_addresses_only_the_permitted_ones_are_tried() -> None:
    with origin(always(Answer(200, b"out")), host="127.0.0.9") as good:

        def both(host: str, port: int) -> list[Resolved]:
            return [*system_resolver("127.0.0.1", port), *system_resolver("127.0.0.9", port)]

        assert Client(AGENT, ("127.0.0.9",), resolve=both).fetch(good.url("/", "two.example")).body == b"out"


def test_an_address_that_refuses_leaves_the_turn_to_the_next() -> None:
    with origin(always(Answer(200, b"out")), host="127.0.0.9") as good:

        def both(host: str, port: int) -> list[Resolved]:
            return [*system_resolver("127.0.0.1", port), *system_resolver("127.0.0.9", port)]

        assert Client(AGENT, ("127.0.0.0/8",), resolve=both).fetch(good.url("/", "two.example")).body == b"out"


def test_allowed_networks_that_cannot_be_read_are_named() -> None:
    with pytest.raises(SettingsError, match=r"10\.0\.0\.300"):
        Client(AGENT, ("10.0.0.300",))


def test_the_environment_names_no_proxy_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    with origin(always(Answer(200, b"proxied"))) as proxy, origin(always(Answer(200, b"direct"))) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.delenv("no_proxy", raising=False)
        assert client().fetch(server.url()).body == b"direct"
        assert proxy.connections == 0


def test_the_environments_passwords_stay_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with origin(always(Answer(200))) as server:
        client().fetch(server.url())
    assert "Authorization" not in server.asked[0].headers


def test_a_host_that_does_not_exist_or_no_network_is_one_sentence() -> None:
    def nowhere(host: str, port: int) -> list[Resolved]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    error = refusal("https://papers.example/", Client(AGENT, resolve=nowhere))
    assert str(error) == "papers.example could not be found: there is no such host, or no network."
    assert error.transient


def test_a_resolver_that_hangs_is_left_behind_at_the_deadline() -> None:
    def hanging(host: str, port: int) -> list[Resolved]:
        time.sleep(3)
        return []

    began = time.monotonic()
    error = refusal("https://papers.example/", Client(AGENT, deadline=0.3, resolve=hanging))
    assert time.monotonic() - began < 1.5
    # Whichever side notices first, the sentence names the bound.
    assert "within 0.3 s" in str(error)


def test_a_closed_port_is_one_sentence() -> None:
    error = refusal(f"http://127.0.0.1:{free_port()}/")
    assert str(error) == "127.0.0.1 refused the connection."
    assert error.transient


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_tls_proves_the_name_although_the_socket_goes_to_a_checked_address(
    authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    named: list[str | None] = []
    context = server_side(authority, "papers.example")
    context.sni_callback = lambda _socket, name, _context: named.append(name)

    def here(host: str, port: int) -> list[Resolved]:
        return list(system_resolver("127.0.0.1", port))

    with origin(always(Answer(200, b"secret")), tls=context) as server:
        one = Client(AGENT, LOOPBACK, 5.0, ca=tmp_path / "ca.pem", resolve=here)
        assert one.fetch(server.url("/", "papers.example")).body == b"secret"
        error = refusal(server.url("/", "other.example"), one)
    assert named == ["papers.example", "other.example"]
    assert server.asked[0].headers["Host"] == f"papers.example:{server.port}"
    assert str(error).startswith("other.example's certificate does not hold: ")
    assert not error.transient


def test_a_certificate_nobody_vouches_for_is_refused(authority: trustme.CA) -> None:
    with origin(always(Answer(200)), tls=server_side(authority, "127.0.0.1")) as server:
        error = refusal(server.url())
    assert str(error).startswith("127.0.0.1's certificate does not hold: ")
    assert server.asked == []


def test_plain_http_where_tls_was_expected_is_one_sentence() -> None:
    with origin(always(Answer(200))) as server:
        error = refusal(server.url().replace("http:", "https:"))
    assert str(error) == "127.0.0.1 and this service could not agree on TLS."
    assert error.transient


def drip(connection: socket.socket, head: bytes = b"", byte: bytes = b"x") -> None:
    speak(connection, head, *[byte] * 200, pause=0.05)


def silent(connection: socket.socket) -> None:
    time.sleep(10)


def deaf(connection: socket.socket) -> None:
    speak(connection)
    time.sleep(10)


SLOW: dict[str, Callable[[socket.socket], None]] = {
    "silent": silent,
    "silent after the request": deaf,
    "drips the status line": lambda c: drip(c),
    "drips headers": lambda c: drip(c, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "drips continues": lambda c: drip(c, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drips a body": lambda c: drip(c, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
    "drips a body without an end": lambda c: drip(c, b"HTTP/1.1 200 OK\r\n\r\n"),
    "drips chunks": lambda c: drip(c, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "drips redirects": lambda c: speak(c, b"HTTP/1.1 302 Found\r\nLocation: /\r\n", b"\r\n", pause=0.1),
}


@pytest.mark.parametrize("behaviour", SLOW)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_slow_server_is_cut_at_the_total_deadline(behaviour: str, scheme: str) -> None:
    with raw(SLOW[behaviour]) as server:
        began = time.monotonic()
        error = refusal(f"{scheme}://127.0.0.1:{server.port}/", client(deadline=0.3))
        took = time.monotonic() - began
    # Without a deadline each of these takes ten seconds, or ends with another sentence.
    assert took < 1.5
    assert error.transient
    if scheme == "http":
        assert str(error) == "127.0.0.1 did not answer in full within 0.3 s."
        assert took > 0.25


def test_a_server_that_never_takes_the_connection_is_cut_too() -> None:
    with socket.socket() as full_queue:
        full_queue.bind(("127.0.0.1", 0))
        full_queue.listen(0)
        port = full_queue.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        error = refusal(f"http://127.0.0.1:{port}/", client(deadline=0.3))
        assert time.monotonic() - began < 1.5
        assert "within 0.3 s" in str(error)
        for one in waiting:
            one.close()


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate", "raw deflate", "two members", "identity"])
def test_each_encoding_we_ask_for_is_undone(encoding: str) -> None:
    text = b"Low-rank adaptation. " * 5000
    half = len(text) // 2
    encoded = {
        "deflate": zlib.compress(text),
        "raw deflate": zlib.compress(text)[2:-4],
        "two members": gzip.compress(text[:half]) + gzip.compress(text[half:]),
        "identity": text,
    }.get(encoding, gzip.compress(text))
    name = {"raw deflate": "deflate", "two members": "gzip"}.get(encoding, encoding)
    with origin(always(Answer(200, encoded, {"Content-Encoding": name}))) as server:
        assert client().fetch(server.url()).body == text
    assert server.asked[0].headers["Accept-Encoding"] == "gzip, deflate"


@functools.cache
def bombs() -> dict[str, tuple[str, bytes]]:
    zeros = bytes(40 * 1024 * 1024)
    member = gzip.compress(bytes(4 * 1024 * 1024))
    return {
        "gzip": ("gzip", gzip.compress(zeros)),
        "deflate": ("deflate", zlib.compress(zeros)),
        "raw deflate": ("deflate", zlib.compress(zeros)[2:-4]),
        "many members": ("gzip", member * 10),
        "gzip of gzip": ("gzip, gzip", gzip.compress(gzip.compress(zeros))),
        "brotli": ("br", b"\x00" * 100),
        "plain": ("", bytes(8 * 1024 * 1024 + 1)),
        "said to be plain": ("identity", bytes(9 * 1024 * 1024)),
    }


@pytest.mark.parametrize(
    "kind", ["gzip", "deflate", "raw deflate", "many members", "gzip of gzip", "brotli", "plain", "said to be plain"]
)
def test_a_bomb_is_stopped_before_it_fills_the_memory(kind: str) -> None:
    encoding, body = bombs()[kind]
    with origin(always(Answer(200, body, {"Content-Encoding": encoding} if encoding else {}))) as server:
        began = time.monotonic()
        tracemalloc.start()
        error = refusal(server.url(), client(deadline=30.0))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 64 * 1024 * 1024
    assert time.monotonic() - began < 30
    assert not error.transient


def test_a_body_without_an_end_stops_at_the_limit() -> None:
    def endless(connection: socket.socket) -> None:
        speak(connection, b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(65536)] * 400)

    with raw(endless) as server:
        assert "more than a page may hold" in str(refusal(server.url(), client(deadline=20.0)))


def test_a_page_of_exactly_the_limit_comes_home() -> None:
    with origin(always(Answer(200, bytes(8 * 1024 * 1024)))) as server:
        assert len(client(deadline=20).fetch(server.url()).body) == 8 * 1024 * 1024


BROKEN = {
    "shorter than it said": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "chunks without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "chunks that lie": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "nothing": b"",
    "a status that is no number": b"HTTP/1.1 xyz OK\r\n\r\n",
    "gzip that is none": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n<html>",
    "gzip cut off": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 1000)[:-9],
    "a thousand headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_answer_is_a_passing_fault_in_one_sentence(kind: str) -> None:
    with raw(lambda connection: speak(connection, BROKEN[kind])) as server:
        error = refusal(server.url())
    assert error.transient
    assert str(error).startswith("127.0.0.1 ")
    assert error.__cause__ is not None


def test_a_connection_that_is_reset_is_a_passing_fault() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with raw(reset) as server:
        assert str(refusal(server.url())) == "127.0.0.1 broke the connection off, or did not answer in HTTP."


@pytest.mark.parametrize("location", ["http://[", "ftp://127.0.0.1/x", "http://", "\x00", "//", "http://exa mple/"])
def test_a_redirect_to_nonsense_is_refused_in_one_sentence(location: str) -> None:
    with origin(lambda asked: Answer(302, b"", {"Location": location})) as server:
        assert str(refusal(server.url())).endswith(".")


def test_a_redirect_may_lead_to_a_path_in_any_language() -> None:
    def answer(asked: Asked) -> Answer:
        latin = "/日本".encode().decode("latin-1")
        return Answer(200, b"home") if asked.path != "/" else Answer(302, b"", {"Location": latin})

    with origin(answer) as server:
        assert client().fetch(server.url()).url == server.url("/日本")
    assert server.asked[1].path == "/%E6%97%A5%E6%9C%AC"


def test_no_address_and_no_validator_holds_what_cannot_be_printed() -> None:
    def answer(connection: socket.socket) -> None:
        moved = b"HTTP/1.1 301 Gone\r\nLocation: /a\x1b[31m\x00\xe2\x80\xaeb\r\nContent-Length: 0\r\n\r\n"
        here = b'HTTP/1.1 200 OK\r\nETag: "a\x00"\r\nLast-Modified: \x1b]0;a\r\nContent-Length: 0\r\n\r\n'
        first = connection.recv(65536).startswith(b"GET / ")
        connection.sendall(moved if first else here)

    with raw(answer) as server:
        page = client().fetch(server.url())
    assert page.moved_to == page.url == server.url("/a%1B[31m%00%E2%80%AEb")
    assert (page.etag, page.last_modified) == ("", "")


def test_slow_servers_leave_no_descriptor_behind() -> None:
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
    with raw(silent) as server:
        for _ in range(20):
            refusal(server.url(), client(deadline=0.05))
        descriptors = len(list(Path("/proc/self/fd").iterdir())) if before else 0
    assert descriptors <= before + 25
