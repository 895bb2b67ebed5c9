"""What the bench makes of figures: medians, verdicts, the table, and material that is the same in every run."""

from __future__ import annotations

import gc
import random

from bench import text
from bench.ground import Ground
from bench.measure import AtLeast, AtMost, Goal, Measure, Pair, Within, interleaved
from bench.table import Row, markdown, renewed


def row(goal: Goal, *pairs: tuple[float, float]) -> Row:
    return Row(Measure("a thing", "another", goal, lambda _: ()), [Pair(*pair) for pair in pairs])


def test_the_median_of_the_ratios_decides_and_not_the_ratio_of_the_medians() -> None:
    pairs = ((1, 10), (2, 20), (10, 30))
    assert row(AtLeast(10), *pairs).verdict == "met"
    assert row(AtLeast(10.1), *pairs).verdict == "NOT MET"


def test_growth_is_read_the_other_way_round() -> None:
    assert row(AtMost(8), (7, 1), (8, 1), (90, 1)).verdict == "met"
    assert row(AtMost(8), (7, 1), (8.1, 1), (90, 1)).verdict == "NOT MET"


def test_a_limit_holds_by_itself_or_as_a_share_of_the_other_side() -> None:
    assert row(Within(10, "ms", share=1 / 20), (9, 1)).verdict == "met"
    assert row(Within(10, "ms", share=1 / 20), (20, 400)).verdict == "met"
    assert row(Within(10, "ms", share=1 / 20), (20, 399)).verdict == "NOT MET"
    assert row(Within(0.6, "GiB"), (0.7, 0)).verdict == "NOT MET"


def test_a_peer_that_is_missing_is_named_in_its_row() -> None:
    missing = Row(Measure("a thing", "smtp-sink", AtLeast(2), lambda _: ()), missing="not installed here")
    written = markdown([row(AtLeast(2), (1, 3)), missing], [("Plans", "a plan")], "python -m bench")
    assert "| a thing | 1 s | another: 3 s | 3 × | 3 … 3, 1 pairs | ≥ 2 × | met |" in written
    assert "| a thing | – | smtp-sink: not installed here | – | – | ≥ 2 × | – |" in written
    assert written.endswith("## Plans\n\na plan\n")


def test_some_rows_are_measured_anew_and_the_others_stay() -> None:
    longer = Row(Measure("a thing", "another, longer", AtLeast(2), lambda _: ()), [Pair(1, 5)])
    before = markdown([row(AtLeast(2), (1, 3)), longer], [("Plans", "a plan")], "python -m bench")
    new = Row(Measure("a new thing", "another", AtLeast(2), lambda _: ()), [Pair(1, 1)])
    after = renewed(before, [row(AtLeast(2), (1, 4)), new], 'python -m bench "another"')
    table = [line for line in after.splitlines() if line.startswith("| ")][1:]
    assert [line.split(" | ")[:3] for line in table] == [
        ["| a thing", "1 s", "another: 4 s"],
        ["| a thing", "1 s", "another, longer: 5 s"],
        ["| a new thing", "1 s", "another: 1 s"],
    ]
    assert '\n- `python -m bench "another"` measured 2 of these rows anew on ' in after
    assert after.endswith("## Plans\n\na plan\n")


def test_both_sides_are_timed_in_turn_after_one_untimed_call() -> None:
    calls: list[str] = []
    # What other tests left behind need not be looked through before each figure.
    gc.freeze()
    interleaved(lambda: calls.append("o"), lambda: calls.append("t"), pairs=3)
    gc.unfreeze()
    assert "".join(calls) == "ot" + "ot" + "to" + "ot"


def test_text_without_captures_is_the_same_in_every_run() -> None:
    one, other = (text.generated(random.Random(3), 20) for _ in range(2))
    assert one == other
    papers = [text.recombined(one, 50, random.Random(4)) for _ in range(2)]
    assert papers[0] == papers[1]
    words = text.keywords(papers[0], 200, random.Random(5))
    assert len(set(words)) == 200
    assert words == text.keywords(papers[1], 200, random.Random(5))


def test_a_few_keywords_are_wanted_by_many_readers() -> None:
    chosen = text.zipf(2000, 5, 1000, 1)
    assert chosen.shape == (2000, 5)
    assert (chosen < 10).sum() > 20 * ((chosen >= 500) & (chosen < 510)).sum()
    assert Ground(quick=True).size(10, 3) == 3
