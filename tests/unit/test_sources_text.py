"""Foreign text, folded: short and long alike."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.keywords import parse
from service.matching import Index
from service.model import Paper
from service.sources import bylines
from service.sources.text import fold, joined, plain
from service.tex import readable


@settings(max_examples=15)
@given(st.text("ab \t\n\x00\u2028\u3000é", min_size=1, max_size=12), st.integers(0, 9))
@example(" ", 0)
@example("\x00 a", 3)
def test_a_long_text_is_folded_like_a_short_one(piece: str, more: int) -> None:
    text = piece * (200_000 // len(piece)) + piece[:more]
    assert fold(text) == " ".join(text.replace("\x00", "").split())


def test_a_link_is_made_whole_or_dropped() -> None:
    assert joined("https://a.example/b/c", "d?e#f") == "https://a.example/b/d?e#f"
    assert joined("", "https://a.example/") == "https://a.example/"
    assert [joined("https://a.example/", value) for value in ("", None, 5, "javascript:x", "http://[")] == [""] * 5


LESS_THAN = {
    "We use a<b and c>d.": "We use a<b and c>d.",
    "if p <q and r> s then": "if p <q and r> s then",
    "We use i<p or i>q, a <i >k": "We use i<p or i>q, a k",
    'Tea<td nowrap align=left>and<br clear><a\nhref="x" hidden>cake</a>': "Tea and cake",
    "<i>p</i> <b class='x'>< 0.05</b >, <td>n > 5<br / ><hr noshade/>": "p < 0.05, n > 5",
}


@pytest.mark.parametrize(("html", "text"), LESS_THAN.items())
def test_what_stands_between_less_and_greater_is_no_tag(html: str, text: str) -> None:
    assert plain(html) == text


SCRIPTS = {
    "10<sup>6</sup> cells at 10<sup>-9</sup> M": "10⁶ cells at 10⁻⁹ M",
    "5&times;10<sup>3</sup>, 10<SUP class='x'>&minus;<i>n</i></SUP>": "5×10³, 10⁻ⁿ",
    "e<sup>x<sup>2</sup></sup>, 10<sup>5.5</sup>, x<sup>a&lt;b</sup>": "e^x², 10^5.5, x^(a<b)",
    "CO<sub>2</sub>, x<sub>i</sub>, PM<sub>2.5</sub>, V<sub>max</sub>, TiO<sub>2-x</sub>": "CO₂, xᵢ, PM2.5, Vmax, TiO2-x",
    "Ca<sup>2+</sup>, |x|<sup>2</sup>, 10 <sup>6</sup> and [<sup>13</sup>C], <sup>99m</sup>Tc": "Ca²⁺, |x|², 10 ⁶ and [13C], 99mTc",
    "1<sup>st</sup>, n<sup> th </sup>, XX<sup>e</sup>, 25<sup>o</sup>C, Kettle<sup>TM</sup>": "1st, nth, XXe, 25°C, Kettle™",
    "tea<sup>1,3–5</sup> cups<sup>†</sup> pots<sup>[7]</sup>": "tea¹,³–⁵ cups† pots[7]",
    "<jats:p>10<jats:sup>6</jats:sup> H<ce:inf>2</ce:inf></jats:p>": "10⁶ H₂",
    "<mfrac><mn>1</mn><mn>2</mn></mfrac> of <mml:mfrac><mml:mrow><mml:mi>a</mml:mi><mml:mo>+</mml:mo>"
    "<mml:mi>b</mml:mi></mml:mrow> <mml:mi>c</mml:mi></mml:mfrac>": "1/2 of (a+b)/c",
    "<msup><mn>10</mn> <mrow><mo>−</mo><mn>9</mn></mrow></msup> CO<msub><mi/><mn>2</mn></msub>": "10⁻⁹ CO₂",
    "tea<sup>left<sub>open, &lt;sup&gt;2&lt;/sup&gt;": "tealeftopen, <sup>2</sup>",
}


@pytest.mark.parametrize(("html", "text"), SCRIPTS.items())
def test_powers_and_indices_keep_their_places(html: str, text: str) -> None:
    assert plain(html) == text


@pytest.mark.parametrize("script", ["6", "-9", "n", "5.5", "a+b", "T", "2+", "x"])
def test_a_power_reads_alike_in_html_and_in_tex(script: str) -> None:
    assert plain(f"10<sup>{script}</sup>") == readable(f"$10^{{{script}}}$")


@pytest.mark.parametrize(
    "keyword", ["CO2", '"CO2"', "H2O", "PM2.5", "Vmax", "pKa", "10^6 cells", "10^5.5", "99mTc", "TiO2-x", "13C"]
)
def test_powers_and_indices_are_found_by_what_people_type(keyword: str) -> None:
    html = (
        "In CO<sub>2</sub>, H<sub>2</sub>O, PM<sub>2.5</sub>, V<sub>max</sub>, pK<sub>a</sub>, 10<sup>6</sup> cells,"
        " 10<sup>5.5</sup>, TiO<sub>2-x</sub>, <sup>13</sup>C and <sup>99m</sup>Tc"
    )
    assert len(Index([Paper("Kettles", plain(html))]).find(parse(keyword)).papers) == 1


def test_the_marks_of_footnotes_are_no_part_of_a_name() -> None:
    names = "Ada Brewer<sup>1,2,*</sup>, Bob Kettle<sup>a</sup> and Eve Cup<sup>a,b</sup>"
    assert bylines.authors(plain(names)) == ("Ada Brewer", "Bob Kettle", "Eve Cup")
