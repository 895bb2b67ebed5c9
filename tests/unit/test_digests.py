"""A digest holds the best papers of the order it is given, and counts the others."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from service.digests import compose
from service.model import Field, Fit, Hit, Match, Paper, StoredPaper

PAPERS = [StoredPaper(number, 1, Paper(title=f"Paper {number}")) for number in range(5)]
DAY = date(2026, 11, 20)
HIT = (Hit(Field.TITLE, 0, 5),)


def test_papers_stand_in_their_order_and_the_rest_is_counted() -> None:
    digest = compose(DAY, ["a"], PAPERS, [3, 0, 4], {3: [Match(3, 0, HIT)], 0: [Match(0, 0, HIT)]}, max_papers=2)
    assert [selected.paper.id for selected in digest.papers] == [3, 0]
    assert (digest.more, digest.read) == (1, 5)


def test_a_paper_names_its_keywords_in_the_readers_order() -> None:
    found = {4: [Match(4, 1, HIT), Match(4, 0, ())], 2: [Match(2, 0, HIT)]}
    digest = compose(DAY, ["a", "b"], PAPERS, [4, 2], found)
    assert [selected.why for selected in digest.papers] == [(Fit("a"), Fit("b", HIT)), (Fit("a", HIT),)]


def test_positions_may_come_as_an_array() -> None:
    digest = compose(DAY, ["a"], PAPERS, np.array([1, 2], dtype=np.int32), {1: [Match(1, 0, HIT)]})  # type: ignore[arg-type]
    assert [selected.paper.id for selected in digest.papers] == [1, 2]
    assert digest.papers[0].why == (Fit("a", HIT),)


def test_no_papers_make_a_digest_too() -> None:
    digest = compose(DAY, ["a"], PAPERS, [], {}, first=True, next_edition=datetime(2026, 11, 21, 6, tzinfo=UTC))
    assert (digest.papers, digest.more, digest.first) == ((), 0, True)


def test_a_maximum_below_nothing_shows_nothing_and_loses_nothing() -> None:
    digest = compose(DAY, [], PAPERS, [0, 1], {}, max_papers=-1)
    assert (digest.papers, digest.more) == ((), 2)
