"""TeX made readable, and what is not TeX left alone."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ParseError
from service.model import Page
from service.sources import parse
from service.tex import readable

HERE = Path(__file__).parent
# TeX, and what is left of it where a page has lost its dollars and backslashes.
ODD = re.compile(
    r"[$\\^{}]|``|''|\w_\w|~\S|\d(?:times|sim)|(?:times|sim)\d|\b(?:math\w+|alpha|beta|lambda|Omega|ell|leq|approx)\b"
)

READ = {
    r"$\mu$P": "μP",
    r"$O(n^2)$": "O(n²)",
    r"Poincar\'e": "Poincaré",
    r"Poincar{\'e}, G\"odel, Erd\H{o}s, \v{S}koda, Fran\c{c}ois, na\"{\i}ve": "Poincaré, Gödel, Erdős, Škoda, François, naïve",
    r"{\it determinism}": "determinism",
    r"\textbf{adaptability}, the \emph{great}": "adaptability, the great",
    r"5$\times$ higher, $\sim$0.1\%, $\approx$2$\times$": "5× higher, ∼0.1%, ≈2×",
    r"25\% of R\&D": "25% of R&D",
    r"$\mathcal{O}(n \log n)$ in $\mathbb{R}^d$": "O(n log n) in ℝ^d",
    r"$\sqrt{s_{NN}}=200$ GeV": "√(s_NN)=200 GeV",
    r"$2.6<\eta<4$, $\pi^{0}$ in $p+p$": "2.6<η<4, π⁰ in p+p",
    r"$x^{(i)}$, $e^{-x^2}$, $\frac{a+b}{2}$, $x_{i,j}$": "x⁽ⁱ⁾, e^(-x²), (a+b)/2, x_(i,j)",
    r"$\hat{y}$, $\tilde{O}(\sqrt{T})$, $d_\text{model}$": "ŷ, Õ(√T), d_model",
    r"$\ell_1$-norm, $n^{th}$, $90^\circ$, $X^T$, $\{0,1\}^n$": "ℓ₁-norm, nᵗʰ, 90°, Xᵀ, {0,1}ⁿ",
    r"$10^{-3}$ and $f:X\rightarrow Y$": "10⁻³ and f:X→Y",
    r"\o{}rsted, Stra\ss e, \L{}ukasz": "ørsted, Straße, Łukasz",
    r"``quoted'' at \url{https://a.example/~c}": "“quoted” at https://a.example/~c",
    r"\(a^2\) and $$b_1$$": "a² and b₁",
    "zero\u200bwidth\u202e, soft\u00adhyphen, bell\u0007": "zerowidth, softhyphen, bell",
    "e\u0301": "é",
    "at https://code.example/a{code}. It": "at https://code.example/a. It",
    "at https://code.example/a/{this https URL}.": "at https://code.example/a/.",
    "https://code.example/a{https://code.example/a}": "https://code.example/a",
}
LEFT = [
    "Omega(mnd) and 1920times1080, 4-16times, sim!0.1%",
    "SAP^{2} and {scriptsize CODE2SEQ} and k_{ast}",
    "an open {\\it group",
    "costs only $39.9 and 160 minutes, or $40 to $50",
    "a fee of $5, which others pay as $7 each",
    r"$\unknowncommand{x}^2$ stays whole",
    "tasks--PET, 2 -- 6x, *Tensor Programs*, a_b, x^2",
    "C:\\newfolder",
    "https://api.example/{id}, https://api.example/v1?id={id} and https://api.example/a{n}.html",
    "100% of “quoted” — text…",
    "",
]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("text", READ)
def test_tex_becomes_what_a_person_reads(text: str) -> None:
    assert readable(text) == READ[text]


def test_tex_of_every_field_becomes_what_a_person_reads() -> None:
    cases = [line.split("\t") for line in (HERE / "tex_cases.tsv").read_text("utf-8").splitlines()]
    wrong = [(text, answer, readable(text)) for text, answer in cases if readable(text) != answer]
    assert wrong == []
    assert len(cases) > 150


def texts(folder: Path) -> Iterator[str]:
    """Every title and abstract of the real listings."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.relative_to(folder).parts[0] not in {"bounce", "mime", "relevance", "feeds"}:
            with suppress(ParseError):
                papers = parse(Page(file.read_bytes(), "", file.as_uri())).papers
                yield from (text for paper in papers for text in (paper.title, paper.abstract))


def test_real_titles_and_abstracts_read_as_a_person_reads_them(
    shared: Path, seeds: list[Path], figure: Callable[[str], None]
) -> None:
    """Answers were read by hand; only their digests stand here. A text without an answer is to stay as it is."""
    lines = [line.split("\t") for line in (HERE / "tex_answers.tsv").read_text("utf-8").splitlines()]
    answers = {text: answer for text, answer, *_ in lines}
    real = dict.fromkeys(text for folder in (shared / "corpus", seeds[0].parent) for text in texts(folder))
    right = [text for text in real if digest(readable(text)) == answers.get(digest(text), digest(text))]
    odd = [text for text in real if ODD.search(text)]
    sure = [text for text in odd if text in set(right)]
    figure(f"TeX: {len(right)} of {len(real)} real texts right, {len(sure)} of the {len(odd)} with TeX or its remains")
    assert len(answers.keys() & {digest(text) for text in real}) == len(answers) > 40
    assert len(right) >= 0.999 * len(real)
    assert len(sure) >= 0.99 * len(odd) > 100


@pytest.mark.parametrize("text", LEFT)
def test_what_is_not_certainly_tex_is_left_alone(text: str) -> None:
    assert readable(text) == text


@given(st.text(alphabet="$\\{}^_~'\"`abcmu %&#()\n\u200b\ue000é0129", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    read = readable(text)
    assert unicodedata.is_normalized("NFC", read)
    assert "\u200b" not in read
    assert not any(character < " " and character != "\n" for character in read)


@given(st.text(max_size=100))
def test_private_marks_travel_through(text: str) -> None:
    assert readable("\ue000" + text.replace("\\", "").replace("$", "") + "\ue001")[0] == "\ue000"


@pytest.mark.parametrize(
    "piece",
    [
        "$",
        "$a ",
        "\\",
        "{\\it ",
        "\\text{",
        "\\frac{",
        "``",
        "{",
        "\\'",
        "$a^{",
        "\\text ",
        "a~",
        "\\alpha",
        "``a`b' ",
        " ",
        "--",
        "\\cite{a",
        "\\sqrt[",
        "\\(",
        "\\[",
        "https://",
        "https://a{",
    ],
)
def test_two_hundred_thousand_characters_of_anything_end_in_time(piece: str) -> None:
    started = time.process_time()
    readable("\\alpha" + piece * (199_000 // len(piece)))
    assert time.process_time() - started < 2
