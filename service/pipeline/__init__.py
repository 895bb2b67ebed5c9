"""The order of the pipe: collect · compose (which matches) · deliver · sweep · preview.

Comes in: the time, an id. Goes out: counts of what was done. Refuses to know: Celery, web pages, SQL, SMTP.
Each verb may run anywhere, any number of times, at once: what is done already is not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import chain

from service import editions
from service.deliveries import Carrier
from service.deliveries.dkim import Seal
from service.keywords import parse_all
from service.links import Signer
from service.messages import Renderer
from service.model import Bell, Identity, Profile, Schedule, Subscriber, Witness
from service.pipeline import starting
from service.pipeline.archive import Archive
from service.pipeline.backfilling import Backfill, Day, past_days
from service.pipeline.batch import held_before
from service.pipeline.clocks import keep_time, make_up
from service.pipeline.collecting import Collector
from service.pipeline.composing import Composed, Composer
from service.pipeline.copies import Copies
from service.pipeline.delivering import LEASE_SECONDS, Sender
from service.pipeline.drafts import Drafts
from service.pipeline.enriching import Enriched, Enricher
from service.pipeline.listings import Collected
from service.pipeline.mornings import Morning, Week, week
from service.pipeline.owing import KNOWN
from service.pipeline.pacing import Limits
from service.pipeline.preview import Advice, Preview, advise, preview
from service.pipeline.reading import Copy, Form, Reading
from service.pipeline.reasons import Why, why
from service.pipeline.rendering import Desk
from service.pipeline.starting import Start
from service.pipeline.stock import Stock
from service.pipeline.suggesting import Suggester, Suggestion
from service.pipeline.tray import Delivered
from service.pipeline.window import Window
from service.sources.http import Client
from service.store import Store
from service.store.sources import Source

__all__ = [
    "Advice",
    "Copy",
    "Day",
    "Form",
    "Morning",
    "Pipeline",
    "Start",
    "Suggestion",
    "Week",
    "Why",
    "past_days",
]


@dataclass(frozen=True)
class Pipeline:
    """The use cases of the pipe over one store."""

    store: Store
    client: Client
    renderer: Renderer
    signer: Signer
    identity: Identity
    carrier: Callable[[], Carrier]
    bell: Bell
    witness: Witness
    interval: timedelta = timedelta(minutes=30)
    lease: float = LEASE_SECONDS
    limits: Limits = field(default_factory=Limits)
    arxiv_api: str = ""
    seal: Seal | None = None
    keep: timedelta = timedelta(days=400)
    copies: Copies = field(init=False)
    window: Window = field(init=False)
    stock: Stock = field(default_factory=Stock)
    archive: Archive = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "copies", Copies(self.store, self.witness))
        object.__setattr__(self, "window", Window(self.store))
        object.__setattr__(self, "archive", Archive(self.store, self.window))

    def due_sources(self, now: datetime) -> list[int]:
        """The ids of the sources whose poll has come."""
        with self.store.read() as unit:
            return unit.sources.due(now)

    def collect(self, source_id: int, now: datetime) -> Collected:
        """Fetch and parse what is new at one source and let its papers arrive; never raises for a source's fault."""
        collected = Collector(self.store, self.client, self.interval).run(source_id, now)
        if collected.arrived:
            self.bell.compose()
        return collected

    def backfill(self, source: Source, days: Sequence[date], now: datetime) -> Iterator[Day]:
        """Read past days of a source (see `past_days`), one report each; days that were read are not asked for again.

        Their papers are no news for digests of those days. Raises FetchError or ParseError where a day cannot be read.
        """
        return Backfill(self.store, self.client).run(source, days, now)

    def enrich(self, now: datetime) -> Enriched:
        """Ask arXiv once a day what listings do not tell of their papers; any number of workers may call this."""
        return Enricher(self.store, self.client, self.arxiv_api).run(now)

    def compose(self, now: datetime, day: date | None = None, overdue: bool = False) -> Composed:
        """Compose every edition that is due: one delivery per subscriber and edition, whoever else composes too.

        With a `day` the edition of that local day is made for every active reader who has none, due or not. What was
        due more than two days ago waits for the reader's next one (`sweep`), or until `overdue` says that it is wanted.
        """
        composed = Composer(self.store, self.window, day, overdue, self.limits, self.bell.deliver).run(now)
        if overdue:
            with self.store.write() as unit:
                unit.deliveries.revive(now)
            self.bell.deliver()
        return composed

    def deliver(self, now: datetime, stop: Callable[[], bool] = lambda: False) -> Delivered:
        """Send what is ready until nothing is, the relay gives out, or `stop` says so (asked between two mails)."""
        sender = Sender(
            self.store, self.desk, self.carrier, self.lease, self.limits, self.seal, lambda: self.copies.look(now)
        )
        return sender.run(now, stop)

    def desk(self) -> Desk:
        """What renders claimed rows, laid out anew for each batch."""
        return Desk(self.store, self.window, self.renderer, self.signer, self.identity, self.stock)

    @property
    def reading(self) -> Reading:
        """Other ways to read what was mailed."""
        return Reading(self.store, self.desk, self.signer, self.identity)

    @property
    def drafts(self) -> Drafts:
        """Any mail of any reader, made and never sent."""
        return Drafts(self.store, self.window, Composer(self.store, self.window), self.desk)

    def sweep(self, now: datetime) -> dict[str, int]:
        """Take back what dead workers held, end pauses that are over, ring again for all that waits, and forget mails.

        What a clock that was ahead has put off is due again, and who has an edition that is old news is due with the
        next one. Mails that were composed longer ago than `keep` are deleted, some thousand with each sweep.
        """
        self.copies.look(now)
        make_up(self.store, now)
        with self.store.write() as unit:
            keep_time(unit, now)
            counts = unit.deliveries.sweep(now) | {"arrived": unit.papers.release(now)}
            counts["forgotten"] = unit.deliveries.forget(now - self.keep)
            rested = unit.subscribers.paused_until((now + editions.FURTHEST_EAST).date())
            for reader in (each for each in rested if editions.is_known(each.schedule)):
                if reader.paused_until and editions.local_day(reader.schedule, now) >= reader.paused_until:
                    # That day has its edition, also where its hour has passed by now.
                    first = editions.first_due(reader.schedule, reader.paused_until)
                    unit.subscribers.activate(reader.id, now, first, welcome=False)
                    unit.journal.note(reader.id, "resumed", now)
            waiting = unit.deliveries.is_due(now)
            due = unit.subscribers.any_due(now, now - editions.OVERDUE)
        if waiting:
            self.bell.deliver()
        if due:
            self.bell.compose()
        return counts

    def advice(
        self, keywords: Sequence[str], now: datetime, sources: frozenset[int] | None = None
    ) -> tuple[Advice, ...]:
        """What each keyword would have found in the last 30 days, and what is worth changing. Raises KeywordsError."""
        with self.store.read() as unit, self.window.open(unit, now) as view:
            return advise(view, parse_all(keywords), now, sources)

    def week(
        self,
        profiles: Sequence[Profile],
        schedule: Schedule,
        now: datetime,
        max_papers: int = 10,
        reader: Subscriber | None = None,
    ) -> Week:
        """The digests of the last seven days, and the next so far, as a reader of these profiles would have them.

        What `reader` has had is not in the next one. Raises KeywordsError or InputError for what no digest could be
        made of.
        """
        read = [replace(each, keywords=tuple(one.text for one in parse_all(each.keywords))) for each in profiles]
        editions.check_schedule(schedule)
        with self.store.read() as unit, self.window.open(unit, now) as view:
            own = [reader.id] if reader else []
            covered, before = unit.deliveries.covered(own, now - KNOWN, now), held_before(unit, view, own, now)
            had = [*chain(*(each.papers for each in covered.values()), *before.values())]
            return week(view, read, schedule, now, max_papers, had)

    def suggest(self, keywords: Sequence[str], now: datetime) -> tuple[Suggestion, ...]:
        """Other names of these topics, what goes with them, and what to ask instead. Raises KeywordsError."""
        with self.store.read() as unit, self.window.open(unit, now) as view:
            return Suggester.of(view, now).suggest(parse_all(keywords))

    def start(self, typed: str, now: datetime) -> Start:
        """Topics from up to ten papers, one per line: links, ids or titles."""
        with self.store.read() as unit, self.window.open(unit, now) as view:
            suggester = Suggester.of(view, now)
            named = starting.read_lines(unit, suggester, starting.lines(typed))
            found = starting.topics(suggester, named.papers)
            titles = tuple(each.title for each in named.papers)
            return Start(advise(view, parse_all(found), now), titles, named.unknown)

    def why(self, reader: Subscriber, named: str, now: datetime) -> Why:
        """Why this reader did not get a paper, named by a link, an id or its title, and what would mend it."""
        with self.store.read() as unit, self.window.open(unit, now) as view:
            return why(unit, view, reader, named, now)

    def preview(self, keywords: Sequence[str], now: datetime, days: int = 7, max_papers: int = 10) -> Preview:
        """What a digest over the last `days` would hold for these keywords; nothing is stored."""
        with self.store.read() as unit, self.window.open(unit, now) as view:
            return preview(view, parse_all(keywords), now - timedelta(days=days), max_papers)
