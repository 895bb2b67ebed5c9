"""Hugging Face's HTML and JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from service.errors import ParseError
from service.model import Listing, Page
from service.sources import parse
from tests.unit import pages


def read(text: str) -> Listing:
    return parse(Page(text.encode(), "", ""))


def one(**more: Any) -> Any:
    return read(json.dumps([pages.item(pages.PAPERS[0], **more)])).papers[0]


def test_an_item_tells_all_it_knows() -> None:
    paper = one()
    assert paper.authors == ("Ada Brewer", "Bob Kettle")
    assert paper.published == datetime(2026, 1, 3, tzinfo=UTC)
    assert (paper.upvotes, paper.stars, paper.arxiv_id) == (41, 7, "2601.00011")
    assert paper.links.arxiv == "https://arxiv.org/abs/2601.00011"
    assert paper.links.code == "https://github.com/kitchen/pot"
    assert paper.links.project == ""
    assert paper.url == paper.links.huggingface == "https://huggingface.co/papers/2601.00011"


def test_the_listed_day_is_the_day_of_submission_since_2025() -> None:
    assert one().listed == date(2026, 1, 5)


def test_the_listed_day_of_2024_is_the_items_own_time() -> None:
    item = {"paper": {"id": "2407.21783", "title": "T", "summary": "S", "publishedAt": "2024-07-31T17:54:27.000Z"}}
    (paper,) = read(json.dumps([item | {"publishedAt": "2024-08-01T01:21:47.935Z"}])).papers
    assert (paper.listed, str(paper.published)) == (date(2024, 8, 1), "2024-07-31 17:54:27+00:00")


def test_an_arxiv_date_less_four_hours_is_no_listed_day() -> None:
    paper = one(submittedOnDailyAt=None)
    assert paper.listed is None
    (shown,) = read(pages.listing_html([], dailyPapers=[pages.item(pages.PAPERS[0], submittedOnDailyAt=None)])).papers
    assert shown.listed == date(2026, 1, 5)


@pytest.mark.parametrize(
    "period",
    [
        {"dateString": "2026-W02", "periodType": "week"},
        {"dateString": "2026-01", "periodType": "month"},
        {"isTrending": True},
    ],
)
def test_a_page_over_many_days_is_about_no_day(period: dict[str, Any]) -> None:
    assert read(pages.listing_html(**period)).day is None


@pytest.mark.parametrize(
    "empty",
    ["[]", pages.listing_html([]), '{"dailyPapers": []}', pages.rss([]), pages.atom([]), pages.json_feed([])],
)
def test_a_well_formed_empty_listing_has_no_papers_and_no_error(empty: str) -> None:
    assert read(empty).papers == ()


def test_a_bad_entry_is_skipped_and_counted() -> None:
    listing = read(json.dumps([pages.item(pages.PAPERS[0]), {"paper": {"id": "2601.00012"}}, None, 7, []]))
    assert (len(listing.papers), listing.skipped) == (1, 4)


@pytest.mark.parametrize("inner", [{}, {"title": None}, {"title": " "}])
def test_an_item_whose_paper_has_no_title_or_abstract_has_its_own(inner: dict[str, Any]) -> None:
    item = {"title": "Teapots", "summary": "We boil.", "paper": {"id": "2611.00001", **inner}}
    (paper,) = read(json.dumps([item])).papers
    assert (paper.title, paper.abstract, paper.arxiv_id) == ("Teapots", "We boil.", "2611.00001")


def test_one_record_of_the_api_is_one_paper() -> None:
    (paper,) = read(json.dumps(pages.item(pages.PAPERS[2])["paper"] | {"linkedModels": []})).papers
    assert (paper.title, paper.abstract) == pages.PAIRS[2]


def test_the_page_of_one_paper_is_not_the_papers_it_links_to() -> None:
    listing = read(pages.paper_html(pages.PAPERS[1]))
    assert [(paper.title, paper.abstract) for paper in listing.papers] == [pages.PAIRS[1]]


ODD: list[dict[str, Any]] = [
    {"upvotes": "many"},
    {"upvotes": True},
    {"upvotes": -3},
    {"upvotes": 10**30},
    {"publishedAt": "0001-01-01T00:00:00+23:59"},
    {"publishedAt": 5},
    {"authors": "Ada"},
    {"authors": [None, {"name": 7}, {"name": " "}, "Ada Brewer"]},
    {"id": None},
    {"id": "../../etc"},
    {"githubRepo": ["x"]},
    {"summary": None, "ai_summary": 3},
]


@pytest.mark.parametrize("odd", ODD)
def test_a_field_of_the_wrong_kind_is_left_empty(odd: dict[str, Any]) -> None:
    paper = one(**odd)
    assert paper.title == pages.PAPERS[0].title
    assert paper.upvotes in (41, None)


def test_no_control_character_and_no_half_of_a_pair_gets_through() -> None:
    paper = one(title="Tea\u0000pots \ud800 and \u0007 Kettles")
    assert paper.title == "Teapots and Kettles"


REFUSED = {
    '{"error":"Sorry, we can\'t find the page you are looking for."}': "error of an API: Sorry",
    '{"message": "Not Found"}': "JSON object that is no listing",
    '[{"id": 1, "title": "An issue", "body": "x"}]': "entries are no papers",
    '[{"paper": {"id": "2601': "broken JSON",
    "[" * 100_000: "nested too deeply",
    "<html><head><title>Sign in · Hub</title></head><form><input type=password></form></html>": "login page",
    "<html><head><title>502 Bad Gateway</title></head></html>": "error page",
    "<html><head><title>Just a moment...</title></head></html>": "nobody but people.*Just a moment",
    "<html><head><title>The Human Genome</title></head></html>": "another site.*Human",
    "<!doctype html><title>Kettle News</title><p>Hot water.</p>": "another site.*Kettle News",
    '<html><title>x</title><link rel="alternate" type="application/rss+xml" href="https://a.example/f.xml">': "a.example/f.xml",
    "<html><head><title>Models - Hugging Face</title></head><a href='https://huggingface.co/x'>x</a></html>": "without papers",
    '<?xml version="1.0"?><urlset><url/></urlset>': "<urlset>",
    "%PDF-1.7 \x00\x01": "PDF",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_page_without_papers_is_refused_and_named(text: str) -> None:
    with pytest.raises(ParseError, match=REFUSED[text]):
        read(text)


def test_the_feed_that_a_page_names_is_said_in_full() -> None:
    text = '<html><title>x</title><link rel="alternate" type="application/rss+xml" href="f?a=1&amp;b=2">'
    with pytest.raises(ParseError, match=r"it names a feed: https://a\.example/tea/f\?a=1&b=2"):
        parse(Page(text.encode(), "", "https://a.example/tea/"))
