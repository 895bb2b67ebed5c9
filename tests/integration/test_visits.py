"""What servers ask of their visitors, and that it is kept: moves, intervals, turns, robots.txt."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from service.errors import FetchError, HostBusy
from service.pipeline.turns import Turns
from service.sources import replies
from service.sources.http import Client
from service.sources.manners import Manners
from service.store import Store
from tests import databases
from tests.integration.test_collecting import FEED, NOW, reading
from tests.integration.test_command_line import run
from tests.integration.worlds import house
from tests.origins import Answer, Asked, origin
from tests.unit import pages

RSS = pages.rss(pages.PAPERS)


def client(turns: Turns | None = None) -> Client:
    return Client("PaperRound/0", ("127.0.0.1/32",), 5.0, manners=Manners(turns=turns))


def hop(status: int, target: str) -> Answer:
    return Answer(status, b"", {"Location": target})


@pytest.mark.parametrize(
    ("steps", "moved"),
    [
        ({"/": hop(301, "/a"), "/a": hop(308, "/b")}, "/b"),
        ({"/": hop(301, "/a"), "/a": hop(302, "/b"), "/b": hop(301, "/c")}, "/a"),
        ({"/": hop(302, "/a"), "/a": hop(301, "/b")}, ""),
        ({"/": hop(307, "/a")}, ""),
        ({}, ""),
    ],
)
def test_a_page_says_how_far_it_has_moved_for_good(steps: dict[str, Answer], moved: str) -> None:
    with origin(lambda asked: steps.get(asked.path, Answer(200, b"home"))) as server:
        page = client().fetch(server.url("/"))
        assert page.moved_to == (server.url(moved) if moved else "")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache-Control": "public, max-age=7200"}, 7200),
        ({"Cache-Control": 'max-age="7200"', "Age": "200"}, 7000),
        ({"Cache-Control": "max-age=7200, no-cache"}, 0),
        ({"Cache-Control": "max-age=soon"}, 0),
        ({"Expires": "Fri, 20 Nov 2026 13:00:00 GMT", "Date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 3600),
        ({"Expires": "0"}, 0),
        ({}, 0),
    ],
)
def test_a_page_says_how_long_it_stays_as_it_is(headers: dict[str, str], seconds: int) -> None:
    assert replies.fresh_for(headers) == seconds


def moving(asked: Asked) -> Answer:
    return hop(301, "/new") if asked.path == "/rss" else Answer(200, RSS.encode())


def test_a_source_that_moved_for_good_is_read_at_its_new_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with reading(tmp_path, moving, f"{FEED}/rss", FEED) as (reader, asked):
        reader.poll()
        reader.poll()
        source = reader.source()
        assert (source.url.endswith("/new"), source.moved_from) == (True, f"{FEED}/rss")
        assert asked == ["/rss", "/new", "/new"]
        with reader.store.read() as unit:
            found = unit.sources.find(f"{FEED}/rss")
        assert found == source
    assert "has moved for good" in caplog.text


def test_a_source_that_moved_does_not_come_back_by_its_old_address(tmp_path: Path) -> None:
    with origin(moving) as server, house(tmp_path, sources=server.url("/rss")) as home:
        world = home.world
        world.operations.ensure_sources(home.clock())
        world.pipeline.collect(1, home.clock())
        world.operations.ensure_sources(home.clock())
        assert world.operations.add_source(server.url("/rss"), home.clock()).id == 1
        assert [each.url for each in world.operations.sources()] == [server.url("/new")]


def feed(inside: str) -> bytes:
    space = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
    return RSS.replace("<rss ", f"<rss {space}").replace("<description>x", f"{inside}<description>x").encode()


@pytest.mark.parametrize(
    ("body", "headers", "minutes"),
    [
        (feed(""), {}, 30),
        (feed("<ttl>90</ttl>"), {}, 90),
        (feed("<ttl>5</ttl>"), {}, 30),
        (feed("<ttl>now and then</ttl>"), {}, 30),
        (feed("<sy:updatePeriod>hourly</sy:updatePeriod>"), {}, 60),
        (feed("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>12</sy:updateFrequency>"), {}, 120),
        (feed("<sy:updatePeriod>weekly</sy:updatePeriod>"), {}, 360),
        (feed("<ttl>60</ttl>"), {"Cache-Control": "max-age=7200"}, 120),
    ],
)
def test_a_feed_is_visited_as_often_as_it_asks(
    tmp_path: Path, body: bytes, headers: dict[str, str], minutes: int
) -> None:
    def answer(asked: Asked) -> Answer:
        seen = asked.headers["If-None-Match"] == '"1"'
        return Answer(304 if seen else 200, b"" if seen else body, headers | {"ETag": '"1"'})

    with reading(tmp_path, answer, f"{FEED}/rss", FEED) as (reader, _):
        for _ in range(2):
            reader.poll()
            assert reader.source().next_poll_at == NOW + timedelta(minutes=minutes)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return databases.sqlite(tmp_path / "db.sqlite3")
    return str(request.getfixturevalue("postgres_database"))


def test_of_all_workers_one_is_at_a_host(url: str) -> None:
    """Each worker has a store, turns and manners of its own, as a process has."""
    inside, most, lock = [0], [0], threading.Lock()

    def answer(_: Asked) -> Answer:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        time.sleep(0.03)
        with lock:
            inside[0] -= 1
        return Answer(200, b"page")

    stores = [Store(url) for _ in range(4)]
    stores[0].migrate()
    with origin(answer) as server:
        visits = [threading.Thread(target=client(Turns(each)).visit, args=(server.url("/"),)) for each in stores]
        for each in visits:
            each.start()
        for each in visits:
            each.join()
        asked = [each.path for each in server.asked]
    for store in stores:
        store.close()
    assert (asked.count("/"), most[0]) == (4, 1)


def test_a_host_that_asks_for_patience_is_left_alone_by_every_worker(url: str) -> None:
    one, other = Store(url), Store(url)
    one.migrate()
    with origin(lambda _: Answer(429, b"", {"Retry-After": "600"})) as server:
        with pytest.raises(FetchError):
            client(Turns(one)).visit(server.url("/rss"))
        before = len(server.asked)
        with pytest.raises(HostBusy, match="asked to be left alone") as caught:
            client(Turns(other)).visit(server.url("/other"))
        assert len(server.asked) == before
    assert 590 < (caught.value.retry_after or 0) <= 600
    one.close()
    other.close()


def test_a_host_that_is_busy_is_no_fault_of_the_source(tmp_path: Path) -> None:
    with house(tmp_path) as home, origin(lambda _: Answer(200, RSS.encode())) as server:
        source = home.world.operations.add_source(server.url("/rss"), home.clock())
        turns, host = Turns(home.world.store), server.url("")
        turns.take(host, 75.0)
        turns.give_back(host, 300.0)
        assert home.world.pipeline.collect(source.id, home.clock()).error == ""
        found = home.world.operations.source(str(source.id))
        assert (found.failures, len(server.asked)) == (0, 0)
        assert timedelta(seconds=290) < found.next_poll_at - home.clock() <= timedelta(seconds=300)


CLOSED = Answer(200, b"User-agent: *\nDisallow: /private/\n")


@pytest.mark.parametrize("command", [("parse",), ("source", "add"), ("match", "-k", "kettle")])
def test_what_a_person_names_is_asked_for_by_the_rules_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    with origin(lambda asked: CLOSED if asked.path == "/robots.txt" else Answer(200, RSS.encode())) as server:
        code, _, said = run(*command, server.url("/private/rss"))
        assert (code, "robots.txt" in said) == (1, True)
        assert [each.path for each in server.asked] == ["/robots.txt"]
        assert run(*command, server.url("/public/rss"))[0] == 0
