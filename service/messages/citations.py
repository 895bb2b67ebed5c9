"""Papers → BibTeX and RIS, as reference managers and LaTeX read them.

Comes in: papers as sources tell them. Goes out: text in UTF-8. Refuses to know: digests, readers, where it is shown.
Nothing in a paper can end its entry or run as TeX: titles are made readable first and their signs escaped then.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count

from service.messages.visible import clean, web_link
from service.model import Paper
from service.papers import linked
from service.tex import readable

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# BibTeX counts braces with a backslash before them as well, so a lone one would end the entry.
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}
_SMALL = frozenset(("a", "an", "and", "for", "from", "in", "is", "of", "on", "or", "the", "to", "via", "what", "with"))
_PARTICLES = frozenset((
    "al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "la", "le", "ten", "ter",
    "van", "vom", "von", "zu", "zum", "zur",
))  # fmt: skip
_SEVERAL = re.compile(r"\band\b", re.IGNORECASE)
_DOI = re.compile(r"10\.[0-9]{4,9}/[\x21-\x7e]+")
_ARXIV = re.compile(r"[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Za-z-]+)?/[0-9]{7}")


def bibtex(papers: Iterable[Paper]) -> str:
    """Return one `@misc` per paper with a key of its own; capitals of titles are kept (biblatex and BibTeX 0.99d)."""
    taken: set[str] = set()
    return "\n".join(_bibtex(paper, _free(_key(paper), taken)) for paper in papers)


def ris(papers: Iterable[Paper]) -> str:
    """Return one record per paper, its lines ended by CRLF as the format asks."""
    return "".join(f"{tag}  - {text}\r\n" for paper in papers for tag, text in _ris(paper) if text or tag == "ER")


def _bibtex(paper: Paper, key: str) -> str:
    day = paper.published or paper.listed
    arxiv = _arxiv(paper)
    fields = {
        "title": "{" + _tex(_title(paper)) + "}",
        "author": " and ".join(map(_bibtex_name, _authors(paper))),
        "year": str(day.year) if day else "",
        "month": _MONTHS[day.month - 1] if day else "",
        "eprint": arxiv,
        "archivePrefix": "arXiv" if arxiv else "",
        "primaryClass": _tex(clean(paper.categories[0])) if arxiv and paper.categories else "",
        "doi": _tex(_doi(paper)),
        "url": _address(paper),
    }
    lines = [
        f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}"
        for name, value in fields.items()
        if value
    ]
    return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _ris(paper: Paper) -> Iterator[tuple[str, str]]:
    day = paper.published or paper.listed
    yield "TY", "GEN"
    yield "TI", _title(paper)
    for name in _authors(paper):
        given, family = _parted(name)
        yield "AU", f"{family}, {given}" if given else family
    yield "PY", str(day.year) if day else ""
    yield "DA", f"{day:%Y/%m/%d}/" if day else ""
    yield "AB", clean(readable(paper.abstract))
    yield "DO", _doi(paper)
    yield "AN", f"arXiv:{_arxiv(paper)}" if _arxiv(paper) else ""
    yield "UR", _address(paper)
    yield "ER", ""


def _title(paper: Paper) -> str:
    return clean(readable(paper.title)) or "Untitled"


def _authors(paper: Paper) -> list[str]:
    return [name for author in paper.authors if (name := clean(readable(author)))]


def _parted(name: str) -> tuple[str, str]:
    """The given names and the family name with its particles; a name of one word, or of several, is kept whole."""
    if _SEVERAL.search(name):
        return "", name
    family_first, comma, given = name.partition(", ")
    if comma:
        return given, family_first
    words = name.split()
    at = len(words) - 1
    while at > 1 and words[at - 1].lower() in _PARTICLES:
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:])


def _bibtex_name(name: str) -> str:
    """A name BibTeX would read in another way than its owner is braced."""
    given, family = _parted(name)
    if not given or re.search(r"[,{}\\]", name):
        return "{" + _tex(name) + "}"
    return f"{_tex(family)}, {_tex(given)}"


def _address(paper: Paper) -> str:
    """The link to a paper; braces in it are encoded, so that it stands in BibTeX as it is."""
    paper = linked(paper)
    found = (web_link(url) for url in (paper.links.arxiv, paper.url, paper.links.huggingface, paper.links.pdf))
    return next((url for url in found if url), "").replace("{", "%7B").replace("}", "%7D")


def _doi(paper: Paper) -> str:
    return paper.doi if _DOI.fullmatch(paper.doi) else ""


def _arxiv(paper: Paper) -> str:
    return paper.arxiv_id if _ARXIV.fullmatch(paper.arxiv_id) else ""


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def _key(paper: Paper) -> str:
    """`lind2026sparse`: the first author, the year, the first word of the title that says something."""
    authors, day = _authors(paper), paper.published or paper.listed
    family = _ascii(_parted(authors[0])[1]) if authors else ""
    words = [word for word in map(_ascii, _title(paper).split()) if word and word not in _SMALL]
    return f"{family}{day.year if day else ''}{words[0] if words else ''}"[:60] or "paper"


def _ascii(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in bare if sign.isascii() and sign.isalnum())


def _free(key: str, taken: set[str]) -> str:
    """The key, or where two papers have it the key with a number."""
    free = key if key not in taken else next(f"{key}-{n}" for n in count(2) if f"{key}-{n}" not in taken)
    taken.add(free)
    return free
