"""Past days of one source → papers to look at, none of them news for who has had that day's digest.

Comes in: a source, the days. Goes out: one report per day. Refuses to know: terminals, how a day is read.

A day once read stays read, so whoever was interrupted asks again and goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.errors import FetchError, InputError
from service.pipeline.collecting import settled
from service.pipeline.health import back_off
from service.pipeline.listings import Collected, Listings
from service.sources import kinds
from service.sources.http import Client
from service.store import Store
from service.store.sources import Source

LONGEST = timedelta(days=366)
# A server that is asked for many days is left alone between two of them.
PAUSE = 1.0
TRIES = 4
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a backfill: what it brought; `known` where it had been read before and was not asked for."""

    day: date
    collected: Collected
    known: bool = False


@dataclass(frozen=True, slots=True)
class Backfill:
    """Reads the past of one source, oldest day first, one request at a time."""

    store: Store
    client: Client
    pause: Callable[[float], None] = time.sleep

    def run(self, source: Source, days: Sequence[date], now: datetime) -> Iterator[Day]:
        """Yield each day once its papers are stored.

        Where a day cannot be read, a passing fault is waited out a few times; then its FetchError or ParseError ends
        the run, with what was read so far kept.
        """
        listings = Listings(self.store, self.client, source, now, past=True)
        asked = False
        for day in days:
            addresses = kinds.past(source.url, day)
            if self._is_known(day, addresses):
                yield Day(day, Collected(source.url), known=True)
                continue
            if asked:
                self.pause(PAUSE)
            asked = True
            yield Day(day, self._read(listings, addresses, day))

    def _is_known(self, day: date, addresses: Sequence[str]) -> bool:
        with self.store.read() as unit:
            answers = unit.sources.answers(addresses)
        return settled(day, [answers.get(url) for url in addresses])

    def _read(self, listings: Listings, addresses: Sequence[str], day: date) -> Collected:
        for tried in range(TRIES):
            try:
                return listings.first_of(addresses, day)
            except FetchError as error:
                wait = max(back_off(FIRST_WAIT, tried, LONGEST_WAIT).total_seconds(), error.retry_after or 0)
                if not error.transient or tried == TRIES - 1 or wait > LONGEST_WAIT.total_seconds():
                    raise
                self.pause(wait)
        raise AssertionError("the last try returns or raises")


def past_days(source: Source, first: date, last: date, today: date) -> list[date]:
    """Return the days from `first` to `last`. Raises InputError where they cannot be asked for; `today` is in UTC."""
    if first > last:
        raise InputError(f"the first day, {first}, is after the last one, {last}")
    if last >= today:
        raise InputError(f"{last} is not over; the last day that can be read again is {today - timedelta(days=1)}")
    if last - first >= LONGEST:
        raise InputError(f"these are {(last - first).days + 1} days; ask for {LONGEST.days} at most, and then go on")
    if not kinds.past(source.url, first):
        raise InputError(f"{source.url} lists what is new and keeps no past days to ask for")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
