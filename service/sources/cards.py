"""Pieces of a saved page → papers, where the page says which pieces belong together.

Comes in: pieces of text with the links and heading levels they had. Goes out: papers. Refuses to know: file formats.

A card begins with a heading, or with the first piece that links to another paper; its first text is the title, the next
one the abstract. Pages for two screen sizes hold every card twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from service.folding import fold_title
from service.model import Links, Paper
from service.papers import arxiv_id
from service.sources.furniture import is_furniture
from service.sources.huggingface import SITE, paper_links
from service.sources.text import printed_day

_PAPER_LINK = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/papers/([\w.-]{4,64})(?:[?][^#]*)?$")
_UPVOTES = re.compile(r"\[?-?\]? ?(\d{1,6})")
_CODE = re.compile(r"https?://(?:www\.)?github\.com/[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text of a page: what it links to as a whole, and its heading level (0: none)."""

    text: str
    url: str = ""
    level: int = 0


@dataclass(slots=True)
class _Card:
    name: str = ""
    texts: list[str] = field(default_factory=list)
    headed: bool = False
    code: str = ""
    upvotes: int | None = None
    published: date | None = None


def paper_name(url: str) -> str:
    """Return the id of the paper whose page a link is, or ""."""
    found = _PAPER_LINK.match(url)
    return found[1] if found and found[1] != "trending" else ""


def read(pieces: Sequence[Piece]) -> list[Paper]:
    """Return the papers of all cards in page order, those that stand there twice once."""
    found: dict[str, Paper] = {}
    for card in _cards(pieces):
        paper = _paper(card)
        if paper:
            key = paper.arxiv_id or fold_title(paper.title)
            known = found.get(key, paper)
            found[key] = replace(known, abstract=known.abstract or paper.abstract)
    return list(found.values())


def _cards(pieces: Iterable[Piece]) -> Iterator[_Card]:
    card, votes = _Card(), ""
    for piece in pieces:
        name = paper_name(piece.url)
        if _UPVOTES.fullmatch(piece.text) and not name:
            votes = piece.text if "login" in piece.url else votes
            continue
        if _begins(card, piece, name):
            yield card
            card = _Card(upvotes=_upvotes(votes))
            votes = ""
        _add(card, piece, name)
    yield card


def _begins(card: _Card, piece: Piece, name: str) -> bool:
    if piece.level:
        return True
    return bool(name) and name != card.name and (bool(card.name) or not card.headed)


def _add(card: _Card, piece: Piece, name: str) -> None:
    card.name = card.name or name
    card.headed = card.headed or piece.level > 2
    card.code = card.code or ("".join(_CODE.findall(piece.url)[:1]))
    card.published = card.published or printed_day(piece.text)[1]
    foreign = piece.url and not name
    if not foreign and (piece.level or not is_furniture(piece.text)):
        card.texts.append(piece.text)


def _upvotes(votes: str) -> int | None:
    found = _UPVOTES.fullmatch(votes)
    return int(found[1]) if found else None


def _paper(card: _Card) -> Paper | None:
    """A card that is neither linked to a paper nor a heading with a text is part of the page."""
    title, abstract = (card.texts[0] if card.texts else ""), " ".join(card.texts[1:])
    if not title or not (card.name or (card.headed and abstract)):
        return None
    name = arxiv_id(card.name)[0]
    links = paper_links(name) if name else Links(huggingface=f"{SITE}/papers/{card.name}" if card.name else "")
    return Paper(
        title=title,
        abstract=abstract,
        url=links.huggingface,
        published=datetime.combine(card.published, datetime.min.time(), UTC) if card.published else None,
        upvotes=card.upvotes,
        links=replace(links, code=card.code),
        arxiv_id=name,
    )
