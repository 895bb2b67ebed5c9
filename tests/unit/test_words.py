"""Words: where they stand, what separates them, which spellings are one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.words import Gap, agree, fold, form, name, read, stems, tokens, written


def words(text: str) -> list[str]:
    return [token.word for token in tokens(text)]


def gaps(text: str) -> list[Gap]:
    return [token.gap for token in tokens(text)][1:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C++/CUDA and C#, F#.", ["C++", "CUDA", "and", "C#", "F#"]),
        ("GPT-4.1 beats GPT-4. We", ["GPT", "4.1", "beats", "GPT", "4", "We"]),
        ("Newton's model(s) of 1,000 R&D", ["Newton", "model", "of", "1000", "R&D"]),
        ("a.k.a. U.S. .NET node.js", ["aka", "US", ".NET", "node", "js"]),
        ('Schr\\"{o}dinger na\\"{\\i}ve Erd\\H{o}s \\v{S}id\\\'ak', ["Schrödinger", "naïve", "Erdős", "Šidák"]),
        ("$\\mu$P, μP, $\\beta$-VAE, ε-greedy", ["muP", "muP", "beta", "VAE", "epsilon", "greedy"]),
        ("\\textbf{Bold} \\emph{it} \\cite{smith} end", ["Bold", "it", "end"]),
        ("扩散model 확산", ["扩", "散", "model", "확", "산"]),
        ("ＬｏＲＡ ﬁne x²", ["LoRA", "fine", "x", "2"]),
        ("μεταφορά", ["μεταφορά"]),
        ("don't l'Hôpital", ["dont", "lHôpital"]),
        ("k-means++ 3D 3DGS", ["k", "means", "3D", "3DGS"]),
        ("a\u00adb zero\u200bwidth", ["ab", "zerowidth"]),
        ("", []),
        ("… — ()", []),
    ],
)
def test_a_text_falls_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("low rank", Gap.SPACE),
        ("low\nrank", Gap.SPACE),
        ("low\u00a0rank", Gap.SPACE),
        ("“low” rank", Gap.SPACE),
        ("pre- training", Gap.SPACE),
        ("vs. rank", Gap.SPACE),
        ("low-rank", Gap.JOINT),
        ("low–rank", Gap.JOINT),
        ("low—rank", Gap.JOINT),
        ("low--rank", Gap.JOINT),
        ("low_rank", Gap.JOINT),
        ("R^n", Gap.JOINT),
        ("node.js", Gap.JOINT),
        ("(pre-)training", Gap.JOINT),
        ("low/rank", Gap.APART),
        ("low + rank", Gap.APART),
        ("low. Rank", Gap.BREAK),
        ("low. rank", Gap.BREAK),
        ("low.Rank", Gap.BREAK),
        ("low, rank", Gap.BREAK),
        ("low (rank", Gap.BREAK),
        ("low) rank", Gap.BREAK),
        ("low [rank", Gap.BREAK),
        ("low {rank", Gap.BREAK),
        ("low - rank", Gap.BREAK),
        ("low — rank", Gap.BREAK),
        ("low---rank", Gap.BREAK),
        ("low: rank", Gap.BREAK),
        ("low\trank", Gap.BREAK),
        ("low\n\nrank", Gap.BREAK),
        ("f(x", Gap.BREAK),
        ("低。高", Gap.BREAK),
    ],
)
def test_what_stands_between_two_words_decides_whether_they_are_side_by_side(text: str, gap: Gap) -> None:
    assert gaps(text) == [gap]


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("networks", "network"),
        ("analyses", "analysis"),
        ("matrices", "matrix"),
        ("taxonomies", "taxonomy"),
        ("losses", "loss"),
        ("biases", "bias"),
        ("boxes", "box"),
        ("batches", "batch"),
        ("caches", "cache"),
        ("movies", "movie"),
        ("heroes", "hero"),
        ("cases", "case"),
        ("viruses", "virus"),
        ("topics", "topic"),
        ("criteria", "criterion"),
        ("indices", "index"),
        ("hypotheses", "hypothesis"),
        ("gans", "gan"),
        ("women", "woman"),
        ("uses", "use"),
        ("curricula", "curriculum"),
        ("thrombi", "thrombus"),
        ("hyperbolae", "hyperbola"),
        ("stigmata", "stigma"),
        ("metastases", "metastasis"),
        ("psychoses", "psychosis"),
        ("stenoses", "stenosis"),
        ("thromboses", "thrombosis"),
        ("prognoses", "prognosis"),
        ("emphases", "emphasis"),
        ("doses", "dose"),
        ("decomposes", "decompose"),
        ("glucoses", "glucose"),
        ("phases", "phase"),
        ("genes", "gene"),
    ],
)
def test_a_plural_folds_to_its_singular_and_no_further(plural: str, singular: str) -> None:
    assert fold(plural) == singular
    assert fold(singular) == singular


@pytest.mark.parametrize(
    "word",
    ["bias", "bus", "loss", "bayes", "gas", "lens", "series", "species", "analysis", "this", "means", "dynamics"],
)
def test_a_word_that_merely_ends_in_s_stands(word: str) -> None:
    assert fold(word) == word


@pytest.mark.parametrize(
    ("british", "ours"),
    [
        ("behaviour", "behavior"),
        ("neighbourhoods", "neighborhood"),
        ("modelling", "modeling"),
        ("labelled", "labeled"),
        ("optimise", "optimize"),
        ("generalisations", "generalization"),
        ("analyse", "analyze"),
        ("centres", "center"),
        ("centred", "centered"),
        ("catalogue", "catalog"),
        ("defence", "defense"),
        ("anaesthesia", "anesthesia"),
        ("leukaemia", "leukemia"),
        ("apnoea", "apnea"),
        ("dyspnoea", "dyspnea"),
        ("diarrhoeal", "diarrheal"),
        ("coeliac", "celiac"),
        ("caesareans", "cesarean"),
        ("caesarian", "cesarean"),
        ("amoebae", "ameba"),
        ("leucocytes", "leukocyte"),
        ("homoeostasis", "homeostasis"),
        ("neurones", "neuron"),
        ("titres", "titer"),
        ("programmes", "program"),
        ("artefacts", "artifact"),
        ("grey", "gray"),
    ],
)
def test_british_spelling_folds_to_american(british: str, ours: str) -> None:
    assert fold(british) == fold(ours) == ours


@pytest.mark.parametrize(
    "family",
    [
        "tune tuning tuned",
        "model modeling modeled",
        "train training trained",
        "plan planning planned",
        "encode encoding encoded",
        "learn learning learned",
        "finetune finetuning finetuned",
        "embed embedding embedded",
        "apply applying applied",
        "use using used",
        "pass passing passed",
        "match matching matched",
        "denoise denoising denoised",
        "label labeling labeled",
        "roll rolling rolled",
        "control controlling controlled",
        "add adding added",
    ],
)
def test_the_forms_of_a_verb_share_a_stem(family: str) -> None:
    assert frozenset.intersection(*(stems(fold(word)) for word in family.split()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("plane", "plan"),
        ("thing", "the"),
        ("string", "str"),
        ("need", "ne"),
        ("speed", "spe"),
        ("transformer", "transform"),
        ("performer", "performance"),
        ("during", "dure"),
        ("fine", "fin"),
        ("note", "not"),
        ("rating", "rat"),
        ("off", "of"),
        ("ANN", "an"),
        ("all", "al"),
        ("kNN", "KN"),
        ("adding", "ad"),
    ],
)
def test_words_that_only_look_alike_share_no_stem(one: str, other: str) -> None:
    assert form(one).stems.isdisjoint(form(other).stems)


def test_an_umlaut_has_two_spellings_and_other_accents_one() -> None:
    assert form("Schrödinger").plain == {"schrodinger", "schroedinger"}
    assert form("Poincaré").plain == {"poincare"}
    assert form("Straße").plain == {"strasse"}
    assert form("йод").plain == {"йод"}
    assert form("が").plain == {"が"}


def test_a_single_letter_in_a_formula_or_compound_is_a_symbol() -> None:
    seen = {
        text: tokens(text)[0].symbol
        for text in ("R is", "R^2", "R-CNN", "R_0", "R=5", "R(x)", "$R$ is", "ℝ is", "R, C")
    }
    assert [text for text, symbol in seen.items() if not symbol] == ["R is", "R, C"]


@given(st.text(max_size=80))
def test_words_of_any_text_lie_in_order_within_it(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert token.word
        assert end <= token.end
        assert 0 <= token.start < token.end <= len(text)
        end = token.end


@given(st.text(alphabet="aZé\u0301ö\\\"'{}$^_~μ²ﬁ（- .,\n扩", max_size=40))
def test_the_reading_of_any_tex_leads_back_into_the_text(text: str) -> None:
    reading = read(text)
    for at in range(len(reading.text)):
        start, end = reading.span(at, at + 1)
        assert 0 <= start < end <= len(text)
        left, right = reading.visible(start, end)
        assert left <= start
        assert end <= right <= len(text)


@given(st.text(max_size=30))
def test_a_name_agrees_with_itself_however_it_is_written(text: str) -> None:
    asked = name(written(text))
    assert written(written(text)) == written(text)
    assert not asked.forms or agree(asked, name(text))


@pytest.mark.parametrize(
    "given_name", ["John Smith", "Smith, John", "J. Smith", "Smith John", "John A. Smith", "John Smith Jr."]
)
def test_an_initial_and_a_surname_find_every_way_to_write_a_name(given_name: str) -> None:
    assert agree(name("j smith"), name(given_name))
    assert agree(name("Smith, J."), name(given_name))
    assert not agree(name("k smith"), name(given_name))
    assert not agree(name("j smithers"), name(given_name))


def test_a_heap_of_dollar_signs_is_read_at_once() -> None:
    begun = time.process_time()
    assert [each.word for each in tokens(f"before {'$' * 100_000}x$ after")] == ["before", "x", "after"]
    assert time.process_time() - begun < 1
