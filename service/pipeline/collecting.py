"""source → page → papers → arrivals.

Comes in: a source that is due. Goes out: stored papers with arrival numbers, and what the source answered.
A source's fault is noted and tried again with back-off; it never reaches another source.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from service.errors import FetchError, ParseError
from service.model import Listing, Page
from service.sources import kinds, parse
from service.sources.http import Client
from service.store import Store
from service.store.sources import Source

LOG = logging.getLogger(__name__)

# A fresh install fills itself with this many days, and a source that was away is caught up as far.
REACH_BACK = timedelta(days=14)
FIRST_BACK_OFF = timedelta(minutes=2)
LONGEST_BACK_OFF = timedelta(hours=6)
# Longer than any round of fetches may take: the poll is ours until then.
HOLD = timedelta(minutes=15)


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
        collected = Collected(source.url)
        try:
            for day in _days(source, now):
                collected = _sum(collected, self._read(source, day, now))
        except (FetchError, ParseError) as error:
            return self._failed(source, collected, error, now)
        with self.store.write() as unit:
            unit.sources.polled(source.id, now, now + self.interval, collected.papers)
        LOG.info("collected %s: %d papers, %d arrived", source.url, collected.papers, collected.arrived)
        return collected

    def _failed(self, source: Source, collected: Collected, error: FetchError | ParseError, now: datetime) -> Collected:
        wait = min(FIRST_BACK_OFF * 2 ** min(source.failures, 10), LONGEST_BACK_OFF)
        asked = getattr(error, "retry_after", None) or 0
        next_poll = now + max(wait, timedelta(seconds=min(asked, LONGEST_BACK_OFF.total_seconds())))
        with self.store.write() as unit:
            unit.sources.failed(source.id, next_poll, str(error))
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
        """Read one day, by the first of its addresses that gives a readable page; raises what the last one raised."""
        error: FetchError | ParseError | None = None
        for url in kinds.pages(source.url, day):
            try:
                return self._page(source, url, day, now)
            except (FetchError, ParseError) as problem:
                error = error or problem
        assert error is not None, "a source has at least one address"
        raise error

    def _page(self, source: Source, url: str, day: date | None, now: datetime) -> Collected:
        with self.store.read() as unit:
            etag, modified = unit.sources.validators(url)
        page = self.client.fetch(url, etag, modified)
        if page.not_modified:
            return Collected(source.url, 1)
        listing = parse(page)
        arrived = self._keep(source, url, page, listing, _arrival_time(source, listing, day, now), now)
        return Collected(source.url, 1, len(listing.papers), arrived, listing.skipped)

    def _keep(self, source: Source, url: str, page: Page, listing: Listing, at: datetime, now: datetime) -> int:
        with self.store.write() as unit:
            arrived = unit.papers.add(source.id, source.url, listing.papers, at)
            unit.sources.read_page(source.id, url, (page.etag, page.last_modified), len(listing.papers), now)
        return arrived


def _days(source: Source, now: datetime) -> Iterator[date | None]:
    """The days to read, oldest first: what was missed since the last good poll, or the first fill."""
    today = now.astimezone(UTC).date()
    if kinds.pages(source.url, today) == kinds.pages(source.url):
        # It has no days of its own: there is only its latest page.
        yield None
        return
    since = source.last_ok_at.date() - timedelta(days=1) if source.last_ok_at else today - REACH_BACK
    day = max(since, today - REACH_BACK)
    while day < today:
        yield day
        day += timedelta(days=1)
    yield None


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
