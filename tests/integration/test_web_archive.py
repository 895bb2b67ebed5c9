"""Papers for everybody: the pages of days and of searches, and their feeds, as browsers and feed readers ask."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest
import requests
from selectolax.lexbor import LexborHTMLParser

from tests.integration.sites import Site, site, text
from tests.integration.stores import paper
from tests.integration.worlds import DAY

MARKED = "Low-Rank Adaptation & <its> Uses"
LATEST = [paper(f"World Models, Part {number}", arxiv_id=f"2611.1{number:04}", upvotes=number) for number in range(30)]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, database: dict[str, str]) -> Iterator[Site]:
    """Papers long ago, three days ago and today."""
    with site(tmp_path_factory.mktemp("archive"), **database) as served:
        house = served.house
        for back, papers in (
            (200, [paper("World Models of Old", arxiv_id="2604.00001")]),
            (
                3,
                [
                    paper(
                        MARKED, "Ωmega \x0b and more.", url="https://papers.example/1?a=1&b=2", authors=("Ada Müller",)
                    )
                ],
            ),
            (0, LATEST),
        ):
            house.clock.at -= back * DAY
            house.arrive(*papers)
            house.clock.at += back * DAY
        yield served


def day(pages: Site, back: int = 0) -> str:
    """The path of a day."""
    return f"/day/{pages.house.clock().date() - timedelta(days=back)}"


def links(answer: requests.Response, selector: str) -> list[str]:
    return [node.attributes["href"] or "" for node in LexborHTMLParser(answer.text).css(selector)]


def titles(answer: requests.Response) -> list[str]:
    return [node.text().strip() for node in LexborHTMLParser(answer.text).css(".cards h2, .cards h3")]


def test_papers_lead_to_the_newest_day_from_every_page(pages: Site) -> None:
    assert "/day" in links(pages.get("/"), "header a")
    assert {"/day", "/search"} <= set(links(pages.get("/"), "footer a"))
    assert pages.get("/day").headers["location"] == day(pages)
    assert pages.get("/day?on=2026-11-03").headers["location"] == "/day/2026-11-03"


def test_a_day_shows_its_papers_most_liked_first_a_page_at_a_time(pages: Site) -> None:
    first, second = pages.get(day(pages)), pages.get(day(pages) + "?page=2")
    assert titles(first) + titles(second) == [each.title for each in reversed(LATEST)]
    assert "30 papers, most liked first · page 1 of 2" in text(first, "main")
    assert pages.get(day(pages) + "?page=3").status_code == 404
    assert pages.get(day(pages) + "?page=" + "1" * 5000).status_code == 404


def test_a_paper_that_came_without_a_link_leads_to_its_page_at_arxiv(pages: Site) -> None:
    (page, *_), newest = links(pages.get(day(pages)), ".cards a"), LATEST[-1].arxiv_id
    fed, told = feedparser.parse(pages.get(day(pages) + "/feed").content), pages.get("/api/v1/papers?limit=1").json()
    assert page == fed.entries[0].link == told["papers"][0]["url"] == f"https://arxiv.org/abs/{newest}"


def test_days_lead_to_the_nearest_days_with_papers(pages: Site) -> None:
    between = pages.get(day(pages, 1))
    assert between.status_code == 200
    assert "No papers were news on this" in text(between, "main")
    assert links(between, ".turn a") == [day(pages, 3), day(pages)]
    assert links(pages.get(day(pages, 3)), ".turn a[rel=prev]")[0] == day(pages, 200)


@pytest.mark.parametrize("unknown", ["2026-02-30", "2099-01-01", "yesterday", "20261120", "2026-11-20x", "٢٠٢٦-١١-٢٠"])
def test_what_is_no_day_that_has_come_is_said_in_good_words(pages: Site, unknown: str) -> None:
    for answer in (pages.get(f"/day/{unknown}"), pages.get(f"/day/{unknown}/feed")):
        assert answer.status_code == 404
        assert "is not a day that has come" in text(answer, "main")
        assert day(pages) in links(answer, "main a")


def test_a_search_finds_recent_papers_and_leads_to_older_ones(pages: Site) -> None:
    found = pages.get("/search?k=world+model")
    assert "30 papers in the last four weeks, newest first" in text(found, "main")
    (older,) = links(found, ".turn a[rel=next]")
    rest = pages.get(older)
    assert sorted(titles(found) + titles(rest)) == sorted([each.title for each in LATEST] + ["World Models of Old"])
    assert "That is all." in text(rest, "main")


def test_a_search_without_topics_or_findings_says_what_to_do(pages: Site) -> None:
    assert "For example" in text(pages.get("/search"), "main")
    assert "Fewer or broader words find more" in text(pages.get("/search?k=zebrafish"), "main")
    nothing = LexborHTMLParser(pages.get("/search?k=zebras").text)
    assert nothing.css(".turn") == []


def test_a_keyword_that_cannot_be_read_is_said_with_its_position(pages: Site) -> None:
    for path in ("/search", "/search/feed"):
        answer = pages.get(f'{path}?k=lora "flow')
        assert answer.status_code == 422
        assert "character 6" in text(answer, "main .problems")


@pytest.mark.parametrize("after", ["x", "W10", "bnVsbA", "eyJhIjoxfQ", "MQ" * 200, "é"])
def test_a_spoilt_link_to_older_papers_leads_back_to_the_newest(pages: Site, after: str) -> None:
    answer = pages.get("/search", params={"k": "lora", "after": after})
    assert answer.status_code == 422
    assert "/search?k=lora" in links(answer, ".notice a")


def test_feeds_are_what_feed_readers_take(pages: Site) -> None:
    fed = feedparser.parse(pages.get(day(pages, 3) + "/feed").content)
    assert not fed.bozo
    (entry,) = fed.entries
    assert html.unescape(entry.title) == MARKED
    assert entry.author == "Ada Müller"
    assert entry.summary.startswith("Ωmega")
    assert entry.link == "https://papers.example/1?a=1&b=2"
    assert feedparser.parse(pages.get(day(pages) + "/feed").content).feed.title.startswith("Papers of")
    for query in ("k=world+model", "k=%22a%26b%22&k=%3Clora%3E", "k=zebrafish", "k=lo%01ra&k=x"):
        answer = pages.get("/search/feed?" + query)
        if answer.status_code == 200:
            assert not feedparser.parse(answer.content).bozo
    found = feedparser.parse(pages.get("/search/feed?k=world+model").content)
    assert len(found.entries) == 30 + 1
    assert len({each.id for each in found.entries}) == 31


def test_the_pages_name_their_feeds(pages: Site) -> None:
    for page in (day(pages), "/search?k=world+model"):
        for feed in links(pages.get(page), "head link[rel=alternate]"):
            assert pages.get(feed).headers["content-type"].startswith("application/atom+xml")


@pytest.mark.parametrize("path", ["", "/search/feed?k=world+model", "/search/feed?k=zebrafish"])
def test_a_feed_that_is_known_is_not_sent_again(pages: Site, path: str) -> None:
    path = path or day(pages) + "/feed"
    first = pages.get(path)
    again = pages.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert pages.get(path, headers={"if-none-match": '"other"'}).status_code == 200
    assert "public" in first.headers["cache-control"]


def test_where_nothing_was_read_yet_nobody_is_told_to_search_otherwise(tmp_path: Path) -> None:
    with site(tmp_path) as empty:
        said = text(empty.get("/search?k=lora"), "main")
    assert "No papers have been read here yet" in said
    assert "broader words" not in said


def test_a_search_counts_what_was_news_in_four_weeks(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        today = served.house.clock().date()
        listed = [paper(f"World Models {back}", listed=today - timedelta(days=back)) for back in (0, 27, 28, 29, 60)]
        served.house.arrive(*listed)
        found = served.get("/search?k=world+models")
    assert "3 papers in the last four weeks" in text(found, "main")
    assert titles(found) == [f"World Models {back}" for back in (0, 27, 28, 29, 60)]
