"""The index against the plain definition of the language, its places, and its memory."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import KeywordError
from service.keywords import Keyword, Phrase, parse
from service.matching import Found, Index
from service.matching.bulk import Lookup
from service.model import Field, Hit, Page, Paper
from service.ranking import rank
from service.sources import parse as read_page
from tests.plain_matcher import hit_in_title, matches

VOCABULARY = r"""low rank lowrank low-rank fine tuning tuned finetune fine-tuned pre trained pretrained pre-training
model models modelling modeling data set sets dataset GAN GANs GPS GPs gp graph graphs neural network networks kernel
GPT-4 GPT4 GPT 4 4o GPT-4o 4.1 3D 3 D 3-D muP mu P μP $\mu$P k means k-means kmeans behaviour behavior LoRA lora QLoRA
a the in formation information symmetric asymmetric Schrödinger Schrodinger Schroedinger schr\"{o}dinger C++ C# R R^2
diffusion diffusive CLIP clip clips 扩散 模型 扩散模型 plane plan planning bias biases analysis analyses of"""
WORDS = VOCABULARY.split()
GAPS = [" "] * 12 + ["-", "-", ", ", ". ", " (", ") ", "/", ": ", " - ", "–", "_", "\n"]
NAMES = (
    "Yann LeCun",
    "LeCun, Y.",
    "Wei Wang",
    "Wang, Wei",
    "W. Wang",
    "Klaus-Robert Müller",
    "K. Mueller",
    "Li Fei-Fei",
)
CATEGORIES = ("cs.LG", "cs.CL", "stat.ML", "q-bio", "Cancer Biology")


def text(chance: random.Random, longest: int) -> str:
    return "".join(chance.choice(WORDS) + chance.choice(GAPS) for _ in range(chance.randint(0, longest))).strip()


def paper(chance: random.Random) -> Paper:
    return Paper(
        text(chance, 5),
        text(chance, 12),
        tuple(chance.sample(NAMES, 2)),
        categories=tuple(chance.sample(CATEGORIES, 1)),
    )


def phrase(chance: random.Random) -> str:
    words = (" " if chance.random() < 0.7 else "-").join(chance.choices(WORDS, k=chance.choice((1, 1, 2, 2, 3))))
    kind = chance.random()
    if kind < 0.2:
        return '"{}"'.format(words.replace('"', ""))
    return f"{words}*" if kind < 0.3 and words[-1].isalnum() else words


def term(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.08:
        return 'au:"{}"'.format(
            chance.choice(("y lecun", "lecun", "wei wang", "k müller", "w wang", "feifei li", "müll*"))
        )
    if kind < 0.14:
        return "cat:{}".format(chance.choice(("cs.LG", "cs.*", "cs", "stat.ml", '"cancer biology"')))
    return chance.choice(("", "", "", "ti:", "abs:")) + phrase(chance)


def keyword(chance: random.Random) -> Keyword:
    """A readable keyword of any form; draws again where the language refuses one."""
    while True:
        form = chance.choice(
            ("{}", "{}", "{}", "{} AND {}", "{} OR {}", "{} AND NOT {}", "{} -{}", "-{}", "({} OR {}) AND {}")
        )
        form = form if chance.random() < 0.9 else "{} OR {} AND NOT ({} OR {})"
        try:
            return parse(form.format(*(term(chance) for _ in range(4))))
        except KeywordError:
            continue


def differences(papers: list[Paper], keywords: list[Keyword]) -> list[tuple[str, Paper]]:
    """What the index says otherwise than the plain definition, asked for one keyword and for all at once."""
    index = Index(papers)
    lookup = Lookup()
    for each in keywords:
        lookup.add(each.expression)
    wrong = []
    together = index.find_all(lookup)
    for number, each in enumerate(keywords):
        found = index.find(each)
        titles = dict(zip(found.papers.tolist(), found.title.tolist(), strict=True))
        mine = slice(*together.starts[number : number + 2])
        if titles != dict(zip(together.papers[mine].tolist(), together.title[mine].tolist(), strict=True)):
            wrong.append((each.canonical, papers[0]))
        for position, one in enumerate(papers):
            expected = matches(each.expression, one)
            if (position in titles) != expected or (
                expected and titles[position] != hit_in_title(each.expression, one)
            ):
                wrong.append((each.canonical, one))
    return wrong


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(5))
def test_the_index_equals_the_plain_definition_on_random_texts(
    seed: int, full: bool, figure: Callable[[str], None]
) -> None:
    chance = random.Random(20 + seed)
    rounds = 680 if full else 2
    for _ in range(rounds):
        papers = [paper(chance) for _ in range(50)]
        assert differences(papers, [keyword(chance) for _ in range(60)]) == []
    figure(f"matching: {rounds * 50 * 60:,} pairs of papers and random keywords, none unlike the plain definition")


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


def test_the_index_equals_the_plain_definition_on_real_abstracts(seeds: list[Path], full: bool) -> None:
    papers = real_papers(seeds)
    keywords = drawn(random.Random(5), papers, 2000 if full else 60)
    assert differences(papers if full else papers[::3], keywords) == []


def test_every_drawn_keyword_finds_the_paper_it_was_drawn_from(seeds: list[Path]) -> None:
    papers = real_papers(seeds)
    index = Index(papers)
    silent = [each.canonical for each in drawn(random.Random(6), papers, 300) if not len(index.find(each).papers)]
    # Words that a regular expression puts side by side may stand on both sides of a mark, which the language honours.
    assert len(silent) < 60


def test_papers_added_later_are_found_like_those_there_from_the_start() -> None:
    chance = random.Random(3)
    papers = [paper(chance) for _ in range(60)]
    whole, grown = Index(papers), Index(papers[:20])
    for each in (keywords := [keyword(chance) for _ in range(80)]):
        grown.find(each)
    grown.add(papers[20:50])
    grown.add(papers[50:])
    assert len(grown) == 60
    for each in keywords:
        assert grown.find(each).papers.tolist() == whole.find(each).papers.tolist()
        assert grown.find(each).title.tolist() == whole.find(each).title.tolist()


def source(one: Paper, hit: Hit) -> str:
    if hit.field is Field.AUTHOR:
        return one.authors[hit.index]
    if hit.field is Field.CATEGORY:
        return one.categories[hit.index]
    return one.title if hit.field is Field.TITLE else one.abstract


def test_hits_lie_in_reading_order_without_overlap_and_only_where_there_is_a_match() -> None:
    chance = random.Random(11)
    papers = [paper(chance) for _ in range(60)]
    index = Index(papers)
    for each in [keyword(chance) for _ in range(150)]:
        found = set(index.find(each).papers.tolist())
        for position, one in enumerate(papers):
            hits = index.hits(each, position)
            assert bool(hits) == (position in found)
            assert all(0 <= hit.start < hit.end <= len(source(one, hit)) for hit in hits)
            for before, after in pairwise(hits):
                assert (before.field, before.index) != (after.field, after.index) or before.end <= after.start


def test_the_text_of_a_hit_alone_still_matches_its_phrase() -> None:
    chance = random.Random(12)
    papers = [paper(chance) for _ in range(80)]
    index = Index(papers)
    checked = 0
    for each in [keyword(chance) for _ in range(200)]:
        if not isinstance(each.expression, Phrase):
            continue
        bare = Phrase(each.expression.text, each.expression.exact)
        for position in index.find(each).papers.tolist():
            hits = index.hits(each, position)
            assert all(matches(bare, Paper(source(papers[position], hit)[hit.start : hit.end])) for hit in hits[:1])
            checked += len(hits)
    assert checked > 200


@pytest.mark.parametrize(
    ("typed", "seen", "marked"),
    [
        ("low-rank adaptation", "New Low‑Rank Adaptations of weights", ["Low‑Rank Adaptations"]),
        ("muP", "Transfer under $\\mu$P here", ["$\\mu$P"]),
        ("k-means", "Plain $k$-means clustering", ["$k$-means"]),
        ("Schrödinger", 'the Schr\\"{o}dinger equation', ['Schr\\"{o}dinger']),
        ("Poincaré", "the Poincar{\\'e} disk", ["Poincar{\\'e}"]),
        ("GAN OR gan*", "GANs and a gang of GAN(s)", ["GANs", "gang", "GAN(s)"]),
        ("Newton", "Newton's law", ["Newton's"]),
        ("world model", "World models: a world model.", ["World models", "world model"]),
        ("扩散模型", "基于扩散模型的方法", ["扩散模型"]),
        ("(lora AND survey) OR adapter", "LoRA and an adapter", ["adapter"]),
        ("adapter AND NOT survey", "An adapter", ["adapter"]),
        ("-survey", "A survey", ["survey"]),
        ("neural network network", "neural network networks", ["neural network networks"]),
    ],
)
def test_hits_show_the_words_as_the_paper_writes_them(typed: str, seen: str, marked: list[str]) -> None:
    hits = Index([Paper("", seen)]).hits(parse(typed), 0)
    assert [seen[hit.start : hit.end] for hit in hits] == marked


def test_a_hit_names_its_author_and_its_category() -> None:
    one = Paper("x", authors=("Ada Lovelace", "LeCun, Y."), categories=("cs.CL", "cs.LG"))
    index = Index([one])
    assert index.hits(parse('au:"yann lecun" OR au:lecun'), 0) == (Hit(Field.AUTHOR, 0, 9, 1),)
    assert index.hits(parse("cat:cs.*"), 0) == (Hit(Field.CATEGORY, 0, 5, 0), Hit(Field.CATEGORY, 0, 5, 1))


def test_a_phrase_never_runs_from_the_title_into_the_abstract() -> None:
    papers = [Paper("On flow", "matching"), Paper("flow", "matching. flow")]
    assert not len(Index(papers).find(parse("flow matching")).papers)
    assert not len(Index(papers).find(parse("flow: matching")).papers)


def test_a_bare_keyword_looks_at_title_and_abstract_only() -> None:
    index = Index([Paper("x", authors=("Lora Gan",), categories=("gan",), comment="gan")])
    assert not len(index.find(parse("gan")).papers)


def test_an_exclusion_finds_what_it_leaves_out() -> None:
    index = Index([Paper("A survey"), Paper("A model"), Paper("x", "surveys")])
    assert index.find(parse("-survey")).papers.tolist() == [0, 2]
    assert index.find(parse("-ti:survey")).papers.tolist() == [0]


def test_an_empty_index_finds_nothing() -> None:
    for typed in ("lora", "lora -survey", 'au:"wei wang"', "cat:cs.*", "diffus*", '"LoRA"', "a, b"):
        assert not len(Index().find(parse(typed)).papers)
        assert not len(Index([Paper("", "")]).find(parse(typed)).papers)


def test_what_is_found_is_remembered_under_the_canonical_text() -> None:
    index = Index([Paper("LoRA")])
    assert index.find(parse("LoRA")) is index.find(parse("lora"))
    assert index.find(parse("LoRA")).papers.dtype == np.int32


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_can_be_indexed_and_searched(title: str, abstract: str) -> None:
    index = Index([Paper(title, abstract, (title, abstract), categories=(title,))])
    for typed in ("lora", "low-rank", '"R"', "dif* model", "au:li", "cat:cs.*", title):
        try:
            read = parse(typed)
        except KeywordError:
            continue
        assert bool(index.hits(read, 0)) == bool(len(index.find(read).papers))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_another_keyword_never_takes_a_match_away(seed: int) -> None:
    chance = random.Random(seed)
    papers = [paper(chance) for _ in range(20)]
    index = Index(papers)
    found: list[Found] = []
    before: set[int] = set()
    for each in (keyword(chance) for _ in range(4)):
        if not each.exclusion:
            found.append(index.find(each))
            now = set(rank(found, np.zeros(20), 20).tolist())
            assert before <= now
            before = now
