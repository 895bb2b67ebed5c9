"""A text as it is read aloud: TeX, full-width letters, dashes and quotes made plain, each character knowing its origin.

Comes in: a text as a source or a reader wrote it. Goes out: a `Reading`, whose spans lead back into that text.
Refuses to know: words, fields, keywords.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from service.words import lexicon

_PLAIN = re.compile(r"[\x20-\x23\x25-\x5b\x5d-\x7a|\t\n\r]*")
_GREEK = "\u00b5\u0370-\u03ff\u1f00-\u1fff"
_SPECIAL = re.compile(
    rf"""
    (?P<combined>[^\W\d_][\u0300-\u036f]+)
  | \\(?P<mark>["'`^~=.]|[vcuHkrdb](?=\s*\{{|\s+[A-Za-z]))\s*(?P<open>\{{)?\s*\\?(?P<base>[A-Za-z])(?(open)\s*\}})
  | (?P<aside>\\(?:cite\w*|ref|eqref|label|footnote|url|href)\*?(?:\[[^\]]*\])?\{{[^{{}}]*\}})
  | (?P<prime>\^\{{?(?:\\prime\s*)+\}}?)
  | \\(?P<type>(?:rm|bf|it|sc|sf|sl|tt|em|cal)(?![A-Za-z])\s*)
  | \\(?P<command>[A-Za-z]+)
  | \\(?P<escaped>[\x00-\x7f])
  | (?P<star>(?<=(?<![A-Za-z])[A-Z])\$\^\{{?(?:\*|\\ast)\}}?\$)    # Sgr A$^*$
  | (?P<space>~)
  | (?P<math>\$+)
  | (?P<left>(?<!\S)\{{)
  | (?P<right>\}}(?![^\s.,;:]))
  | (?P<brace>[{{}}])
  | (?P<letter>(?<![{_GREEK}])[{_GREEK}]{{1,2}}(?![{_GREEK}]))    # more of them are a word in Greek
  | (?P<raised>\u207b?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)
  | (?P<other>[^\x00-\x7f])
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_GREEK = re.compile(f"[{_GREEK}]")
_MARKS = dict(
    zip(
        "\"'`^~=.vcuHkrdb",
        "\u0308\u0301\u0300\u0302\u0303\u0304\u0307\u030c\u0327\u0306\u030b\u0328\u030a\u0323\u0331",
        strict=True,
    )
)
_LETTERS = {"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å"}
_LETTERS |= {"AA": "Å", "i": "i", "j": "j", "ell": "l", "infty": "infinity", "S": "§"}
_LETTERS |= {name: name for name in lexicon.GREEK.values()}
_LETTERS |= {name.capitalize(): name.capitalize() for name in lexicon.GREEK.values()}
_LETTERS |= {f"var{name}": name for name in ("epsilon", "theta", "pi", "rho", "sigma", "phi", "kappa")}
_SILENT = re.compile(
    r"(?:text|math)[a-z]*|emph|bf|it|rm|tt|sc|sf|sl|em|operatorname|boldsymbol|bm|underline|overline|hat|tilde|bar|vec|"
    r"left|right|mbox|hbox|widehat|widetilde|big|Big|bigg|Bigg|displaystyle|ensuremath|xspace|limits"
)
_BLANKS = frozenset({"quad", "qquad", "newline", "par", "space", "thinspace"})
_ESCAPES = {
    "-": "",
    "!": "",
    "(": "",
    ")": "",
    "[": " ",
    "]": " ",
    ",": " ",
    ";": " ",
    ":": " ",
    "\\": " ",
    "{": "(",
    "}": ")",
}
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d"
_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u2036\u300c\u300d\u300e\u300f\u301d\u301e\uff02"
_APOSTROPHES = "\u2018\u2019\u201a\u201b\u2032\u02bc\u02bb\uff07\u00b4"
_CHARACTERS = (
    dict.fromkeys(_DASHES, "-")
    | dict.fromkeys(_QUOTES, '"')
    | dict.fromkeys(_APOSTROPHES, "'")
    | {"∞": "infinity", "®": "", "™": "", "©": "", "…": "..."}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A readable text and the way back. `changes` are (start, end, original start, original end), in order."""

    text: str
    original: str
    changes: tuple[tuple[int, int, int, int], ...] = ()
    formulas: tuple[tuple[int, int], ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the characters of the original that characters [start, end) of the reading were read from."""
        return (self._origin(start)[0], self._origin(end - 1)[1]) if self.changes else (start, end)

    def visible(self, start: int, end: int) -> tuple[int, int]:
        """Return the span widened so that it cuts neither a formula nor a group in brackets or TeX in two."""
        if not (self.changes or self.formulas or "(" in self.original[start:end]):
            return start, end
        for left, right in self.formulas:
            if start < right and left < end and not (left < start and end < right):
                start, end = min(start, left), max(end, right)
        for opened, closed in ("{}", "()"):
            shown = self.original[start:end]
            if shown.count(opened) > shown.count(closed) and self.original[end : end + 1] == closed:
                end += 1
        return start, end

    def in_formula(self, start: int) -> bool:
        """Whether the character at `start` of the reading stands inside a formula of the original."""
        origin = self._origin(start)[0] if self.formulas else 0
        return any(left < origin < right for left, right in self.formulas)

    def _origin(self, at: int) -> tuple[int, int]:
        found = bisect_right(self.changes, at, key=lambda change: change[0]) - 1
        if found < 0:
            return at, at + 1
        _, end, first, last = self.changes[found]
        return (first, last) if at < end else (last + at - end, last + at - end + 1)


def read(text: str) -> Reading:
    """Return the reading of `text`; plain ASCII is its own."""
    if _PLAIN.fullmatch(text):
        return Reading(text, text)
    pieces: list[str] = []
    changes: list[tuple[int, int, int, int]] = []
    length = done = 0
    for special in _SPECIAL.finditer(text):
        seen = _spoken(special)
        if seen != special.group():
            pieces += (text[done : special.start()], seen)
            length += special.start() - done
            changes.append((length, length + len(seen), special.start(), special.end()))
            length, done = length + len(seen), special.end()
    pieces.append(text[done:])
    return Reading("".join(pieces), text, tuple(changes), _formulas(text))


def _formulas(text: str) -> tuple[tuple[int, int], ...]:
    # A heap of dollar signs opens no formula but with its last ones, and must not be tried in all its lengths.
    found = re.finditer(r"(?<!\\)(\${1,4}+)(?=\S)[^$]{1,300}?\1", text) if "$" in text else ()
    return tuple(formula.span() for formula in found)


def _spoken(special: re.Match[str]) -> str:
    kind = special.lastgroup
    if kind == "base":
        return unicodedata.normalize("NFC", special["base"] + _MARKS[special["mark"]])
    if kind == "command":
        return _command(special["command"])
    if kind in {"left", "right"}:
        return _brace(special)
    if kind == "letter":
        return "".join(_named(letter) for letter in unicodedata.normalize("NFKC", special.group()))
    if kind == "other":
        return character(special.group())
    if kind == "raised":
        return "^" + unicodedata.normalize("NFKC", special.group()).replace("\u2212", "-")
    if kind == "combined":
        return _composed(special)
    if kind in {"star", "prime"}:
        return "*" if kind == "star" else "'"
    if kind == "escaped":
        return _ESCAPES.get(special["escaped"], special["escaped"])
    return "" if kind in {"math", "brace", "type"} else " "


def _composed(special: re.Match[str]) -> str:
    """Read a letter and the combining accents after it; accents that make no letter of their own with it fall away."""
    letter = character(unicodedata.normalize("NFC", special.group())[0])
    beside = special.string[special.start() - 1 : special.start()] + special.string[special.end() : special.end() + 1]
    return letter if any(map(_IN_GREEK.match, beside)) else _named(letter)


def _command(name: str) -> str:
    """Read a TeX command: a letter, a change of type (silent), or a sign that stands between words."""
    if name in _LETTERS:
        return _LETTERS[name]
    if _SILENT.fullmatch(name):
        return ""
    return " " if name in _BLANKS else " | "


def _brace(special: re.Match[str]) -> str:
    """Read a free-standing brace as a bracket, unless the text is written in TeX, where it only groups."""
    if "\\" in special.string or "$" in special.string:
        return ""
    return "(" if special.lastgroup == "left" else ")"


@lru_cache(maxsize=1 << 14)
def character(sign: str) -> str:
    """Read one character outside ASCII: letters stay, compatible ones become plain."""
    if sign in _CHARACTERS:
        return _CHARACTERS[sign]
    category = unicodedata.category(sign)
    if category in {"Zs", "Zl", "Zp"}:
        return " "
    if category == "Cf" or "\u0300" <= sign <= "\u036f":
        return ""
    plain = unicodedata.normalize("NFKC", sign).replace("\u2044", "/")
    if "<super>" in unicodedata.decomposition(sign) and plain.isdigit():
        return f"^{plain}"
    # A Greek letter that is not written as such is a mathematical one; a word in Greek stays.
    return _named(plain) if plain != sign else sign


def _named(sign: str) -> str:
    """Return the name of a Greek letter, whatever its accents; other signs stand."""
    letter = unicodedata.normalize("NFD", sign)[:1]
    name = lexicon.GREEK.get(letter.lower(), sign)
    return name.capitalize() if name != sign and letter.isupper() else name
