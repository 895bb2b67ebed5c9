"""Foreign text becomes one visible line, hits stay on their words, abstracts shrink to the sentences that matter."""

from __future__ import annotations

import re
import textwrap
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.messages import passages
from service.messages.excerpts import LIMIT, excerpt, sentence_spans
from service.messages.passages import Passage, passage
from service.messages.typesetting import breakable, hang, starred
from service.messages.visible import CLOSE, OPEN, clean, fold, shorten, title_search, web_link

ANY = st.text(st.characters(), max_size=300)
# Letters, signs that compose, marks, spaces, and what cannot be seen, each as likely as a letter.
ODD = st.text("ab é\u0301\u0300\u0338 \n\x1c\x85\u2028\u2000\u00a0\ue000\ue001\u202e\ufdd0日<\u1100\u1161\u212b")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\r\nBcc: x", "a Bcc: x"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf", "a b c d e f"),
        ("\u202eevil\u202c", "evil"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("Poincare\u0301", "Poincaré"),
        ("bell\x07, null\x00, escape\x1b[31m", "bell, null, escape[31m"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("private \ue000use\ue001 \uf8ff", "private use"),
        ("  much\u00a0 space\u3000", "much space"),
        ("z" + "\u0334" * 50, "z" + "\u0334" * 3),
        ("日本語 العربية हिन्दी 🎉 μP", "日本語 العربية हिन्दी 🎉 μP"),
    ],
)
def test_text_is_cleaned_to_what_can_be_seen(text: str, seen: str) -> None:
    assert clean(text) == seen


@given(ODD)
def test_a_text_with_nothing_odd_is_cleaned_by_a_shorter_way_to_the_same(text: str) -> None:
    assert clean(text) == fold(text.replace(OPEN, "").replace(CLOSE, ""))


@given(ANY)
def test_cleaning_is_final_and_leaves_one_encodable_line(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert len(cleaned.splitlines()) <= 1
    assert cleaned.encode().decode() == cleaned
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cs", "Co", "Zl", "Zp"}


@pytest.mark.parametrize(
    "original",
    [
        r"We bound $O(n^{2})$ steps, the \emph{shortest} path, and ``long'' tails -- at 10\% cost.",
        r"The \textbf{best} of all worlds: Poincar\'e maps, {\bf bold} maps, na\"ive maps.",
        r"$\alpha$-stable noise of width $\sigma$ and a $\mathcal{L}_1$ norm; low-rank adapters of width 3.",
        r"Line-of-sight~(LoS) paths of \emph{sparse} models--yielding the first bound of its kind for small machines.",
    ],
)
def test_a_hit_is_looked_up_where_reading_the_tex_again_would_carry_it(original: str) -> None:
    words = [word.span() for word in re.finditer(r"[^\W_]+", original)]
    text, looked_up = passage(original).text, 0
    for at, (start, _) in enumerate(words):
        for _, end in words[at : at + 3]:
            found = passages._looked_up(original, ((start, end),), text)
            looked_up += found is not None
            assert found in (None, passages._marked(original, ((start, end),), text))
    assert looked_up > len(words)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://arxiv.org/abs/2611.00001", "https://arxiv.org/abs/2611.00001"),
        ("HTTP://Example.ORG/A?b=c&d=%20#e", "http://example.org/A?b=c&d=%20#e"),
        ("https://example.org:8443/x", "https://example.org:8443/x"),
        ("https://bücher.example/läufer", "https://xn--bcher-kva.example/l%C3%A4ufer"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("https://example.org/a(b)'c", "https://example.org/a%28b%29%27c"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt://example.org/%0aalert(1)", ""),
        ("data:text/html,<b>", ""),
        ("//example.org/x", ""),
        ("/papers/1", ""),
        ("https://", ""),
        ("https://bank.example@evil.example/", ""),
        ("https://example.org/\r\nBcc:x", ""),
        ("https://exa mple.org/", ""),
        ("https://example.org:99999/", ""),
        ("https://[::1/", ""),
        ("https://example.org/" + "a" * 1000, ""),
    ],
)
def test_only_web_links_are_followed(url: str, link: str) -> None:
    assert web_link(url) == link


@given(ANY)
def test_a_link_is_ascii_without_anything_that_could_end_it(url: str) -> None:
    for link in (web_link(url), web_link("https://example.org/" + url), web_link("https://" + url)):
        assert re.fullmatch(r"(https?://[!-~]+)?", link)
        assert not set(link) & set("<>\"'\\ ")
        assert web_link(link) == link


def test_a_title_search_carries_the_words_of_the_title() -> None:
    assert title_search("R²: -A & B?") == "https://arxiv.org/search/?query=R%C2%B2+A+B&searchtype=title"


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("SingLoRA: Low Rank Adaptation Using a Single Matrix", 31, "SingLoRA: Low Rank Adaptation…"),
        ("short", 5, "short"),
        ("one two three", 8, "one two…"),
        ("one two, three", 9, "one two…"),
        ("unbreakableword", 8, "unbreak…"),
        ("a unbreakableword", 9, "a unbrea…"),
    ],
)
def test_a_long_line_is_shortened_at_a_word(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@given(ANY, st.integers(2, 60))
def test_shortening_keeps_the_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


def marked(original: str, *words: str) -> str:
    spans = [found.span() for word in words for found in re.finditer(re.escape(word), original)]
    return starred(passage(original, spans))


@pytest.mark.parametrize(
    ("original", "words", "shown"),
    [
        ("plain low-rank words", ["low-rank"], "plain *low-rank* words"),
        ("Poincar\\'e embeddings win", ["embeddings"], "Poincaré *embeddings* win"),
        ("Poincar\\'e embeddings win", ["Poincar\\'e"], "*Poincaré* embeddings win"),
        ("Poincar\\'e embeddings win", ["Poincar\\'e embeddings"], "*Poincaré embeddings* win"),
        ("Scaling $\\mu$P further", ["$\\mu$P"], "Scaling *μP* further"),
        ("Scaling $\\mu$P further", ["\\mu$P"], "Scaling *μP* further"),
        ("Scaling $\\mu$P further", ["further"], "Scaling μP *further*"),
        ("Scaling $\\mu$P further", [], "Scaling μP further"),
        ("two hits, two $\\alpha$ hits", ["hits"], "two *hits*, two α *hits*"),
        ("zero\u200bwidth and more", ["and"], "zerowidth *and* more"),
        ("Poincare\u0301 maps", ["Poincare"], "*Poincaré* maps"),
        ("a \ue000 b $\\mu$", ["b"], "a *b* μ"),
    ],
)
def test_hits_stay_on_their_words_when_tex_is_read(original: str, words: list[str], shown: str) -> None:
    assert marked(original, *words) == shown


def test_overlapping_hits_are_one_and_spans_outside_the_text_do_no_harm() -> None:
    assert passage("abcdef", [(1, 3), (2, 4), (-5, 0), (4, 99), (9, 12), (3, 2)]).hits == ((1, 4), (4, 6))


@given(ANY, st.lists(st.tuples(st.integers(-5, 310), st.integers(-5, 310)), max_size=6))
def test_marking_hits_never_changes_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    shown = passage(text, spans)
    assert shown.text == passage(text).text
    assert "".join(piece for piece, _ in shown.runs) == shown.text
    assert all(0 <= start < end <= len(shown.text) for start, end in shown.hits)


ABSTRACT = (
    "Long inputs are slow. Nobody reads them all, e.g. Fig. 2 shows how most are skimmed by J. Doe et al. Instead. "
    "We propose sparse attention. It is good. Training takes one afternoon on a small machine. "
    "Sparse attention loses nothing."
)


def hit(text: str, word: str) -> Passage:
    return Passage(text, tuple(found.span() for found in re.finditer(word, text, re.IGNORECASE)))


def test_sentences_do_not_end_at_abbreviations_and_initials() -> None:
    assert [ABSTRACT[start:end] for start, end in sentence_spans(ABSTRACT)][:3] == [
        "Long inputs are slow.",
        "Nobody reads them all, e.g. Fig. 2 shows how most are skimmed by J. Doe et al. Instead.",
        "We propose sparse attention.",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Noise is i.i.d. Gaussian, by Alg. 1 and Thm. 2 of Sect. 3, w.p. 1 and w.h.p. Lipschitz, s.t. A holds.",
        "Cups are those of group A.",
        "Cups, kettles, etc.",
    ],
)
def test_sentences_end_at_abbreviations_only_where_a_new_one_begins(sentence: str) -> None:
    text = f"{sentence} We boil."
    assert [text[start:end] for start, end in sentence_spans(text)] == [sentence, "We boil."]


@pytest.mark.parametrize("heap", ["?", ".)", '!"', "。", "a! ", "? ", "!("])
def test_a_heap_of_sentence_ends_is_read_in_time(heap: str) -> None:
    started = time.process_time()
    sentence_spans(heap * (50_000 // len(heap)))
    assert time.process_time() - started < 1


def test_an_excerpt_is_the_two_sentences_that_carry_the_words() -> None:
    shown = excerpt(hit(ABSTRACT * 1, "sparse attention"))
    assert starred(shown) == "We propose *sparse attention*. … *Sparse attention* loses nothing."


def test_a_lonely_hit_brings_the_next_sentence() -> None:
    assert excerpt(hit(ABSTRACT, "skimmed")).text.endswith("Instead. We propose sparse attention.")


def test_no_sentence_from_elsewhere_fills_an_excerpt() -> None:
    long = "It goes on and " + "on and " * 60 + "ends."
    found = "We propose sparse attention for models of every size, which takes one afternoon on a small machine " * 2
    text = f"Inputs are slow. {long} {found.strip()}. {long} Our code is released at https://code.example/sparse."
    assert excerpt(hit(text, "sparse attention")).text == f"{found.strip()}."
    assert excerpt(Passage(f"{found.strip()}. {long} Our code is released.")).text == f"{found.strip()}."


def test_without_hits_an_excerpt_is_the_beginning() -> None:
    assert excerpt(Passage(ABSTRACT)).text.startswith("Long inputs are slow. Nobody reads")


def test_a_sentence_without_end_is_cut_around_its_hit() -> None:
    endless = "word " * 500 + "needle " + "word " * 500
    shown = excerpt(hit(endless, "needle"))
    assert len(shown.text) <= LIMIT
    assert "*needle*" in starred(shown)
    assert shown.text[0] == shown.text[-1] == "…"


def test_a_hit_at_the_end_of_a_sentence_without_end_leaves_no_room_unused() -> None:
    shown = excerpt(hit("word " * 500 + "needle and thread.", "needle"))
    assert starred(shown).endswith("word *needle* and thread.")
    assert LIMIT - len(" word") <= len(shown.text) <= LIMIT


def test_a_short_find_is_filled_from_what_follows() -> None:
    text = "Needle. " + "Then follows a sentence without end that " + "goes on and " * 60
    assert 200 < len(excerpt(hit(text, "needle")).text) <= LIMIT


@given(st.text(st.sampled_from("ab .!?A1e.g.。 needle"), max_size=900), st.integers(1, 2))
def test_an_excerpt_keeps_its_limit_and_its_hits(text: str, sentences: int) -> None:
    whole = hit(clean(text), "needle")
    shown = excerpt(whole, sentences)
    assert len(shown.text) <= LIMIT
    assert bool(shown.hits) == bool(whole.hits)
    assert bool(shown.text) == bool(whole.text)


def test_long_words_may_break_and_markup_is_escaped() -> None:
    assert breakable("a" * 40) == "a" * 24 + "<wbr>" + "a" * 16
    assert breakable("<b>&'\"") == "&lt;b&gt;&amp;&#39;&#34;"


@given(ANY)
def test_breaking_words_changes_no_character(text: str) -> None:
    assert breakable(clean(text)).replace("<wbr>", "").unescape() == clean(text)


def test_paragraphs_hang_behind_their_first_mark() -> None:
    lines = hang("many words " * 20, 4, "1. ").splitlines()
    assert lines[0].startswith(" 1. many")
    assert all(line.startswith(("    many", "    words")) for line in lines[1:])
    assert max(map(len, lines)) <= 72


@given(st.lists(st.integers(1, 90), max_size=40), st.sampled_from(["", "1. ", "- "]))
def test_lines_hold_as_many_words_as_fit(lengths: list[int], first: str) -> None:
    text = " ".join("w" * length for length in lengths)
    plain = textwrap.TextWrapper(72, first.rjust(4), " " * 4, break_long_words=False, break_on_hyphens=False)
    assert hang(text, 4, first) == (plain.fill(text) if text else "")


def test_a_sign_stays_on_the_line_of_its_number() -> None:
    for words in range(60, 72):
        lines = hang("x" * words + " ▲ 52 · ★ 1,310 · new").split("\n")
        assert not [line for line in lines if line.endswith(("▲", "★")) or line.startswith("·")]
        assert " ".join(lines).endswith(" ▲ 52 · ★ 1,310 · new")
        assert max(map(len, lines)) <= 72
