"""Papers for everybody: the pages of days and of searches, each with a feed.

Comes in: days and topics in the address. Goes out: pages that can be linked to, and Atom feeds (RFC 4287). Refuses to
know: readers; how papers are kept or searched. Everything here is GET, the same for everybody, and bounded work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby
from math import ceil
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from service.editions import FURTHEST_EAST
from service.keywords import parse_all, split
from service.messages.cards import Card, card
from service.messages.passages import passage
from service.model import Selected
from service.pipeline.archive import Dated, Question, Results
from service.web import cursors, shown
from service.web.caching import kept
from service.web.forms import Problem
from service.web.limits import paced
from service.web.pages import Desk, Here
from service.web.searching import search
from service.web.trying import readable

router = APIRouter(dependencies=[Depends(paced)])

PAGE, FEED = 25, 50
# A feed is the same for everybody, so anything between us and a feed reader may keep it for five minutes.
_SHARED = {"cache-control": "public, max-age=300", "referrer-policy": "same-origin", "x-robots-tag": "noindex"}
_LONGEST_PAGE = 999
_AUTHORS = 50

Topics = Annotated[list[str] | None, Query()]


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper in a feed: its card, its whole abstract as a person reads it, and when it was first seen."""

    paper_id: int
    card: Card
    authors: tuple[str, ...]
    abstract: str
    published: datetime | None
    seen: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as typed; without a `question` where there is nothing that could be looked for."""

    typed: str
    topics: tuple[str, ...]
    problems: tuple[Problem, ...]
    after: str
    question: Question | None


@router.get("/day")
def newest(desk: Here, on: str = "") -> Response:
    """To the day that was typed, else to the newest day that has papers."""
    day = on.strip() or desk.world.pipeline.archive.newest(desk.now()) or desk.now().date()
    return RedirectResponse(f"/day/{quote(str(day), safe='')}", 302)


@router.get("/day/{day}")
def show_day(desk: Here, day: str, page: str = "1") -> Response:
    """The papers of one day, most liked first."""
    return _day_page(desk, day, _number(page))


@router.get("/day/{day}/feed")
def day_feed(request: Request, desk: Here, day: str) -> Response:
    """The same as a feed."""
    known = _day(desk, day)
    if known is None:
        return _day_page(desk, day, 1)
    found = desk.world.pipeline.archive.day(known, 0, FEED)
    begun = datetime.combine(known, time(), UTC)
    return _feed(request, desk, found.papers, f"/day/{known}", begun, day=known, topics=())


@router.get("/search")
async def search_page(request: Request, desk: Here, k: Topics = None, after: str = "") -> Response:
    """The papers that topics find, newest first."""
    asked = await run_in_threadpool(_asked, k or (), after)
    found = await search(request, desk, asked.question) if asked.question else None
    return await run_in_threadpool(_search_page, desk, asked, found)


@router.get("/search/feed")
async def search_feed(request: Request, desk: Here, k: Topics = None) -> Response:
    """The newest of them as a feed."""
    asked = await run_in_threadpool(_asked, k or (), "", FEED)
    found = await search(request, desk, asked.question) if asked.question else None
    return await run_in_threadpool(_search_feed, request, desk, asked, found)


def _day_page(desk: Desk, text: str, page: int) -> Response:
    day = _day(desk, text)
    if day is None:
        return desk.page("day-unknown", 404, text=text, newest=desk.world.pipeline.archive.newest(desk.now()))
    found = desk.world.pipeline.archive.day(day, (page - 1) * PAGE, PAGE)
    pages = max(1, ceil(found.total / PAGE))
    facts = {"found": found, "cards": _cards(found.papers), "page": page, "pages": pages, "today": desk.now().date()}
    return desk.page("day", 200 if page <= pages else 404, **facts)


def _asked(given: Sequence[str], after: str, most: int = PAGE) -> Asked:
    topics, problems = readable("\n".join(given))
    mark = cursors.read(after, ("search", *topics)) if after else None
    spoilt = bool(after) and mark is None
    if spoilt:
        problems.append(Problem("after", "This link to older papers is cut off or belongs to other topics."))
    question = Question(parse_all(topics), mark, most) if topics and not spoilt else None
    return Asked(", ".join(split("\n".join(given))), tuple(topics), tuple(problems), "" if spoilt else after, question)


def _search_page(desk: Desk, asked: Asked, found: Results | None) -> Response:
    topics, after, status = asked.topics, asked.after, 422 if asked.problems else 200
    facts: dict[str, object] = {"typed": asked.typed, "topics": topics, "problems": asked.problems}
    if found is None:
        return desk.page("search", status, **facts, found=None, groups=(), after="", now=desk.now())
    older = cursors.write(found.mark, ("search", *topics)) if found.mark else ""
    groups = [(day, _cards(tuple(those))) for day, those in groupby(found.papers, lambda each: each.day)]
    older_than = found.mark.last.day if found.mark else None
    facts |= {"found": found, "groups": groups, "older": older, "older_than": older_than, "after": after}
    now = desk.now()
    unread = not groups and desk.world.pipeline.archive.newest(now) is None
    return desk.page("search", status, **facts, unread=unread, now=now)


def _search_feed(request: Request, desk: Desk, asked: Asked, found: Results | None) -> Response:
    if found is None or asked.problems:
        return _search_page(desk, asked, found)
    page, never = f"/search?{shown.query(asked.topics)}", datetime.fromtimestamp(0, UTC)
    return _feed(request, desk, found.papers, page, never, topics=asked.topics)


def _feed(
    request: Request, desk: Desk, papers: Sequence[Dated], page: str, since: datetime, **facts: object
) -> Response:
    """`since` is when a feed without papers was last changed: an Atom feed has to name a time."""
    path, _, query = page.partition("?")
    entries = [_entry(each) for each in papers]
    updated = max((each.seen for each in entries), default=since)
    body = desk.environment.get_template("web/feed.xml").render(
        entries=entries, updated=updated, page=page, address=f"{path}/feed{query and '?'}{query}", **facts
    )
    return kept(request, body, "application/atom+xml", _SHARED)


def _entry(dated: Dated) -> Entry:
    paper = dated.selected.paper.paper
    looks = card(Selected(dated.selected.paper), dated.day)
    authors = tuple(name for each in paper.authors[:_AUTHORS] if (name := passage(each).text))
    return Entry(dated.place.paper_id, looks, authors, passage(paper.abstract).text, paper.published, dated.seen)


def _cards(papers: Sequence[Dated]) -> tuple[Card, ...]:
    return tuple(card(each.selected, each.day) for each in papers)


def _day(desk: Desk, text: str) -> date | None:
    """The day, unless it is none or has not begun anywhere on Earth."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return day if day.isoformat() == text and day <= (desk.now() + FURTHEST_EAST).date() else None


def _number(text: str) -> int:
    """A page number as typed; the first page for what is none."""
    # Python reads no number of thousands of figures, and no day has a thousand pages.
    return min(int(text[:4]), _LONGEST_PAGE) or 1 if text.isascii() and text.isdigit() else 1
