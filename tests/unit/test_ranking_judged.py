"""Papers that people chose for reviews of medicines, and of software: the ranking finds them as well as BM25 does.

Each review has titles and abstracts that were read one by one; a reader who had asked for its topics would want those
that were included first. BM25 is the one of SQLite's FTS5, over the same topics, with Porter's stemmer.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import mean

import numpy as np

from service.keywords import parse
from service.matching import Index
from service.model import Paper
from service.ranking import rank

# Written from the names of the reviews alone, as a reader would.
TOPICS = {
    "ADHD": "ADHD, attention deficit, methylphenidate, atomoxetine, amphetamine*, randomized",
    "CalciumChannelBlockers": "calcium channel blocker, amlodipine, nifedipine, diltiazem, verapamil, hypertension",
    "Kitchenham_2010": "systematic review, fault prediction, effort estimation, defect, empirical study",
    "NSAIDS": "NSAID, nonsteroidal anti-inflammatory, celecoxib, rofecoxib, naproxen, osteoarthritis",
    "OralHypoglycemics": "metformin, sulfonylurea, glipizide, glyburide, rosiglitazone, type 2 diabetes",
    "UrinaryIncontinence": "urinary incontinence, overactive bladder, oxybutynin, tolterodine, duloxetine",
}


def judged(shared: Path, review: str) -> tuple[list[Paper], list[bool]]:
    """The papers of a review, and which of them were included."""
    with (shared / "corpus" / "relevance" / "asreview" / f"{review}.csv").open(newline="", errors="replace") as file:
        rows = list(csv.DictReader(file))
    papers = [Paper(title=row["title"] or "?", abstract=row["abstract"]) for row in rows]
    return papers, [row["label_included"] == "1" for row in rows]


def ours(papers: Sequence[Paper], topics: Sequence[str]) -> list[int]:
    index = Index(papers)
    return list(rank([index.find(parse(topic)) for topic in topics], np.zeros(len(papers)), len(papers)))


def by_bm25(papers: Sequence[Paper], topics: Sequence[str]) -> list[int]:
    asked = " OR ".join(f'"{topic[:-1]}"*' if topic.endswith("*") else f'"{topic}"' for topic in topics)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (title, abstract, tokenize = 'porter unicode61')")
        rows = ((place, paper.title, paper.abstract) for place, paper in enumerate(papers))
        connection.executemany("INSERT INTO words (rowid, title, abstract) VALUES (?, ?, ?)", rows)
        found = connection.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words)", (asked,))
        return [place for (place,) in found]


def precision(order: Sequence[int], included: Sequence[bool]) -> float:
    """Average precision: what share of those above each included paper is included, 0 for one that was not found."""
    places = [number for number, paper in enumerate(order, 1) if included[paper]]
    return sum(found / number for found, number in enumerate(places, 1)) / sum(included)


def test_the_ranking_puts_chosen_papers_first_as_well_as_bm25(
    shared: Path, full: bool, figure: Callable[[str], None]
) -> None:
    pairs = []
    for review in TOPICS if full else ("ADHD", "OralHypoglycemics", "UrinaryIncontinence"):
        topics, (papers, included) = TOPICS[review], judged(shared, review)
        pairs.append([precision(way(papers, topics.split(", ")), included) for way in (ours, by_bm25)])
    mine, other = (mean(side) for side in zip(*pairs, strict=True))
    figure(f"chosen papers first: mean average precision {mine:.3f}, BM25 {other:.3f}, of {len(pairs)} reviews")
    assert mine >= other, pairs
