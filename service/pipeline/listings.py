"""One listing of a source, page by page → stored papers, and what each page answered.

Comes in: a source, addresses, the day they are of. Goes out: what was read, or the first fault. Refuses to know: which
days are wanted, when a source is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from service.editions import FURTHEST_EAST
from service.errors import FetchError, ParseError
from service.model import ArrivalKind, Listing, Page, Paper
from service.sources import kinds, parse
from service.sources.http import Client
from service.store import Store
from service.store.sources import Source

WEEKEND = frozenset({6, 7})
# What a feed listed longer than this before it was added is no news; a first digest looks back as far.
FRESH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Collected:
    """What one poll brought: papers on its pages, how many arrived, unreadable entries, and what went wrong."""

    source: str = ""
    pages: int = 0
    papers: int = 0
    arrived: int = 0
    skipped: int = 0
    error: str = ""

    def plus(self, other: Collected) -> Collected:
        """Both together, under this one's name."""
        return Collected(
            self.source,
            self.pages + other.pages,
            self.papers + other.papers,
            self.arrived + other.arrived,
            self.skipped + other.skipped,
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one page answered, to be remembered once the whole listing is read."""

    url: str
    validators: tuple[str, str]
    papers: int


@dataclass(slots=True)
class Learned:
    """What the newest page of a source said of the visits to come; `every` is None where it was not read anew."""

    moved_to: str = ""
    every: int | None = None


@dataclass(frozen=True, slots=True)
class Listings:
    """Reads the listings of one source; `past` ones are history, whose papers are no news."""

    store: Store
    client: Client
    source: Source
    now: datetime
    past: bool = False
    learned: Learned = field(default_factory=Learned)

    def first_of(self, addresses: Sequence[str], day: date | None) -> Collected:
        """Read one day by the first of its addresses that holds papers; raises the first fault where none can be read.

        An empty answer is believed once no other address knows more: an API that changed answers with nothing.
        """
        error: FetchError | ParseError | None = None
        empty: Collected | None = None
        for url in addresses:
            try:
                collected = self._whole(url, day)
            except (FetchError, ParseError) as problem:
                error = error or problem
                continue
            if collected.papers or (day is not None and day.isoweekday() in WEEKEND):
                return collected
            empty = empty or collected
        if empty is not None:
            return empty
        assert error is not None, "a source has at least one address"
        raise error

    def keep(self, papers: Mapping[datetime, Sequence[Paper]]) -> int:
        """Store the papers of a page by the times of their arrivals; returns how many of them arrived by it.

        Each time is a unit of work: thousands of days in one would keep everybody else waiting.
        """
        arrived = 0
        for at, found in sorted(papers.items()):
            begun = [self._begun(each) for each in found]
            with self.store.write() as unit:
                arrived += unit.papers.add(self.source.id, self.source.url, begun, self.now, at)
        return arrived

    def _begun(self, paper: Paper) -> Paper:
        """The paper without a day that has begun nowhere on Earth: it would stand before all others for good."""
        to_come = paper.listed is not None and paper.listed > (self.now + FURTHEST_EAST).date()
        return replace(paper, listed=None) if to_come else paper

    def remember(self, answers: Sequence[_Answer]) -> None:
        """Keep what pages answered, after their papers: a crash in between makes them be read again, never skipped."""
        with self.store.write() as unit:
            for each in answers:
                unit.sources.read_page(self.source.id, each.url, each.validators, each.papers, self.now)

    def file(self, page: Page) -> Collected:
        """Read one saved file where it is new or changed. Raises ParseError."""
        with self.store.read() as unit:
            (etag, _), known = unit.sources.validators(page.url), unit.sources.answers([page.url])
        if etag == page.etag:
            return Collected(self.source.url, 1, known[page.url][1])
        listing = parse(page)
        arrived = self.keep({self.now: listing.papers})
        self.remember([_Answer(page.url, (page.etag, page.last_modified), len(listing.papers))])
        return Collected(self.source.url, 1, len(listing.papers), arrived, listing.skipped)

    def _whole(self, first: str, day: date | None) -> Collected:
        """Read every page of a listing; a later page that fails makes the whole one fail, since it would be short."""
        collected, url, seen = Collected(self.source.url), first, set[bytes]()
        answers: list[_Answer] = []
        while url:
            page, url = self._page(url, day, seen, answers)
            collected = collected.plus(page)
        self.remember(answers)
        return collected

    def _page(self, url: str, day: date | None, seen: set[bytes], answers: list[_Answer]) -> tuple[Collected, str]:
        """Read one page and say where the next one is; a server that knows of no pages repeats its first one."""
        with self.store.read() as unit:
            validators, known = unit.sources.validators(url), unit.sources.answers([url])
        page = self.client.visit(url, *validators)
        if url == self.source.url and page.moved_to:
            self.learned.moved_to = page.moved_to
        if page.not_modified:
            papers = known[url][1] if url in known else 0
            answers.append(_Answer(url, (page.etag, page.last_modified), papers))
            return Collected(self.source.url, 1, papers), kinds.following(url, papers, single_day=False)
        if page.body in seen:
            return Collected(self.source.url, 1), ""
        seen.add(page.body)
        listing = parse(page)
        if day is None:
            self.learned.every = max(listing.every, page.fresh_for)
        clamped = day is not None and listing.day not in (None, day)
        arrived = self.keep(self._arrivals(listing, day))
        # The papers are welcome, but they say nothing of the day that was asked for.
        papers, entries = 0 if clamped else len(listing.papers), len(listing.papers) + listing.skipped
        if not clamped:
            # A torn page may bear the validators of the whole one, which nobody would then send again.
            validators = ("", "") if listing.torn else (page.etag, page.last_modified)
            answers.append(_Answer(url, validators, papers))
        # What comes newest first holds nothing new behind a page that is known.
        ended = clamped or (not arrived and kinds.newest_first(url))
        after = "" if ended else kinds.following(url, entries, listing.day is not None)
        return Collected(self.source.url, 1, papers, arrived, listing.skipped), after

    def _arrivals(self, listing: Listing, day: date | None) -> dict[datetime, list[Paper]]:
        """Papers of the past, and of the first fill, arrived on their own day: digests look back by days.

        A feed may hold all that a journal ever printed; what it held when it was added is read as history.
        """
        own = listing.day or day
        if own is not None and (self.past or not self.source.filled):
            papers = [_as_past(each) for each in listing.papers] if self.past else list(listing.papers)
            return {self._noon(own): papers}
        found: dict[datetime, list[Paper]] = {}
        for paper in listing.papers:
            old = self._is_old(paper)
            at = self._noon(paper.published.date()) if old and paper.published else self.now
            found.setdefault(at, []).append(_as_past(paper) if old or self.past else paper)
        return found

    def _is_old(self, paper: Paper) -> bool:
        """Whether a feed that is read for the first time says that a paper is no news; Hugging Face picks old ones."""
        if self.source.filled or self.past or kinds.recognise(self.source.url) == "huggingface":
            return False
        return paper.published is not None and paper.published < self.source.created_at - FRESH

    def _noon(self, day: date) -> datetime:
        return min(self.now, datetime.combine(day, time(12), UTC))


def _as_past(paper: Paper) -> Paper:
    return paper if paper.kind is ArrivalKind.REPLACE else replace(paper, kind=ArrivalKind.PAST)
