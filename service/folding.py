"""Titles and names → what is left of them when every source has written them its own way.

Comes in: a title or a person's name, with TeX whole, half stripped or none. Goes out: a folded text to compare by.
Refuses to know: papers and keywords; for matching words, `service.words` folds less.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon"
    " phi chi psi omega"
)
_NAMED = {chr(0x3B1 + place): name for place, name in enumerate(_GREEK.split())}
_NAMED |= {"×": "times", "∞": "infty", "∼": "sim", "≤": "leq", "≥": "geq", "→": "to", "±": "pm", "∇": "nabla"}
_NAMED |= {"∂": "partial", "√": "sqrt", "≈": "approx", "∈": "in", "∗": "ast", "°": "circ", "∘": "circ", "⊙": "odot"}
_NAMED |= {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ℓ": "ell"}
_NAMES = str.maketrans(_NAMED)
_SAME_SIGNS = re.compile(r"var(epsilon|theta|pi|rho|sigma|phi)|rightarrow|(?<![$}])\b[gl]e\b")
_SIGNS = {"rightarrow": "to", "ge": "geq", "le": "leq"}
_FONTS = (
    "textbf|textit|textrm|textsc|texttt|textsf|textsl|textup|textnormal|text|emph|mathrm|mathbf|mathbbm?|mathds|mathcal|mathit"
    "|mathsf|mathtt|mathfrak|mathscr|boldsymbol|bm|operatorname|mbox|ensuremath|underline|overline|url|href"
    "|bar|hat|tilde|vec|dot|ddot|widehat|widetilde|ion"
)
_SHAPES = "it|bf|em|sc|rm|tt|sf|sl|tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge|bfseries"
_STYLE = re.compile(
    rf"\\?\b(?:{_FONTS})(?=\s*\{{)|\\(?:{_FONTS}|{_SHAPES}|left|right|displaystyle)\b|\{{(?:{_SHAPES})\s"
)
_TEX_LETTERS = re.compile(r"\\(aa|ae|oe|ss|o|l|i|j)\b", re.IGNORECASE)
_TEX_ACCENT = re.compile(r"\\[uvHcdkrb]\s*\{\\?([A-Za-z])\}")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NO_NAME = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md", "dr", "prof"})
# As PubMed writes a name (Smith JA); Wei LI may be one as well.
_ABBREVIATED = re.compile(r"(.*[^\W\d_]{2}.*)\s([A-Z]{2,3}|[A-Z]-[A-Z])\s*\Z", re.DOTALL)
_LONGEST = 4000


@lru_cache(maxsize=4096)
def fold_title(title: str) -> str:
    """Return only the letters and digits of a title, folded: one text for `$\\mu$P`, `muP` and `μP`.

    Case, accents, dashes, spaces, punctuation and TeX mark-up do not count, so a line break, a lost hyphen or a
    stripped backslash changes nothing. Long texts are folded over their first 4,000 characters.
    """
    letters = _letters(_untexed(_STYLE.sub(" ", title[:_LONGEST])))
    return "".join(re.findall(r"[^\W_]+", _SAME_SIGNS.sub(_one_sign, letters)))


def _untexed(text: str) -> str:
    return _TEX_LETTERS.sub(r"\1", _TEX_ACCENT.sub(r"\1", text))


def _one_sign(sign: re.Match[str]) -> str:
    return sign[1] or _SIGNS[sign[0]]


def _letters(text: str) -> str:
    # Signs are named before and after decomposition: "ϵ" becomes "ε" only by it, and "ø" has none.
    # Case is folded before and after it as well: "𝕬" is a capital only once it is taken apart.
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold()
    decomposed = unicodedata.normalize("NFKD", folded).translate(_NAMES)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


class Name(NamedTuple):
    """A person's name, folded: the surname, the initials of the given names, and all letters given names first."""

    surname: str
    initials: frozenset[str]
    whole: str
    parts: frozenset[str]


@lru_cache(maxsize=4096)
def fold_name(name: str) -> Name:
    """Read `Yann LeCun`, `LeCun, Yann`, `Y. LeCun` or `LeCun Y`; what stands in brackets is no part of a name."""
    text = _letters(_untexed(_ASIDE.sub(" ", name[:200])))
    first, comma, rest = text.partition(",")
    family, given = _words(first), _words(rest)
    if not comma or not given:
        family, given = _split(family)
    return Name(
        "".join(family),
        frozenset(word[0] for word in given),
        "".join(given + family),
        frozenset(given + family),
    )


def _words(text: str) -> list[str]:
    # An accent that was TeX ("Poincar\'e") must not break its word.
    bare = re.sub(r"[\\'`^\"~={}’]", "", text)
    return [word for word in re.findall(r"[^\W_]+(?:-[^\W_]+)*", bare) if word not in _NO_NAME]


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    if len(words) > 1 and len(words[-1]) == 1 < len(words[0]):
        return [word for word in words if len(word) > 1], [word for word in words if len(word) == 1]
    return words[-1:], words[:-1]


def names_agree(one: str, other: str) -> bool:
    """Say whether two spellings may be one person: the surnames meet, and the given names share an initial."""
    return any(_agree(a, b) for a in _readings(one) for b in _readings(other))


def _readings(name: str) -> Iterator[Name]:
    yield fold_name(name)
    if found := _ABBREVIATED.match(name[:200]):
        yield fold_name(f"{found[1]}, {' '.join(found[2])}")


def _agree(a: Name, b: Name) -> bool:
    if a.parts == b.parts or not a.surname or not b.surname:
        return a.whole == b.whole or a.parts == b.parts
    if a.initials and b.initials and not a.initials & b.initials:
        return False
    return a.surname == b.surname or _ends_with(a.whole, b.surname) or _ends_with(b.whole, a.surname)


def _ends_with(whole: str, surname: str) -> bool:
    """`Yann Le Cun` ends with LeCun; a short surname proves nothing that way."""
    return len(surname) > 3 and whole.endswith(surname)
