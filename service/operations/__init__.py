"""What an operator does and sees: sources, subscribers, the local mailbox, whether everything is alive.

Comes in: URLs, addresses, names. Goes out: rows and summaries. Refuses to know: how a terminal or a page shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from service.deliveries import maildir
from service.errors import FetchError, InputError, ParseError
from service.model import Listing, Page, Subscriber
from service.operations import backups, picking
from service.operations.picking import Offer
from service.papers import named
from service.settings import Settings
from service.sources import advice, discovery, health, kinds, parse, saved
from service.sources.health import Standing
from service.sources.http import Client
from service.sources.text import fold
from service.store import Store
from service.store.deliveries import Delivery
from service.store.journal import BRAKE, DEMO
from service.store.sources import Source

RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand: papers, sources that fail, subscribers and deliveries by state, last signs of life.

    Of the deliveries those count that were composed within a day, and whatever is not over.
    """

    papers: int
    arrivals: int
    failing: tuple[Source, ...]
    subscribers: dict[str, int]
    deliveries: dict[str, int]
    beats: dict[str, datetime]
    hold: dict[str, str] | None = None
    overdue: int = 0
    concerns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Operations:
    """The use cases of whoever runs the service."""

    store: Store
    client: Client
    settings: Settings

    @property
    def mailbox_dir(self) -> Path | None:
        """The local mailbox, or None once a mail server is set."""
        return None if self.settings.smtp_url else self.settings.mailbox_dir

    def ensure_sources(self, now: datetime) -> None:
        """Begin with the sources of the settings; a source once removed by hand does not come back."""
        with self.store.write() as unit:
            for url in self.settings.sources:
                if unit.sources.find(url) is None:
                    unit.sources.add(url, kinds.recognise(url), now)

    def check(self, source: Source) -> Listing:
        """Read what a kept source says now. Raises FetchError, or ParseError also where its papers are gone."""
        expected = source.last_count
        try:
            listing = self.probe(source.url)
        except ParseError as error:
            raise health.emptied(source.url, 0, expected, error) or error from error
        if fault := health.emptied(source.url, len(listing.papers), expected):
            raise fault
        return listing

    def probe(self, url: str) -> Listing:
        """Read what a source says now, without keeping anything. Raises FetchError or ParseError."""
        if kinds.recognise(url) == "capture":
            if not saved.stands(url):
                raise FetchError(advice.refusal(url), False)
            return _all_of(saved.pages(url))
        problem: FetchError | ParseError | None = None
        for address in kinds.pages(url):
            try:
                return parse(self.client.visit(address))
            except (FetchError, ParseError) as error:
                problem = problem or error
        assert problem is not None, "a source has at least one address"
        raise problem

    def discover(self, url: str) -> tuple[str, Listing]:
        """Read a source, or the first feed with papers that a web page names; returns the address that was read.

        Raises FetchError or ParseError, of the page itself where none of its feeds can be read.
        """
        try:
            return url, self.probe(url)
        except ParseError as error:
            if kinds.recognise(url) == "capture":
                raise
            for feed in discovery.feeds(self.client.visit(url)):
                with suppress(FetchError, ParseError):
                    return feed, self.probe(feed)
            raise error from None

    def add_source(self, url: str, now: datetime) -> Source:
        """Keep a source and make it due; one that is kept under another spelling is the same."""
        address = kinds.canonical(url)
        with self.store.write() as unit:
            known = (each.url for each in unit.sources.all() if address in (kinds.canonical(each.url), each.moved_from))
            return unit.sources.add(next(known, address), kinds.recognise(url), now)

    def catalogue(self) -> list[Offer]:
        """Every category that readers may pick, and which of them are polled."""
        return picking.offers(self.store)

    def pick(self, codes: Iterable[str], now: datetime) -> frozenset[int]:
        """Have these categories polled for the profiles that name them; returns their sources. Raises InputError."""
        return picking.pick(self.store, codes, now)

    def sources(self) -> list[Source]:
        """Every source, in the order they were added."""
        with self.store.read() as unit:
            return unit.sources.all()

    def standings(self, now: datetime) -> list[tuple[Source, Standing]]:
        """Every source that is read and how it stands: failing, stale, short, or as it usually is."""
        with self.store.read() as unit:
            watched = unit.sources.watched(now - timedelta(weeks=health.WEEKS + 1))
        return [(source, health.standing(source, counts, now)) for source, counts in watched]

    def concerns(self, now: datetime) -> dict[int, str]:
        """What is unlike other weeks at each source that polls well, by its id: stale and short sources."""
        found = self.standings(now)
        return {source.id: standing.why for source, standing in found if standing.why and not source.failures}

    def wake(self, now: datetime) -> list[int]:
        """Make every active source due at once; returns their ids."""
        with self.store.write() as unit:
            ids = [source.id for source in unit.sources.all() if source.active]
            for source_id in ids:
                unit.sources.wake(source_id, now)
        return ids

    def source(self, url_or_id: str) -> Source:
        """One source by its address, in any spelling, or its number. Raises InputError where there is none such."""
        address = kinds.canonical(url_or_id)
        for each in self.sources():
            if url_or_id == str(each.id) or address == kinds.canonical(each.url):
                return each
        raise InputError(f"there is no source {url_or_id}; `paperround source list` shows them all")

    def remove_source(self, url_or_id: str) -> Source:
        """Poll a source no more; its papers stay. Raises InputError where there is none such."""
        found = self.source(url_or_id)
        with self.store.write() as unit:
            unit.sources.remove(found.id)
        return found

    def subscribers(self) -> list[tuple[Subscriber, datetime | None]]:
        """Every subscriber, oldest first, with the time the next edition is due."""
        with self.store.read() as unit:
            due = unit.subscribers.all_due()
            return [(each, due[each.id]) for each in unit.subscribers.all()]

    def history(self, reader: Subscriber) -> tuple[list[Delivery], list[dict[str, Any]]]:
        """One subscriber's deliveries, newest first, and events, oldest first."""
        with self.store.read() as unit:
            return unit.deliveries.of(reader.id), unit.journal.events(reader.id)

    def hold(self, why: str, now: datetime) -> str:
        """Begin no mail until `release`, on any machine; mails keep being composed and wait. Returns the reason.

        What senders have claimed is taken back, so that they begin nothing once this has returned.
        What is on hold already keeps its reason where none is given.
        """
        with self.store.write() as unit:
            before = unit.journal.flag(BRAKE)
            if before and not why:
                return str(before["why"])
            why = why or "by hand"
            unit.journal.set_flag(BRAKE, {"since": now.isoformat(timespec="seconds"), "why": why})
            unit.deliveries.recall()
            unit.journal.note(None, "held", now, why=why)
        return why

    def held(self) -> str:
        """Since when (UTC) and why no mail is begun; nothing where mails go out."""
        with self.store.read() as unit:
            flag = unit.journal.flag(BRAKE)
        return f"since {flag['since']}: {flag['why']}" if flag else ""

    def release(self, now: datetime) -> bool:
        """End a hold; says whether there was one."""
        with self.store.write() as unit:
            held = bool(unit.journal.flag(BRAKE))
            unit.journal.set_flag(BRAKE, None)
            unit.journal.note(None, "released", now)
        return held

    def hide_paper(self, number: str, now: datetime) -> str:
        """Take one paper out of every mail to come, by its id or a link to it; returns its title. Raises InputError."""
        with self.store.write() as unit:
            found = unit.papers.find({fold(number), *named(fold(number), unit.sources.addresses())})
            for stored in found:
                unit.papers.hide(stored.id)
                unit.journal.note(None, "paper hidden", now, paper=stored.id)
            # What senders have read already, and maybe rendered, is read once more.
            unit.deliveries.recall()
        if not found:
            raise InputError(
                f"there is no paper {number}; name it as `paperround parse` does, such as arxiv:2501.12345"
            )
        return found[0].paper.title

    def backup(self, file: Path, now: datetime) -> None:
        """Copy the database while it is in use, see `backups`. Raises StoreError."""
        backups.backup(self.store, file, now)

    def restore(self, file: Path, now: datetime) -> None:
        """Bring a copy back where no database is, on hold, see `backups`. Raises StoreError."""
        backups.restore(self.store, file, now)

    def lend(self) -> None:
        """Bring the database to this release for a demo, which puts sources away and sends to whoever is due.

        Raises InputError where it is a service's: not made for a demo, or a beat has been at work in it since.
        """
        made = self.store.ready()
        if made:
            with self.store.read() as unit:
                ours = bool(unit.journal.flag(DEMO)) and "beat" not in unit.journal.beats()
            if not ours:
                raise InputError(
                    f"{self.settings.data_dir} holds the data of a service, and a demo would put its sources away "
                    "and take the mails of its readers; name another folder"
                )
        self.store.migrate()
        if not made:
            with self.store.write() as unit:
                unit.journal.set_flag(DEMO, True)

    def heartbeat(self, name: str, now: datetime) -> None:
        """A process or a tick says that it is alive."""
        with self.store.write() as unit:
            unit.journal.beat(name, now)

    def healthy(self) -> None:
        """Touch the database. Raises StoreError."""
        with self.store.read() as unit:
            unit.journal.ping()

    def status(self, now: datetime) -> Status:
        """How things stand; `concerns` names sources that poll well and bring less than usual."""
        unusual = self.concerns(now)
        with self.store.read() as unit:
            return Status(
                unit.papers.count(),
                unit.papers.last_arrival(),
                tuple(source for source in unit.sources.all() if source.active and source.failures),
                unit.subscribers.counts(),
                unit.deliveries.states(now - RECENT),
                unit.journal.beats(),
                unit.journal.flag(BRAKE),
                unit.subscribers.overdue(now),
                tuple((each.url, unusual[each.id]) for each in unit.sources.all() if each.id in unusual),
            )

    def mailbox(self) -> Sequence[maildir.Summary]:
        """The mails of the local mailbox, newest first; empty once a mail server is set."""
        return maildir.letters(self.mailbox_dir) if self.mailbox_dir else ()

    def mail(self, name: str) -> maildir.Letter | None:
        """One mail of the local mailbox, or None where there is none such."""
        return maildir.letter(self.mailbox_dir, name) if self.mailbox_dir else None


def _all_of(pages: Sequence[Page]) -> Listing:
    """What saved pages hold together; one that cannot be read counts as skipped. Raises ParseError where none can."""
    found: list[Listing] = []
    faults: list[ParseError] = []
    for page in pages:
        try:
            found.append(parse(page))
        except ParseError as error:
            faults.append(ParseError(f"{page.url.rpartition('/')[2]}: {error}", error.looked_like))
    if faults and not found:
        raise faults[0]
    skipped = sum(each.skipped for each in found) + len(faults)
    papers = tuple(paper for each in found for paper in each.papers)
    return Listing(papers, skipped, unread=str(faults[0]) if faults else "")
