"""Raised and lowered pieces of HTML → the same with the signs that Unicode has for them.

Comes in: an HTML fragment whose other tags are gone. Goes out: `10<sup>6</sup>` as 10⁶, `CO<sub>2</sub>` as CO₂, as
formulas read (`service.tex`). Refuses to know: all other tags.

A lost sign of a power changes what a number says, so `^` stands where Unicode has none; `V<sub>max</sub>` stays Vmax.
"""

from __future__ import annotations

import re
from html import escape, unescape

from service.tex.signs import ABOVE, BELOW

# HTML's tags, and those of publishers' own XML; a whole footnote is no script.
TAG = re.compile(r"</?(?:(?:jats:)?su[bp]|ce:(?:sup|inf))(?:\s[^<>]{0,400})?/?>", re.IGNORECASE)
_PAIR = re.compile(
    r"<((?:jats:)?su[bp]|ce:(?:sup|inf))(?:\s[^<>]{0,400})?(?<!/)>([^<>]{0,60})</\1\s?>",
    re.IGNORECASE,
)
# The last child of MathML's <msup> and <msub>: one token, or a row of them.
_LAST = re.compile(
    r"\s{0,9}<((?:mml:)?m)(?:(i|n|o|text)(?:\s[^<>]{0,400})?>([^<>]{0,60})</\1\2"
    r"|row(?:\s[^<>]{0,400})?>((?:[^<]|<(?!/?(?:mml:)?mrow)){0,400}?)</\1row)>\s{0,99}</\1(su[bp])>",
    re.IGNORECASE,
)
# MathML's <mfrac> of two such children.
_TERM = (
    r"\s{0,9}(<\1(?:i|n|o|text)(?:\s[^<>]{0,400})?>[^<>]{0,60}</\1(?:i|n|o|text)>"
    r"|<\1row(?:\s[^<>]{0,400})?>(?:[^<]|<(?!/?(?:mml:)?mrow)){0,400}?</\1row>)\s{0,9}"
)
_FRACTION = re.compile(rf"<((?:mml:)?m)frac(?:\s[^<>]{{0,400}})?>{_TERM}{_TERM}</\1frac>", re.IGNORECASE)
_DEPTH = 3
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\Z", re.IGNORECASE)
_FRENCH = re.compile(r"[\dIVX](?:e|er|[eè]re|[eè]me)\Z")
_DEGREE = re.compile(r"\d ?[oº]\Z")
_ALONE = re.compile(r"(?:\A|[(\[{/–-]|(?:\A|[^\d\s])\s)\Z")
_MARKS = {"TM": "™", "SM": "℠"}
_LISTED = ABOVE | {sign: sign for sign in ",;–‐ "}


def told(html: str) -> str:
    """Return the fragment with MathML's fractions as they are typed, and its powers and indices as HTML has them."""
    typed = _FRACTION.sub(lambda found: f"{_term(found[2])}/{_term(found[3])}", html)
    return _LAST.sub(lambda found: f"<{found[5]}>{found[3] or found[4] or ''}</{found[5]}>", typed)


def _term(markup: str) -> str:
    """One side of a fraction: a sum stands in brackets."""
    return f"({markup})" if "mo>" in markup.lower() else markup


def read(html: str) -> str:
    """Return the fragment without any tag of scripts; its references stay as they are written."""
    for _ in range(_DEPTH):
        inner = _PAIR.sub(_script, html)
        if inner == html:
            break
        html = inner
    return TAG.sub("", html)


def _script(found: re.Match[str]) -> str:
    text = " ".join(unescape(found[2]).split())
    if not text:
        return found[2]
    before, behind = found.string[: found.start()][-2:], found.string[found.end() :][:1]
    raised = found[1].lower().endswith("sup")
    return escape(_raised(text, before, behind) if raised else _lowered(text), quote=False)


def _raised(text: str, before: str, behind: str) -> str:
    """Footnote marks, ordinals (1st), numbers of references ([1]) and the mass of an isotope (13C) are no powers."""
    if text in _MARKS:
        return _MARKS[text]
    if _DEGREE.search(before + text):
        return "°"
    if _ORDINAL.match(text) or _FRENCH.search(before[-1:] + text) or text.startswith("["):
        return text
    if not any(sign.isalnum() for sign in text):
        return "".join(ABOVE.get(sign, sign) for sign in text)
    alone = bool(_ALONE.search(before))
    if not _is_word(text) and all(sign in _LISTED for sign in text) and not (alone and behind.isalpha()):
        return "".join(_LISTED[sign] for sign in text)
    if alone:
        return text
    return "^" + (text if re.fullmatch(r"[\w.]+", text) else f"({text})")


def _lowered(text: str) -> str:
    """What is typed as letters and digits stays so: PM2.5, Vmax, TiO2-x."""
    if _is_word(text) or any(sign not in BELOW or sign in "-−" for sign in text):
        return text
    return "".join(BELOW[sign] for sign in text)


def _is_word(text: str) -> bool:
    return len(text) > 2 and text.isascii() and text.isalpha()
