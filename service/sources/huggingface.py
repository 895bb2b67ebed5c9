"""Hugging Face records → papers: the items of the JSON API and of the `data-props` of its pages.

Comes in: decoded JSON. Goes out: a Listing. Refuses to know: HTML, HTTP.

Dates changed their meaning: until 2025 an item's `publishedAt` is when it was put on Daily Papers; since then it is the
arXiv date less four hours, and `submittedOnDailyAt` is the day of the listing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from service.errors import ParseError
from service.model import Links, Listing, Paper
from service.papers import arxiv_id
from service.sources.text import count, day, fold, moment, web_link

SITE = "https://huggingface.co"
MOST_ENTRIES = 20_000
_PLAIN_ID = re.compile(r"[\w.-]{1,64}")


def listing(items: Sequence[Any], form: str, page_day: date | None = None) -> Listing:
    """Read API items in page order; entries without a title are skipped and counted.

    Raises ParseError where there are entries and none of them is a paper; no entries at all are an empty listing.
    """
    read = [_item(item, page_day) for item in items[:MOST_ENTRIES]]
    papers = tuple(paper for paper in read if paper)
    if items and not papers:
        raise ParseError("this looks like a JSON list whose entries are no papers", "a JSON list without papers")
    return Listing(papers, len(items) - len(papers), page_day, form)


def answer(items: Sequence[Any]) -> Listing:
    """Read the list that the API answers with; it is about a day when all its papers were listed on one."""
    read = listing(items, "hf-api")
    days = {paper.listed for paper in read.papers}
    return replace(read, day=days.pop()) if len(days) == 1 else read


def props(data: Mapping[str, Any], form: str) -> Listing:
    """Read the props of a listing page; a week's or a month's page is about no single day. Raises ParseError."""
    items = data.get("dailyPapers")
    if not isinstance(items, list):
        raise ParseError("this looks like a Hugging Face page without its list of papers", "a page without papers")
    single = data.get("periodType", "day") == "day" and not data.get("isTrending")
    return listing(items, form, _page_day(data) if single else None)


def single(record: Any, form: str) -> Listing:
    """Read one paper: the record of a paper page or of `/api/papers/ID`."""
    return listing([record], form)


def is_paper(record: Any) -> bool:
    """Say whether a JSON object is one paper's record, rather than some other answer."""
    if not isinstance(record, dict) or not _title(record):
        return False
    return bool(arxiv_id(_identifier(_inner(record)))[0]) or _abstract(record) != ""


def paper_links(name: str) -> Links:
    """Return the links that follow from an arXiv id that Hugging Face lists."""
    return Links(f"https://arxiv.org/abs/{name}", f"https://arxiv.org/pdf/{name}", f"{SITE}/papers/{name}")


def _page_day(data: Mapping[str, Any]) -> date | None:
    return day(data.get("dateString")) or day(data.get("date"))


def _inner(record: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = record.get("paper")
    return inner if isinstance(inner, dict) else record


def _identifier(inner: Mapping[str, Any]) -> str:
    value = inner.get("id", inner.get("arxiv_id"))
    return value.strip() if isinstance(value, str) else ""


def _item(item: Any, page_day: date | None) -> Paper | None:
    if not isinstance(item, dict) or not is_paper(item):
        return None
    inner = _inner(item)
    identifier = _identifier(inner)
    name, version = arxiv_id(identifier)
    known = name or (identifier if _PLAIN_ID.fullmatch(identifier) else "")
    published = moment(inner.get("publishedAt", inner.get("published_at")))
    links = paper_links(name) if name else Links(huggingface=f"{SITE}/papers/{known}" if known else "")
    return Paper(
        title=_title(item),
        abstract=_abstract(item),
        authors=_authors(inner.get("authors")),
        url=links.huggingface,
        published=published,
        listed=_listed(item, inner, published, page_day),
        upvotes=count(inner.get("upvotes")),
        stars=count(inner.get("githubStars")),
        links=Links(
            links.arxiv,
            links.pdf,
            links.huggingface,
            web_link(inner.get("githubRepo")),
            web_link(inner.get("projectPage")),
        ),
        arxiv_id=name,
        version=version,
        guid="" if name else known,
    )


def _listed(
    item: Mapping[str, Any], inner: Mapping[str, Any], published: datetime | None, page_day: date | None
) -> date | None:
    submitted = day(inner.get("submittedOnDailyAt")) or day(item.get("submittedOnDailyAt"))
    if submitted:
        return submitted
    put = moment(item.get("publishedAt")) if item is not inner else None
    if put and published and put > published:
        return put.date()
    return page_day


def _title(item: Mapping[str, Any]) -> str:
    return _text(_inner(item), "title") or _text(item, "title")


def _abstract(item: Mapping[str, Any]) -> str:
    inner = _inner(item)
    return _text(inner, "summary") or _text(inner, "abstract") or _text(item, "summary")


def _authors(entries: Any) -> tuple[str, ...]:
    """Return the names of the authors that want to be shown."""
    names = []
    for entry in entries if isinstance(entries, list) else ():
        name = entry if isinstance(entry, str) else _visible(entry)
        if isinstance(name, str) and fold(name):
            names.append(fold(name))
    return tuple(names)


def _visible(entry: Any) -> Any:
    return entry.get("name") if isinstance(entry, dict) and not entry.get("hidden") else None


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    return fold(value) if isinstance(value, str) else ""
