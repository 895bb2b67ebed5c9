"""Listing pages of arXiv as people save them."""

from __future__ import annotations

from datetime import date

import pytest

from service.errors import ParseError
from service.model import ArrivalKind, Listing, Page
from service.sources import parse
from tests.unit.pages import arxiv_entry, arxiv_list

NEW = """<h3>Showing new listings for Thursday, 19 November 2026</h3>
<dl id="articles"><h3>New submissions (showing 1 of 1 entries)</h3>{}</dl>
<dl id="articles"><h3>Cross submissions (showing 1 of 1 entries)</h3>{}</dl>
<dl id="articles"><h3>Replacement submissions (showing 1 of 1 entries)</h3>{}</dl>"""
RECENT = """<dl id="articles"><h3>Thu, 19 Nov 2026 (showing first 1 of 60 entries )</h3>{}
<h3>Wed, 18 Nov 2026 (continued, showing 1 of 9 entries )</h3>{}</dl>"""


def read(body: str) -> Listing:
    return parse(Page(f"<!DOCTYPE html><html><head><title>Kettles</title></head>{body}</html>".encode(), "", ""))


def test_an_entry_is_read_whole() -> None:
    (paper,) = read(NEW.format(arxiv_entry(1), "", "")).papers
    assert (paper.title, paper.abstract) == ("On $\\mu$-Kettles if a < b: 1", "We boil where p < 0.05.")
    assert (paper.arxiv_id, paper.url) == ("2611.00001", "https://arxiv.org/abs/2611.00001")
    assert paper.authors == ("Ada Brewer", "Bob O'Kettle")
    assert (paper.categories, paper.comment) == (("cs.CK", "hep-th"), "5 pages")
    assert paper.links.pdf == "https://arxiv.org/pdf/2611.00001"


def test_a_page_of_new_papers_says_its_day_and_how_each_was_announced() -> None:
    listing = read(NEW.format(*map(arxiv_entry, (1, 2, 3))))
    assert (listing.form, listing.day, listing.skipped) == ("arxiv-html", date(2026, 11, 19), 0)
    assert [paper.kind for paper in listing.papers] == [ArrivalKind.NEW, ArrivalKind.CROSS, ArrivalKind.REPLACE]


def test_a_page_of_recent_papers_says_the_day_of_each() -> None:
    listing = read(RECENT.format(arxiv_entry(1, abstract=""), arxiv_entry(2, abstract="")))
    assert [(paper.listed, paper.abstract) for paper in listing.papers] == [
        (date(2026, 11, 19), ""),
        (date(2026, 11, 18), ""),
    ]
    assert listing.day is None


def test_an_entry_without_a_title_or_a_number_is_skipped_and_counted() -> None:
    torn = arxiv_entry(2).replace("On $", "").partition("<div class='list-title")[0]
    listing = read(NEW.format(arxiv_entry(1), torn, arxiv_entry(3).replace("/abs/", "/nothing/")))
    assert (len(listing.papers), listing.skipped) == (1, 2)


def test_a_page_that_only_resembles_a_listing_is_refused() -> None:
    with pytest.raises(ParseError, match="another site"):
        read("<dl><dt class='list-title'><a href='/abs/'>x</a></dt></dl>")


def test_a_whole_page_is_a_listing() -> None:
    assert len(parse(Page(arxiv_list().encode(), "", "")).papers) == 3
