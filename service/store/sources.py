"""Sources and what their pages answered last.

Comes in: URLs, outcomes of a fetch. Goes out: rows that are due. Refuses to know: how a source is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Text, cast, delete, func, select, update

from service.model import RUNNING
from service.store.journal import MADE_COMMON, Journal
from service.store.statements import insert_new, upsert, utc_day
from service.store.tables import arrival, page, profile, source, subscriber


@dataclass(frozen=True, slots=True)
class Source:
    """Something we poll. Times are UTC; `failures` counts the polls in a row that failed.

    One that is not `common` was picked from the catalogue: it is polled and read for the profiles that name it.
    `moved_from` is its address before a redirect for good; `every` are the seconds it asks for between two polls.
    """

    id: int
    url: str
    kind: str
    active: bool
    created_at: datetime
    next_poll_at: datetime
    filled: bool
    failures: int
    last_ok_at: datetime | None
    last_error: str
    last_count: int
    common: bool = True
    moved_from: str = ""
    every: int = 0


@dataclass(frozen=True, slots=True)
class Sources:
    """Verbs of one unit of work."""

    connection: Connection

    def add(self, url: str, kind: str, now: datetime) -> Source:
        """Keep a source and make it due at once; one that was there stays as it is, switched on again."""
        row = {"url": url, "kind": kind, "created_at": now, "next_poll_at": now, "active": True}
        self.connection.execute(insert_new(self.connection, source), row)
        picked = update(source).where(source.c.url == url, source.c.common.is_(False)).values(common=True)
        if self.connection.execute(picked).rowcount:
            # What it told of while few read it must not hide what others tell everybody of.
            Journal(self.connection).set_flag(MADE_COMMON, now.isoformat())
        self.connection.execute(update(source).where(source.c.url == url).values(active=True))
        return self._one(source.c.url == url)

    def pick(self, url: str, kind: str, now: datetime) -> Source:
        """Have a source polled for the profiles that name it; one that is polled already stays as it is."""
        row = {"url": url, "kind": kind, "created_at": now, "next_poll_at": now, "active": False, "common": False}
        self.connection.execute(insert_new(self.connection, source), row)
        resting = (source.c.url == url) & (source.c.active.is_(False) | source.c.common.is_(False))
        values = {"active": True, "common": False, "next_poll_at": now}
        self.connection.execute(update(source).where(resting).values(values))
        return self._one(source.c.url == url)

    def wanted(self, source_id: int) -> bool:
        """Whether anyone reads it: it is common, or the profile of a running subscription names it."""
        if self.connection.scalar(select(source.c.common).where(source.c.id == source_id)):
            return True
        # JSON arrays of numbers are written alike on both databases: "[1, 5]" becomes ", 1, 5,".
        listed = func.replace(func.replace(cast(profile.c.sources, Text), "[", ", "), "]", ",")
        running = subscriber.c.state.in_(RUNNING)
        named = select(profile.c.id).join(subscriber).where(running, listed.contains(f", {source_id},"))
        return self.connection.execute(named.limit(1)).first() is not None

    def uncommon(self) -> frozenset[int]:
        """The ids of sources that only the profiles read which name them."""
        return frozenset(self.connection.scalars(select(source.c.id).where(source.c.common.is_(False))))

    def get(self, source_id: int) -> Source | None:
        """One source, or None."""
        row = self.connection.execute(select(source).where(source.c.id == source_id)).first()
        return Source(**row._mapping) if row else None

    def find(self, url: str) -> Source | None:
        """The source that has this URL, or had it before it moved; or None."""
        known = (source.c.url == url) | (source.c.moved_from == url)
        row = self.connection.execute(select(source).where(known).order_by(source.c.url != url)).first()
        return Source(**row._mapping) if row else None

    def all(self) -> list[Source]:
        """Every source in the order they were added."""
        return [Source(**row._mapping) for row in self.connection.execute(select(source).order_by(source.c.id))]

    def addresses(self) -> list[str]:
        """Where papers were seen: every source's address, and the one from which it moved."""
        return [url for each in self.all() for url in (each.url, each.moved_from) if url]

    def due(self, now: datetime) -> list[int]:
        """The ids of active sources whose next poll has come, longest waiting first."""
        due = source.c.active.is_(True) & (source.c.next_poll_at <= now)
        return list(self.connection.scalars(select(source.c.id).where(due).order_by(source.c.next_poll_at)))

    def take(self, source_id: int, now: datetime, until: datetime) -> bool:
        """Take the poll that is due, so that of two workers only one fetches; says whether it is ours."""
        mine = (source.c.id == source_id) & source.c.active.is_(True) & (source.c.next_poll_at <= now)
        return bool(self.connection.execute(update(source).where(mine).values(next_poll_at=until)).rowcount)

    def wake(self, source_id: int, now: datetime) -> None:
        """Make a source due at once."""
        self.connection.execute(update(source).where(source.c.id == source_id).values(next_poll_at=now))

    def move(self, source_id: int, url: str, kind: str) -> bool:
        """Poll it at another address from now on; False where that is a source of its own already."""
        if self.find(url) is not None:
            return False
        moved = update(source).where(source.c.id == source_id)
        self.connection.execute(moved.values(moved_from=source.c.url, url=url, kind=kind))
        return True

    def polled(self, source_id: int, now: datetime, next_poll_at: datetime, papers: int, every: int = 0) -> None:
        """A poll went well and its page held so many papers; `every` as in Source."""
        values = {
            "failures": 0,
            "last_error": "",
            "last_ok_at": now,
            "last_count": papers,
            "next_poll_at": next_poll_at,
            "every": every,
        }
        self.connection.execute(update(source).where(source.c.id == source_id).values(filled=True, **values))

    def failed(self, source_id: int, next_poll_at: datetime, error: str) -> None:
        """A poll failed; what went wrong is kept in one sentence."""
        values = {"failures": source.c.failures + 1, "last_error": error[:500], "next_poll_at": next_poll_at}
        self.connection.execute(update(source).where(source.c.id == source_id).values(values))

    def remove(self, source_id: int, error: str = "") -> None:
        """Poll it no more; its papers and arrivals stay. `error` says why, where nobody asked for it."""
        self.connection.execute(delete(page).where(page.c.source_id == source_id))
        self.connection.execute(
            update(source).where(source.c.id == source_id).values(active=False, last_error=error[:500])
        )

    def validators(self, url: str) -> tuple[str, str]:
        """ETag and Last-Modified of the last good answer at this address, each possibly empty."""
        row = self.connection.execute(select(page.c.etag, page.c.last_modified).where(page.c.url == url)).first()
        return (row.etag, row.last_modified) if row else ("", "")

    def answers(self, urls: Sequence[str]) -> dict[str, tuple[datetime, int]]:
        """When each of these addresses last gave its page, and how many papers that held."""
        rows = self.connection.execute(select(page).where(page.c.url.in_(urls)))
        return {row.url: (row.fetched_at, row.papers) for row in rows}

    def daily(self, since: datetime) -> dict[int, dict[date, int]]:
        """How many papers arrived through each source on each day (UTC) since then."""
        day = utc_day(self.connection, arrival.c.at)
        rows = self.connection.execute(
            select(arrival.c.source_id, day.label("day"), func.count().label("papers"))
            .where(arrival.c.at >= since)
            .group_by(arrival.c.source_id, day)
        )
        found: dict[int, dict[date, int]] = {}
        for row in rows:
            found.setdefault(row.source_id, {})[date.fromisoformat(str(row.day))] = row.papers
        return found

    def watched(self, since: datetime) -> list[tuple[Source, dict[date, int]]]:
        """The sources that are polled for somebody, each with its papers by day since then."""
        daily = self.daily(since)
        return [(each, daily.get(each.id, {})) for each in self.all() if each.active and self.wanted(each.id)]

    def read_page(self, source_id: int, url: str, validators: tuple[str, str], papers: int, now: datetime) -> None:
        """Remember a page whose papers are stored; in the same transaction, or a crash could skip them."""
        values = {"url": url, "source_id": source_id, "etag": validators[0], "last_modified": validators[1]}
        values |= {"fetched_at": now, "papers": papers}
        self.connection.execute(upsert(self.connection, page, values, ("url",)))

    def _one(self, condition: ColumnElement[bool]) -> Source:
        row = self.connection.execute(select(source).where(condition)).one()
        return Source(**row._mapping)
