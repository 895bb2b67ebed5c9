"""Papers that a source only listed, and what arXiv says of them.

Comes in: what arXiv answered. Goes out: the ids still to be asked about. Refuses to know: how arXiv is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from service import papers as identity
from service.model import Paper
from service.store.papers import Papers
from service.store.statements import chunks
from service.store.tables import arrival, paper, paper_key, waiting

_SPACE = "arxiv:"


@dataclass(frozen=True, slots=True)
class Enrichment:
    """Verbs of one unit of work."""

    connection: Connection

    def wanting(self, since: datetime, sources: Iterable[int], limit: int) -> list[str]:
        """The arXiv ids, newest first, of papers that came from these sources since then and were not asked about."""
        mine = list(sources)
        named = paper_key.c.key.startswith(_SPACE) & (paper_key.c.paper_id == paper.c.id)
        fresh = paper.c.enriched_at.is_(None) & (paper.c.created_at >= since) & paper.c.merged_into.is_(None)
        seen = select(arrival.c.paper_id).where(arrival.c.source_id.in_(mine))
        heard = select(waiting.c.paper_id).where(waiting.c.source_id.in_(mine))
        rows = self.connection.scalars(
            select(paper_key.c.key)
            .join(paper, named)
            .where(fresh, paper.c.hidden.is_(False), paper.c.id.in_(seen.union(heard)))
            .order_by(paper.c.id.desc(), paper_key.c.key)
            .limit(limit)
        )
        return [key.removeprefix(_SPACE) for key in rows]

    def add(self, told: Sequence[Paper], now: datetime) -> int:
        """Merge what arXiv told into the papers we have; returns how many that were. No paper is new by this."""
        papers = Papers(self.connection)
        ours = set(papers.known(key for each in told for key in identity.keys(each)))
        mine = [each for each in told if identity.keys(each)[0] in ours]
        papers.tell(mine, now)
        for piece in chunks(identity.keys(each)[0] for each in mine):
            owners = select(paper_key.c.paper_id).where(paper_key.c.key.in_(piece))
            self.connection.execute(update(paper).where(paper.c.id.in_(owners)).values(enriched_at=now))
        return len(mine)
