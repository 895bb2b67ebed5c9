"""JSON Feed (jsonfeed.org, versions 1 and 1.1) → papers.

Comes in: a decoded JSON object. Goes out: a Listing. Refuses to know: other JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.errors import ParseError
from service.model import Links, Listing, Paper
from service.papers import arxiv_id, openreview_id
from service.sources import bylines, dois, titles
from service.sources.abstracts import proper
from service.sources.dates import written
from service.sources.huggingface import MOST_ENTRIES, paper_links
from service.sources.text import MARKED_UP, fold, joined, plain, web_link

_LONGEST = 100_000


def is_feed(data: Mapping[str, Any]) -> bool:
    """Say whether a JSON object calls itself a feed."""
    return "jsonfeed.org/version/" in str(data.get("version", ""))[:100]


def read(data: Mapping[str, Any], base: str = "") -> Listing:
    """Return the items that have a title, with links relative to `base`, where the feed was.

    Raises ParseError where there are items and none has one.
    """
    items = data.get("items")
    if not isinstance(items, list):
        raise ParseError("this looks like a JSON Feed without its list of items", "a JSON Feed without items")
    read = [_paper(item, base) for item in items[:MOST_ENTRIES]]
    papers = tuple(paper for paper in read if paper)
    if items and not papers:
        raise ParseError("this looks like a JSON Feed whose items have no titles", "a JSON Feed without titles")
    days = {paper.listed for paper in papers}
    return Listing(papers, len(items) - len(papers), days.pop() if len(days) == 1 else None, "jsonfeed")


def _paper(item: Any, base: str) -> Paper | None:
    if not isinstance(item, dict) or not (title := titles.proper(plain(_string(item, "title")[:_LONGEST]))):
        return None
    # An item without an address of its own is asked to have it for its id.
    link = joined(base, item.get("url")) or joined(base, item.get("external_url")) or web_link(item.get("id"))
    named = item.get("id")
    guid = fold(str(named))[:500] if isinstance(named, (str, int)) else ""
    name, version = arxiv_id(link) if arxiv_id(link)[0] else arxiv_id(guid)
    listed = "huggingface.co/papers/" in link
    published = written(_string(item, "date_published")) or written(_string(item, "date_modified"))
    links = paper_links(name) if name else Links()
    return Paper(
        title=title,
        abstract=proper(_abstract(item)),
        authors=_authors(item),
        url=link,
        published=published,
        listed=published.date() if published and listed else None,
        categories=_tags(item),
        links=Links(links.arxiv, links.pdf, links.huggingface if listed else ""),
        arxiv_id=name,
        version=version,
        doi=dois.of_link(link) or dois.of_guid(guid),
        openreview_id=openreview_id(link) or openreview_id(guid),
        guid=guid,
    )


def _string(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _abstract(item: Mapping[str, Any]) -> str:
    """`summary` and `content_text` are plain text, unless there is mark-up in them; `content_html` is not."""
    for key in ("summary", "content_text"):
        text = _string(item, key)[:_LONGEST]
        if said := plain(text) if MARKED_UP.search(text) else fold(text):
            return said
    return plain(_string(item, "content_html")[:_LONGEST])


def _authors(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Version 1 had one `author`, 1.1 has `authors`; one name may be all of them."""
    entries = item.get("authors")
    named = entries if isinstance(entries, list) else [item.get("author")]
    names = [bylines.clean(fold(_string(each, "name")[:_LONGEST])) for each in named if isinstance(each, dict)]
    if len(names) == 1 and bylines.several(names[0]):
        return bylines.authors(names[0])
    return tuple(name for name in names if name)


def _tags(item: Mapping[str, Any]) -> tuple[str, ...]:
    tags = item.get("tags")
    return (
        tuple(fold(tag)[:100] for tag in tags if isinstance(tag, str) and fold(tag)) if isinstance(tags, list) else ()
    )
