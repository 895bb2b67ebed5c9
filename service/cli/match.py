"""`paperround match`: what the keywords find on a page, as a digest would choose it.

Comes in: keywords, files and URLs. Goes out: the papers that match, best first, each with its hits. Refuses to know:
subscribers, the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import typer
from rich.text import Text

from service.cli.pages import Reading
from service.cli.records import for_programs, name_of, record
from service.cli.screen import Screen, complain, write
from service.errors import InputError
from service.keywords import Keyword, parse_all
from service.matching import Index
from service.model import Field, Hit, Listing, Paper
from service.papers import keys, merge, same
from service.ranking import rank, trending

_SNIPPET = 240


@dataclass(frozen=True, slots=True)
class _Fit:
    """One paper, where it was read, and each keyword that fits it with its hits."""

    paper: Paper
    place: str
    hits: tuple[tuple[Keyword, tuple[Hit, ...]], ...]


def match(
    places: Annotated[list[str], typer.Argument(metavar="FILE|URL...", help="Pages to read; - is standard input.")],
    keywords: Annotated[
        list[str], typer.Option("--keyword", "-k", help='A keyword; "-survey" leaves out what matches survey.')
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON object per paper and line.")] = False,
) -> None:
    """Print the papers that fit the keywords, best first, with the places where they hit."""
    parsed = parse_all(keywords)
    if not parsed:
        # Without any, all papers would be taken for the most upvoted ones that readers without topics get.
        raise InputError("the keyword is empty; write one, such as -k 'low-rank adaptation'")
    for keyword in parsed:
        for warning in keyword.warnings:
            complain(f"{keyword.text}: {warning}")
    reading = Reading()
    papers = _papers(reading.listings(places))
    fits = _fits(papers, parsed)
    for fit in fits:
        write(_record(fit)) if for_programs(json) else _show(fit)
    reading.end()
    if not fits:
        complain("the one paper does not match" if len(papers) == 1 else f"none of the {len(papers)} papers matches")
        raise typer.Exit(3)


def _papers(listings: Iterable[tuple[str, Listing]]) -> list[tuple[Paper, str]]:
    """Return the papers of all pages; one that stands on several is one paper."""
    found: dict[str, tuple[Paper, str]] = {}
    for place, listing in listings:
        for paper in listing.papers:
            name = keys(paper, place)[0]
            if name in found and same(found[name][0], paper):
                found[name] = (merge(found[name][0], paper), found[name][1])
            else:
                found[name if name not in found else f"{name} {len(found)}"] = (paper, place)
    return list(found.values())


def _fits(papers: Sequence[tuple[Paper, str]], parsed: Sequence[Keyword]) -> list[_Fit]:
    index = Index([paper for paper, _ in papers])
    wanted = [keyword for keyword in parsed if not keyword.exclusion]
    found = [index.find(keyword) for keyword in wanted]
    votes = np.array([paper.upvotes or 0 for paper, _ in papers], np.int64)
    allowed = _allowed(index, parsed)
    # Without a keyword to look for, a profile gets what is trending; so does this.
    order = rank(found, votes, len(papers)) if wanted else trending(votes, np.flatnonzero(allowed))
    best = [int(position) for position in order if allowed[position]]
    return [_Fit(*papers[position], _hits(index, wanted, found, position)) for position in best]


def _allowed(index: Index, parsed: Sequence[Keyword]) -> Any:
    allowed = np.ones(len(index), np.bool_)
    for keyword in parsed:
        if keyword.exclusion:
            allowed[index.find(keyword).papers] = False
    return allowed


def _hits(
    index: Index, wanted: Sequence[Keyword], found: Sequence[Any], position: int
) -> tuple[tuple[Keyword, tuple[Hit, ...]], ...]:
    pairs = zip(wanted, found, strict=True)
    return tuple((keyword, index.hits(keyword, position)) for keyword, where in pairs if position in where.papers)


def _record(fit: _Fit) -> dict[str, Any]:
    hits = [
        {
            "keyword": keyword.text,
            "field": str(hit.field),
            "start": hit.start,
            "end": hit.end,
            "index": hit.index,
            "text": _text(fit.paper, hit)[hit.start : hit.end],
        }
        for keyword, places in fit.hits
        for hit in places
    ]
    return record(fit.paper, fit.place) | {"keywords": [keyword.text for keyword, _ in fit.hits], "hits": hits}


def _text(paper: Paper, hit: Hit) -> str:
    if hit.field is Field.AUTHOR:
        return paper.authors[hit.index]
    if hit.field is Field.CATEGORY:
        return paper.categories[hit.index]
    return paper.title if hit.field is Field.TITLE else paper.abstract


def _show(fit: _Fit) -> None:
    console = Screen(highlight=False)
    hits = [hit for _, places in fit.hits for hit in places]
    console.print(_marked(fit.paper.title, hits, Field.TITLE, "bold"))
    votes = f"{fit.paper.upvotes} upvotes" if fit.paper.upvotes is not None else ""
    fitting = ", ".join(keyword.text for keyword, _ in fit.hits)
    facts = [name_of(fit.paper), votes, f"matches {fitting}" if fitting else "", _others(fit, hits)]
    console.print(Text("  " + " · ".join(filter(None, facts)), "dim"))
    abstract = _marked(fit.paper.abstract, hits, Field.ABSTRACT, "")
    if abstract:
        console.print(_around(abstract, hits))
    console.print()


def _others(fit: _Fit, hits: Sequence[Hit]) -> str:
    named = (_text(fit.paper, hit) for hit in hits if hit.field in (Field.AUTHOR, Field.CATEGORY))
    return ", ".join(dict.fromkeys(named))


def _marked(text: str, hits: Sequence[Hit], field: Field, style: str) -> Text:
    marked = Text(text, style)
    for hit in hits:
        if hit.field is field:
            marked.stylize("black on yellow", hit.start, hit.end)
    return marked


def _around(abstract: Text, hits: Sequence[Hit]) -> Text:
    """Return the part of the abstract that holds its first hit, cut between words."""
    first = min((hit.start for hit in hits if hit.field is Field.ABSTRACT), default=0)
    start = abstract.plain.rfind(" ", 0, max(0, first - _SNIPPET // 2)) + 1
    end = abstract.plain.find(" ", start + _SNIPPET)
    part = abstract[start : end if end != -1 else len(abstract)]
    return Text("  ").append("… " if start else "").append_text(part).append(" …" if end != -1 else "")
