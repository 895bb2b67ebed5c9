"""Why a reader did not get a paper, and what would have brought it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.errors import InputError
from service.keywords import parse
from service.links import Purpose
from service.matching import Index
from service.model import Choice, Mend, Paper, Profile, Schedule
from service.pipeline import Why
from tests.integration.stores import paper
from tests.integration.test_mornings import some_papers, some_topics
from tests.integration.worlds import House, house

ADA = "ada@uni.example"
LORA = replace(
    paper("A Study of Low-Rank Adaptation in Small Networks", "We adapt networks with low-rank matrices."),
    arxiv_id="2611.00001",
)
FLOW = paper("Flow Matching for Proteins and Other Folds", "Matching of flows, learned on folds of proteins.")

NAMES = (
    "https://arxiv.org/abs/2611.00001v2",
    "arxiv.org/pdf/2611.00001",
    "https://huggingface.co/papers/2611.00001",
    "2611.00001",
    " a study of low-rank adaptation in small networks ",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as home:
        yield home


def ask(home: House, named: str) -> Why:
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    return home.world.pipeline.why(reader, named, home.clock())


def read(home: House, *keywords: str, papers: tuple[Paper, ...] = (LORA,)) -> None:
    """A reader who has had the first digest when papers come, and the morning after."""
    home.join(ADA, *keywords)
    home.morning()
    home.clock.at += timedelta(hours=2)
    home.arrive(*papers)


def test_a_paper_is_found_as_people_name_it(home: House) -> None:
    read(home, "cats")
    for named in NAMES:
        found = ask(home, named)
        assert found.paper is not None, named
        assert found.paper.title == LORA.title


@pytest.mark.parametrize(
    ("told", "pasted"),
    [
        (replace(FLOW, url="https://tea.example/kettles/7?p=1"), "https://tea.example/kettles/7?p=1"),
        (replace(FLOW, openreview_id="Tea4Two"), "https://openreview.net/pdf?id=Tea4Two"),
        (
            replace(FLOW, doi="10.1101/2026.11.19.123456"),
            "https://www.biorxiv.org/content/10.1101/2026.11.19.123456v2.full.pdf",
        ),
        (replace(FLOW, doi="10.1080/0740817x"), "https://www.tandfonline.com/doi/10.1080/0740817X?src=recsys#top"),
    ],
)
def test_a_paper_is_found_by_the_link_that_people_paste(home: House, told: Paper, pasted: str) -> None:
    read(home, "flow", papers=(told,))
    assert ask(home, pasted).paper == told
    assert home.world.operations.hide_paper(pasted, home.clock()) == FLOW.title


def test_bytes_that_are_no_text_name_no_paper(home: House) -> None:
    """A shell hands on what it cannot read as half a surrogate pair."""
    read(home, "flow")
    assert ask(home, "caf\udce9 of \ud800 kettles").paper is None
    with pytest.raises(InputError, match="there is no paper"):
        home.world.operations.hide_paper("caf\udce9", home.clock())


def test_a_paper_that_no_source_brought_is_said_to_be_unknown(home: House) -> None:
    read(home, "cats")
    assert ask(home, "https://arxiv.org/abs/2611.99999").sentence.startswith("None of the sources has brought")


def test_a_paper_of_the_next_mail_is_only_early(home: House) -> None:
    read(home, "low-rank adaptation")
    found = ask(home, "2611.00001")
    assert found.sentence == "It will be in your mail of Saturday 21 November."
    assert found.matched == ("low-rank adaptation",)
    assert [each.source for each in found.came] == ["https://papers.example/daily"]


def test_a_paper_that_was_sent_is_named_with_its_day_and_place(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.morning()
    assert ask(home, "2611.00001").sentence == "You did: it is number 1 in your mail of Friday 20 November."


def test_a_near_miss_names_the_topic_and_a_change_that_finds_the_paper(home: House) -> None:
    read(home, "cats", "flow matching for folds", papers=(LORA, FLOW))
    found = ask(home, FLOW.title)
    assert "flow matching for folds came nearest" in found.miss
    assert found.mend is not None
    assert found.mend.drop == "flow matching for folds"
    repaired = home.world.pipeline.advice([found.mend.add], home.clock())[0]
    assert repaired.count == 1


def test_a_paper_nothing_comes_close_to_has_no_button(home: House) -> None:
    read(home, "cats")
    found = ask(home, "2611.00001")
    assert found.mend is None
    assert found.sentence.startswith("None of your topics is in its title or abstract")


def test_an_exclusion_that_took_the_paper_can_be_removed(home: House) -> None:
    read(home, "low-rank adaptation", "-networks")
    found = ask(home, "2611.00001")
    assert found.sentence == "It matches low-rank adaptation, but -networks leaves it out."
    assert found.mend == Mend(0, drop="-networks")


def test_a_hidden_paper_is_said_to_be_kept_out(home: House) -> None:
    read(home, "low-rank adaptation")
    with home.world.store.write() as unit:
        unit.papers.hide(unit.papers.find({"arxiv:2611.00001"})[0].id)
    home.clock.at += timedelta(minutes=5)
    found = ask(home, "2611.00001")
    assert found.sentence.startswith("It is kept out of every mail here")
    assert found.matched == ("low-rank adaptation",)
    assert [each.source for each in found.came] == ["https://papers.example/daily"]


def test_a_paper_of_long_ago_has_its_day_and_the_topics_that_match(home: House) -> None:
    read(home, "low-rank adaptation", "cats")
    came = home.clock()
    home.clock.at += timedelta(days=40)
    found = ask(home, "2611.00001")
    assert found.sentence.startswith("It came over a month ago")
    assert found.matched == ("low-rank adaptation",)
    assert [each.at for each in found.came] == [came]


def test_a_resting_reader_hears_that_mails_rest(home: House) -> None:
    read(home, "low-rank adaptation")
    home.world.subscriptions.pause(home.token(ADA, Purpose.MANAGE), None, home.clock())
    assert "mails rest" in ask(home, "2611.00001").sentence


@pytest.mark.timeout(900)
def test_every_answer_is_true(home: House, full: bool, figure: Callable[[str], None]) -> None:
    """Each paper asked about for each reader: what is said of past and coming mails is what they hold."""
    random_ = random.Random(7)
    readers = {f"reader{n}@uni.example": some_topics(random_) or ["graph"] for n in range(20 if full else 3)}
    for email, topics in readers.items():
        home.join(email, *topics)
    home.morning()
    papers = []
    for day in range(4):
        home.clock.tomorrow()
        home.clock.at -= timedelta(hours=3)
        papers += some_papers(random_, day, 30 if full else 6)
        home.arrive(*papers[-30 if full else -8 :])
        if day < 3:
            home.clock.at += timedelta(hours=3)
            home.morning()
    told = {email: {each.arxiv_id: answer(home, email, each.arxiv_id) for each in papers} for email in readers}
    past = {email: held(home, email) for email in readers}
    home.clock.at += timedelta(hours=4)
    home.morning()
    mended = 0
    for email, answers in told.items():
        had = {named for named, why in answers.items() if why.sentence.startswith(("You did", "It matched, and came"))}
        soon = {named for named, why in answers.items() if why.sentence.startswith("It will be in your")}
        assert had == past[email]
        assert soon == held(home, email) - past[email]
        for why in answers.values():
            if why.mend is not None and why.mend.add and why.paper is not None:
                assert len(Index([why.paper]).find(parse(why.mend.add)).papers) == 1, why
                mended += 1
    asked = len(readers) * len(papers)
    figure(
        f"why: {asked} papers asked about, all answers true, {mended} near misses with a change that finds the paper"
    )
    assert mended > 3


def answer(home: House, email: str, named: str) -> Why:
    reader = home.world.subscriptions.find(email)
    assert reader is not None
    return home.world.pipeline.why(reader, named, home.clock())


def held(home: House, email: str) -> set[str]:
    """The papers of all digests of a reader, also those that were only counted."""
    reader = home.world.subscriptions.find(email)
    assert reader is not None
    with home.world.store.read() as unit:
        rows = unit.shelf.digests(reader.id, home.clock() - timedelta(days=30), 100)
        found = unit.papers.get(paper_id for row in rows for paper_id in row.papers)
    return {each.paper.arxiv_id for each in found.values()}


def test_the_command_tells_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with house(tmp_path) as home:
        home.arrive(LORA)
        home.join(ADA, "low-rank adaptation")
        home.morning()
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(app, ["why", ADA, "2611.00001"])
    assert result.exit_code == 0
    assert "You did: it is number 1" in result.stdout
    assert "https://papers.example/daily" in result.stdout
    assert "It matches low-rank adaptation." in result.stdout
    unknown = CliRunner().invoke(app, ["why", ADA, "2611.77777"])
    assert (unknown.exit_code, "match" in unknown.stdout) == (3, False)


def test_the_key_in_a_sources_address_is_told_to_nobody(home: House) -> None:
    home.arrive(FLOW)
    token = home.join(ADA, "low-rank adaptation")
    home.morning()
    (common,) = home.world.operations.sources()
    home.world.subscriptions.change(
        token, Choice((Profile(("low-rank adaptation",), sources=frozenset({common.id})),), Schedule()), home.clock()
    )
    home.clock.at += timedelta(hours=2)
    home.arrive(LORA, source="https://feeds.example/lab?key=HUSH")
    told = ask(home, LORA.title)
    assert "feeds.example/lab" in told.sentence
    assert "HUSH" not in repr(told)
    home.world.subscriptions.change(
        token, Choice((Profile(("lora",), sources=frozenset(range(99))),), Schedule()), home.clock()
    )
    record = home.world.records.export(home.token(ADA, Purpose.EXPORT), home.clock())
    assert "feeds.example/lab" in str(record["profiles"])
    assert "HUSH" not in str(record)
