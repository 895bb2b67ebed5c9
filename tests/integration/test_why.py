"""Why a reader did not get a paper, and what would have brought it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.links import Purpose
from service.model import Mend, Paper
from service.pipeline import Why
from tests.integration.stores import paper
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
    assert ask(home, "2611.00001").sentence.startswith("It is kept out of every mail here")


def test_a_resting_reader_hears_that_mails_rest(home: House) -> None:
    read(home, "low-rank adaptation")
    home.world.subscriptions.pause(home.token(ADA, Purpose.MANAGE), None, home.clock())
    assert "mails rest" in ask(home, "2611.00001").sentence


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
    assert CliRunner().invoke(app, ["why", ADA, "2611.77777"]).exit_code == 3
