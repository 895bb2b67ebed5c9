"""Papers and keywords for the bench.

Comes in: the captures beside the project, or nothing. Goes out: any number of papers made of their sentences, and
keywords drawn from the n-grams of those. Refuses to know: what is measured.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import PaperRoundError
from service.keywords import parse
from service.model import Page, Paper
from service.sources import parse as read_page

SHARED = Path(__file__).resolve().parents[2] / "shared"

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_WORDS = re.compile(r"[a-z]+(?: [a-z]+)*")
_SYLLABLES = re.findall("..", "bacedifoguhakelimonuparesitovualenirorusst")
_ENDS = ("", "s", "ing", "ed", "ion", "al", "ity")
_SMALL = ["the", "of", "and", "to", "in", "for", "with", "that", "is", "on", "by", "as", "an", "from", "are", "we"]


@cache
def captured() -> tuple[Paper, ...]:
    """The papers of the real captures beside the project; none where they are absent."""
    files = [*sorted(SHARED.glob("seeds/*.txt")), *sorted(SHARED.glob("corpus/hf-text/*.txt"))]
    found: list[Paper] = []
    for file in files:
        try:
            found.extend(read_page(Page(file.read_bytes(), "text/plain", file.name)).papers)
        except PaperRoundError:
            continue  # Two of the captures hold only a date.
    return tuple(paper for paper in found if paper.abstract)


def generated(chance: random.Random, count: int = 400) -> tuple[Paper, ...]:
    """Papers of invented words, whose frequencies fall as those of a language do."""
    vocabulary = _SMALL + sorted(
        {"".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) + chance.choice(_ENDS) for _ in range(12_000)},
        key=lambda word: (len(word), word),
    )
    weights = [1 / (n + 3) for n in range(len(vocabulary))]

    def sentence(low: int, high: int) -> str:
        return " ".join(chance.choices(vocabulary, weights, k=chance.randint(low, high))).capitalize()

    return tuple(
        Paper(sentence(6, 13), " ".join(f"{sentence(12, 30)}." for _ in range(chance.randint(6, 10))), ("Ada Writer",))
        for _ in range(count)
    )


def recombined(seeds: Sequence[Paper], count: int, chance: random.Random) -> list[Paper]:
    """Papers with a title of one seed or two and an abstract of as many sentences, each from any seed."""
    sentences = [sentence for paper in seeds for sentence in _SENTENCE.split(paper.abstract)]
    lengths = [len(_SENTENCE.split(paper.abstract)) for paper in seeds]
    made = []
    for number in range(count):
        head, other = chance.choice(seeds), chance.choice(seeds)
        begun, colon, _ = head.title.partition(": ")
        title = begun + colon + other.title.rpartition(": ")[2] if colon else head.title
        abstract = " ".join(chance.choices(sentences, k=chance.choice(lengths)))
        made.append(Paper(title, abstract, head.authors, f"https://example.org/papers/{number}", upvotes=number % 97))
    return made


def keywords(papers: Sequence[Paper], count: int, chance: random.Random) -> tuple[str, ...]:
    """Distinct keywords of one to three words, each of which stands in some paper, in random order."""
    found: dict[str, None] = {}
    while len(found) < count:
        words = chance.choice(papers).abstract.lower().split()
        length, at = chance.choice((1, 2, 2, 3)), chance.randrange(len(words))
        text = " ".join(words[at : at + length]).strip(".,;:()")
        if len(text) > 3 and _WORDS.fullmatch(text) and not parse(text).warnings:
            found.setdefault(text)
    # What is common in the text comes up first; what people ask for most is no more common than the rest.
    return tuple(chance.sample(list(found), len(found)))


def zipf(readers: int, each: int, distinct: int, seed: int) -> NDArray[np.int64]:
    """Numbers below `distinct`, `each` for every reader, small ones far more often."""
    weights = 1 / (np.arange(distinct) + 10.0)
    drawn = np.random.default_rng(seed).choice(distinct, size=(readers, each), p=weights / weights.sum())
    return np.asarray(drawn, np.int64)
