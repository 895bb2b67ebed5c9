"""What listings leave out: once a day arXiv is asked, by id, for categories, whole TeX, DOI and comment.

Comes in: the time. Goes out: richer papers, and nothing that counts as new. Refuses to know: readers, workers.

The question waits for four in the morning UTC: after America's evening, before Europe's mornings. Where it fails it
stays open and is tried again at the worker's next call, so a digest never waits for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from service.errors import FetchError, ParseError
from service.model import Paper
from service.papers import arxiv_id
from service.settings.values import is_loopback
from service.sources import parse
from service.sources.http import Client
from service.store import Store

LOG = logging.getLogger(__name__)

TURN = "arXiv query"
HOUR = 4
# arXiv's API takes so many ids at once, and two thousand papers are two days of all its categories.
BATCH = 100
MOST = 2_000
# A paper that arXiv does not know after a week is not going to be known.
REACH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Enriched:
    """How many papers were asked about, and of how many arXiv told; `error` where it did not answer."""

    asked: int = 0
    told: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Enricher:
    """Asks at one address of arXiv's API; none: never."""

    store: Store
    client: Client
    api: str

    def run(self, now: datetime) -> Enriched:
        """Ask about all papers that wait for it, unless that was done since the hour came; never raises for arXiv."""
        due = _last_hour(now)
        ids = self._wanting(now)
        if not ids:
            return Enriched()
        with self.store.write() as unit:
            if not unit.journal.take_turn(TURN, due, now):
                return Enriched()
        enriched = self._ask(ids, now)
        if enriched.error:
            LOG.warning("could not ask arXiv about %d papers: %s", len(ids), enriched.error)
            with self.store.write() as unit:
                unit.journal.beat(TURN, due - timedelta(seconds=1))
        LOG.info("asked arXiv about %d papers, it told of %d", enriched.asked, enriched.told)
        return enriched

    def _wanting(self, now: datetime) -> list[str]:
        if not self.api:
            return []
        with self.store.read() as unit:
            # What one's own machine offers is a trial, which the world outside need not hear of.
            sources = [each.id for each in unit.sources.all() if not is_loopback(each.url) or is_loopback(self.api)]
            wanting = unit.enrichment.wanting(now - REACH, sources, MOST)
        # One that is none would have it refuse the whole question, every day anew.
        return [each for each in wanting if arxiv_id(each)[0] == each]

    def _ask(self, ids: Sequence[str], now: datetime) -> Enriched:
        told = 0
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            try:
                papers = self._answer(batch)
            except (FetchError, ParseError) as error:
                return Enriched(start, told, str(error))
            with self.store.write() as unit:
                told += unit.enrichment.add(papers, now)
        return Enriched(len(ids), told)

    def _answer(self, ids: Sequence[str]) -> list[Paper]:
        """One request for many papers; its entries are taken for those that were asked about, and for no others."""
        query = urlencode({"id_list": ",".join(ids), "max_results": len(ids)}, safe=",/")
        listing = parse(self.client.visit(f"{self.api}?{query}"))
        papers = [each for each in listing.papers if each.arxiv_id in ids]
        if not papers:
            raise ParseError(f"none of {len(ids)} papers are in the answer", "an empty listing")
        return papers


def _last_hour(now: datetime) -> datetime:
    """The latest time at which the question came due."""
    today = now.astimezone(UTC).replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)
