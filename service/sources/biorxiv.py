"""What the API of bioRxiv and medRxiv answers about a day → papers.

Comes in: decoded JSON of `/details/SERVER/FROM/TO/CURSOR/json`. Goes out: a Listing. Refuses to know: HTTP, feeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from service.errors import ParseError
from service.model import ArrivalKind, Links, Listing, Paper
from service.papers import doi
from service.sources.braced import signs
from service.sources.text import day, fold, plain

MOST_ENTRIES = 20_000


def is_answer(data: Mapping[str, Any]) -> bool:
    """Say whether a JSON object is an answer of this API."""
    return isinstance(data.get("collection"), list) and isinstance(data.get("messages"), list)


def read(data: Mapping[str, Any]) -> Listing:
    """Read the entries in order; one without a title or a DOI is skipped and counted.

    A later version of a paper arrives as a replacement. Raises ParseError where there are entries and none is a paper.
    """
    entries = data["collection"][:MOST_ENTRIES]
    papers = tuple(paper for paper in map(_paper, entries) if paper)
    if entries and not papers:
        raise ParseError("this looks like an answer of bioRxiv whose entries are no papers", "JSON without papers")
    days = {paper.listed for paper in papers}
    return Listing(papers, len(entries) - len(papers), days.pop() if len(days) == 1 else None, "biorxiv-api")


def _paper(entry: Any) -> Paper | None:
    if not isinstance(entry, dict):
        return None
    title, number = signs(plain(_text(entry, "title"))), doi(_text(entry, "doi"))
    if not title or not number:
        return None
    version = int(_text(entry, "version")) if _text(entry, "version").isdecimal() else None
    server = "medrxiv" if "medrxiv" in _text(entry, "server").casefold() else "biorxiv"
    url = f"https://www.{server}.org/content/{number}v{version or 1}"
    listed = day(_text(entry, "date"))
    category = fold(_text(entry, "category"))
    return Paper(
        title=title,
        abstract=signs(plain(_text(entry, "abstract"))),
        authors=tuple(name for name in map(_turned, _text(entry, "authors").split(";")) if name),
        url=url,
        published=datetime.combine(listed, time(), UTC) if listed else None,
        listed=listed,
        categories=(category,) if category else (),
        links=Links(pdf=f"{url}.full.pdf"),
        version=version,
        doi=number,
        kind=ArrivalKind.REPLACE if (version or 1) > 1 else ArrivalKind.NEW,
    )


def _turned(name: str) -> str:
    """`Kukla, D.` is `D. Kukla` to people."""
    family, _, given = fold(name).partition(", ")
    return f"{given} {family}".strip()


def _text(entry: Mapping[str, Any], key: str) -> str:
    """Strings, and numbers where the API changes its mind about quotes; at most as long as any abstract is."""
    value = entry.get(key)
    return str(value)[:50_000] if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
