"""What a keyword could do without: the changes that a quiet week proposes."""

from __future__ import annotations

import random

import pytest

from service.errors import KeywordError
from service.keywords import Change, parse, wider
from service.matching import Index
from tests.drawn_keywords import World


def changes(typed: str) -> set[tuple[str, str]]:
    return {(each.change.value, each.text) for each in wider(parse(typed).expression, typed)}


@pytest.mark.parametrize(
    ("typed", "change", "instead"),
    [
        ('"LoRA"', Change.FORM, "LoRA"),
        ("quantization", Change.FORM, "quantiz*"),
        ("low-rank adaptation", Change.FORM, "low rank adapt*"),
        ("ti:mamba", Change.FIELD, "mamba"),
        ("fast video diffusion", Change.APART, "fast AND video AND diffusion"),
        ('abs:"flow matching"', Change.FIELD, '"flow matching"'),
        ("flow matching", Change.APART, "flow AND matching"),
        ("ti:flow matching", Change.APART, "ti:flow AND ti:matching"),
        ("lora AND quantization", Change.MISSING, "lora"),
        ("lora AND quantization", Change.MISSING, "quantization"),
        ("lora AND quantization AND NOT survey", Change.MISSING, "lora AND NOT survey"),
        ("au:yann lecun", Change.NAME, 'au:"lecun"'),
        ("fast video diffusion", Change.SHORTER, "video diffusion"),
        ("fast video diffusion", Change.SHORTER, "fast video"),
        ("ti:mamba OR lora", Change.FIELD, "mamba OR lora"),
    ],
)
def test_a_keyword_can_do_with_less(typed: str, change: Change, instead: str) -> None:
    assert (change.value, instead) in changes(typed)


def test_what_a_hyphen_joins_stays_together() -> None:
    assert changes("test-time training") == {("apart", "test time AND training"), ("form", "test time train*")}
    assert ("shorter", "low rank adaptation") in changes("low-rank adaptation of transformers")


@pytest.mark.parametrize("typed", ["mamba", "cat:cs.lg", "au:lecun", "diffus*"])
def test_some_keywords_ask_for_so_little_that_nothing_can_go(typed: str) -> None:
    assert changes(typed) == set()


def test_what_not_forbids_stays_forbidden() -> None:
    assert all("NOT survey" in text for _, text in changes("ti:lora AND NOT survey"))


def test_another_field_and_a_missing_word_take_nothing_away() -> None:
    world = World(random.Random(1), 200)
    index, tried = Index(world.papers), 0
    for _ in range(300):
        asked = world.keyword()
        found = set(index.find(asked).papers.tolist())
        for each in [] if asked.exclusion else wider(asked.expression):
            if each.change in {Change.FIELD, Change.MISSING}:
                tried += 1
                assert found <= set(index.find(parse(each.text)).papers.tolist()), (asked.text, each)
    assert tried > 200


def test_nearly_every_change_can_be_written_as_a_keyword() -> None:
    world = World(random.Random(2), 20)
    asked = [each for each in (world.keyword() for _ in range(300)) if not each.exclusion]
    changes = [each for one in asked for each in wider(one.expression)]
    refused = 0
    for each in changes:
        try:
            parse(each.text)
        except KeywordError:
            refused += 1
    assert refused < len(changes) / 50
