"""Digests of the corpus's real papers, as readers with their topics would get them.

Comes in: the folder of real captures. Goes out: papers, and digests chosen by a seed. Refuses to know: what is tried.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from service.errors import ParseError
from service.model import Digest, Origin, Page, Paper, Section
from service.sources import parse
from tests import mails

_FOLDERS = ("arxiv", "biorxiv", "hf-feed", "hf-html", "hf-json", "hf-md", "hf-text")
_WORD = re.compile(r"[A-Za-z][a-z]{4,}")


@cache
def papers(shared: Path) -> tuple[Paper, ...]:
    """Every paper of the corpus and the seeds that has an abstract, each title once."""
    files = [path for folder in _FOLDERS for path in sorted((shared / "corpus" / folder).iterdir())]
    found: dict[str, Paper] = {}
    for path in (*sorted((shared / "seeds").glob("*.txt")), *files):
        try:
            listing = parse(Page(path.read_bytes(), "", path.as_uri()))
        except ParseError:
            continue
        found |= {paper.title: paper for paper in listing.papers if paper.abstract}
    return tuple(found.values())


def digests(shared: Path, count: int, seed: int) -> Iterator[Digest]:
    """So many digests of all sizes and kinds; keywords are words of the papers that they found."""
    draw, known = random.Random(seed), papers(shared)
    for number in range(count):
        chosen = draw.sample(known, draw.choice((1, 2, 4, 8, 10, 15, 30)))
        keywords = tuple(sorted({_topic(paper, draw) for paper in chosen[:6]}))
        yield mails.digest(chosen, keywords, max_papers=draw.choice((5, 10, 40)), **_kind(number, draw, len(chosen)))


def _topic(paper: Paper, draw: random.Random) -> str:
    words = _WORD.findall(paper.title) or ["learning"]
    at = draw.randrange(len(words))
    return " ".join(words[at : at + 1]).lower()


def _kind(number: int, draw: random.Random, papers: int) -> dict[str, Any]:
    read = {"read": papers + draw.randint(0, 300), "origins": (Origin("Hugging Face", papers), Origin("arXiv", 22))}
    cut = draw.randint(0, papers)
    kinds: tuple[dict[str, Any], ...] = (
        {},
        {"first": True, "days": 7, "counts": (1,) * 6},
        {"weekly": True, "per_day": mails.PER_DAY},
        {"since": date(2026, 11, 17)},
        {"sections": (Section("Main topics", cut), Section("Colleagues", papers - cut))},
        {"hidden": (("-survey", 2),), "also": mails.ALSO},
    )
    return read | kinds[number % len(kinds)]
