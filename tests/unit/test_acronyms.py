"""Acronyms with their long forms, and the phrases that may name a topic."""

from __future__ import annotations

import pytest

from service.words.acronyms import pairs
from service.words.phrases import key, phrases


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We use low-rank adaptation (LoRA) here.", [("LoRA", "low-rank adaptation")]),
        ("LoRA (low-rank adaptation) is used.", [("LoRA", "low-rank adaptation")]),
        ("Large language models (LLMs) reason.", [("LLM", "Large language models")]),
        ("diffusion large language models (dLLMs)", [("dLLM", "diffusion large language models")]),
        ("a sparse mixture of experts (MoE; see above)", [("MoE", "mixture of experts")]),
        ("the three-dimensional (3D) case", []),
        ("as before (e.g. this one) and (a) or (ii)", []),
        ("a random forest. Else (RF) it is", []),
        ("We study attention (Figure 3A) at length", []),
        ("retrieval-augmented generation (RAG)", [("RAG", "retrieval-augmented generation")]),
    ],
)
def test_a_definition_is_read_as_authors_write_it(text: str, found: list[tuple[str, str]]) -> None:
    assert list(pairs(text)) == found


def test_hostile_brackets_are_read_in_no_time() -> None:
    assert list(pairs("(" * 5000 + "AB" + ")" * 5000)) == []
    assert list(pairs("a " * 20_000 + "(AA)" * 2000)) is not None


def written(text: str) -> list[str]:
    return [each.text for each in phrases(text)]


def test_phrases_are_telling_words_side_by_side() -> None:
    found = written("We propose a novel retrieval-augmented generation method, for Protein Folding")
    assert found == ["retrieval-augmented generation", "Protein Folding"]


def test_what_hyphens_join_is_not_taken_apart() -> None:
    assert "generation" not in written("retrieval-augmented generation")
    assert written("the multi-hop question answering of today")[-1] == "question answering"


def test_a_phrase_crosses_no_sentence_and_no_formula() -> None:
    assert written("protein. Folding") == []
    assert all("$" not in each for each in written("$x$ graph $\\tau$ cuts"))


def test_spellings_of_a_phrase_share_a_key() -> None:
    assert key("World Models") == key("world-model")
