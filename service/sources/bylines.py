"""Several authors in one string → their names.

Comes in: folded names as a feed wrote them. Goes out: one name each. Refuses to know: XML.

A comma may stand between two authors (`Ada Lovelace, Grace Hopper`, as JMLR, Wiley and arXiv write) or within one name
(`Garcia Lopez, Juan Carlos`). The form of the name tells, and where it does not, the other names of its feed do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ASIDE = re.compile(r"\([^()]{0,500}\)")
# What stands around names, and between them besides commas, semicolons and "and".
_AROUND = re.compile(
    r"\A(?:by\s|(?:by|authors?):\s?)|,?\s?\bet al\b\.?|[¹²³⁰⁴-⁹*†‡§¶]|\^(?:\([^()]{1,60}\)|\w{0,2})|\[\d{1,3}\]"
    r"|,\s?Ph\.?D\b\.?",
    re.IGNORECASE,
)
_SIGNS = ((re.compile(r"[，、]"), ", "), (re.compile(r"；|\s[|·•]\s"), "; "), (re.compile(r",?\s&\s"), " and "))
_PART_OF_NAME = re.compile(r",\s?(?=(?:[JS]r\b\.?|I{2,3}|IV)(?:,|;|\Z))")
# Names in these scripts have no comma within.
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{2,}")
_AND = re.compile(r"\band\b")
_BETWEEN = re.compile(r"[,;]|\band\b")
_INITIALS = re.compile(r"(?:[A-Z]\.?[ -]?){1,4}")
# No full name begins with a particle, and none ends with an initial.
_PARTICLE = re.compile(
    r"(?:v[ao]n|vom|zu[rm]?|de[rlns]?|d[aoi]s?|del?la|l[ae]|ten|ter|af|av|bin|al|el)\s|d['’]"
    r"|(?:Van|De) (?:de[rn]?|la|los|las)\s"
)
_ENDS_GIVEN = re.compile(r"(?:\A|[\s.-])[^\W\d_]\.?\Z")
# As PubMed writes a name (Smith JA); Oxford's journals end a list of them with a full stop.
_ABBREVIATED = re.compile(r"(?:[^\W\d_][\w'’-]* ){1,3}[A-Z]{1,3}(?:-[A-Z])?\.?")
_BODY = re.compile(
    r"\b(?:of|for|Universit\w+|Institut\w*|Colleges?|Laborator\w+|Cent(?:er|re)|Department|Collaboration|Team|Inc|Ltd)\b"
)
# Two family names are the custom of Spain and Portugal; these are the commonest of the first, and no given names.
_TWO_FAMILIES = re.compile(
    r"(?:Garc[ií]a|L[oó]pez|Mart[ií]nez|Rodr[ií]guez|Gonz[aá]lez|Hern[aá]ndez|Fern[aá]ndez|P[eé]rez|S[aá]nchez|G[oó]mez"
    r"|Ram[ií]rez|Jim[eé]nez|D[ií]az|[AÁ]lvarez|Guti[eé]rrez|Mu[nñ]oz|V[aá]zquez|Su[aá]rez|Ruiz|Moreno|Torres|Romero"
    r"|Silva|Santos|Oliveira|Souza|Ferreira|Pereira|Rodrigues|Fernandes|Gon[cç]alves|Lopes|Almeida)\s\S+"
)


def clean(text: str) -> str:
    """Return names without what stands around them, parted by commas, semicolons or "and" only."""
    bare = _PART_OF_NAME.sub(" ", _AROUND.sub("", text))
    for sign, meant in _SIGNS:
        bare = sign.sub(meant, bare)
    return " ".join(bare.split()).strip(" ,;")


def several(text: str, family_first: bool = False) -> bool:
    """Say whether one string names more than one author: `Kukla, Dana` is one, `Dana Kukla, Ada Brewer` are two.

    `family_first` decides where the names leave it open.
    """
    if ";" in text or text.count(",") > 1:
        return True
    parts = [part.split() for part in _BETWEEN.split(text) if part.strip()]
    if all(_IDEOGRAPHS.fullmatch("".join(part)) for part in parts):
        return len(parts) > 1
    if all(_ABBREVIATED.fullmatch(" ".join(part)) for part in parts):
        return len(parts) > 1
    if text.count(",") == 1 and not _AND.search(text) and (family_first or _inverted(text)):
        return False
    return len(parts) > 1 and all(len(part) > 1 for part in parts) and not (_BODY.search(text) and "," in text)


def family_first(names: Iterable[str]) -> bool:
    """Say whether a feed writes `Kukla, Dana` rather than `Dana Kukla`, as far as most of its names tell."""
    told = 0
    for name in names:
        parts = [part.split() for part in _BETWEEN.split(name) if part.strip()]
        if name.count(",") == 1 and len(parts) == 2 and not several(name):
            told += _inverted(name) or len(parts[0]) == 1
        elif len(parts) != 2 and ";" not in name:
            told -= all(len(part) > 1 for part in parts)
    return told > 0


def authors(text: str) -> tuple[str, ...]:
    """Split a list of authors in one string: `A B, C D`, `Kukla, D., Crampton, A.` and `Kukla, Dana, Crampton, Ada`.

    Affiliations are dropped.
    """
    # arXiv's numbered affiliations stand in brackets within brackets.
    bare = clean(_ASIDE.sub(" ", _ASIDE.sub(" ", text)))
    for wider in (bare.split(";"), _AND.split(bare)):
        if len(wider) > 1 and all(part.count(",") == 1 for part in wider if part.strip()):
            return tuple(" ".join(part.split()) for part in wider if part.strip())
    parts = [part.strip() for part in _BETWEEN.split(bare) if part.strip()]
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    in_turn = len(pairs) > 1 and not any(" " in part for part in parts) and not _AND.search(bare)
    if len(parts) % 2 == 0 and parts and (in_turn or all(_INITIALS.fullmatch(given) for _, given in pairs)):
        return tuple(" ".join(f"{family}, {given}".split()) for family, given in pairs)
    return tuple(" ".join(part.split()) for part in parts)


def _inverted(name: str) -> bool:
    """Whether what stands before the one comma of a name can only be a family's."""
    before, _, after = (part.strip() for part in name.partition(","))
    shouted = len(before) > 3 and before.isupper() and not after.isupper()
    return bool(shouted or _PARTICLE.match(before) or _ENDS_GIVEN.search(after) or _TWO_FAMILIES.fullmatch(before))
