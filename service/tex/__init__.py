"""TeX in a title or an abstract → what a person reads.

Comes in: one text as its source wrote it. Goes out: the same with `$\\mu$P` as μP, `$O(n^2)$` as O(n²),
`Poincar\\'e` as Poincaré. Refuses to know: where the text will stand.

Only what is certainly TeX is touched. On Hugging Face's pages dollars and backslashes have been stripped (`Omega(mnd)`,
`SAP^{2}`, `{scriptsize CODE2SEQ}`); guessing there would make things worse. A formula is read
whole or left whole.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pylatexenc import latex2text

from service.tex.signs import ABOVE, ACCENTS, BELOW, DOUBLE, FONTS, FUNCTIONS, HATS, MORE, ROOTS, SHAPES, SHORT

_LONGEST = 200_000
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)

_HINTS = re.compile(r"[\\$`~{]")
# No formula holds the beginning of another one: of a heap of beginnings each is looked at once.
_MATH = re.compile(
    r"(?<![\\$])\$\$?(?=[^\s$])((?:[^$\\]|\\.){1,600}?)(?<=\S)\$\$?(?!\$)|\\\(((?:[^\\]|\\[^()]){1,600}?)\\\)"
    r"|\\\[((?:[^\\]|\\[^\[\]]){1,600}?)\\\]",
    re.DOTALL,
)
_ACCENT = re.compile(
    r"\{\\(?P<j>[uvHcdkrb])\s+(?P<k>[A-Za-z])\}"
    r"|\{\\(?P<a>[`'^~=.\"])\s*\{?\\?(?P<b>[A-Za-z])\}?\}|\\(?P<c>[`'^~=.\"])\s*(?:\{\\?(?P<d>[A-Za-z])\}|\\?(?P<e>[A-Za-z]))"
    r"|\{?\\(?P<f>[uvHcdkrb])\s*\{\\?(?P<g>[A-Za-z])\}|\\(?P<h>[vHckr])\s(?P<i>[A-Za-z])(?=\w)"
)
# Letters with two accents, as Vietnamese has them, once the inner one is read.
_SECOND_ACCENT = re.compile(
    r"(?P<o>\{)?\\(?P<c>[`'^~.]|d(?![A-Za-z]))\s*(?:\{(?P<d>[^\W\d_a-zA-Z])\}|(?P<e>[^\W\d_a-zA-Z]))(?(o)\}?)"
)
_LETTER = re.compile(
    r"\{\\(aa|AA|ae|AE|oe|OE|ss|o|O|l|L|i|j)\s*\}|\\(aa|AA|ae|AE|oe|OE|ss|o|O|l|L|i|j)(?:\{\}|\s+(?=[a-z])|(?![A-Za-z]))"
)
_FONT = re.compile(rf"\\(?:{FONTS})\s*\{{([^{{}}]{{0,600}})\}}")
_SHAPE = re.compile(rf"\{{\\(?:{SHAPES})\b\s*([^{{}}]{{0,600}}?)\s*\}}")
_HREF = re.compile(r"\\href\s*\{([^{}]{0,600})\}\s*\{([^{}]{0,600})\}")
# What is left of \href where backslashes are gone: its words behind the link would lead nowhere as a part of it.
_BARE_HREF = re.compile(
    r"(https?://[^\s{}]{1,300})(?:(?<![/=])\{[^{}]{1,200}\}|(?<=/)\{[^{}\s]{1,99}\s[^{}]{1,99}\})(?!\.?[\w/?=&{-])"
)
_HAT = re.compile(rf"\\({'|'.join(HATS)})(?:\s*\{{([^{{}}]{{1,3}})\}}|\s+([A-Za-z])(?![A-Za-z])|\s*([^\W\d_A-Za-z]))")
_BOARD = re.compile(r"\\math(?:bbm?|ds)(?![A-Za-z])\s*(?:\{([^{}]{1,10})\}|([A-Za-z1])(?![A-Za-z]))")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]{1,100})\}\s*\{([^{}]{1,100})\}|(\d)(\d))")
_ROOT = re.compile(r"\\sqrt\s*(?:\[([^\[\]{}]{1,10})\])?\s*(?:\{([^{}]{1,100})\}|(\w))")
# Commands with arguments, and what a person reads of them.
_SPOKEN = tuple(
    (re.compile(rf"\\(?:{names})\s*{arguments}"), read)
    for names, arguments, read in (
        ("d?binom|tbinom", r"\{([^{}]{1,60})\}\s*\{([^{}]{1,60})\}", r"(\1 choose \2)"),
        ("underset", r"\{([^{}]{1,60})\}\s*\{([^{}]{1,60})\}", r"\2_{\1}"),
        ("overset|stackrel", r"\{([^{}]{1,60})\}\s*\{([^{}]{1,60})\}", r"\2^{\1}"),
        ("pmod", r"(?:\{([^{}]{1,60})\}|(\w))", r" (mod \1\2)"),
        ("ket", r"\{([^{}]{1,60})\}", r"|\1⟩"),
        ("bra", r"\{([^{}]{1,60})\}", r"⟨\1|"),
        ("braket", r"\{([^{}]{1,60})\}", r"⟨\1⟩"),
        ("abs", r"\{([^{}]{1,60})\}", r"|\1|"),
        ("norm", r"\{([^{}]{1,60})\}", r"‖\1‖"),
    )
)
_SCRIPT = re.compile(r"([\^_])\s*(?:\{([^{}]{0,100})\}|([^\s{}\\^_]))")
_COMMAND = re.compile(r"\\([A-Za-z]+)(\s*)")
_CALLED = re.compile(r"\\[A-Za-z]+\Z")
_RAISING = re.compile(r"\\text(super|sub)script\s*\{([^{}]{1,40})\}")
_VERBATIM = re.compile(r"\\verb([|!+])([^|!+\n]{1,100})\1")
_SPACING = re.compile(r"\\(?:[,;:> ]|quad\b|qquad\b|hspace\{[^{}]{0,20}\})")
_NOTHING = re.compile(
    r"\\(?:!|left\b|right\b|[bB]igg?[lr]?\b|displaystyle\b|limits\b|rm\b|it\b|bf\b|cal\b|math(?:rm|bf|cal|it|sf)(?=\s+\w))\s*"
)
_ESCAPED = re.compile(r"\\([%&_#${}])")
_TIE = re.compile(r"(?<=[\w.)])~(?=[\w\\(\[])")
# The ties of a text whose backslashes are gone, where they can be nothing else.
_BARE_TIE = re.compile(r"(?<=[a-z]{2})~(?=[A-Za-z(\d])|(?<=[a-z]\.)~(?=[A-Z\d])")
_DASH = re.compile(r"(?<=\w)--(-?)(?=\w)")
_QUOTED = re.compile(
    r"``((?:[^`'\"“”]|(?<=\w)'(?=\w)|`[^`']{1,60}'(?!')){1,300})(?:''|[\"”])|(?<![\w`])`(\w[^`']{0,60})'(?![\w'])"
)
_KEY = re.compile(r"\\cite[a-z]{0,9}\*?\s{0,9}\{([^{}]{1,200})\}")
_NOTE = re.compile(r" ?\\footnote\s{0,9}\{([^{}]{1,400})\}")
_BESIDE = re.compile(r"\s+(?=\\r(?:Vert|vert|angle|ceil|floor|right)(?![A-Za-z])|\\right(?![A-Za-z]))")
_COMPARED = re.compile(r"[<>=+±~−-]+")
_PRICED = re.compile(r"\A[^\\]*[A-Za-z]{3,} [A-Za-z]{2,}[^\\]*\Z")
_TELLING = re.compile(r"[\\^_=]")
_DEPTH = 6
# While a formula is read, these stand for signs that must not be taken for TeX again; no text holds controls by then.
_RAISED, _LOWERED, _UNSEEN_SPACE = "\x01", "\x02", "\x05"
_KEPT = (
    ("\\{", "\x03"),
    ("\\}", "\x04"),
    ("\\|", "‖"),
    ("\\_", _LOWERED),
    ("\\%", "%"),
    ("\\&", "&"),
    ("\\#", "#"),
    ("\\$", "$"),
)
_RESTORED = str.maketrans({_RAISED: "^", _LOWERED: "_", "\x03": "{", "\x04": "}"})


def readable(text: str) -> str:
    """Return the text with its TeX made readable, in NFC, without control and zero-width characters.

    Line breaks and private-use characters stay. What is not understood stays as it stands; this never raises.
    """
    seen = _UNSEEN.sub("", text)
    if len(seen) <= _LONGEST and _HINTS.search(seen):
        read = _MATH.sub(_math, seen)
        prose = _prose(read) if "\\" in seen or read != seen else read
        seen = _BARE_HREF.sub(r"\1", _QUOTED.sub(_quotes, _BARE_TIE.sub(" ", prose)))
    return unicodedata.normalize("NFC", seen)


def _prose(text: str) -> str:
    text = _RAISING.sub(_raised, _VERBATIM.sub(r"\2", text)).replace("{,}", ",")
    spaced = re.sub(r"(?<=\S)\\[,;: ](?=\S)", " ", _NOTE.sub(r" (\1)", _KEY.sub(r"[\1]", text)))
    named = _COMMAND.sub(_symbol, _unwrap(_letters(spaced)))
    dashed = _DASH.sub(lambda found: "—" if found[1] else "–", named)
    return _ESCAPED.sub(r"\1", _TIE.sub(" ", dashed))


def _raised(found: re.Match[str]) -> str:
    """A script in prose; letters that have none stand as they are, as in 1st."""
    table = ABOVE if found[1] == "super" else BELOW
    return "".join(table.get(letter, letter) for letter in found[2])


def _quotes(found: re.Match[str]) -> str:
    return f"“{found[1]}”" if found[1] else f"‘{found[2]}’"


def _letters(text: str) -> str:
    return _LETTER.sub(_plain_letter, _SECOND_ACCENT.sub(_accented_again, _ACCENT.sub(_accented, text)))


def _accented(found: re.Match[str]) -> str:
    accent = found["a"] or found["c"] or found["f"] or found["h"] or found["j"]
    letter = found["b"] or found["d"] or found["e"] or found["g"] or found["i"] or found["k"]
    opened = found["f"] is not None and found[0].startswith("{")
    return ("{" if opened else "") + unicodedata.normalize("NFC", letter + ACCENTS[accent])


def _accented_again(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", (found["d"] or found["e"]) + ACCENTS[found["c"]])


def _plain_letter(found: re.Match[str]) -> str:
    name = found[1] or found[2]
    return name if name in "ij" else _named(name) or found[0]


def _unwrap(text: str) -> str:
    for _ in range(_DEPTH):
        inner = _FONT.sub(r"\1", _SHAPE.sub(r"\1", _HREF.sub(r"\2", text)))
        if inner == text:
            break
        text = inner
    return text


@lru_cache(maxsize=1)
def _symbols() -> latex2text.macrospec.LatexContextDb:
    return latex2text.get_default_latex_context_db()


@lru_cache(maxsize=2048)
def _named(name: str) -> str:
    """Return the character, or the few letters, that a command without arguments stands for, or ""."""
    if name in MORE:
        return MORE[name]
    meant = getattr(_symbols().get_macro_spec(name), "simplify_repl", None)
    return meant.strip() if isinstance(meant, str) and not re.search(r"[%<\\]", meant) else ""


def _symbol(command: re.Match[str]) -> str:
    """Outside formulas people write `\\alpha Centauri` and mean the space, which TeX would swallow."""
    meant = SHORT[command[1]] if command[1] in SHORT else _named(command[1])
    return meant + command[2] if meant or command[1] in SHORT else command[0]


def _math(found: re.Match[str]) -> str:
    """Read a formula whole, or leave it whole; words between two prices are no formula."""
    formula = found[1] or found[2] or found[3] or ""
    compared = _COMPARED.fullmatch(formula)
    if _PRICED.search(formula) or (
        not compared and found.string[found.end() : found.end() + 1].isdigit() and not _TELLING.search(formula)
    ):
        return found[0]
    read = _formula(formula)
    return found[0] if re.search(r"[\\{}]", read) else read.translate(_RESTORED)


def _formula(formula: str) -> str:
    text = _letters(formula)
    for literal, sentinel in _KEPT:
        text = text.replace(literal, sentinel)
    text = _NOTHING.sub("", _SPACING.sub(" ", _BESIDE.sub("", text)))
    for _ in range(_DEPTH):
        inner = _inside_out(text)
        if inner == text:
            break
        text = inner
    text = re.sub(r"\{([^{}]*)\}", r"\1", re.sub(r"\{([^{}]*)\}", r"\1", text))
    return re.sub(r"(?<=[(\[⟨⌊⌈]) +| +(?=[)\]])| +(?= )", "", text.strip())


def _inside_out(text: str) -> str:
    text = _FONT.sub(_unfont, _SHAPE.sub(_unfont, _HAT.sub(_hat, _BOARD.sub(_board, text))))
    for command, read in _SPOKEN:
        text = command.sub(read, text)
    text = _COMMAND.sub(_in_formula, _SCRIPT.sub(_script, text)).replace(_UNSEEN_SPACE, "")
    return _ROOT.sub(_root, _FRACTION.sub(_fraction, text))


def _in_formula(command: re.Match[str]) -> str:
    """A function's name (log) keeps apart from letters; a sign keeps the space after it only with one before it."""
    meant = command[1] if command[1] in FUNCTIONS else _named(command[1])
    if not meant:
        return command[0]
    before, behind = command.string[: command.start()][-1:], command.string[command.end() :]
    if meant.isalpha() and len(meant) > 1:
        return (" " if before.isalnum() else "") + meant + (" " if command[2] or behind[:1] == "\\" else "")
    return meant + (" " if command[2] and (before.isspace() or before in {"_", "^"} or _is_sign(behind)) else "")


def _is_sign(text: str) -> bool:
    """Whether a text begins with what stands between two terms, and not with a term."""
    following = _COMMAND.match(text)
    first = _named(following[1])[:1] if following else text[:1]
    return bool(first) and not first.isalnum() and first not in "([{|^_'"


def _unfont(found: re.Match[str]) -> str:
    """What a script holds in one font stays together."""
    scripted = found.string[: found.start()][-1:] in ("^", "_")
    return "{" + found[1] + "}" if scripted else _apart(found) + found[1]


def _apart(found: re.Match[str]) -> str:
    """What keeps the command before from running into what comes now; behind a letter (5 μm) it is not seen."""
    called = _CALLED.search(found.string, max(found.start() - 40, 0), found.start())
    if not called:
        return ""
    meant, before = _named(called[0][1:]), found.string[: called.start()][-1:]
    return _UNSEEN_SPACE if len(meant) == 1 and meant.isalpha() and before not in {"_", "^"} else " "


def _hat(found: re.Match[str]) -> str:
    letters = found[2] or found[3] or found[4]
    return _apart(found) + "".join(letter + HATS[found[1]] for letter in letters) if letters.isalnum() else found[0]


def _board(found: re.Match[str]) -> str:
    return _apart(found) + "".join(DOUBLE.get(letter, letter) for letter in found[1] or found[2])


def _fraction(found: re.Match[str]) -> str:
    return f"{_group(found[1] or found[3])}/{_group(found[2] or found[4])}"


def _root(found: re.Match[str]) -> str:
    radicand, sign = found[2] or found[3], ROOTS.get(found[1] or "2", "")
    if found[1] and not sign:
        sign = f"^{{{found[1]}}}√"
    return sign + (radicand if len(radicand) == 1 or radicand.isdecimal() else f"({radicand})")


def _group(text: str) -> str:
    """Brackets around what would otherwise be read apart."""
    return text if re.fullmatch(r"[\w.]+|\([^()]*\)[!²³]?", text) else f"({text})"


def _script(found: re.Match[str]) -> str:
    """Raise or lower what Unicode can; else keep the sign, which everybody reads."""
    above = found[1] == "^"
    table, kept = (ABOVE, _RAISED) if above else (BELOW, _LOWERED)
    text = (found[2] if found[2] is not None else found[3]).strip()
    if text in table:
        return table[text]
    word = len(text) > 2 and text.isascii() and text.isalpha()
    if text and not word and all(character in table for character in text):
        return "".join(table[character] for character in text)
    if "\\" in text:
        return found[0]
    return kept + (text if len(text) < 2 else _group(text)) if text else ""
