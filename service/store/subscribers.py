"""Subscribers and their profiles.

Comes in: nouns and times. Goes out: subscribers with everything composing needs, batch by batch, no query per reader.
Refuses to know: who may subscribe, what a link may do, when an edition is due (`editions` computes the times).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, union, update

from service.editions import OVERDUE
from service.model import Addressee, Profile, Schedule, Subscriber, SubscriberState
from service.store.deliveries import old_news
from service.store.moving import move
from service.store.profiles import profiles_of
from service.store.rosters import Rosters
from service.store.schedules import schedule_of, schedule_values
from service.store.statements import among, chunks, insert_new, raise_counter, walking_in_order
from service.store.tables import delivery, keyword, profile, profile_keyword, subscriber


@dataclass(frozen=True, slots=True)
class Due:
    """A subscriber whose edition has come. `changed_at` is when the profile was last edited; times are UTC.

    `welcomed` says that a first digest was composed since `confirmed_at`.
    """

    subscriber: Subscriber
    next_due_at: datetime
    changed_at: datetime
    welcomed: bool
    confirmed_at: datetime | None = None


# What a `Subscriber` is made of, and what makes it due: a row has twice as many columns, some of them slow to read.
_OWN = (
    *(subscriber.c[name] for name in ("id", "public_id", "email", "state", "timezone", "hour", "weekdays")),
    *(subscriber.c[name] for name in ("max_papers", "paused_until", "quiet_digest", "owner")),
)
_ADDRESSEE = tuple(subscriber.c[name] for name in Addressee._fields)
_DUE = (*_OWN, *(subscriber.c[name] for name in ("next_due_at", "changed_at", "welcomed", "confirmed_at")))

_STATES = {each.value: each for each in SubscriberState}


def _subscriber(
    profiles: Mapping[int, Sequence[Profile]],
    number: int,
    public_id: str,
    email: str,
    state: str,
    timezone: str,
    hour: int,
    weekdays: int,
    *rest: Any,
) -> Subscriber:
    """A row with the columns of `_OWN`; to ask it for each by name takes twice as long."""
    schedule, own = schedule_of(timezone, hour, weekdays), tuple(profiles.get(number, ()))
    return Subscriber(number, public_id, email, _STATES[state], schedule, own, *rest)


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Verbs of one unit of work."""

    connection: Connection

    def add(self, public_id: str, email: str, mailbox: str, schedule: Schedule, max_papers: int, now: datetime) -> int:
        """A pending subscriber without profiles; returns its id."""
        values: dict[str, Any] = {"public_id": public_id, "email": email, "mailbox": mailbox}
        values["state"] = SubscriberState.PENDING
        values |= {"max_papers": max_papers, "created_at": now, "changed_at": now} | schedule_values(schedule)
        return int(self.connection.execute(insert(subscriber).values(values).returning(subscriber.c.id)).scalar_one())

    def get(self, subscriber_id: int, *, hold: bool = False) -> Subscriber | None:
        """One subscriber by row, or None; with `hold` nobody else changes or erases them until the unit ends."""
        return self._first(subscriber.c.id == subscriber_id, hold)

    def by_public_id(self, public_id: str, *, hold: bool = False) -> Subscriber | None:
        """One subscriber by the name that links carry, or None."""
        return self._first(subscriber.c.public_id == public_id, hold)

    def by_mailbox(self, mailbox: str, *, hold: bool = False) -> Subscriber | None:
        """One subscriber by canonical address, or None."""
        return self._first(subscriber.c.mailbox == mailbox, hold)

    def all(self) -> list[Subscriber]:
        """Every subscriber, oldest first."""
        return self._load(self.connection.execute(select(*_OWN).order_by(subscriber.c.id)).all())

    def some(self, ids: Sequence[int]) -> dict[int, Subscriber]:
        """Subscribers by row, without their profiles: who sends what was chosen needs none."""
        found: dict[int, Subscriber] = {}
        for piece in chunks(ids):
            rows = self.connection.execute(select(*_OWN).where(subscriber.c.id.in_(piece))).all()
            found |= {each.id: each for each in self._load(rows, with_profiles=False)}
        return found

    def addressees(self, ids: Iterable[int]) -> dict[int, Addressee]:
        """Who mails go to, by row."""
        mine = among(self.connection, subscriber.c.id, ids)
        rows = self.connection.execute(select(*_ADDRESSEE).where(mine)).all()
        return {each[0]: Addressee(*each) for each in rows}

    def profiles(self, ids: Iterable[int]) -> dict[int, tuple[Profile, ...]]:
        """The profiles of each reader who has any."""
        return profiles_of(self.connection, ids)

    def keyword_rows(self, rows: Sequence[int] | None = None, after: int = 0) -> list[tuple[int, str]]:
        """These rows of the keyword table, or all that come `after` one, with their canonical texts."""
        columns = select(keyword.c.id, keyword.c.canonical)
        if rows is None:
            return [(number, text) for number, text in self.connection.execute(columns.where(keyword.c.id > after))]
        asked = [columns.where(keyword.c.id.in_(piece)) for piece in chunks(rows)]
        return [(number, text) for each in asked for number, text in self.connection.execute(each)]

    def counts(self) -> dict[str, int]:
        """How many subscribers are in each state."""
        rows = self.connection.execute(select(subscriber.c.state, func.count()).group_by(subscriber.c.state))
        return {row[0]: row[1] for row in rows}

    def due(
        self,
        now: datetime | None,
        limit: int,
        after: int = 0,
        since: datetime | None = None,
        *,
        profiles: bool = True,
    ) -> list[Due]:
        """Active subscribers whose next edition has come (None: all of them), in id order above `after`.

        With `since`, editions that were due before it are left out. They come without profiles where none are wanted.
        """
        come = (subscriber.c.state == SubscriberState.ACTIVE) & (subscriber.c.id > after)
        if now is not None:
            come &= subscriber.c.next_due_at <= now
        if since is not None:
            come &= subscriber.c.next_due_at >= since
        wanted, order = select(*_DUE).where(come).limit(limit), subscriber.c.id
        with walking_in_order(self.connection):
            # To look for a few in the order of their ids, all readers would be gone through: they are found by time.
            if now is not None and self._count(come, limit) < limit:
                order = subscriber.c.next_due_at
            rows = self.connection.execute(wanted.order_by(order)).all()
        # Their profiles are sorted, which PostgreSQL 17 believes so dear within that block that it compiles the query.
        return self._due(sorted(rows, key=lambda row: row[0]), profiles)

    def any_due(self, now: datetime, since: datetime) -> bool:
        """Whether any edition has come since then; where none has, hardly a row is read."""
        when = subscriber.c.next_due_at
        come = (subscriber.c.state == SubscriberState.ACTIVE) & (when >= since) & (when <= now)
        with walking_in_order(self.connection):
            return self.connection.scalar(select(subscriber.c.id).where(come).order_by(when).limit(1)) is not None

    def coming(self, subscriber_id: int) -> Due | None:
        """The next edition of one subscriber, whenever it is due; None while none is to come."""
        active = (subscriber.c.state == SubscriberState.ACTIVE) & subscriber.c.next_due_at.is_not(None)
        rows = self.connection.execute(select(*_DUE).where(active, subscriber.c.id == subscriber_id)).all()
        return next(iter(self._due(rows)), None)

    def overdue(self, now: datetime) -> int:
        """How many active subscribers have an edition that was due, or composed to go out, over 48 hours ago."""
        active = select(subscriber.c.id).where(subscriber.c.state == SubscriberState.ACTIVE)
        waiting = active.join(delivery).where(old_news(now))
        # Each by its own index: asked with OR, all subscribers were gone through.
        late = union(active.where(subscriber.c.next_due_at < now - OVERDUE), waiting).subquery()
        return self.connection.scalar(select(func.count()).select_from(late)) or 0

    def next_due(self, subscriber_id: int) -> datetime | None:
        """When this subscriber's next edition is due, in UTC."""
        return self.connection.scalar(select(subscriber.c.next_due_at).where(subscriber.c.id == subscriber_id))

    def all_due(self) -> dict[int, datetime | None]:
        """The same for everybody, by row."""
        rows = self.connection.execute(select(subscriber.c.id, subscriber.c.next_due_at))
        return {row.id: row.next_due_at for row in rows}

    def schedule_next(self, moves: Iterable[tuple[int, datetime, datetime]]) -> set[int]:
        """Move (id, from, to) due times; returns the ids that still stood at `from`: ours alone."""
        moved: set[int] = set()
        for piece in chunks(moves):
            moved |= move(self.connection, piece)
        return moved

    def activate(self, subscriber_id: int, now: datetime, next_due_at: datetime, welcome: bool) -> None:
        """Active from now on; `welcome` asks for the first digest."""
        values: dict[str, Any] = {"state": SubscriberState.ACTIVE, "next_due_at": next_due_at, "paused_until": None}
        if welcome:
            values |= {"confirmed_at": now, "welcomed": False}
        self._set(subscriber_id, values)

    def set_welcomed(self, ids: Iterable[int]) -> None:
        """Their first digest is composed."""
        for piece in chunks(ids):
            self.connection.execute(update(subscriber).where(subscriber.c.id.in_(piece)).values(welcomed=True))

    def set_state(self, subscriber_id: int, state: SubscriberState, paused_until: date | None = None) -> None:
        """Pending, paused, left or suppressed: nothing is due in these."""
        self._set(subscriber_id, {"state": state, "paused_until": paused_until, "next_due_at": None})

    def paused_until(self, day: date) -> list[Subscriber]:
        """Paused subscribers whose pause ends on this day or before, held: they may be leaving at this moment."""
        over = (subscriber.c.state == SubscriberState.PAUSED) & (subscriber.c.paused_until <= day)
        wanted = select(*_OWN).where(over).with_for_update(skip_locked=True, key_share=True)
        return self._load(self.connection.execute(wanted).all())

    def unconfirmed(self, before: datetime, limit: int) -> Sequence[int]:
        """The rows of some who last asked before a time and never confirmed, locked until the unit ends."""
        # Nothing is due for them: by that index they are found without looking at everybody.
        asked = (subscriber.c.state == SubscriberState.PENDING) & subscriber.c.next_due_at.is_(None)
        strangers = asked & subscriber.c.confirmed_at.is_(None) & (subscriber.c.changed_at < before)
        return self.connection.scalars(select(subscriber.c.id).where(strangers).limit(limit).with_for_update()).all()

    def reschedule(self, subscriber_id: int, schedule: Schedule, max_papers: int, next_due_at: datetime | None) -> None:
        """Change when and how much; an active subscriber's next due time comes with it."""
        values = {"max_papers": max_papers} | schedule_values(schedule)
        self._set(subscriber_id, values | ({"next_due_at": next_due_at} if next_due_at else {}))

    def set_quiet_digest(self, subscriber_id: int, wanted: bool) -> None:
        """Whether a mail comes on days without matches too."""
        self._set(subscriber_id, {"quiet_digest": wanted})

    def set_profiles(
        self, subscriber_id: int, profiles: Sequence[tuple[Profile, Sequence[str]]], now: datetime
    ) -> None:
        """Replace the profiles; each comes with the canonical texts of its keywords, in the same order."""
        self.connection.execute(delete(profile).where(profile.c.subscriber_id == subscriber_id))
        ids = self._keyword_ids({text for _, canonical in profiles for text in canonical})
        for position, (each, canonical) in enumerate(profiles):
            sources = sorted(each.sources) if each.sources is not None else None
            row = {"subscriber_id": subscriber_id, "position": position, "name": each.name, "sources": sources}
            row["replacements"] = each.replacements
            profile_id = self.connection.execute(insert(profile).values(row).returning(profile.c.id)).scalar_one()
            entries = [
                {"profile_id": profile_id, "position": n, "keyword_id": ids[text], "text": own}
                for n, (own, text) in enumerate(zip(each.keywords, canonical, strict=True))
            ]
            if entries:
                self.connection.execute(insert(profile_keyword), entries)
        self._set(subscriber_id, {"changed_at": now})
        Rosters(self.connection).mark(subscriber_id)

    def erase(self, subscriber_id: int) -> tuple[str, ...]:
        """Delete the row and, by cascade, profiles and deliveries; returns the keywords that go with it."""
        self.connection.execute(delete(subscriber).where(subscriber.c.id == subscriber_id))
        Rosters(self.connection).forget(subscriber_id)
        return self.forget_keywords()

    def forget_keywords(self, least: int = 1) -> tuple[str, ...]:
        """Delete what nobody holds, where it is so much; what somebody takes up at this moment is locked, and stays."""
        held = select(profile_keyword.c.keyword_id).where(profile_keyword.c.keyword_id == keyword.c.id).exists()
        free = self.connection.scalars(select(keyword.c.id).where(~held).with_for_update(skip_locked=True)).all()
        gone: list[str] = []
        for piece in chunks(free if len(free) >= least else ()):
            mine = delete(keyword).where(keyword.c.id.in_(piece), ~held).returning(keyword.c.canonical)
            gone += self.connection.scalars(mine)
        if gone:
            raise_counter(self.connection, "forgotten")
        return tuple(gone)

    def _set(self, subscriber_id: int, values: Mapping[str, Any]) -> None:
        self.connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(dict(values)))

    def _keyword_ids(self, texts: set[str]) -> dict[str, int]:
        """The rows of keywords, held until the end of the transaction: whoever erases meanwhile leaves them."""
        ids: dict[str, int] = {}
        while missing := sorted(texts - ids.keys()):
            for piece in chunks(missing):
                self.connection.execute(insert_new(self.connection, keyword), [{"canonical": text} for text in piece])
                known = select(keyword).where(keyword.c.canonical.in_(piece)).order_by(keyword.c.id)
                rows = self.connection.execute(known.with_for_update(read=True, key_share=True))
                ids.update({row.canonical: row.id for row in rows})
        return ids

    def _count(self, come: ColumnElement[bool], most: int) -> int:
        """How many are due, counted no further than `most`."""
        some = select(subscriber.c.id).where(come).order_by(subscriber.c.next_due_at).limit(most).subquery()
        return self.connection.scalar(select(func.count()).select_from(some)) or 0

    def _due(self, rows: Sequence[Sequence[Any]], with_profiles: bool = True) -> list[Due]:
        readers = self._load(rows, with_profiles)
        return [Due(each, *row[len(_OWN) :]) for row, each in zip(rows, readers, strict=True)]

    def _first(self, condition: ColumnElement[bool], hold: bool) -> Subscriber | None:
        wanted = select(*_OWN).where(condition).limit(1)
        # Rows of others that only refer to this one need not wait.
        wanted = wanted.with_for_update(key_share=True) if hold else wanted
        found = self._load(self.connection.execute(wanted).all())
        return found[0] if found else None

    def _load(self, rows: Sequence[Sequence[Any]], with_profiles: bool = True) -> list[Subscriber]:
        profiles = self.profiles([row[0] for row in rows]) if with_profiles else {}
        return [_subscriber(profiles, *row[: len(_OWN)]) for row in rows]
