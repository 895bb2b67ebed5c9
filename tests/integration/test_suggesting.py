"""What is offered with one click beside the topics of a reader, and topics from papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.pipeline.suggesting import Kind
from tests.integration.stores import paper
from tests.integration.worlds import House, house

FILL = [paper(f"Bridges of Steel, Part {n}", "Bridges hold, and steel bends.") for n in range(30)]
PAPERS = [
    replace(
        paper("Tuning Small Nets", "We use low-rank adaptation (LoRA) on video generation."), arxiv_id="2611.00001"
    ),
    paper("LoRA for Everyone", "LoRA everywhere, on any machine."),
    paper("Paging Doctors by RAG", "Retrieval-augmented generation (RAG) reads charts."),
    paper("A Rag Doll Study", "A rag is a piece of cloth; every rag wears out."),
    paper("World Models for Robotic Manipulation", "A world model of hands."),
    paper("Robotic Manipulation by Imagined Worlds", "We learn a world model first."),
    paper("Weights and Measures", "The rank of a matrix; then, by adaptation, low cost."),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(Path(tmp_path_factory.mktemp("suggesting"))) as home:
        home.arrive(*FILL, *PAPERS)
        yield home


def offered(home: House, *topics: str) -> dict[str, tuple[Kind, int]]:
    return {each.keyword: (each.kind, each.count) for each in home.world.pipeline.suggest(topics, home.clock())}


def test_an_acronym_offers_its_long_form_and_the_other_way_round(home: House) -> None:
    assert offered(home, "LoRA")["low-rank adaptation"] == (Kind.LONG_FORM, 1)
    assert offered(home, "Low Rank Adaptation")["LoRA"] == (Kind.ACRONYM, 2)


def test_each_part_of_an_or_has_its_other_names(home: House) -> None:
    assert "low-rank adaptation" in offered(home, "orchids OR LoRA")
    assert "low-rank adaptation" not in offered(home, "orchids AND LoRA")


def test_the_name_of_a_paper_is_a_topic_where_others_speak_of_it(home: House) -> None:
    start = home.world.pipeline.start("LoRA: Less of Everything\nBridgeNet: Steel Seen from Above", home.clock())
    found = [each.keyword for each in start.topics]
    assert "LoRA" in found
    assert "BridgeNet" not in found


def test_an_acronym_that_is_also_a_word_is_offered_in_quotes(home: House) -> None:
    assert offered(home, "retrieval-augmented generation")['"RAG"'] == (Kind.ACRONYM, 1)


def test_a_phrase_that_finds_nothing_offers_its_words_apart(home: House) -> None:
    found = home.world.pipeline.suggest(["matrix adaptation"], home.clock())
    assert [(each.keyword, each.kind, each.instead) for each in found] == [("matrix AND adaptation", Kind.APART, True)]


def test_a_name_with_its_acronym_offers_either(home: House) -> None:
    assert offered(home, "low-rank adaptation (LoRA)")["low-rank adaptation OR LoRA"] == (Kind.EITHER, 2)


def test_a_name_or_category_that_no_text_holds_is_offered_in_its_field(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.arrive(replace(paper("Of Digits", "A net reads them."), authors=("Yann LeCun",), categories=("cs.LG",)))
        assert offered(home, "Yann LeCun") == {'au:"Yann LeCun"': (Kind.AUTHOR, 1)}
        assert offered(home, '"lecun"') == {'au:"lecun"': (Kind.AUTHOR, 1)}
        assert offered(home, "cs.LG") == {"cat:cs.LG": (Kind.CATEGORY, 1)}
        assert offered(home, "digits") == {}


def test_a_topic_that_is_too_broad_offers_titles_only(home: House) -> None:
    with_more = [paper(f"Steel, Part {n} of Many", "Steel bends.") for n in range(30)]
    home.arrive(*with_more)
    assert offered(home, "steel")["ti:steel"][0] is Kind.TITLES


def test_words_that_go_together_are_offered(home: House) -> None:
    assert offered(home, "world model")["robotic manipulation"] == (Kind.TOGETHER, 2)


def test_what_is_chosen_already_is_not_offered(home: House) -> None:
    assert "low-rank adaptation" not in offered(home, "LoRA", "low-rank adaptations")
    assert offered(home, "-LoRA") == {}


def test_papers_become_topics_with_their_volumes(home: House) -> None:
    start = home.world.pipeline.start(
        "https://arxiv.org/abs/2611.00001\nworld models for robotic manipulation", home.clock()
    )
    counts = {each.keyword: each.count for each in start.topics}
    assert counts["low-rank adaptation"] == 1
    assert counts["robotic manipulation"] == 2
    assert start.titles == ("Tuning Small Nets", "World Models for Robotic Manipulation")


def test_a_link_nobody_brought_is_said_and_a_title_is_read_for_itself(home: House) -> None:
    start = home.world.pipeline.start("arxiv.org/abs/2106.09685\nVideo Generation with Steel Bridges", home.clock())
    assert start.unknown == ("arxiv.org/abs/2106.09685",)
    assert "video generation" in [each.keyword for each in start.topics]


def test_at_most_ten_papers_are_read(home: House) -> None:
    start = home.world.pipeline.start("\n".join(f"Some Title Number {n}" for n in range(50)), home.clock())
    assert len(start.titles) == 10


def test_what_nearly_every_paper_speaks_of_is_still_a_topic_of_a_title_without_another(tmp_path: Path) -> None:
    with house(tmp_path) as narrow:
        narrow.arrive(*(paper(f"Low-Rank Adaptation and its Uses, Part {n}", guid=str(n)) for n in range(10)))
        start = narrow.world.pipeline.start("Low-Rank Adaptation and its Uses", narrow.clock())
    assert [(each.keyword, each.count) for each in start.topics] == [("low-rank adaptation", 10)]
