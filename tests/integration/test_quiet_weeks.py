"""A week in which nothing matched: one short note that says what nearly did."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.links import Purpose
from service.model import Paper, Schedule
from tests.integration.stores import paper
from tests.integration.worlds import House

ADA = "ada@uni.example"
LORA = paper("Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001")
NOISE = [paper(f"Counting Cats from Above {n}", "Cats are counted.", arxiv_id=f"2611.07{n:03}") for n in range(20)]
QUIET = "Quiet week: 0 of {} papers matched"


def days(home: House, count: int, *papers: Paper) -> None:
    """So many mornings; the papers arrive before the first of them."""
    for _ in range(count):
        home.clock.tomorrow()
        home.arrive(*papers)
        papers = ()
        home.morning()


def week(home: House, *papers: Paper) -> None:
    """Seven silent days, looked at on the fewest mornings that still count as punctual; these papers arrive."""
    for _ in range(3):
        home.clock.tomorrow()
        days(home, 1, *papers)
        papers = ()
    days(home, 1)


def note(home: House) -> str:
    """The newest quiet note, on one line."""
    notes = [each for each in home.digests(ADA) if "none matched your topics" in " ".join(each.split())]
    return " ".join(notes[-1].split())


def joined(home: House, *keywords: str, schedule: Schedule | None = None) -> None:
    """A reader who got a first digest."""
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation of very large models", *keywords, schedule=schedule)
    home.morning()
    assert len(home.subjects(ADA)) == 2


def test_the_note_comes_after_seven_silent_days_and_once(home: House) -> None:
    joined(home)
    days(home, 6, *NOISE)
    assert len(home.subjects(ADA)) == 2
    days(home, 1)
    assert home.subjects(ADA)[2:] == [QUIET.format(20)]
    days(home, 6, *[paper(f"Yet Another {n} Cats", arxiv_id=f"2611.0810{n}") for n in range(2)])
    assert len(home.subjects(ADA)) == 3
    days(home, 1)
    assert home.subjects(ADA)[3:] == [QUIET.format(2)]


def test_a_weekly_reader_hears_of_a_quiet_week_on_the_usual_day(home: House) -> None:
    joined(home, schedule=Schedule(weekdays=frozenset({5})))
    days(home, 7, *NOISE)
    assert home.subjects(ADA)[2:] == [QUIET.format(20)]


def test_a_digest_begins_the_seven_days_anew(home: House) -> None:
    joined(home, "dogs")
    days(home, 5, *NOISE)
    days(home, 1, paper("A Study of Dogs", arxiv_id="2611.08002"))
    days(home, 6)
    assert [each for each in home.subjects(ADA) if each.startswith("Quiet")] == []


def test_a_week_without_any_paper_is_not_called_quiet(home: House) -> None:
    joined(home)
    days(home, 9)
    assert len(home.subjects(ADA)) == 2


@pytest.mark.parametrize(
    ("typed", "title", "says", "instead"),
    [
        ('"LoRA"', "Lora for Small Machines", "another form", 'Instead of "LoRA" write: LoRA'),
        ("quantization", "Quantized Weights", "another form", "Instead of quantization write: quantiz*"),
        ("ti:benchmarks", "A Plain Title", "stand elsewhere", "Instead of ti:benchmarks write: benchmarks"),
        ("flow matching", "Matching Optical Flow", "stand apart", "Instead of flow matching write: flow AND matching"),
        (
            "LoRA AND pruning",
            "LoRA for Phones",
            "does not mention “pruning”",
            "Instead of LoRA AND pruning write: LoRA",
        ),
        ("au:yann lecun", "By Another", "same last name", 'Instead of au:yann lecun write: au:"lecun"'),
        ("Test-time training", "A Test-Time View on Training", "stand apart", "write: Test-time AND training"),
        ("fast video diffusion", "Video Diffusion", "without “fast”", "write: video diffusion"),
        ("sums of a part of parts", "The Part of Parts", "without “sums”", "write: part of parts"),
        ('ti:"Chain of Thought prompting"', "A Chain of Thought", "without “prompting”", 'ti:"Chain of Thought"'),
        ("vitamin D level status", "Vitamin D Levels", "without “status”", "write: vitamin D level"),
    ],
)
def test_a_near_miss_names_the_change_that_would_have_caught_it(
    home: House, typed: str, title: str, says: str, instead: str
) -> None:
    joined(home, typed)
    missed = paper(title, "We tell of benchmarks.", arxiv_id="2611.08003", authors=("Marie LeCun",))
    week(home, *NOISE, missed)
    told = note(home)
    assert title in told.replace("*", "")
    assert says in told
    assert instead in told
    # The reader takes the advice, and the next such paper comes.
    wanted = told.partition(" write: ")[2].partition(" http")[0]
    home.change(home.token(ADA, Purpose.MANAGE), wanted)
    home.clock.at += timedelta(hours=1)
    days(home, 1, paper(f"{title} Again", "We tell of benchmarks.", arxiv_id="2611.09001", authors=("Marie LeCun",)))
    assert "Again" in home.digests(ADA)[-1].replace("*", "")


def test_three_near_misses_are_told_each_of_another_topic(home: House) -> None:
    joined(home, "flow matching", "LoRA AND pruning", "ti:benchmarks", "-survey")
    found = ["Matching a Flow", "The Flow of Matching", "LoRA on Phones", "Benchmarks in Passing", "A LoRA Survey"]
    texts = ["Nothing.", "Nothing.", "Nothing.", "Good benchmarks.", "Nothing."]
    near = [
        paper(title if "Passing" not in title else "In Passing", text, arxiv_id=f"2611.0810{n}")
        for n, (title, text) in enumerate(zip(found, texts, strict=True))
    ]
    week(home, *NOISE, *near)
    told = note(home)
    assert "Three papers were nearly a match" in told
    assert [title in told.replace("*", "") for title in ("Flow", "LoRA on Phones", "In Passing")] == [True] * 3
    assert "Survey" not in told, "an exclusion is meant"
    assert "4. " not in told


def test_a_change_that_would_bring_half_of_everything_is_not_proposed(home: House) -> None:
    joined(home, "counting dogs", "cats AND dogs")
    week(home, *NOISE)
    assert "nearly a match" not in note(home)
    assert "A broader topic finds more" in note(home)


def test_a_paper_that_was_hidden_meanwhile_is_not_shown(home: House) -> None:
    joined(home, "flow matching")
    days(home, 6, *NOISE, paper("Matching a Flow", arxiv_id="2611.08004"))
    home.clock.tomorrow()
    home.world.pipeline.compose(home.clock())
    home.world.operations.hide_paper("arxiv:2611.08004", home.clock())
    home.world.pipeline.deliver(home.clock())
    assert "Matching a Flow" not in note(home)


def test_a_note_that_still_waits_gives_way_to_a_digest(home: House) -> None:
    joined(home, "dogs")
    days(home, 6, *NOISE)
    home.clock.tomorrow()
    home.world.pipeline.compose(home.clock())
    days(home, 1, paper("A Study of Dogs", arxiv_id="2611.08005"))
    assert [each for each in home.subjects(ADA) if each.startswith("Quiet")] == []
    assert "A Study of Dogs" in home.subjects(ADA)[-1]


def test_a_note_that_still_waits_gives_way_to_the_next_one(home: House) -> None:
    joined(home)
    days(home, 6, *NOISE)
    home.world.operations.hold("a trial", home.clock())
    days(home, 1)
    days(home, 7, *[paper(f"Yet Another {n} Cats", arxiv_id=f"2611.0810{n}") for n in range(2)])
    home.world.operations.release(home.clock())
    home.world.pipeline.deliver(home.clock())
    assert home.subjects(ADA)[2:] == [QUIET.format(2)]
    status = home.world.operations.status(home.clock())
    assert (status.overdue, status.hold) == (0, None)
