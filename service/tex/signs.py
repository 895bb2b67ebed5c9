"""What TeX's names and marks stand for. Comes in: nothing. Goes out: tables. Refuses to know: how a text is read."""

from __future__ import annotations

FONTS = (
    "textbf|textit|textrm|textsc|texttt|textsf|textsl|textup|textmd|textnormal|emph|text|mathrm|mathbf|mathit|mathsf|mathtt"
    "|mathcal|mathscr|mathfrak|boldsymbol|bm|operatorname\\*?|mbox|ensuremath|underline|url|uline|mathop"
)
SHAPES = (
    "it|bf|em|sc|rm|tt|sf|sl|tiny|scriptsize|footnotesize|small|large|Large|bfseries|itshape|ttfamily|scshape|sffamily"
)
MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0323\u0327\u0328\u0331"
ACCENTS = dict(zip("`'^~=u.\"rHvdckb", MARKS, strict=True))
HATS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "dot": "\u0307",
    "overline": "\u0304",
}
HATS |= {"ddot": "\u0308", "vec": "\u20d7", "check": "\u030c", "acute": "\u0301", "grave": "\u0300", "breve": "\u0306"}
DOUBLE = dict(zip("CHNPQRZEFKk", "ℂℍℕℙℚℝℤ𝔼𝔽𝕂𝕜", strict=True))
ABOVE = dict(zip("0123456789+-−=()in∗*′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁱⁿ**′", strict=True))
ABOVE |= {"T": "ᵀ", "∘": "°", "th": "ᵗʰ"}
BELOW = dict(zip("0123456789+-−=()aeoxhklmnpstijruv", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", strict=True))
MORE = {
    "ne": "≠",
    "colon": ":",
    "dashrightarrow": "⇢",
    "Re": "Re",
    "Im": "Im",
    "bmod": "mod",
    "checkmark": "✓",
    "S": "§",
    "neg": "¬",
    "iff": "⇔",
    "implies": "⇒",
    "impliedby": "⇐",
    "land": "∧",
    "lor": "∨",
    "bot": "⊥",
    "models": "⊨",
    "gets": "←",
    "ddagger": "‡",
    "triangle": "△",
    "coloneqq": ":=",
}
ROOTS = {"2": "√", "3": "∛", "4": "∜"}
# Abbreviations that nearly every paper defines for itself.
SHORT = {"eg": "e.g.", "ie": "i.e.", "etal": "et al.", "wrt": "w.r.t.", "cf": "cf.", "vs": "vs.", "xspace": ""}
FUNCTIONS = frozenset(
    {"arg", "argmin", "argmax", "cos", "cosh", "cot", "csc", "deg", "det", "dim", "exp", "gcd", "hom", "inf", "ker"}
    | {"lcm", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "mod", "Pr", "sec", "sign", "sin", "sinh"}
    | {"span", "sup", "tan", "tanh", "tr"}
)
