"""A search of old papers is dear: however many there are, they keep nobody else waiting."""

from __future__ import annotations

import gc
import random
import select
import socket
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import event

from service.keywords import parse_all
from service.pipeline.archive import KEPT, Question
from service.web import trying
from service.web.forms import Typed
from service.web.pages import Desk, desk
from service.web.searching import LINE, SHARE
from tests.integration.sites import Site, site
from tests.integration.stores import NOW, paper
from tests.integration.test_mornings import some_papers
from tests.integration.test_preview_speed import TOPICS

FRESH = random.Random(11).sample(TOPICS, len(TOPICS))
OLD = [(NOW - timedelta(days=60 + back)).date() for back in range(20)]


@contextmanager
def filled(folder: Path, recent: int, old: int) -> Iterator[Site]:
    """A site with so many papers of today, and so many of each old day."""
    random_ = random.Random(5)
    with site(folder) as served:
        served.house.arrive(*some_papers(random_, 1, recent), paper("A Zebra of Today"), paper("Two Zebras"))
        for number, day in enumerate(OLD):
            found = some_papers(random_, 2 + number, old)
            served.house.arrive(*(paper(each.title, each.abstract * 6, listed=day) for each in found))
        yield served


def test_old_papers_are_searched_in_a_line_that_holds_nobody_up(tmp_path: Path) -> None:
    many = LINE + 6
    with filled(tmp_path, 2, 2) as pages, ThreadPoolExecutor(many) as crowd:
        with pages.house.world.pipeline.archive._lock:
            cold = [crowd.submit(_cold, pages, n) for n in range(many)]
            turned_away = _done(cold, many - LINE - 1)
            for path in ("/preview?k=zebra", "/day", "/api/v1/papers?limit=1", "/api/v1/papers?k=zebra&limit=1", "/"):
                assert pages.get(path).status_code in (200, 302), path
            assert len(_done(cold, 0)) == len(turned_away)
        answers = [each.result() for each in cold]
    assert Counter(each.status_code for each in answers) == {200: LINE + 1, 503: many - LINE - 1}
    assert all(int(each.result().headers["retry-after"]) > 0 for each in turned_away)


def test_one_network_cannot_fill_the_line(tmp_path: Path) -> None:
    with filled(tmp_path, 2, 2) as pages, ThreadPoolExecutor(LINE) as crowd:
        with pages.house.world.pipeline.archive._lock:
            flood = [crowd.submit(_cold, pages, n, "2001:db8::7") for n in range(LINE - 4)]
            turned_away = _done(flood, LINE - 4 - SHARE)
            others = [crowd.submit(_cold, pages, n, f"192.0.2.{n}") for n in range(4)]
            same = pages.get("/search?k=horse", headers={"X-Forwarded-For": "2001:db8:0:ff::8"})
            assert _done(others, 1, limit=0.2) == []
        assert {each.result().status_code for each in others} == {200}
        assert Counter(each.result().status_code for each in flood) == {200: SHARE, 429: LINE - 4 - SHARE}
        assert same.status_code == 429, "an address beside it is of the same network"
        assert all(int(each.result().headers["retry-after"]) > 0 for each in turned_away)
        again = [crowd.submit(_cold, pages, n, "2001:db8::7") for n in range(SHARE)]
        assert {each.result().status_code for each in again} == {200}, "places that are left are free"


def test_an_old_day_is_searched_without_a_look_at_the_last_month(tmp_path: Path) -> None:
    with filled(tmp_path, 2, 2) as pages:
        archive, zebras = pages.house.world.pipeline.archive, parse_all(["zebra"])
        found = [archive.search(Question(zebras, day=day), NOW) for day in (OLD[0], NOW.date(), None)]
    assert [each.recent for each in found] == [None, 2, 2]


def test_an_exclusion_leaves_papers_out_of_a_search_be_they_new_or_old(tmp_path: Path) -> None:
    topics = parse_all(["zebra OR archive", "-two", "-second"])
    with filled(tmp_path, 2, 2) as pages:
        old = [paper(f"The {name} Archive", listed=OLD[3], guid=name) for name in ("First", "Second")]
        pages.house.arrive(*old)
        found = pages.house.world.pipeline.archive.search(Question(topics), NOW).papers
    assert [each.selected.paper.paper.title for each in found] == ["A Zebra of Today", "The First Archive"]


def test_only_the_blocks_searched_last_stay_in_memory(tmp_path: Path) -> None:
    with filled(tmp_path, 2, 2) as pages:
        archive = pages.house.world.pipeline.archive
        for day in OLD[: KEPT + 2]:
            archive.search(Question(parse_all(["horse"]), day=day), NOW)
        assert len(archive._blocks) == KEPT


def test_the_last_month_is_read_again_only_when_a_paper_has_come_changed_or_gone(tmp_path: Path) -> None:
    asked: list[str] = []
    with filled(tmp_path, 2, 2) as pages:
        world = pages.house.world
        event.listen(world.store.engine, "before_cursor_execute", lambda *each: asked.append(each[2]))

        def found() -> tuple[list[int], int]:
            """What is found, and how often all places of the month were read for it."""
            asked.clear()
            papers = world.pipeline.archive.search(Question(parse_all(["zebra"])), NOW).papers
            return [each.place.paper_id for each in papers], sum("paper.day > " in each for each in asked)

        (two, one), _ = found()
        assert found() == ([two, one], 0)
        pages.house.arrive(paper("Three Zebras"))
        (three, *others), read = found()
        assert (three > two, others, read) == (True, [two, one], 1)
        with world.store.write() as unit:
            unit.papers.hide(two)
        assert found() == ([three, one], 1)


def test_what_serves_pages_looks_for_garbage_less(tmp_path: Path) -> None:
    gc.set_threshold(700, 10, 10)
    with site(tmp_path):
        assert gc.get_threshold()[0] > 10_000


def _cold(pages: Site, number: int, visitor: str = "") -> requests.Response:
    asked = {"k": "horse", "day": str(OLD[number % len(OLD)])}
    return pages.get("/api/v1/papers", params=asked, headers={"X-Forwarded-For": visitor} if visitor else {})


def _done(asked: list[Future[requests.Response]], wanted: int, limit: float = 20) -> list[Future[requests.Response]]:
    """Those that are answered, once they are so many."""
    deadline = time.monotonic() + limit
    while sum(each.done() for each in asked) < wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return [each for each in asked if each.done()]


@pytest.mark.timeout(300)
def test_previews_go_on_while_old_papers_are_searched(
    tmp_path: Path, full: bool, figure: Callable[[str], None]
) -> None:
    with filled(tmp_path, *((999, 300) if full else (20, 2))) as pages:
        shop = desk(pages.house.world, 0.0)
        alone = [_preview(shop, number) for number in range(21 if full else 4)][1:]
        pages.house.arrive(paper("News"))  # Nothing that is known of the topics holds any longer.
        _preview(shop, 0)
        beside: list[float] = []
        with _crowd(pages, 20) as cold:
            while len(_answered(cold)) < len(cold):
                beside.append(_preview(shop, 1 + len(beside)))
                time.sleep(0.02)
            assert {each.recv(12) for each in cold} == {b"HTTP/1.1 200"}
    assert len(beside) > 1
    once, then = (statistics.quantiles(each, n=20)[-1] for each in (alone, beside))
    figure(
        f"preview beside 20 searches of 6,000 old papers: p95 {then * 1000:.0f} ms over {len(beside)}, "
        f"alone {once * 1000:.0f} ms"
    )
    assert then < max(0.05, 3 * once) or not full


@contextmanager
def _crowd(pages: Site, many: int) -> Iterator[list[socket.socket]]:
    """So many visitors who have asked for an old day and stand in the line; nothing of theirs is at work meanwhile."""
    where = pages.url.removeprefix("http://")
    host, _, port = where.partition(":")
    with ExitStack() as stack:
        asked = [stack.enter_context(socket.create_connection((host, int(port)), 30)) for _ in range(many)]
        with pages.house.world.pipeline.archive._lock:
            for number, each in enumerate(asked):
                path = f"/api/v1/papers?k=horse&day={OLD[number % len(OLD)]}"
                each.sendall(f"GET {path} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
            deadline = time.monotonic() + 30
            while pages.app.state.line.places.total() < many and time.monotonic() < deadline:
                time.sleep(0.01)
            assert pages.app.state.line.places.total() == many
        yield asked


def _answered(asked: list[socket.socket]) -> list[socket.socket]:
    return select.select(asked, [], [], 0)[0]


def _preview(shop: Desk, number: int) -> float:
    begun = time.perf_counter()
    topics = FRESH[number * 10 % 200 : number * 10 % 200 + 10]
    assert shop.page("_preview", **trying.facts(shop, Typed(keywords="\n".join(topics)))).status_code == 200
    return time.perf_counter() - begun
