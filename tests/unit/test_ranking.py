"""The order of a digest: keywords hit, then titles, then rarity, then upvotes, then as they came."""

from __future__ import annotations

import math
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.matching import Found
from service.ranking import Hits, rank, rank_all, trending


def found(**titles: bool) -> Found:
    """What one keyword found: p3=True is the paper at 3, hit in the title."""
    positions = sorted(int(name[1:]) for name in titles)
    return Found(np.array(positions, np.int32), np.array([titles[f"p{each}"] for each in positions], np.bool_))


def test_two_keywords_go_before_one_in_the_title() -> None:
    assert rank([found(p0=True, p1=False), found(p1=False)], [900, 0], 2).tolist() == [1, 0]


def test_the_title_goes_before_the_abstract() -> None:
    assert rank([found(p0=False, p1=True)], [900, 0], 2).tolist() == [1, 0]


def test_a_rare_keyword_goes_before_a_common_one() -> None:
    common, rare = found(p0=False, p1=False, p2=False), found(p3=False)
    assert rank([common, rare], [9, 9, 9, 0], 10).tolist() == [3, 0, 1, 2]


def test_upvotes_decide_between_equals_and_then_the_order_they_came_in() -> None:
    assert rank([found(p0=False, p1=False, p2=False)], [1, 5, 1], 3).tolist() == [1, 0, 2]


def test_only_papers_that_a_keyword_found_are_ranked() -> None:
    assert rank([found(p2=False)], [7, 7, 0, 7], 4).tolist() == [2]
    assert rank([found()], [7], 1).tolist() == []
    assert rank([], [], 0).tolist() == []


def test_trending_is_by_upvotes_and_then_as_the_page_had_them() -> None:
    assert trending([3, 9, 9, 1]).tolist() == [1, 2, 0, 3]
    assert trending([3, 9, 9, 1], np.array([0, 3])).tolist() == [0, 3]
    assert trending([], None).tolist() == []


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), min_size=1, max_size=12))
def test_the_order_is_one_and_the_same_however_the_keywords_are_ordered(papers: list[tuple[bool, bool, int]]) -> None:
    first = found(**{f"p{at}": title for at, (hit, title, _) in enumerate(papers) if hit})
    second = found(**{f"p{at}": not title for at, (hit, title, _) in enumerate(papers) if not hit or title})
    votes = [vote for _, _, vote in papers]
    assert rank([first, second], votes, len(papers)).tolist() == rank([second, first], votes, len(papers)).tolist()


def drawn(chance: random.Random, total: int) -> Found:
    """What some keyword found."""
    papers = chance.sample(range(total), chance.randint(0, total))
    return found(**{f"p{at}": chance.random() < 0.3 for at in papers})


def plainly_ranked(found: list[Found], votes: list[int], total: int) -> list[int]:
    """The definition, one paper at a time."""
    in_title: list[dict[int, bool]] = [
        dict(zip(each.papers.tolist(), each.title.tolist(), strict=True)) for each in found
    ]

    def worth(paper: int) -> tuple[int, int, int, int, int]:
        mine = [each for each in in_title if paper in each]
        titles = sum(each[paper] for each in mine)
        rarity = sum(round(math.log(total / len(each)) * 1_000_000) for each in mine)
        return -len(mine), -titles, -rarity, -votes[paper], paper

    return sorted({paper for each in in_title for paper in each}, key=worth)


def together(wanted: list[list[Found]]) -> Hits:
    """What the keywords of several readers found."""
    flat = [each for mine in wanted for each in mine]
    return Hits(
        np.repeat(np.arange(len(wanted)), [len(mine) for mine in wanted]),
        np.cumsum([0, *(len(each.papers) for each in flat)]),
        np.concatenate([np.empty(0, np.int32), *(each.papers for each in flat)]),
        np.concatenate([np.empty(0, np.bool_), *(each.title for each in flat)]),
    )


def test_many_readers_are_ranked_at_once_as_each_alone() -> None:
    chance = random.Random(6)
    for _ in range(60):
        total = chance.randint(1, 40)
        votes = [chance.randint(0, 3) for _ in range(total)]
        wanted = [
            [
                found(
                    **{f"p{at}": chance.random() < 0.3 for at in chance.sample(range(total), chance.randint(0, total))}
                )
                for _ in range(chance.randint(0, 6))
            ]
            for _ in range(chance.randint(1, 9))
        ]
        ranked = rank_all(together(wanted), len(wanted), trending(votes), total)
        for reader, mine in enumerate(wanted):
            assert ranked.of(reader).tolist() == rank(mine, votes, total).tolist()
            assert ranked.of(reader).tolist() == plainly_ranked(mine, votes, total)


def test_readers_of_many_keywords_and_papers_are_ranked_by_fewer_at_a_time() -> None:
    """400 keywords over 4,000 papers leave no room in one number for more than one reader."""
    chance, total = random.Random(7), 4000
    votes = [chance.randint(0, 3) for _ in range(total)]
    wanted = [
        [found(**{f"p{chance.randrange(total)}": chance.random() < 0.3, "p7": False}) for _ in range(400)]
        for _ in range(3)
    ]
    ranked = rank_all(together(wanted), len(wanted), trending(votes), total)
    for reader, mine in enumerate(wanted):
        assert ranked.of(reader).tolist() == plainly_ranked(mine, votes, total)


def test_a_reader_of_more_keywords_than_one_number_can_count_is_ranked_too() -> None:
    """Ten full profiles over the papers of a large service: whoever saves them must not end a morning for all."""
    chance, total = random.Random(8), 4000
    votes = [chance.randint(0, 3) for _ in range(total)]
    many = [
        found(**{f"p{chance.randrange(40)}": chance.random() < 0.3, f"p{chance.randrange(total)}": False})
        for _ in range(1000)
    ]
    few = [found(p5=True, p7=False), found(p7=False)]
    ranked = rank_all(together([few, many, few]), 3, trending(votes), total)
    assert ranked.of(0).tolist() == ranked.of(2).tolist() == plainly_ranked(few, votes, total)
    assert ranked.of(1).tolist() == plainly_ranked(many, votes, total)
