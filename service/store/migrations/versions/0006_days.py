"""days: the day each paper was news

Revision ID: 0006
Revises: 0005
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from service.store.tables import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_paper = sa.table("paper", sa.column("id"), sa.column("revision"), sa.column("day", sa.Date()))
_text = sa.table("paper_text", sa.column("paper_id"), sa.column("revision"), sa.column("body", sa.JSON()))
_arrival = sa.table("arrival", sa.column("paper_id"), sa.column("source_id"), sa.column("at", UTCDateTime()))
_source = sa.table("source", sa.column("id"), sa.column("common", sa.Boolean()))


def upgrade() -> None:
    """Apply."""
    op.add_column("paper", sa.Column("day", sa.Date(), nullable=True))
    op.create_index(op.f("ix_paper_day_id"), "paper", ["day", "id"])
    fill(op.get_bind())


def fill(connection: sa.Connection) -> None:
    """Give every paper that has arrived its day."""
    days = [{"of": row.paper_id, "day": _day(row)} for row in connection.execute(_arrived()).all()]
    if days:
        connection.execute(sa.update(_paper).where(_paper.c.id == sa.bindparam("of")), days)


def _arrived() -> sa.Select[Any]:
    """The text of each paper that has arrived through a source that everybody reads, and when it first did."""
    by_choice = sa.select(_source.c.id).where(_source.c.common.is_(False))
    first = (
        sa.select(_arrival.c.paper_id, sa.func.min(_arrival.c.at, type_=UTCDateTime()).label("at"))
        .where(_arrival.c.source_id.not_in(by_choice))
        .group_by(_arrival.c.paper_id)
        .subquery()
    )
    newest = (_text.c.paper_id == _paper.c.id) & (_text.c.revision == _paper.c.revision)
    joined = sa.select(first.c.paper_id, first.c.at, _text.c.body).join(_paper, _paper.c.id == first.c.paper_id)
    return joined.join(_text, newest)


def _day(row: Any) -> date:
    return date.fromisoformat(row.body["listed"]) if "listed" in row.body else row.at.date()
