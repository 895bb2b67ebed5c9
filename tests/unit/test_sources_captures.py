"""Saved pages in every layout seen, filled with invented papers."""

from __future__ import annotations

from datetime import date

import pytest

from service.errors import ParseError
from service.model import Listing, Page
from service.sources import parse
from tests.unit import pages


def read(text: str, url: str = "") -> Listing:
    return parse(Page(text.encode(), "", url))


def pairs(listing: Listing) -> list[tuple[str, str]]:
    return [(paper.title, paper.abstract) for paper in listing.papers]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("layout", pages.LAYOUTS)
def test_every_layout_gives_the_same_titles_and_abstracts(layout: str, line_end: str) -> None:
    assert pairs(read(pages.LAYOUTS[layout]().replace("\n", line_end))) == pages.PAIRS


@pytest.mark.parametrize("start", ["\ufeff", "\n\n", "Hugging Face\nModels\nDatasets\nSpaces\n\n"])
def test_what_stands_before_the_head_of_a_capture_does_not_matter(start: str) -> None:
    assert pairs(read(start + pages.paragraphs())) == pages.PAIRS


@pytest.mark.parametrize(
    "head",
    ["Daily Papers\n\nbyAK and the research community\n\n", "Trending Papers\n\nby AK and the research community\n\n"],
)
def test_the_head_may_name_the_page(head: str) -> None:
    text = pages.paragraphs().replace("byAK and the research community\n\n", head)
    assert pairs(read(text)) == pages.PAIRS


def test_a_title_that_begins_with_subscribe_keeps_it() -> None:
    first = pages.Invented("2601.00020", "Subscribe to the Moon: Tides as a Service", pages.PAPERS[0].abstract)
    assert pairs(read(pages.lines([first])))[0][0] == first.title


def test_cards_keep_their_titles_though_universities_and_dates_stand_between() -> None:
    text = pages.HEAD + "Mar 11\n\n"
    for place, paper in enumerate(pages.PAPERS):
        text += f"{place * 37}\n\n{paper.title}\n\n{paper.abstract}\n\nTeapot University\n\n·\n\nMay 29\n\n6\n\n"
    assert pairs(read(text)) == pages.PAIRS


def test_a_capture_that_an_editor_wrapped_reads_the_same() -> None:
    long = [paper for paper in pages.PAPERS if len(paper.abstract) > 200]
    text = pages.HEAD + "\n\n".join(f"{paper.title}\n\n{pages.wrapped(paper.abstract)}" for paper in long)
    assert pairs(read(text)) == [(paper.title, " ".join(paper.abstract.split())) for paper in long]


def test_a_lost_title_costs_one_paper_and_spoils_no_other() -> None:
    long = "This abstract is as long as abstracts on listing pages are, and then some. " * 12
    papers = [pages.Invented(f"2601.0003{n}", f"Paper Number {n} on the Folding of Maps", long) for n in range(4)]
    text = pages.paragraphs(papers).replace("Paper Number 2 on the Folding of Maps\n\n", "")
    assert [paper.title[:14] for paper in read(text).papers] == ["Paper Number 0", "Paper Number 1", "Paper Number 3"]
    assert {paper.abstract for paper in read(text).papers} == {" ".join(long.split())}


def test_a_title_cut_off_at_the_end_is_counted_and_not_shown() -> None:
    listing = read(pages.paragraphs() + "\n\nA Title Whose Abstr")
    assert (pairs(listing), listing.skipped) == (pages.PAIRS, 1)


@pytest.mark.parametrize(
    ("printed", "day"), [("Oct 4, 2025", date(2025, 10, 4)), ("Mar 11", None), ("Feb 30, 2025", None)]
)
def test_the_day_of_a_page_is_known_where_it_names_its_year(printed: str, day: date | None) -> None:
    listing = read(pages.paragraphs(day=printed))
    assert listing.day == day
    assert all(paper.listed == day for paper in listing.papers)


def test_markdown_gives_links_votes_and_dates() -> None:
    listing = read(pages.inline_markdown())
    assert [paper.arxiv_id for paper in listing.papers] == [paper.id for paper in pages.PAPERS]
    assert [paper.upvotes for paper in listing.papers] == [None, 1, 2, 3]
    assert listing.papers[0].url == "https://huggingface.co/papers/2601.00011"
    assert listing.papers[0].links.pdf == "https://arxiv.org/pdf/2601.00011"


def test_numbered_markdown_is_read_with_its_table_of_links_and_without() -> None:
    whole, cut = read(pages.numbered_markdown()), read(pages.numbered_markdown(table=False))
    assert pairs(whole) == pairs(cut) == pages.PAIRS
    assert [paper.arxiv_id for paper in whole.papers] == [paper.id for paper in pages.PAPERS]
    assert [paper.url for paper in cut.papers] == [""] * len(pages.PAIRS)
    assert whole.day == date(2025, 10, 4)


def test_links_on_lines_of_their_own_belong_to_the_text_above() -> None:
    listing = read(pages.notebook())
    assert [paper.arxiv_id for paper in listing.papers] == [paper.id for paper in pages.PAPERS]
    assert {paper.upvotes for paper in listing.papers} == {1}
    assert {paper.published and paper.published.date() for paper in listing.papers} == {date(2025, 2, 27)}


def test_a_capture_without_links_leaves_them_empty() -> None:
    assert {paper.url for paper in read(pages.paragraphs()).papers} == {""}


def test_the_saved_page_of_one_paper_is_that_paper() -> None:
    (paper,) = read(pages.paper_page()).papers
    assert (paper.title, paper.abstract) == pages.PAIRS[0]
    assert paper.authors == ("Ada Brewer", "Bob Kettle")
    assert (paper.upvotes, paper.arxiv_id, str(paper.published)[:10]) == (33, "2601.00011", "2026-01-05")


def test_a_days_page_saved_as_text_gives_titles_alone() -> None:
    cards = "".join(f"Submitted by\nsomebody\n94\n{paper.title}\n·\n533 authors\n5\n" for paper in pages.PAPERS)
    listing = read("Daily Papers\nbyAK and the research community\n" + cards)
    assert pairs(listing) == [(paper.title, "") for paper in pages.PAPERS]


def test_a_block_without_a_title_is_skipped_and_counted() -> None:
    listing = read(pages.blocks() + "Title: \nPDF: https://arxiv.org/pdf/2601.00099\nSummary: Nobody named me.\n---\n")
    assert (len(listing.papers), listing.skipped) == (len(pages.PAPERS), 1)


REFUSED = {
    pages.HEAD: "head of a Hugging Face listing",
    pages.HEAD + "Mar 11\n\n": "head of a Hugging Face listing",
    "Get trending papers in your email inbox!\nSubscribeSubmitted by\nada\nSubmitted by\nbob\n": "without its titles",
    "Once upon a time\n\nthere was a text that had nothing to do with papers. It went on and on.": "no saved listing",
    "Log in to Hugging Face\n\nUsername\n\nPassword\n": "no saved listing",
    "# Awesome kettles\n\n### Kettle One\n\nA kettle that whistles in C sharp, with a long description.\n": "no saved listing",
    "": "empty",
    " \n\t\n": "empty",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_without_papers_is_refused_and_named(text: str) -> None:
    with pytest.raises(ParseError, match=REFUSED[text]):
        read(text)


def test_blocks_are_read_behind_what_a_program_says_first() -> None:
    said = "Fetching the papers of 2026-01-05 ...\nFound 3 of them.\n\n"
    assert read(said + pages.blocks()).papers == read(pages.blocks()).papers
