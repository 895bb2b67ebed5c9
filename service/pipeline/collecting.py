"""source → page → papers → arrivals.

Comes in: a source that is due. Goes out: stored papers with arrival numbers, and what the source answered.
A source's fault is noted and tried again with back-off; it never reaches another source.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from service.errors import FetchError, ParseError
from service.model import Listing, Page
from service.sources import health, kinds, parse, saved
from service.sources.http import Client
from service.store import Store
from service.store.sources import Source

LOG = logging.getLogger(__name__)

# A fresh install fills itself with this many days, and a source that was away is caught up as far.
REACH = 14
SETTLING = timedelta(days=1)
HOLIDAY = timedelta(days=3)
WEEKEND = frozenset({6, 7})
FIRST_BACK_OFF = timedelta(minutes=2)
LONGEST_BACK_OFF = timedelta(hours=6)
GOLDEN = 0.618
# Longer than any round of fetches may take: the poll is ours until then.
HOLD = timedelta(minutes=15)
# A category that nobody reads any longer is looked at this often, to see whether someone does.
UNWANTED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Collected:
    """What one poll brought: papers on its pages, how many arrived, unreadable entries, and what went wrong."""

    source: str = ""
    pages: int = 0
    papers: int = 0
    arrived: int = 0
    skipped: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Collector:
    """Polls one source."""

    store: Store
    client: Client
    interval: timedelta

    def run(self, source_id: int, now: datetime) -> Collected:
        """Poll a source if it is due and no one else is at it."""
        with self.store.write() as unit:
            source = unit.sources.get(source_id)
            if source is None or not unit.sources.take(source_id, now, now + HOLD):
                return Collected(source.url if source else "")
            if not unit.sources.wanted(source_id):
                unit.sources.wake(source_id, now + UNWANTED)
                return Collected(source.url)
        collected, error = self._days(source, now)
        if not isinstance(error, FetchError):
            error = health.emptied(source.url, collected.papers, source.last_count, error)
        if error is not None:
            return self._failed(source, collected, error, now)
        with self.store.write() as unit:
            unit.sources.polled(source.id, now, now + self.interval, collected.papers)
        LOG.info("collected %s: %d papers, %d arrived", source.url, collected.papers, collected.arrived)
        return collected

    def _days(self, source: Source, now: datetime) -> tuple[Collected, FetchError | ParseError | None]:
        """Read what is missing, oldest first; a day that cannot be read is left for later, the newest is still tried.

        Returns the first fault, after which no more of the past is asked for: the server may be in trouble.
        """
        if kinds.recognise(source.url) == "capture":
            return self._saved(source, now)
        collected, first = Collected(source.url), None
        for day in self._wanted(source, now):
            if first is not None and day is not None:
                continue
            try:
                collected = _sum(collected, self._read(source, day, now))
            except (FetchError, ParseError) as error:
                first = first or error
        return collected, first

    def _saved(self, source: Source, now: datetime) -> tuple[Collected, FetchError | ParseError | None]:
        """Read the files that are new or changed; one that cannot be read is a fault and does not stop the others."""
        collected = Collected(source.url)
        first: FetchError | ParseError | None = None
        try:
            for page in saved.pages(source.url):
                try:
                    collected = _sum(collected, self._file(source, page, now))
                except ParseError as error:
                    first = first or ParseError(f"{page.url.rpartition('/')[2]}: {error}", error.looked_like)
        except FetchError as error:
            first = error
        return collected, first

    def _file(self, source: Source, page: Page, now: datetime) -> Collected:
        with self.store.read() as unit:
            (etag, _), known = unit.sources.validators(page.url), unit.sources.answers([page.url])
        if etag == page.etag:
            return Collected(source.url, 1, known[page.url][1])
        listing = parse(page)
        arrived = self._keep(source, page.url, page, listing, now, now, clamped=False)
        return Collected(source.url, 1, len(listing.papers), arrived, listing.skipped)

    def _wanted(self, source: Source, now: datetime) -> list[date | None]:
        """The days that are not settled, oldest first, and the newest page; only that where a source has no days."""
        today = now.astimezone(UTC).date()
        if kinds.pages(source.url, today) == kinds.pages(source.url):
            return [None]
        asked = {
            today - timedelta(days=n): kinds.pages(source.url, today - timedelta(days=n)) for n in range(REACH, 0, -1)
        }
        with self.store.read() as unit:
            answers = unit.sources.answers([url for urls in asked.values() for url in urls])
        open_days = [day for day, urls in asked.items() if not _settled(day, [answers.get(url) for url in urls], today)]
        return [*open_days, None]

    def _failed(self, source: Source, collected: Collected, error: FetchError | ParseError, now: datetime) -> Collected:
        wait = min(FIRST_BACK_OFF * 2 ** min(source.failures, 10), LONGEST_BACK_OFF)
        asked = getattr(error, "retry_after", None) or 0
        # Sources that failed together come back apart; each always by the same share, so that a test can tell.
        wait *= 1 + source.id * GOLDEN % 1 / 4
        next_poll = now + max(wait, timedelta(seconds=asked))
        with self.store.write() as unit:
            unit.sources.failed(source.id, next_poll, str(error))
            if getattr(error, "gone", False) and len(kinds.pages(source.url)) == 1:
                unit.sources.remove(source.id)
        LOG.warning(
            "could not collect %s: %s; next try at %s",
            source.url,
            str(error).rstrip("."),
            next_poll.isoformat(timespec="minutes"),
        )
        return Collected(
            source.url, collected.pages, collected.papers, collected.arrived, collected.skipped, str(error)
        )

    def _read(self, source: Source, day: date | None, now: datetime) -> Collected:
        """Read one day by the first of its addresses that holds papers; raises the first fault where none can be read.

        An empty answer is believed once no other address knows more: an API that changed answers with nothing.
        """
        error: FetchError | ParseError | None = None
        empty: Collected | None = None
        for url in kinds.pages(source.url, day):
            try:
                collected = self._pages(source, url, day, now)
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

    def _pages(self, source: Source, first: str, day: date | None, now: datetime) -> Collected:
        """Read every page of a listing; a later page that fails makes the whole one fail, since it would be short."""
        collected, url, seen = Collected(source.url), first, set[bytes]()
        while url:
            page, url = self._page(source, url, day, now, seen)
            collected = _sum(collected, page)
        return collected

    def _page(
        self, source: Source, url: str, day: date | None, now: datetime, seen: set[bytes]
    ) -> tuple[Collected, str]:
        """Read one page and say where the next one is; a server that knows of no pages repeats its first one."""
        with self.store.read() as unit:
            validators, known = unit.sources.validators(url), unit.sources.answers([url])
        page = self.client.visit(url, *validators)
        if page.not_modified:
            papers = known[url][1] if url in known else 0
            with self.store.write() as unit:
                unit.sources.read_page(source.id, url, (page.etag, page.last_modified), papers, now)
            return Collected(source.url, 1, papers), kinds.following(url, papers, single_day=False)
        if page.body in seen:
            return Collected(source.url, 1), ""
        seen.add(page.body)
        listing = parse(page)
        clamped = day is not None and listing.day not in (None, day)
        arrived = self._keep(source, url, page, listing, _arrival_time(source, listing, day, now), now, clamped)
        # The papers are welcome, but they say nothing of the day that was asked for.
        papers, entries = 0 if clamped else len(listing.papers), len(listing.papers) + listing.skipped
        # What comes newest first holds nothing new behind a page that is known.
        ended = clamped or (not arrived and kinds.newest_first(url))
        after = "" if ended else kinds.following(url, entries, listing.day is not None)
        return Collected(source.url, 1, papers, arrived, listing.skipped), after

    def _keep(
        self, source: Source, url: str, page: Page, listing: Listing, at: datetime, now: datetime, clamped: bool
    ) -> int:
        """Store papers and validators together; of a page about another day nothing is remembered."""
        with self.store.write() as unit:
            arrived = unit.papers.add(source.id, source.url, listing.papers, at)
            if not clamped:
                unit.sources.read_page(source.id, url, (page.etag, page.last_modified), len(listing.papers), now)
        return arrived


def _settled(day: date, answers: Sequence[tuple[datetime, int] | None], today: date) -> bool:
    """Whether a day needs no more reading: read with papers a whole day after its end, or empty for good.

    A listing fills up during its day and a little after; a working day that stays empty for three more was a holiday.
    """
    end = datetime.combine(day, time(), UTC) + timedelta(days=1)
    read = [answer for answer in answers if answer is not None]
    if any(at >= end + SETTLING and papers for at, papers in read):
        return True
    patience = SETTLING if day.isoweekday() in WEEKEND else HOLIDAY
    return any(at >= end + patience for at, _ in read)


def _arrival_time(source: Source, listing: Listing, day: date | None, now: datetime) -> datetime:
    """Papers of the first fill arrived on their own day: the first digest looks back by days, not by fetches."""
    day = listing.day or day
    if source.filled or day is None:
        return now
    return min(now, datetime.combine(day, time(12), UTC))


def _sum(one: Collected, other: Collected) -> Collected:
    return Collected(
        one.source,
        one.pages + other.pages,
        one.papers + other.papers,
        one.arrived + other.arrived,
        one.skipped + other.skipped,
    )
