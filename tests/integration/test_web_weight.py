"""What a page weighs on its way, with all that belongs to it, in a week full of real papers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from selectolax.lexbor import LexborHTMLParser

from tests import corpus
from tests.integration.sites import Site, site
from tests.integration.stores import paper
from tests.integration.worlds import DAY

HEAVIEST = 60_000
TOPICS = (
    *("language model*", "diffusion", "reinforcement learning", "vision", "agent*"),
    *("robot*", "attention", "graph*", "protein", "video*"),
)


def carried(url: str) -> int:
    """The bytes of one answer as they travel."""
    with requests.get(url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30) as answer:
        assert answer.status_code == 200, url
        return len(answer.raw.read(decode_content=False))


def weight(pages: Site, path: str) -> int:
    """A page with its style, script and picture."""
    nodes = LexborHTMLParser(pages.get(path).text).css("link[rel=stylesheet], link[rel=icon], script[src]")
    own = [node.attributes.get("href") or node.attributes["src"] for node in nodes]
    assert len(own) == 3
    return sum(carried(pages.url + str(each)) for each in (path, *own))


def test_the_fullest_pages_are_light(tmp_path: Path, shared: Path, full: bool, figure: Callable[[str], None]) -> None:
    if not full:
        pytest.skip("a week of real papers: run with --full")
    papers = corpus.papers(shared)
    with site(tmp_path) as pages:
        pages.house.clock.at -= 6 * DAY
        for day in range(6):
            pages.house.arrive(*papers[day::6])
            pages.house.clock.at += DAY
        manage = pages.house.join("ada@uni.example", *TOPICS)
        topics = "?k=" + "&k=".join(TOPICS).replace(" ", "+")
        newest = (pages.house.clock() - DAY).date()
        paths = ("/", f"/{topics}", f"/manage/{manage}", f"/search{topics}", f"/day/{newest}", "/docs")
        weights = {path: weight(pages, path) for path in paths}
    assert max(weights.values()) <= HEAVIEST, weights
    heaviest = max(weights, key=lambda path: weights[path])
    asked = f"{len(papers)} real papers in a week, {len(TOPICS)} topics"
    figure(f"{asked}: at most {weights[heaviest]:,} bytes for a whole page")


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_page_travels_as_the_browser_can_read_it(tmp_path: Path, coding: str) -> None:
    with site(tmp_path) as pages:
        answer = pages.get("/", headers={"Accept-Encoding": coding})
        assert answer.headers.get("Content-Encoding", "identity") == coding
        assert "accept-encoding" in answer.headers["Vary"].lower()
        assert "New papers" in answer.text


@pytest.mark.parametrize("path", ["/search/feed?k=matching", "/day/2026-11-20/feed", "/static/style.css"])
def test_what_is_known_packed_or_not_is_not_sent_again(tmp_path: Path, path: str) -> None:
    with site(tmp_path) as pages:
        pages.house.arrive(paper("On Matching", "We study the matching of papers at length. " * 40))
        packed, plain = (pages.get(path, headers={"Accept-Encoding": coding}) for coding in ("gzip", "identity"))
        assert (packed.headers.get("Content-Encoding"), plain.headers.get("Content-Encoding")) == ("gzip", None)
        tag = packed.headers["ETag"]
        assert tag.startswith('W/"'), "one strong tag stands for the same bytes (RFC 9110, section 8.8.3)"
        assert plain.headers["ETag"] == tag
        for coding, known in (("gzip", tag), ("identity", tag), ("gzip", tag.removeprefix("W/"))):
            again = pages.get(path, headers={"Accept-Encoding": coding, "If-None-Match": f'"other", {known}'})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["ETag"] == tag
            assert "accept-encoding" in again.headers["Vary"].lower()
        assert pages.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200
