"""The demo's sample pages: served on loopback, fetched by the real client, in the forms real sources have."""

from __future__ import annotations

import json
from datetime import date

import pytest
from selectolax.lexbor import LexborHTMLParser

from service.cli import demo_pages
from service.errors import FetchError
from service.model import ArrivalKind, Listing
from service.papers import keys
from service.sources import parse
from service.sources.http import Client

DAY = date(2026, 11, 20)
LISTING, ANNOUNCED, JOURNAL, SAVED = f"/papers/date/{DAY}", "/rss/cs.LG", "/journal.atom", "/saved-listing.txt"


def client() -> Client:
    return Client("PaperRound/demo", ("127.0.0.1",), 5.0)


def test_every_page_comes_home_as_it_was_written() -> None:
    pages = demo_pages.pages(DAY)
    assert set(pages) == {LISTING, ANNOUNCED, JOURNAL, SAVED}
    with demo_pages.serve(pages) as base:
        for path, (media_type, body) in pages.items():
            page = client().fetch(base + path)
            assert (page.media_type, page.body) == (media_type, body)
            assert client().fetch(base + path, etag=page.etag).not_modified


def fetched(day: date = DAY) -> dict[str, Listing]:
    with demo_pages.serve(demo_pages.pages(day)) as base:
        return {path: parse(client().fetch(base + path)) for path in demo_pages.pages(day)}


def test_each_page_is_read_in_its_own_form_and_none_of_its_papers_is_skipped() -> None:
    read = fetched()
    assert {path: (listing.form, len(listing.papers), listing.skipped) for path, listing in read.items()} == {
        LISTING: ("hf-html", 9, 0),
        ANNOUNCED: ("rss", 7, 0),
        JOURNAL: ("atom", 5, 0),
        SAVED: ("capture-paragraphs", 4, 0),
    }
    assert read[LISTING].day == DAY


def test_the_pages_hold_twenty_four_papers_and_one_of_them_twice() -> None:
    papers = [paper for listing in fetched().values() for paper in listing.papers]
    assert len(papers) == 25
    assert len({keys(paper)[0] for paper in papers}) == 24
    assert len({paper.title for paper in papers}) == 24
    assert all(len(paper.abstract) > 400 and not paper.abstract.startswith("arXiv:") for paper in papers)


def test_the_papers_show_what_sources_tell_of_a_paper() -> None:
    read = fetched()
    assert {paper.kind for paper in read[ANNOUNCED].papers} == set(ArrivalKind) - {ArrivalKind.PAST}
    assert all(paper.categories and paper.authors for paper in read[ANNOUNCED].papers)
    assert all(paper.upvotes and paper.arxiv_id and paper.listed == DAY for paper in read[LISTING].papers)
    assert any(paper.links.code and paper.stars for paper in read[LISTING].papers)
    assert all(paper.doi and paper.published and paper.published.date() == DAY for paper in read[JOURNAL].papers)


def test_files_with_any_name_are_served() -> None:
    with demo_pages.serve({"/0/my page é.txt": ("text/plain", b"text")}) as base:
        assert client().fetch(f"{base}/0/my page é.txt").body == b"text"
        with pytest.raises(FetchError, match="404"):
            client().fetch(f"{base}/1/other.txt")


def test_pages_of_the_same_day_are_the_same_and_every_day_has_its_own() -> None:
    assert demo_pages.pages(DAY) == demo_pages.pages(DAY)
    for other in (date(2024, 2, 29), date(2026, 1, 1), date(2031, 12, 31)):
        written = demo_pages.pages(other)
        assert f"/papers/date/{other}" in written
        assert all(f"{DAY}".encode() not in body for _, body in written.values())


def test_the_listing_keeps_its_papers_where_the_real_one_does() -> None:
    tree = LexborHTMLParser(demo_pages.pages(DAY)[LISTING][1])
    [node] = tree.css('div.SVELTE_HYDRATER.contents[data-target="DailyPapers"]')
    props = json.loads(node.attributes["data-props"] or "")
    assert (props["dateString"], props["prevDate"], props["periodType"]) == ("2026-11-20", "2026-11-19", "day")
    titles = [item["paper"]["title"] for item in props["dailyPapers"]]
    assert titles == [link.text() for link in tree.css("article h3 a.line-clamp-3")]
    assert len(titles) == 9
    assert all(item["paper"]["submittedOnDailyAt"].startswith("2026-11-20") for item in props["dailyPapers"])


def test_no_page_points_at_a_paper_or_a_host_that_might_be_real() -> None:
    for number in demo_pages.pages(DAY)[LISTING][1].decode().split('href="/papers/2611.')[1:]:
        assert number.startswith("9")
    for path in (ANNOUNCED, JOURNAL, SAVED):
        text = demo_pages.pages(DAY)[path][1].decode()
        assert all(part.startswith("2611.9") for part in text.split("https://arxiv.org/abs/")[1:])
