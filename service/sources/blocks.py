"""`Title:` / `PDF:` / `Summary:` blocks, as programs write them from the API → papers.

Comes in: the lines of a saved text. Goes out: papers, and how many blocks had no title. Refuses to know: files.
"""

from __future__ import annotations

import re

from service.model import Links, Paper
from service.papers import arxiv_id
from service.sources.huggingface import paper_links
from service.sources.text import fold, moment, web_link

_FIELD = re.compile(
    r"(Title|Authors?|PDF|URL|Link|Published|Date|Summary|Abstract)\s?:(?:\s(.*)|$)", re.IGNORECASE | re.DOTALL
)
_SEPARATOR = re.compile(r"[-=*_]{3,}")
_LAST = {"summary", "abstract"}
_PREAMBLE = 10


def looks_like(lines: list[str]) -> bool:
    """Say whether such a block, which names an abstract, stands first or behind a few lines about the whole."""
    head = [line.casefold() for line in lines[:80] if line.strip()]
    first = next((at for at, line in enumerate(head[:_PREAMBLE]) if line.startswith("title:")), None)
    return first is not None and any(line.startswith(("summary:", "abstract:")) for line in head[first:])


def read(lines: list[str]) -> tuple[list[Paper], int]:
    """Return the papers in order, and the number of blocks that had no title."""
    blocks = _blocks(lines)
    papers = [_paper(block) for block in blocks if block.get("title")]
    return papers, len(blocks) - len(papers)


def _blocks(lines: list[str]) -> list[dict[str, str]]:
    """A block ends at a rule of dashes, or where a title follows an empty line; every field may run over many lines."""
    blocks: list[dict[str, list[str]]] = [{}]
    name, before = "", ""
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found and found[1].casefold() == "title" and (not before.strip() or _SEPARATOR.fullmatch(before.strip())):
            blocks.append({})
            name = ""
        if found and name not in _LAST:
            name = found[1].casefold()
            blocks[-1][name] = [found[2] or ""]
        elif _SEPARATOR.fullmatch(line.strip()):
            name = ""
        elif name:
            blocks[-1][name].append(line)
        before = line
    folded = [{name: fold(" ".join(values)) for name, values in block.items()} for block in blocks]
    return [block for block in folded if block]


def _paper(block: dict[str, str]) -> Paper:
    named = block.get("pdf") or block.get("url") or block.get("link") or ""
    link = web_link(named.partition(" ")[0])
    name, version = arxiv_id(link)
    known = paper_links(name) if name else Links(pdf=link if block.get("pdf") else "")
    return Paper(
        title=block["title"],
        abstract=block.get("summary") or block.get("abstract", ""),
        authors=tuple(
            fold(name) for name in re.split(r"[,;]", block.get("authors") or block.get("author", "")) if fold(name)
        ),
        url=known.arxiv or link,
        published=moment(block.get("published") or block.get("date")),
        links=Links(known.arxiv, known.pdf),
        arxiv_id=name,
        version=version,
    )
