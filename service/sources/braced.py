"""Signs that bioRxiv and medRxiv write as names in braces → the signs.

Comes in: a folded title or abstract of theirs. Goes out: `TNF-{alpha}` as TNF-α, `37{degrees}C` as 37°C. Refuses to
know: who wrote it; elsewhere a name in braces may be what is left of TeX.
"""

from __future__ import annotations

import re

from service.words.lexicon import GREEK

_NAMED = re.compile(r"\{([A-Za-z+/ -]{2,12})\}|\[([≤≥±≈×→~])\]")
# A letter that has two forms (σ and ς) is the first of them.
_SIGNS = {name: sign for sign, name in reversed(GREEK.items())}
_SIGNS |= {name.capitalize(): sign.upper() for name, sign in _SIGNS.items()}
_SIGNS |= {f"var{name}": _SIGNS[name] for name in ("epsilon", "theta", "pi", "rho", "sigma", "phi", "kappa")}
_SIGNS |= {"micro": "µ", "degrees": "°", "middle dot": "·", "+/-": "±", "approx": "≈", "sim": "~", "times": "×"}
_SIGNS |= {"le": "≤", "ge": "≥"}


def signs(text: str) -> str:
    """Return the text with the signs that it names; other braces stand."""
    return _NAMED.sub(lambda found: found[2] or _SIGNS.get(found[1], found[0]), text)
