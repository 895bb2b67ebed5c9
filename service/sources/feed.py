"""RSS, Atom and RDF → papers, with the conventions of arXiv, bioRxiv and the feeds made of Hugging Face's page.

Comes in: the text of a feed. Goes out: a Listing. Refuses to know: HTTP. feedparser is only ever handed bytes,
so that it opens no file and no address.
"""

from __future__ import annotations

import gc
import io
import re
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import feedparser

from service.errors import ParseError
from service.model import ArrivalKind, Links, Listing, Paper
from service.papers import arxiv_id, doi, openreview_id
from service.sources import abstracts, arxiv, braced, bylines, dois, titles, wording
from service.sources.dates import sensible, written
from service.sources.huggingface import paper_links
from service.sources.taming import tame
from service.sources.text import day, fold, plain, web_link
from service.sources.wording import LONGEST, Entry

_Mixin: Any = feedparser.mixin._FeedParserMixin
_find_address = _Mixin._sync_author_detail
# No name and no address is longer, and however long the others are, together they are searched at once.
_LONGEST_NAME = 200
_CATEGORY = re.compile(r"[a-z-]{2,10}(?:\.[A-Za-z-]{2,9})?")
_LISTED = re.compile(r"</li>|<br\s{0,3}/?>", re.IGNORECASE)
_ENDED = re.compile(r"</(?:\w{1,20}:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_HEAVY = 500_000
_BIORXIV = re.compile(r"https?://(?:[\w-]+\.)?(?:bio|med)rxiv\.org/")
_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}


def read(text: str, url: str = "") -> Listing:
    """Return the entries that have a title. Raises ParseError where there are entries and none has one."""
    body, left_out = tame(text)
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": web_link(url)}
    feed = _parsed(body, headers, heavy=len(text) > _HEAVY)
    # Where feedparser gives up early it names no version.
    version = str(feed.get("version", ""))
    if not version and not feed.entries:
        raise ParseError("this looks like broken XML, not a feed", "broken XML")
    # Plain dictionaries, since feedparser's own invent a date where an entry has none.
    entries = [dict(entry) for entry in feed.entries]
    _refuse_fault(entries)
    family_first = bylines.family_first(name for entry in entries for name in _names(entry))
    read = [_paper(entry, version, family_first) for entry in entries]
    papers = tuple(paper for paper in read if paper)
    skipped = len(read) - len(papers) + left_out
    if skipped and not papers:
        raise ParseError("this looks like a feed whose entries have no titles", "a feed without titles")
    channel = dict(feed.feed)
    day_of_all, torn = _day(papers, channel), not _ENDED.match(text, max(text.rfind("</"), 0))
    return Listing(papers, skipped, day_of_all, _form(version), _every(channel), torn=torn)


def _refuse_fault(entries: list[dict[str, Any]]) -> None:
    """arXiv's API answers a query it cannot read with a feed of one entry, which is no paper."""
    if len(entries) == 1 and "arxiv.org/api/errors" in str(entries[0].get("id", ""))[:_LONGEST_NAME]:
        said = fold(str(entries[0].get("summary", "")))[:_LONGEST_NAME] or "no reason given"
        raise ParseError(f"this looks like an error of arXiv's API: {said}", "an API error")


def _find_short_address(parser: Any, key: str = "author") -> None:
    """Let feedparser look for a mail address among names, and not in endless words.

    Its pattern is tried from each letter of a word to its end: a minute for 100,000 letters, hours for a megabyte. Only
    feedparser knows the whole text, which CDATA, comments and tags may have cut into small pieces.
    """
    said = str(parser._get_context().get(key) or "")
    if max(map(len, said.split()), default=0) <= _LONGEST_NAME:
        _find_address(parser, key)


_Mixin._sync_author_detail = _find_short_address


def _parsed(body: bytes, headers: dict[str, str], heavy: bool) -> Any:
    try:
        return feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:
        raise ParseError("this looks like broken XML, not a feed", "broken XML") from error
    finally:
        if heavy:
            # feedparser leaves a heap of things that hold each other, and the fault of a broken feed holds the stack,
            # with all that stands of the page on it; ten such pages in a row would add up.
            gc.collect()


def _every(channel: Entry) -> int:
    """Seconds between two visits, by `ttl` (RSS 2.0, in minutes) or `sy:updatePeriod` and `sy:updateFrequency`."""
    minutes = str(channel.get("ttl", "")).strip()
    if minutes.isascii() and minutes.isdigit():
        return int(minutes[:7]) * 60
    period = _PERIODS.get(str(channel.get("sy_updateperiod", "")).strip().lower(), 0)
    times = str(channel.get("sy_updatefrequency", "")).strip()
    return period // max(int(times[:5]) if times.isascii() and times.isdigit() else 1, 1)


def _form(version: str) -> str:
    if version.startswith("atom"):
        return "atom"
    return "rdf" if version in ("rss090", "rss10") else "rss"


def _day(papers: tuple[Paper, ...], channel: Entry) -> date | None:
    """A feed is about a day when all that it lists was listed on one; old arXiv feeds say it of the whole."""
    days = {paper.listed for paper in papers}
    if len(days) == 1 and (single := days.pop()):
        return single
    return day(str(channel.get("updated", ""))[:10]) if "arXiv.org" in str(channel.get("title", "")) else None


@dataclass(frozen=True, slots=True)
class _Announced:
    """What arXiv's conventions in one entry say; all empty for other sources."""

    title: str
    abstract: str
    name: str = ""
    category: str = ""
    kind: ArrivalKind = ArrivalKind.NEW
    daily: bool = False
    names: str = ""


def _paper(entry: Entry, version: str, family_first: bool) -> Paper | None:
    said = _announced(entry, version)
    if not said.title:
        return None
    guid = fold(str(entry.get("id", "")))[:500]
    places = (entry.get(key) for key in ("feedburner_origlink", "link", "prism_url", "id"))
    link = next(filter(None, map(web_link, places)), "")
    name, number = _arxiv(said.name, guid, link)
    listed_by_us = "huggingface.co/papers/" in link
    spoken = braced.signs if _BIORXIV.match(link) else str
    published = _moment(entry, "published") or _moment(entry, "updated") or _moment(entry, "prism_publicationdate")
    return Paper(
        title=spoken(said.title),
        abstract=spoken(said.abstract),
        authors=_authors(_names(entry), bool(name), said.names, family_first),
        url=link,
        published=None if said.daily and said.kind is ArrivalKind.REPLACE else published,
        listed=published.date() if published and (said.daily or listed_by_us) else None,
        categories=_categories(entry, said.category, bool(name)),
        links=_links(entry, name, listed_by_us),
        arxiv_id=name,
        version=number,
        doi=_doi(entry, link),
        openreview_id=openreview_id(link) or openreview_id(guid),
        guid=guid,
        kind=said.kind,
        comment=plain(str(entry.get("arxiv_comment", "")))[:1000],
    )


def _announced(entry: Entry, version: str) -> _Announced:
    whole, authors = titles.byline(wording.title(entry, version))
    title, name, category, kind = arxiv.title(titles.proper(whole))
    raw = wording.description(entry, version)
    announced = arxiv.abstract(str(raw.get("value", "")))
    if announced:
        named = entry.get("arxiv_announce_type")
        kind = arxiv.kind(named) if isinstance(named, str) else announced[2]
        return _Announced(title, fold(announced[0]), announced[1], kind=kind, daily=True)
    names, rest = abstracts.byline(str(raw.get("value", "")))
    text = wording.abstract(raw, rest, version)
    abstract = wording.whole(entry, abstracts.proper(text), version)
    return _Announced(
        title,
        abstract if abstract.rstrip(".") != title.rstrip(".") else "",
        name,
        category,
        kind,
        bool(name),
        names or authors or abstracts.named(text),
    )


def _arxiv(*texts: str) -> tuple[str, int | None]:
    """The first text that names an id decides; any of them may add the version."""
    found = [each for each in map(arxiv_id, texts) if each[0]]
    if not found:
        return "", None
    return found[0][0], next((version for name, version in found if version and name == found[0][0]), None)


def _names(entry: Entry) -> list[str]:
    given = entry.get("authors", ())
    if isinstance(given, str):
        given = [{"name": given}]
    # Of a feed that is no sound XML they come with their references.
    said = (_LISTED.sub("; ", unescape(str(each.get("name", "")))) for each in given if isinstance(each, Mapping))
    return [bylines.clean(plain(names)[:LONGEST]) for names in said]


def _authors(names: list[str], from_arxiv: bool, byline: str, family_first: bool) -> tuple[str, ...]:
    if len(names) < 2 and byline:
        return bylines.authors(plain(byline)[:LONGEST])
    if len(names) == 1 and (from_arxiv or bylines.several(names[0], family_first)):
        return bylines.authors(names[0])
    return tuple(name for name in names if name)


def _categories(entry: Entry, first: str, from_arxiv: bool) -> tuple[str, ...]:
    primary = entry.get("arxiv_primary_category")
    named = [primary.get("term", "")] if isinstance(primary, Mapping) else []
    named += [first, *map(_tagged, entry.get("tags", ()))]
    folded = [fold(plain(str(name)))[:100] for name in named]
    return tuple(dict.fromkeys(name for name in folded if name and (not from_arxiv or _CATEGORY.fullmatch(name))))


def _tagged(tag: Entry) -> str:
    """The term of a tag, or its label where the term is a number or an address."""
    term, label = str(tag.get("term") or ""), str(tag.get("label") or "")
    return label or term if term.isdigit() or web_link(term) else term


def _links(entry: Entry, name: str, listed: bool) -> Links:
    known = paper_links(name) if name else Links()
    pdfs = [each.get("href") for each in entry.get("links", ()) if each.get("type") == "application/pdf"]
    return Links(known.arxiv, known.pdf or web_link(pdfs[0] if pdfs else ""), known.huggingface if listed else "")


def _doi(entry: Entry, link: str) -> str:
    named = (doi(str(entry.get(key, ""))) for key in ("arxiv_doi", "prism_doi", "dc_identifier", "doi"))
    return next(filter(None, named), "") or dois.of_guid(str(entry.get("id", ""))) or dois.of_link(link)


def _moment(entry: Entry, key: str) -> datetime | None:
    """What we read in a date ourselves goes first: feedparser knows more forms, and fewer zones."""
    said = str(entry.get(key, ""))
    if not said:
        return None
    if read := written(said):
        return read
    parts = entry.get(f"{key}_parsed")
    try:
        read = sensible(datetime.fromtimestamp(timegm(parts), UTC)) if parts else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return read if read and _is_said(read, said) else None


def _is_said(read: datetime, text: str) -> bool:
    """feedparser makes a date of nearly anything (20-11-2026 is the year 2020); the zone may have moved it by a day."""
    year, rest = str(read.year), text.replace(str(read.year), "", 1)
    days = {int(number) for number in re.findall(r"\d{1,2}", rest)}
    return year in text and any((read + timedelta(days=n)).day in days for n in (0, -1, 1))
