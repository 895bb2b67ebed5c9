"""Papers, their keys and their arrivals.

Comes in: the papers of one page. Goes out: rows with one identity over versions and sources, arrivals in order.
Refuses to know: how identity is judged (`service.papers` does).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from service import papers as identity
from service.model import ArrivalKind, Paper, StoredPaper
from service.store import archive
from service.store.arrivals import SURVIVOR, alike, arrive, replaced_again
from service.store.records import dump, load
from service.store.statements import among, chunks, insert_new, raise_counter
from service.store.tables import arrival, counter, paper, paper_key, paper_text, waiting

# A paper whose source never gives an abstract arrives after this time, with its title as all the text it has.
PATIENCE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One arrival: the paper through this source, with its gapless number."""

    number: int
    paper_id: int
    source_id: int
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Papers:
    """Verbs of one unit of work."""

    connection: Connection

    def add(
        self, source_id: int, source_url: str, found: Sequence[Paper], now: datetime, at: datetime | None = None
    ) -> int:
        """Store what one page told; returns how many papers arrived by it, at `at` where that was another time.

        Takes the lock that numbers arrivals, so that two collectors never judge the same paper at once.
        """
        at = at or now
        changed = raise_counter(self.connection, "change")
        known = self._by_key({key for each in found for key in identity.keys(each, source_url)})
        arrivals: list[tuple[int, str]] = []
        for each in found:
            paper_id, text = self._place(each, source_url, known, changed, at)
            if text.abstract:
                arrivals.append((paper_id, each.kind))
            else:
                self._wait(paper_id, source_id, each.kind, at)
        return arrive(self.connection, source_id, self._surviving(arrivals), at) + self.release(now)

    def tell(self, found: Sequence[Paper], now: datetime) -> int:
        """Store more about papers, without any arrival by it; returns how many waited for just that and arrive now."""
        changed = raise_counter(self.connection, "change")
        known = self._by_key({key for each in found for key in identity.keys(each)})
        for each in found:
            self._place(each, "", known, changed, now)
        return self.release(now)

    def known(self, keys: Iterable[str]) -> dict[str, int]:
        """Those of the keys that are somebody's, with the paper that owns each."""
        return self._by_key(set(keys))

    def release(self, now: datetime) -> int:
        """Let papers arrive that waited for an abstract and have one now, or have waited for PATIENCE."""
        rows = self.connection.execute(
            select(waiting.c.source_id, waiting.c.paper_id, waiting.c.kind, waiting.c.since, paper_text.c.body)
            .join(paper, paper.c.id == waiting.c.paper_id)
            .join(paper_text, (paper_text.c.paper_id == paper.c.id) & (paper_text.c.revision == paper.c.revision))
            .order_by(waiting.c.since, waiting.c.paper_id)
        ).all()
        ripe = [row for row in rows if row.body.get("abstract") or row.since <= now - PATIENCE]
        count = 0
        for row in ripe:
            at = row.since if row.kind == ArrivalKind.PAST else now
            count += arrive(self.connection, row.source_id, [(row.paper_id, row.kind)], at)
            gone = (
                (waiting.c.paper_id == row.paper_id)
                & (waiting.c.source_id == row.source_id)
                & (waiting.c.kind == row.kind)
            )
            self.connection.execute(delete(waiting).where(gone))
        return count

    def change_number(self) -> int:
        """Rises whenever any paper is added or changed; equal numbers mean equal papers."""
        return self.connection.scalar(select(counter.c.value).where(counter.c.name == "change")) or 0

    def changed_after(self, number: int) -> list[int]:
        """The papers added or changed since the change number was `number`."""
        return list(self.connection.scalars(select(paper.c.id).where(paper.c.changed > number)))

    def counted(self, first: int) -> dict[int, tuple[int | None, int | None]]:
        """Upvotes and stars of the papers from this id on that have any: they change without any change of a paper."""
        row = paper.c
        some = (row.id >= first) & (row.upvotes.is_not(None) | row.stars.is_not(None))
        found = self.connection.execute(select(row.id, row.upvotes, row.stars).where(some))
        return {each.id: (each.upvotes, each.stars) for each in found}

    def last_arrival(self) -> int:
        """The highest arrival number; everything up to it is committed."""
        return self.connection.scalar(select(counter.c.value).where(counter.c.name == "arrival")) or 0

    def arrivals(self, since: datetime, after: int = 0) -> list[Arrived]:
        """The arrivals at or after `since` whose number is above `after`, in order, under the surviving papers' ids."""
        rows = self.connection.execute(
            select(SURVIVOR, arrival.c.number, arrival.c.source_id, arrival.c.kind, arrival.c.at)
            .join(paper, paper.c.id == arrival.c.paper_id)
            .where(arrival.c.at >= since, arrival.c.number > after)
            .order_by(arrival.c.number)
        )
        return [Arrived(row.number, row.survivor, row.source_id, row.kind, row.at) for row in rows]

    def get(self, ids: Iterable[int]) -> dict[int, StoredPaper]:
        """Papers by id, at their newest revision; hidden and merged ones are left out."""
        found: dict[int, StoredPaper] = {}
        for piece in chunks(sorted(set(ids))):
            rows = self.connection.execute(
                select(paper, paper_text.c.body)
                .join(paper_text, (paper_text.c.paper_id == paper.c.id) & (paper_text.c.revision == paper.c.revision))
                .where(paper.c.id.in_(piece), paper.c.hidden.is_(False), paper.c.merged_into.is_(None))
            )
            for row in rows:
                found[row.id] = StoredPaper(row.id, row.revision, load(row.body, row.upvotes, row.stars))
        return found

    def at_revision(self, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Paper]:
        """The texts of papers as they stood: what a frozen delivery row names. Upvotes are not part of a text."""
        pairs = set(wanted)
        found: dict[tuple[int, int], Paper] = {}
        for piece in chunks(sorted({paper_id for paper_id, _ in pairs})):
            for row in self.connection.execute(select(paper_text).where(paper_text.c.paper_id.in_(piece))):
                if (row.paper_id, row.revision) in pairs:
                    found[row.paper_id, row.revision] = load(row.body)
        return found

    def merged(self, after: int = 0) -> dict[int, int]:
        """Papers that turned out to be another, since the change number was `after`: old id → surviving id."""
        gone = paper.c.merged_into.is_not(None) & (paper.c.changed > after)
        return {
            row.id: row.merged_into
            for row in self.connection.execute(select(paper.c.id, paper.c.merged_into).where(gone))
        }

    def earlier(self, ids: Iterable[int], before: datetime) -> list[Arrived]:
        """The arrivals of these papers before a time, in any order, under the surviving papers' ids."""
        found: list[Arrived] = []
        old = select(SURVIVOR, arrival.c.number, arrival.c.source_id, arrival.c.kind, arrival.c.at)
        old = old.join(paper, paper.c.id == arrival.c.paper_id).where(arrival.c.at < before)
        for piece in chunks(ids):
            rows = self.connection.execute(old.where(arrival.c.paper_id.in_(piece)))
            found += [Arrived(row.number, row.survivor, row.source_id, row.kind, row.at) for row in rows]
        return found

    def hide(self, paper_id: int) -> None:
        """Keep a paper out of every mail not begun yet."""
        changed = raise_counter(self.connection, "change")
        self.connection.execute(update(paper).where(paper.c.id == paper_id).values(hidden=True, changed=changed))

    def find(self, keys: set[str]) -> list[StoredPaper]:
        """The papers that own any of these identity keys."""
        return list(self._any(list(dict.fromkeys(self._by_key(keys).values()))).values())

    def hidden(self, ids: Iterable[int]) -> set[int]:
        """Those of `ids` that are kept out of every mail, and those that turned out to be one that is."""
        if not (asked := set(ids)):
            return set()
        survivor = paper.alias()
        both = paper.outerjoin(survivor, survivor.c.id == paper.c.merged_into)
        away = among(self.connection, paper.c.id, asked) & (paper.c.hidden | survivor.c.hidden)
        return set(self.connection.scalars(select(paper.c.id).select_from(both).where(away)))

    def count(self) -> int:
        """How many papers there are."""
        return self.connection.scalar(select(func.count()).select_from(paper).where(paper.c.merged_into.is_(None))) or 0

    def _surviving(self, arrivals: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """A later entry of the same page may have shown that two earlier ones are one paper."""
        ids = sorted({paper_id for paper_id, _ in arrivals})
        rows = [
            row for piece in chunks(ids) for row in self.connection.execute(select(paper).where(paper.c.id.in_(piece)))
        ]
        merged = {row.id: row.merged_into for row in rows if row.merged_into is not None}
        return [(merged.get(paper_id, paper_id), kind) for paper_id, kind in arrivals]

    def _by_key(self, keys: set[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for piece in chunks(sorted(keys)):
            rows = self.connection.execute(select(paper_key).where(paper_key.c.key.in_(piece)))
            found.update({row.key: row.paper_id for row in rows})
        return found

    def _place(
        self, each: Paper, source_url: str, known: dict[str, int], changed: int, now: datetime
    ) -> tuple[int, Paper]:
        """Find the rows this paper is, join them where they are several, and keep the best of each."""
        keys = identity.keys(each, source_url)
        same = self._same(each, list(dict.fromkeys(known[key] for key in keys if key in known)))
        if not same:
            paper_id, text = self._create(each, changed, now), each
        else:
            paper_id, text = same[0].id, self._update(same, each, changed)
        for absorbed in same[1:]:
            self._absorb(absorbed.id, paper_id, changed)
            known.update({key: paper_id for key, owner in known.items() if owner == absorbed.id})
        self._own(paper_id, identity.keys(text, source_url) + keys, known)
        return paper_id, text

    def _same(self, each: Paper, candidates: list[int]) -> list[StoredPaper]:
        stored = self._any(candidates)
        return [
            stored[number] for number in candidates if number in stored and identity.same(stored[number].paper, each)
        ]

    def _any(self, ids: Sequence[int]) -> dict[int, StoredPaper]:
        if not ids:
            return {}
        rows = self.connection.execute(
            select(paper, paper_text.c.body)
            .join(paper_text, (paper_text.c.paper_id == paper.c.id) & (paper_text.c.revision == paper.c.revision))
            .where(paper.c.id.in_(ids))
        )
        return {row.id: StoredPaper(row.id, row.revision, load(row.body, row.upvotes, row.stars)) for row in rows}

    def _create(self, each: Paper, changed: int, now: datetime) -> int:
        values: dict[str, Any] = {"changed": changed, "upvotes": each.upvotes, "stars": each.stars, "created_at": now}
        paper_id = self.connection.execute(insert(paper).values(values).returning(paper.c.id)).scalar_one()
        self.connection.execute(insert(paper_text).values(paper_id=paper_id, revision=1, body=dump(each)))
        return int(paper_id)

    def _update(self, same: list[StoredPaper], each: Paper, changed: int) -> Paper:
        stored = same[0]
        text = stored.paper
        for other in same[1:]:
            text = identity.merge(text, other.paper)
        text = identity.merge(text, each)
        values: dict[str, Any] = {"upvotes": text.upvotes, "stars": text.stars}
        if dump(text) != dump(stored.paper):
            values |= {"revision": stored.revision + 1, "changed": changed}
            body = {"paper_id": stored.id, "revision": stored.revision + 1, "body": dump(text)}
            self.connection.execute(insert(paper_text).values(body))
            if each.kind is ArrivalKind.REPLACE and (each.version or 0) > (stored.paper.version or 0):
                replaced_again(self.connection, stored.id)
            if text.listed and text.listed != stored.paper.listed:
                archive.listed(self.connection, stored.id, text.listed)
        if (text.upvotes, text.stars) != (stored.paper.upvotes, stored.paper.stars) or "revision" in values:
            self.connection.execute(update(paper).where(paper.c.id == stored.id).values(values))
        return replace(text, kind=each.kind)

    def _absorb(self, old: int, new: int, changed: int) -> None:
        """`old` turned out to be `new`: keys move over, arrivals count for `new`, frozen rows keep its texts."""
        self.connection.execute(update(paper_key).where(paper_key.c.paper_id == old).values(paper_id=new))
        for row in self.connection.execute(select(waiting).where(waiting.c.paper_id == old)).all():
            moved = {"paper_id": new, "source_id": row.source_id, "kind": row.kind, "since": row.since}
            self.connection.execute(insert_new(self.connection, waiting), moved)
        self.connection.execute(delete(waiting).where(waiting.c.paper_id == old))
        archive.absorbed(self.connection, old, new)
        gone = (paper.c.id == old) | (paper.c.merged_into == old)
        self.connection.execute(update(paper).where(gone).values(merged_into=new, changed=changed))
        self.connection.execute(update(paper).where(paper.c.id == new).values(changed=changed))

    def _own(self, paper_id: int, keys: Iterable[str], known: dict[str, int]) -> None:
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            rows = [{"key": key, "paper_id": paper_id} for key in new]
            self.connection.execute(insert_new(self.connection, paper_key), rows)
            known.update(dict.fromkeys(new, paper_id))

    def _wait(self, paper_id: int, source_id: int, kind: str, now: datetime) -> None:
        arrived = select(arrival.c.number).where(
            arrival.c.paper_id == paper_id, arrival.c.source_id == source_id, arrival.c.kind.in_(alike(kind))
        )
        if self.connection.execute(arrived).first() is None:
            row = {"paper_id": paper_id, "source_id": source_id, "kind": kind, "since": now}
            self.connection.execute(insert_new(self.connection, waiting), row)
