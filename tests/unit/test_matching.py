"""The index against the plain definition of the language, its places, and its memory."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import KeywordError
from service.keywords import Phrase, parse
from service.matching import Found, Index
from service.matching.dictionary import Lookup
from service.matching.table import Table
from service.matching.variants import MOST_ANSWERS, Key, Step, sequences, written_apart
from service.model import Field, Hit, Paper
from service.ranking import rank
from service.words import tokens
from tests.drawn_keywords import World
from tests.plain_matcher import matches


def test_papers_added_later_are_found_like_those_there_from_the_start() -> None:
    world = World(random.Random(3), 60)
    papers = world.papers
    whole, grown = Index(papers), Index(papers[:20])
    for each in (keywords := [world.keyword() for _ in range(80)]):
        grown.find(each)
    grown.add(papers[20:50])
    grown.add(papers[50:])
    assert len(grown) == 60
    for each in keywords:
        assert grown.find(each).papers.tolist() == whole.find(each).papers.tolist()
        assert grown.find(each).title.tolist() == whole.find(each).title.tolist()


@pytest.mark.parametrize("most", [1, 30])
def test_a_renewed_index_answers_like_one_that_read_every_paper(most: int) -> None:
    world, chance = World(random.Random(7), 60), random.Random(8)
    old, keywords = Index(world.papers[:40]), [world.keyword() for _ in range(150)]
    for each in keywords:
        old.find(each)
    entries: list[int | Paper] = [*chance.sample(range(40), most), *world.papers[40 : 42 if most == 1 else None]]
    chance.shuffle(entries)
    renewed, anew = old.renewed(entries), Index(world.papers[e] if isinstance(e, int) else e for e in entries)
    assert sum(len(anew.find(each).papers) for each in keywords) > 40
    for each in keywords:
        assert renewed.find(each).papers.tolist() == anew.find(each).papers.tolist()
        assert renewed.find(each).title.tolist() == anew.find(each).title.tolist()
        assert all(renewed.hits(each, at) == anew.hits(each, at) for at in range(len(anew)))
    assert len(old) == 40, "the one before is as it was"


def source(one: Paper, hit: Hit) -> str:
    if hit.field is Field.AUTHOR:
        return one.authors[hit.index]
    if hit.field is Field.CATEGORY:
        return one.categories[hit.index]
    return one.title if hit.field is Field.TITLE else one.abstract


def test_hits_lie_in_reading_order_without_overlap_and_only_where_there_is_a_match() -> None:
    world = World(random.Random(11), 60)
    papers = world.papers
    index = Index(papers)
    for each in [world.keyword() for _ in range(150)]:
        found = set(index.find(each).papers.tolist())
        for position, one in enumerate(papers):
            hits = index.hits(each, position)
            assert bool(hits) == (position in found)
            assert all(0 <= hit.start < hit.end <= len(source(one, hit)) for hit in hits)
            for before, after in pairwise(hits):
                assert (before.field, before.index) != (after.field, after.index) or before.end <= after.start


def test_the_text_of_a_hit_alone_still_matches_its_phrase() -> None:
    world = World(random.Random(12), 80)
    papers = world.papers
    index = Index(papers)
    checked = 0
    for each in [world.keyword() for _ in range(200)]:
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
        ("SE(3)", "We use SE(3) (once).", ["SE(3)"]),
        ("world model", "the best (a world model) is", ["world model"]),
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


def test_places_in_one_field_are_those_among_the_places_in_all() -> None:
    texts = [
        "Low-rank adaptation of low rank. Models: adapt",
        "adapting a lowrank model, low, rank (low) rank",
        "rank low",
    ]
    table, found = Table(), 0
    for owner, text in enumerate(texts):
        table.add(owner, tokens(text))
    for typed in ("low-rank", "low, rank", "low rank", "models", "rank low", "adapt*", '"low rank"', "rank: low"):
        phrase = parse(typed).expression
        assert isinstance(phrase, Phrase)
        for steps in sequences(phrase, table):
            everywhere = list(zip(*(slots.tolist() for slots in table.find(steps)), strict=True))
            there = [table.find_between(steps, *table.fields(owner, 1)) for owner in range(len(texts))]
            assert [place for places in there for place in places] == everywhere
            found += len(everywhere)
    assert found > 15


def test_a_phrase_never_runs_from_the_title_into_the_abstract() -> None:
    papers = [Paper("On flow", "matching"), Paper("flow", "matching. flow")]
    assert not len(Index(papers).find(parse("flow matching")).papers)
    assert not len(Index(papers).find(parse("flow: matching")).papers)


def test_a_mark_in_a_keyword_stands_for_a_mark_or_nothing_and_never_for_a_word() -> None:
    seen = ["set sulphur", "sets. Sulphur", "set (sulphur)", "set networks sulphur", "set. Networks sulphur"]
    found = Index(Paper("", text) for text in seen).find(parse("set, sulphurs"))
    assert found.papers.tolist() == [0, 1, 2]


@pytest.mark.parametrize("typed", ["Poincarémap", "NaiveBayes", "schrödingerbridge", "Schroedingerbridge"])
def test_a_word_is_found_written_apart_with_accents_or_without(typed: str) -> None:
    papers = [Paper("A Poincaré map", "Naïve Bayes and the Schrödinger bridge"), Paper("A map of Bayes", "A bridge")]
    index, keyword = Index(papers), parse(typed)
    lookup = Lookup()
    lookup.add(keyword.expression)
    assert [index.find(keyword).papers.tolist(), index.find_all(lookup).papers.tolist()] == [[0], [0]]


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


def test_what_strangers_ask_is_not_remembered_for_good() -> None:
    index = Index([Paper("LoRA")])
    first = index.find(parse("LoRA"))
    for number in range(4_000):
        index.find(parse(f"x{number}y"))
    assert index.find(parse("LoRA")) is not first


def test_what_is_known_of_words_is_forgotten_when_it_is_too_much() -> None:
    table, step = Table(), Step(Key.FOLDED, "adaptation")
    table.add(0, tokens("The low rank of adaptation"))
    before = table.find([step])[0].tolist()
    known: list[dict[Any, Any]] = [table._numbered[step.key], table._slotted[step.key], table.apart]
    for answers in known:
        answers.update(dict.fromkeys(map(str, range(MOST_ANSWERS)), ()))
    other = Step(Key.FOLDED, "rank")
    assert table.find([other])[0].size == 1
    assert written_apart(other, table) == ()
    assert [len(answers) for answers in known] == [1, 1, 1]
    assert table.find([step])[0].tolist() == before


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
    world = World(random.Random(seed), 20)
    index = Index(world.papers)
    found: list[Found] = []
    before: set[int] = set()
    for each in (world.keyword() for _ in range(4)):
        if not each.exclusion:
            found.append(index.find(each))
            now = set(rank(found, np.zeros(20), 20).tolist())
            assert before <= now
            before = now
