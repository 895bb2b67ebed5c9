"""The index beside the plain definition, over millions of pairs of papers and keywords."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from service.errors import KeywordError
from service.keywords import Keyword, parse
from service.matching import Index
from service.matching.dictionary import Lookup
from service.model import Page, Paper
from service.sources import parse as read_page
from tests.drawn_keywords import FORMS, World, forms
from tests.plain_matcher import hit_in_title, matches

PAPERS, KEYWORDS = 300, 120


def differences(papers: list[Paper], keywords: list[Keyword]) -> tuple[list[tuple[str, Paper]], list[int]]:
    """What the index says otherwise than the plain definition, asked for one keyword and for all at once.

    Returned beside it: how many papers each keyword finds by the definition.
    """
    index, lookup = Index(papers), Lookup()
    for each in keywords:
        lookup.add(each.expression)
    wrong, hits = [], []
    together = index.find_all(lookup)
    for number, each in enumerate(keywords):
        found = index.find(each)
        titles = dict(zip(found.papers.tolist(), found.title.tolist(), strict=True))
        mine = slice(*together.starts[number : number + 2])
        if titles != dict(zip(together.papers[mine].tolist(), together.title[mine].tolist(), strict=True)):
            wrong.append((each.canonical, papers[0]))
        expected = {at: one for at, one in enumerate(papers) if matches(each.expression, one)}
        hits.append(len(expected))
        unlike = [at for at, one in expected.items() if titles.get(at) != hit_in_title(each.expression, one)]
        wrong += [(each.canonical, papers[at]) for at in {*unlike, *(titles.keys() - expected.keys())}]
    return wrong, hits


def table(pairs: Counter[str], hits: Counter[str]) -> Iterable[str]:
    for form in sorted(pairs):
        yield f"  {form:24}{pairs[form]:>12,} pairs {hits[form]:>10,} hits"


# Two minutes on an idle machine; a busy one is given its time.
@pytest.mark.timeout(3600)
def test_the_index_equals_the_plain_definition_on_random_texts(full: bool, figure: Callable[[str], None]) -> None:
    # New seeds each time it runs in full; a difference names its own.
    first, worlds = (random.SystemRandom().randrange(1 << 32), 300) if full else (20, 1)
    pairs, hits = Counter[str](), Counter[str]()
    for seed in range(first, first + worlds):
        world = World(random.Random(seed), PAPERS)
        keywords = [world.keyword() for _ in range(KEYWORDS)]
        wrong, found = differences(world.papers, keywords)
        assert wrong == [], f"seed {seed}"
        for keyword, count in zip(keywords, found, strict=True):
            pairs.update(dict.fromkeys(forms(keyword), PAPERS))
            hits.update(dict.fromkeys(forms(keyword), count))
    total = worlds * PAPERS * KEYWORDS
    figure(f"matching: {total:,} pairs from seed {first}, none unlike the plain definition; of each form of keyword")
    for line in table(pairs, hits):
        figure(line)
    # A form that hardly ever hits, or is hardly ever drawn, would prove nothing.
    assert [form for form in FORMS if pairs[form] < total / 100 or hits[form] < total / 10_000] == []


def real_papers(seeds: list[Path]) -> list[Paper]:
    return [each for seed in seeds for each in read_page(Page(seed.read_bytes(), "text/plain", seed.name)).papers]


def drawn(chance: random.Random, papers: list[Paper], count: int) -> list[Keyword]:
    """Keywords made of one to three words that stand side by side in some abstract."""
    keywords: dict[str, Keyword] = {}
    while len(keywords) < count:
        words = re.findall(r"[\w-]+", chance.choice(papers).abstract)
        at = chance.randrange(len(words))
        try:
            read = parse(" ".join(words[at : at + chance.choice((1, 2, 2, 3))]))
        except KeywordError:
            continue
        keywords[read.canonical] = read
    return list(keywords.values())


@pytest.mark.timeout(3600)
def test_the_index_equals_the_plain_definition_on_real_abstracts(
    seeds: list[Path], full: bool, figure: Callable[[str], None]
) -> None:
    papers = real_papers(seeds) if full else real_papers(seeds)[::3]
    keywords = drawn(random.Random(5), papers, 3000 if full else 40)
    wrong, hits = differences(papers, keywords)
    assert wrong == []
    figure(f"matching: {len(papers) * len(keywords):,} pairs of real papers and their words, {sum(hits):,} hits")


def test_every_drawn_keyword_finds_the_paper_it_was_drawn_from(seeds: list[Path]) -> None:
    papers = real_papers(seeds)
    index = Index(papers)
    silent = [each.canonical for each in drawn(random.Random(6), papers, 300) if not len(index.find(each).papers)]
    # Words that a regular expression puts side by side may stand on both sides of a mark, which the language honours.
    assert len(silent) < 60
