"""What the front page offers beside topics, and topics from papers, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.integration.sites import Site, site, text, value
from tests.integration.stores import paper

LORA = replace(
    paper("Sparse Low-Rank Adaptation of Models", "We use low-rank adaptation (LoRA) for video generation."),
    arxiv_id="2611.00001",
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("starting")) as opened:
        opened.house.arrive(LORA, paper("LoRA for Orchids", "LoRA blooms."), paper("The Craft of Steel Bridge Design"))
        yield opened


def test_another_name_of_a_topic_is_one_click_away(pages: Site) -> None:
    page = pages.get("/", params={"k": ["LoRA", "cats dogs"]})
    (link,) = LexborHTMLParser(page.text).css(".offers a")
    assert link.attributes["data-topic"] == "low-rank adaptation"
    assert link.attributes["href"] == "/?k=LoRA&k=cats+dogs&k=low-rank+adaptation"
    page = pages.get("/", params={"k": ["LoRA", "generation video"]})
    link = LexborHTMLParser(page.text).css(".offers a")[0]
    assert (link.attributes["data-topic"], link.attributes["data-instead"]) == (
        "generation AND video",
        "generation video",
    )
    assert link.attributes["href"] == "/?k=LoRA&k=generation+AND+video"


def test_papers_become_topics_to_choose_from(pages: Site) -> None:
    assert "/start?k=cats" in pages.get("/?k=cats").text
    page = pages.get(
        "/start", params={"papers": "https://arxiv.org/abs/2611.00001\narxiv.org/abs/2106.09685", "k": "cats"}
    )
    assert "low-rank adaptation 1 paper" in text(page, "#topics")
    assert "arxiv.org/abs/2106.09685" in text(page, ".notice")
    boxes = LexborHTMLParser(page.text).css("#topics form [name=k]")
    taken = [each for each in boxes if "checked" in each.attributes or each.attributes["type"] == "hidden"]
    chosen = [str(each.attributes["value"]) for each in taken]
    assert {"cats", "low-rank adaptation"} <= set(chosen)
    assert value(pages.get("/", params={"k": chosen}), "keywords").splitlines() == chosen


@pytest.mark.parametrize(
    ("typed", "topics"),
    [
        ("Segment Anything", ["segment anything"]),
        ("[2304.02643] Segment Anything", ["segment anything"]),
        ("https://arxiv.org/abs/2304.02643 – Segment Anything", ["segment anything"]),
        ("hep-th/9901001v2 String Theory", ["string theory"]),
        ("• “Segment Anything”", ["segment anything"]),
        ("GPT-4 Technical Report", ["GPT-4"]),
        ("An Orchid Is All You Need", ["orchid"]),
        ("Steel Bridge Design for Everybody", ["steel bridge design"]),
        ("Neural A* Search", ["neural A* search"]),
        ("Steel Bridge Design, so* Stars", ["steel bridge design"]),
    ],
)
def test_the_title_of_a_paper_nobody_has_seen_here_is_enough(pages: Site, typed: str, topics: list[str]) -> None:
    page = pages.get("/start", params={"papers": typed})
    boxes = LexborHTMLParser(page.text).css("#topics form [name=k][checked]")
    assert [each.attributes["value"] for each in boxes] == topics
    assert not text(page, ".notice")


def test_a_link_to_a_paper_nobody_has_seen_here_asks_for_its_title(pages: Site) -> None:
    page = pages.get("/start", params={"papers": "https://arxiv.org/abs/2401.00001"})
    assert "We have not seen this paper yet. Paste the title in place of the link" in text(page, ".notice")
    assert "Nothing found" not in text(page)


@pytest.mark.parametrize(
    "typed", ["", "\n\n", "x", "<script>", "\x00\ud7ff" * 50, "a b " * 2000, "$" * 5000, 'Craft " Steel']
)
def test_whatever_is_pasted_is_answered(pages: Site, typed: str) -> None:
    assert pages.get("/start", params={"papers": typed}).status_code == 200


@pytest.mark.parametrize("heap", [".", "a.", "./"])
def test_lines_that_only_look_like_addresses_are_read_in_time(pages: Site, heap: str) -> None:
    lines = "\n".join(f"{number}{heap * (490 // len(heap))}" for number in range(10))
    pages.get("/start", params={"papers": "a"})
    started = time.process_time()
    assert pages.get("/start", params={"papers": lines}).status_code == 200
    assert time.process_time() - started < 0.4


def test_the_page_says_how_fresh_each_source_is(pages: Site) -> None:
    assert "Read from papers.example/daily (not yet)" in text(pages.get("/"), ".fresh")
