"""The papers that a process keeps: read once, kept up to date, and left alone by what is older."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.keywords import parse
from service.pipeline.window import REACH, View, Window
from service.words import Token, tokens
from tests.integration.stores import paper
from tests.integration.worlds import House, house

LATE = datetime(2026, 11, 20, 23, 59, 30, tzinfo=UTC)
A, B = (paper(f"Low-Rank Adaptation {name}", arxiv_id=f"2611.1000{n}", upvotes=n) for n, name in enumerate("AB", 1))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as home:
        home.clock.at = LATE
        yield home


def seen(home: House, window: Window, now: datetime) -> View:
    with home.world.store.read() as unit, window.open(unit, now) as view:
        return view


def test_runs_from_before_and_behind_midnight_share_what_was_read(home: House) -> None:
    home.arrive(A, B)
    window = Window(home.world.store)
    first = seen(home, window, LATE)
    assert seen(home, window, LATE + timedelta(minutes=1)) is first
    assert seen(home, window, LATE) is first


def test_what_is_too_old_is_left_out_once_a_day_and_nobody_from_before_brings_it_back(home: House) -> None:
    home.arrive(A)
    home.clock.at += REACH
    home.arrive(B)
    window = Window(home.world.store)
    assert len(seen(home, window, home.clock()).papers) == 2
    following = home.clock() + timedelta(hours=6)
    kept = seen(home, window, following)
    assert [each.paper.title for each in kept.papers] == [B.title]
    assert seen(home, window, home.clock()) is kept


def test_a_snapshot_from_before_takes_nothing_away_and_brings_nothing_twice(home: House) -> None:
    home.arrive(A)
    window = Window(home.world.store)
    with home.world.store.read() as old:
        before = old.papers.last_arrival()
        home.arrive(B)
        home.arrive(B, source="https://other.example/daily")
        view = seen(home, window, LATE)
        with window.open(old, LATE) as same:
            assert same is view
            assert same.upto == before
    assert seen(home, window, LATE) is view
    assert [each.number for each in view.arrivals] == [1, 2, 3]
    assert view.upto == 3


def test_upvotes_are_those_of_now(home: House) -> None:
    home.arrive(A, B)
    window = Window(home.world.store)
    view = seen(home, window, LATE)
    assert (view.upvotes().tolist(), view.popular()) == ([1, 2], [1, 0])
    home.arrive(replace(A, upvotes=150, stars=7), B)
    assert seen(home, window, LATE) is view, "no text has changed"
    assert (view.upvotes().tolist(), view.popular()) == ([150, 2], [0, 1])
    assert [(each.paper.upvotes, each.paper.stars) for each in view.papers] == [(150, 7), (2, None)]


def test_a_paper_whose_text_has_changed_is_read_again_and_the_others_are_not(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.arrive(A, B)
    window = Window(home.world.store)
    before = seen(home, window, LATE)
    read: list[str] = []

    def noted(text: str) -> list[Token]:
        read.append(text)
        return tokens(text)

    monkeypatch.setattr("service.matching.tokens", noted)
    home.arrive(replace(A, abstract="We study sparse gates at length, and say so in many words more than before."))
    view = seen(home, window, LATE)
    assert view is not before
    assert [text.partition(" ")[0] for text in read] == ["Low-Rank", "We"]
    assert view.find(parse("sparse gates")).papers.tolist() == [0]
    assert view.find(parse("low-rank adaptation")).papers.tolist() == [0, 1]
    assert view.find(parse("study it at length")).papers.tolist() == [1]
