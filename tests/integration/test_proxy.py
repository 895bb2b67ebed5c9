"""The one way out: with a proxy set, nothing is reached but through it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from service.sources.connections import Resolved
from service.sources.http import Client
from service.sources.manners import Manners
from tests.integration.test_command_line import run
from tests.integration.test_http_client import AGENT, INSIDE, always, authority, refusal, server_side
from tests.integration.worlds import house
from tests.origins import Answer, origin, raw
from tests.servers import free_port
from tests.unit import pages

__all__ = ["authority"]

HOME = always(Answer(200, b"home"))


def unknown(host: str, port: int) -> list[Resolved]:
    """A closed network has no names but that of its proxy."""
    if host == "proxy.test":
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]
    raise AssertionError(f"{host} was looked up here, and not by the proxy")


def behind(port: int, deadline: float = 5.0, allowed: tuple[str, ...] = (), ca: Path | None = None) -> Client:
    return Client(
        AGENT,
        allowed,
        deadline,
        ca=ca,
        resolve=unknown,
        manners=Manners(lambda _: None),
        proxy=f"http://me:pw@proxy.test:{port}",
    )


def tunnel(port: int, asked: list[bytes]) -> Callable[[socket.socket], None]:
    """What a proxy does for TLS: connect (here always to one port of this machine), then pass everything on."""

    def behave(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        with socket.create_connection(("127.0.0.1", port)) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, connection), daemon=True)
            back.start()
            pump(connection, onward)
            back.join(5)

    return behave


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


def test_plain_pages_come_through_the_proxy_which_knows_the_names() -> None:
    with origin(HOME) as proxy:
        page = behind(proxy.port).fetch("http://papers.example/rss")
        asked = proxy.asked[0]
    assert (page.body, page.url) == (b"home", "http://papers.example/rss")
    assert (asked.path, asked.headers["Host"]) == ("http://papers.example/rss", "papers.example")
    assert asked.headers["Proxy-Authorization"] == "Basic bWU6cHc="


def test_tls_goes_through_the_proxy_and_still_proves_the_name(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    asked: list[bytes] = []
    with (
        origin(HOME, tls=server_side(authority, "papers.example")) as server,
        raw(tunnel(server.port, asked)) as proxy,
    ):
        one = behind(proxy.port, ca=tmp_path / "ca.pem")
        assert one.fetch("https://papers.example/rss").body == b"home"
        assert "certificate does not hold" in str(refusal("https://other.example/rss", one))
    assert asked[0].startswith(b"CONNECT papers.example:443 HTTP/1.")
    assert "Proxy-Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("host", INSIDE)
def test_no_number_that_points_inside_is_handed_to_the_proxy(host: str) -> None:
    leading = always(Answer(302, b"", {"Location": f"http://{host}/".encode().decode("latin-1")}))
    with origin(leading) as proxy:
        one = behind(proxy.port)
        refusal(f"http://{host}/", one)
        assert proxy.connections == 0
        refusal("http://papers.example/", one)
        assert len(proxy.asked) == 1


def test_numbers_in_the_allowed_networks_are_reached_straight() -> None:
    with origin(HOME) as proxy, origin(HOME, host="127.0.0.9") as server:
        one = Client(AGENT, ("127.0.0.9/32",), 5.0, proxy=proxy.url("").rstrip("/"))
        assert one.fetch(server.url()).body == b"home"
        assert (proxy.connections, server.connections) == (0, 1)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_says_nothing_is_cut_at_the_total_deadline(scheme: str) -> None:
    with raw(lambda connection: time.sleep(10)) as proxy:
        began = time.monotonic()
        error = refusal(f"{scheme}://papers.example/", behind(proxy.port, deadline=0.3))
    assert 0.25 < time.monotonic() - began < 1.5
    assert error.transient


@pytest.fixture
def refusing() -> Iterator[int]:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with raw(behave) as proxy:
        yield proxy.port


def test_a_proxy_that_refuses_or_is_not_there_is_said_without_its_password(refusing: int) -> None:
    said = str(refusal("https://papers.example/", behind(refusing)))
    assert said == "The proxy does not let this service through to papers.example, or does not answer."
    gone = str(refusal("https://papers.example/", behind(free_port())))
    assert "pw" not in said + gone


def test_sources_and_commands_take_the_proxy_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rss = pages.rss(pages.PAPERS).encode()
    with origin(lambda asked: Answer(404) if asked.path.endswith("robots.txt") else Answer(200, rss)) as proxy:
        address = proxy.url("").rstrip("/")
        with house(tmp_path, proxy=address) as home:
            source = home.world.operations.add_source("http://papers.example/rss", home.clock())
            assert home.world.pipeline.collect(source.id, home.clock()).papers == len(pages.PAPERS)
        monkeypatch.setenv("PAPERROUND_PROXY", address)
        assert run("parse", "http://other.example/rss")[0] == 0
        assert [each.path for each in proxy.asked if "robots" not in each.path] == [
            "http://papers.example/rss",
            "http://other.example/rss",
        ]
