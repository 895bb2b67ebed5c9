"""TeX made readable, and what is not TeX left alone."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tex import readable

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
    "100% of “quoted” — text…",
    "",
]


@pytest.mark.parametrize("text", READ)
def test_tex_becomes_what_a_person_reads(text: str) -> None:
    assert readable(text) == READ[text]


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
    "piece", ["$", "$a ", "\\", "{\\it ", "\\text{", "\\frac{", "``", "{", "\\'", "$a^{", "\\text ", "a~", "\\alpha"]
)
def test_a_hundred_thousand_characters_of_anything_end_in_time(piece: str) -> None:
    started = time.process_time()
    readable(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 2
