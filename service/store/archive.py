"""Papers by the day they were news: what anybody may look at, long after the window has closed.

Comes in: days, places. Goes out: places and paper ids, newest first or most liked first. Refuses to know: keywords,
pages. A paper has a day once it has arrived through a source that everybody reads: the one a listing dates it, else
that of the arrival. Hidden papers and those that turned out to be another have no place here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, or_, select, update

from service.store.statements import chunks
from service.store.tables import paper, paper_text, source

_SHOWN = paper.c.day.is_not(None) & paper.c.hidden.is_(False) & paper.c.merged_into.is_(None)


class Place(NamedTuple):
    """Where a paper stands: newer days first, and within a day what came last."""

    day: date
    paper_id: int


@dataclass(frozen=True, slots=True)
class Archive:
    """Verbs of one unit of work."""

    connection: Connection

    def count(self, day: date) -> int:
        """How many papers were news on a day."""
        return self.connection.scalar(select(func.count()).select_from(paper).where(_SHOWN, paper.c.day == day)) or 0

    def liked(self, day: date, skip: int, most: int) -> list[int]:
        """The papers of a day, most upvotes first."""
        votes = func.coalesce(paper.c.upvotes, 0).desc()
        rows = select(paper.c.id).where(_SHOWN, paper.c.day == day).order_by(votes, paper.c.id)
        return list(self.connection.scalars(rows.offset(skip).limit(most)))

    def around(self, day: date) -> tuple[date | None, date | None]:
        """The nearest days before and after that have papers."""
        before = self.connection.scalar(select(func.max(paper.c.day)).where(_SHOWN, paper.c.day < day))
        after = self.connection.scalar(select(func.min(paper.c.day)).where(_SHOWN, paper.c.day > day))
        return before, after

    def since(self, day: date) -> list[Place]:
        """Every place after a day, in order."""
        rows = select(paper.c.day, paper.c.id).where(_SHOWN, paper.c.day > day)
        return [Place(row.day, row.id) for row in self.connection.execute(_ordered(rows))]

    def behind(self, place: Place, most: int, day: date | None = None) -> list[Place]:
        """The next places behind one, in order; those of one `day` alone where it is given."""
        later = or_(paper.c.day < place.day, and_(paper.c.day == place.day, paper.c.id < place.paper_id))
        wanted = later if day is None else later & (paper.c.day == day)
        rows = _ordered(select(paper.c.day, paper.c.id).where(_SHOWN, wanted)).limit(most)
        return [Place(row.day, row.id) for row in self.connection.execute(rows)]

    def seen(self, ids: Sequence[int]) -> dict[int, datetime]:
        """When we first saw each of these papers."""
        rows = self.connection.execute(select(paper.c.id, paper.c.created_at).where(paper.c.id.in_(ids)))
        return {row.id: row.created_at for row in rows}


def _ordered(rows: Select[Any]) -> Select[Any]:
    return rows.order_by(paper.c.day.desc(), paper.c.id.desc())


def arrived(connection: Connection, source_id: int, ids: Iterable[int], now: datetime) -> None:
    """Papers arrived through a source: those without a day have one now, where everybody reads it."""
    if not connection.scalar(select(source.c.common).where(source.c.id == source_id)):
        return
    for piece in chunks(sorted(set(ids))):
        rows = connection.execute(
            select(paper.c.id, paper_text.c.body)
            .join(paper_text, (paper_text.c.paper_id == paper.c.id) & (paper_text.c.revision == paper.c.revision))
            .where(paper.c.id.in_(piece), paper.c.day.is_(None))
        ).all()
        for row in rows:
            listed = row.body.get("listed")
            day = date.fromisoformat(listed) if listed else now.date()
            connection.execute(update(paper).where(paper.c.id == row.id).values(day=day))


def listed(connection: Connection, paper_id: int, day: date) -> None:
    """A listing dates a paper that has a day already."""
    connection.execute(update(paper).where(paper.c.id == paper_id, paper.c.day.is_not(None)).values(day=day))


def absorbed(connection: Connection, old: int, new: int) -> None:
    """`old` turned out to be `new`, which has a day if either had one."""
    day = select(paper.c.day).where(paper.c.id == old).scalar_subquery()
    connection.execute(update(paper).where(paper.c.id == new, paper.c.day.is_(None)).values(day=day))
