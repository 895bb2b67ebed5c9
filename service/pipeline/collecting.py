"""source → page → papers → arrivals.

Comes in: a source that is due. Goes out: stored papers with arrival numbers, and what the source answered.
A source's fault is noted and tried again with back-off; it never reaches another source.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from service.errors import FetchError, HostBusy, ParseError
from service.pipeline.listings import WEEKEND, Collected, Listings
from service.settings.values import without_password
from service.sources import health, kinds, saved
from service.sources.http import Client
from service.store import Store
from service.store.sources import Source

LOG = logging.getLogger(__name__)

# A fresh install fills itself with this many days, and a source that was away is caught up as far.
REACH = 14
SETTLING = timedelta(days=1)
HOLIDAY = timedelta(days=3)
FIRST_BACK_OFF = timedelta(minutes=2)
LONGEST_BACK_OFF = timedelta(hours=6)
GOLDEN = 0.618
# Longer than any round of fetches may take: the poll is ours until then.
HOLD = timedelta(minutes=15)
# A feed that wants to be visited by the week would have its papers come a week late.
LONGEST_LEARNT = timedelta(hours=6)
# A category that nobody reads any longer is looked at this often, to see whether someone does.
UNWANTED = timedelta(minutes=10)


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
        listings = Listings(self.store, self.client, source, now)
        saved_pages = kinds.recognise(source.url) == "capture"
        collected, error = self._saved(listings) if saved_pages else self._days(listings)
        if isinstance(error, HostBusy):
            return self._later(source, collected, error, now)
        if not isinstance(error, FetchError):
            error = health.emptied(source.url, collected.papers, source.last_count, error)
        if error is not None:
            return self._failed(source, collected, error, now)
        self._polled(listings, collected.papers)
        brought = collected.papers, collected.arrived, collected.skipped
        LOG.info("collected %s: %d papers, %d arrived, %d skipped", without_password(source.url), *brought)
        return collected

    def _polled(self, listings: Listings, papers: int) -> None:
        """Note a good poll, and what the server said of those to come."""
        source, now, learned = listings.source, listings.now, listings.learned
        every = source.every if learned.every is None else learned.every
        wait = max(self.interval, min(timedelta(seconds=every), LONGEST_LEARNT))
        with self.store.write() as unit:
            unit.sources.polled(source.id, now, now + wait, papers, every)
            moved = learned.moved_to and unit.sources.move(
                source.id, learned.moved_to, kinds.recognise(learned.moved_to)
            )
            if moved:
                unit.journal.note(None, "source moved", now, source=source.id, was=source.url, is_now=learned.moved_to)
        if moved:
            was, is_now = without_password(source.url), without_password(learned.moved_to)
            LOG.warning("%s has moved for good and is read at %s from now on", was, is_now)

    def _days(self, listings: Listings) -> tuple[Collected, FetchError | ParseError | None]:
        """Read what is missing, oldest first; a day that cannot be read is left for later, the newest is still tried.

        Returns the first fault, after which no more of the past is asked for: the server may be in trouble.
        """
        source, now = listings.source, listings.now
        collected, first = Collected(source.url), None
        for day in self._wanted(source, now):
            if first is not None and day is not None:
                continue
            try:
                collected = collected.plus(listings.first_of(kinds.pages(source.url, day), day))
            except (FetchError, ParseError) as error:
                first = first or error
        return collected, first

    def _saved(self, listings: Listings) -> tuple[Collected, FetchError | ParseError | None]:
        """Read the files that are new or changed; one that cannot be read is skipped, and a fault where all are."""
        source, collected = listings.source, Collected(listings.source.url)
        first: FetchError | ParseError | None = None
        try:
            for page in saved.pages(source.url):
                try:
                    collected = collected.plus(listings.file(page))
                except ParseError as error:
                    name = page.url.rpartition("/")[2]
                    LOG.warning("could not read %s of %s: %s", name, without_password(source.url), error)
                    collected = collected.plus(Collected(skipped=1))
                    first = first or ParseError(f"{name}: {error}", error.looked_like)
        except FetchError as error:
            return collected, error
        return collected, None if collected.papers else first

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
        open_days = [day for day, urls in asked.items() if not settled(day, [answers.get(url) for url in urls])]
        return [*open_days, None]

    def _later(self, source: Source, collected: Collected, error: HostBusy, now: datetime) -> Collected:
        """Come back when the host is free; that it was not is no fault of the source."""
        with self.store.write() as unit:
            unit.sources.wake(source.id, now + max(timedelta(seconds=error.retry_after or 0), FIRST_BACK_OFF / 4))
        LOG.info("%s is collected later: %s", without_password(source.url), error)
        return collected

    def _failed(self, source: Source, collected: Collected, error: FetchError | ParseError, now: datetime) -> Collected:
        wait = min(FIRST_BACK_OFF * 2 ** min(source.failures, 10), LONGEST_BACK_OFF)
        asked = getattr(error, "retry_after", None) or 0
        # Sources that failed together come back apart; each always by the same share, so that a test can tell.
        wait *= 1 + source.id * GOLDEN % 1 / 4
        next_poll = now + max(wait, timedelta(seconds=asked))
        gone = getattr(error, "gone", False) and len(kinds.pages(source.url)) == 1
        with self.store.write() as unit:
            unit.sources.failed(source.id, next_poll, str(error))
            if gone:
                unit.sources.remove(source.id, str(error))
        then = "it is read no more" if gone else f"next try at {next_poll.isoformat(timespec='minutes')}"
        LOG.warning("could not collect %s: %s; %s", without_password(source.url), str(error).rstrip("."), then)
        return Collected(
            source.url, collected.pages, collected.papers, collected.arrived, collected.skipped, str(error)
        )


def settled(day: date, answers: Sequence[tuple[datetime, int] | None]) -> bool:
    """Whether a day needs no more reading: read with papers a whole day after its end, or empty for good.

    A listing fills up during its day and a little after; a working day that stays empty for three more was a holiday.
    """
    end = datetime.combine(day, time(), UTC) + timedelta(days=1)
    read = [answer for answer in answers if answer is not None]
    if any(at >= end + SETTLING and papers for at, papers in read):
        return True
    patience = SETTLING if day.isoweekday() in WEEKEND else HOLIDAY
    return any(at >= end + patience for at, _ in read)
