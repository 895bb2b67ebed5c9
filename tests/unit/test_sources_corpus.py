"""The real captures beside the project: every file gives the papers that were counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.errors import ParseError
from service.model import ArrivalKind, Listing, Page
from service.papers import keys
from service.sources import parse

COUNTS = {
    "arxiv/api_atom_2025-12-22_1.xml": 1,
    "arxiv/api_atom_2026-05-11_2.xml": 2,
    "arxiv/physbiblio_api_atom_2.xml": 1,
    "arxiv/rss10_rdf_hep-ex_2018-05-23_3.xml": 3,
    "arxiv/rss20_csAI_2026-04-27_3.xml": 3,
    "biorxiv/rdf_bioengineering_2019-11-29_1.xml": 1,
    "feeds/lemon24_full.atom": 2,
    "feeds/lemon24_full.json": 1,
    "feeds/lemon24_full.rss": 2,
    "feeds/miniflux_encoding_ISO-8859-1.xml": 40,
    "feeds/miniflux_large_rss.xml": 25,
    "feeds/miniflux_small_atom.xml": 20,
    "feeds/r2e_allthingsrss_feed.atom": 3,
    "feeds/r2e_bbc-chinese_feed.atom": 2,
    "feeds/r2e_gmane_feed.rss": 5,
    "feeds/r2e_tails_feed.rss": 10,
    "hf-feed/hf_papers_feed_2025-03-20.xml": 22,
    "hf-feed/hf_papers_feed_2025-11-10.xml": 8,
    "hf-feed/hf_papers_feed_2026-08-20.xml": 18,
    "hf-feed/hf_papers_jsonfeed_2026-08-20.json": 18,
    "hf-html/SYNTH_daily_2026-07-31_2.html": 2,
    "hf-html/hf_papers_2024-08-01.html": 13,
    "hf-json/api_daily_papers_2026-05-11_trim.json": 3,
    "hf-json/api_daily_papers_2026-07-31_2.json": 2,
    "hf-json/props_daily_2024-08-01.json": 13,
    "hf-md/firecrawl_q_source-citations_2026-10-02_head5.md": 5,
    "hf-md/jina_paper_page_2310.03714_2025-01-20.md": 1,
    "hf-md/scrape_trending_2026-01_head10cards.md": 5,
    "hf-text/api_dump_2024-06-21.txt": 50,
    "hf-text/api_dump_2025-05-02.txt": 50,
    "hf-text/api_dump_2025-12-19.txt": 50,
    "hf-text/api_dump_2026-08-14.txt": 50,
    "hf-text/para_q_infinite-width-limit_TRUNC.txt": 1,
}
REFUSED = {
    "hf-html/NEG_not_hf_aggregator_2026-07-02.html": "another site",
    "hf-json/NEG_api_404_error_body.json": "error of an API: Sorry",
    "hf-text/trafilatura_date_2024-06-24.txt": "without its titles",
    "hf-text/trafilatura_date_2025-05-15.txt": "without its titles",
}


def read(path: Path) -> Listing:
    return parse(Page(path.read_bytes(), "", path.as_uri()))


@pytest.mark.parametrize("name", COUNTS)
def test_each_real_file_gives_the_papers_that_were_counted(shared: Path, name: str) -> None:
    papers = read(shared / "corpus" / name).papers
    assert len(papers) == COUNTS[name]
    assert all(paper.title == " ".join(paper.title.split()) != "" for paper in papers)


@pytest.mark.parametrize("name", REFUSED)
def test_each_negative_is_refused_and_named(shared: Path, name: str) -> None:
    with pytest.raises(ParseError, match=REFUSED[name]) as refusal:
        read(shared / "corpus" / name)
    assert refusal.value.looked_like


def test_no_file_of_the_corpus_is_left_out(shared: Path) -> None:
    folders = {name.split("/")[0] for name in COUNTS}
    there = {f"{folder}/{path.name}" for folder in folders for path in (shared / "corpus" / folder).iterdir()}
    assert {name for name in there if "derived_" not in name} == set(COUNTS) | set(REFUSED)


def pairs_by_line(text: str, glued: bool) -> list[tuple[str, str]]:
    rows = [" ".join(row.split()) for row in text.splitlines() if row.strip()]
    body = [rows[2].removeprefix("Subscribe"), *rows[3:]] if glued else rows[5:]
    return list(zip(body[::2], body[1::2], strict=True))


def test_the_seeds_give_every_title_and_abstract_to_the_letter(seeds: list[Path]) -> None:
    listings = [read(seed) for seed in seeds]
    assert [len(listing.papers) for listing in listings] == [20, 119, 48, 47]
    for seed, listing in zip(seeds, listings, strict=True):
        found = [(paper.title, paper.abstract) for paper in listing.papers]
        assert found == pairs_by_line(seed.read_text("utf-8"), glued=seed.name.startswith("001"))
    assert len({keys(paper)[0] for listing in listings for paper in listing.papers}) == 220


def test_a_page_and_its_own_data_say_the_same(shared: Path) -> None:
    page = read(shared / "corpus/hf-html/hf_papers_2024-08-01.html")
    data = read(shared / "corpus/hf-json/props_daily_2024-08-01.json")
    assert page.papers == data.papers
    assert page.day == data.day
    assert all(paper.listed == page.day for paper in page.papers)


def test_the_hidden_author_of_2024_is_not_shown(shared: Path) -> None:
    raw = json.loads((shared / "corpus/hf-json/props_daily_2024-08-01.json").read_text("utf-8"))
    everybody = sum(len(item["paper"]["authors"]) for item in raw["dailyPapers"])
    papers = read(shared / "corpus/hf-json/props_daily_2024-08-01.json").papers
    assert sum(len(paper.authors) for paper in papers) == everybody - 1
    assert not any("Xuanyu Huang" in paper.authors for paper in papers)


def test_the_announcements_of_an_old_arxiv_feed_are_read_and_taken_off(shared: Path) -> None:
    papers = read(shared / "corpus/arxiv/rss10_rdf_hep-ex_2018-05-23_3.xml").papers
    assert [paper.kind for paper in papers] == [ArrivalKind.NEW, ArrivalKind.CROSS, ArrivalKind.REPLACE]
    assert [paper.title for paper in papers][2] == "New Perspective on Hybrid Mesons"
    assert [paper.version for paper in papers] == [1, 1, 2]
    assert papers[0].authors == ("Christopher Dilks",)
    assert len(papers[2].authors) == 6
    assert "$2.6<\\eta<4$" in papers[0].abstract


def test_the_machine_summaries_of_2025_and_2026_are_cut_off(shared: Path) -> None:
    for name in (
        "hf_papers_feed_2025-11-10.xml",
        "hf_papers_feed_2026-08-20.xml",
        "hf_papers_jsonfeed_2026-08-20.json",
    ):
        for paper in read(shared / "corpus/hf-feed" / name).papers:
            assert "Generated by" not in paper.abstract
            assert "AI-generated" not in paper.abstract
            assert not paper.abstract.startswith("Abstract ")
            assert len(paper.abstract) > 400 or paper.arxiv_id == "2608.18423"  # its source gave none


def test_the_page_of_one_paper_gives_that_paper_and_not_those_its_comments_name(shared: Path) -> None:
    (paper,) = read(shared / "corpus/hf-md/jina_paper_page_2310.03714_2025-01-20.md").papers
    assert paper.arxiv_id == "2310.03714"
    assert paper.title.endswith("Self-Improving Pipelines")
    assert (len(paper.authors), paper.authors[3], paper.upvotes) == (13, "Zhiyuan Zhang", 33)
    assert paper.abstract.startswith("The ML community")
    assert paper.abstract.endswith("https://github.com/stanfordnlp/dspy")


def test_a_seed_cut_anywhere_gives_whole_pairs_and_at_most_one_cut_abstract(seeds: list[Path]) -> None:
    for seed in seeds[1:3]:
        whole = [(paper.title, paper.abstract) for paper in read(seed).papers]
        body = seed.read_bytes()
        for cut in range(4_000, len(body), 7_001):
            found = [(paper.title, paper.abstract) for paper in parse(Page(body[:cut], "", "")).papers]
            assert found[:-1] == whole[: len(found) - 1]
            assert whole[len(found) - 1][0] == found[-1][0]
