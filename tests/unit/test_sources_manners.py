"""Turns and pauses, with a fetch that is handed in."""

from __future__ import annotations

import threading
import time

import pytest

from service.errors import FetchError
from service.model import Page
from service.sources.manners import Manners


def page(body: bytes = b"") -> Page:
    return Page(body, "text/plain", "")


def test_one_host_is_visited_by_one_at_a_time_and_others_need_not_wait() -> None:
    inside: dict[str, int] = {}
    most: dict[str, int] = {}
    lock = threading.Lock()

    def fetch(url: str, etag: str, last_modified: str) -> Page:
        host = url.split("/")[2]
        with lock:
            inside[host] = inside.get(host, 0) + 1
            most[host] = max(most.get(host, 0), inside[host])
            most["all"] = max(most.get("all", 0), sum(inside.values()))
        time.sleep(0.02)
        with lock:
            inside[host] -= 1
        return page()

    manners = Manners()
    urls = [f"https://{host}.example/{n}" for n in range(4) for host in ("a", "b")]
    threads = [threading.Thread(target=manners.visit, args=(fetch, url)) for url in urls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == {"a.example": 1, "b.example": 1, "all": 2}


def test_arxivs_api_is_left_three_seconds_between_two_calls() -> None:
    pauses: list[float] = []
    manners = Manners(pauses.append)
    asked: list[str] = []

    def fetch(url: str, etag: str, last_modified: str) -> Page:
        asked.append(url)
        return page()

    for n in range(3):
        manners.visit(fetch, f"https://export.arxiv.org/api/query?start={n}")
    assert len(pauses) == 2
    assert all(2.9 < each <= 3.0 for each in pauses)
    assert not any("robots" in url for url in asked)


@pytest.mark.parametrize(("delay", "most"), [(b"7", 7.0), (b"9999", 30.0)])
def test_a_crawl_delay_is_kept_within_reason(delay: bytes, most: float) -> None:
    pauses: list[float] = []
    manners = Manners(pauses.append)
    for _ in range(2):
        manners.visit(lambda *_: page(b"User-agent: *\nCrawl-delay: " + delay), "https://a.example/feed")
    assert [round(each) for each in pauses] == [round(most)]


@pytest.mark.parametrize("rules", [b"\xef\xbb\xbfUser-agent: *\nDisallow: /", b"User-agent:*\rDisallow:/\r"])
def test_rules_are_read_however_they_were_saved(rules: bytes) -> None:
    def fetch(url: str, etag: str, last_modified: str) -> Page:
        return Page(rules, "text/plain", url)

    with pytest.raises(FetchError, match="stay away"):
        Manners().visit(fetch, "https://a.example/feed")


def test_rules_are_asked_for_once_and_a_fault_is_not_kept() -> None:
    asked: list[str] = []
    faults = [FetchError("a.example is not available (HTTP 503)."), None]

    def fetch(url: str, etag: str, last_modified: str) -> Page:
        asked.append(url)
        if url.endswith("robots.txt") and (fault := faults.pop(0)):
            raise fault
        return page()

    manners = Manners()
    with pytest.raises(FetchError, match="503"):
        manners.visit(fetch, "https://a.example/feed")
    for _ in range(2):
        manners.visit(fetch, "https://a.example/feed")
    robots, feed = "https://a.example/robots.txt", "https://a.example/feed"
    assert asked == [robots, robots, feed, feed]
