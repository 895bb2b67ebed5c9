"""rosters: the keywords of all readers in a compact form

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "roster",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", name=op.f("pk_roster")),
    )
    op.create_table(
        "profile_change",
        sa.Column("id", _id, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", _id, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_change")),
    )
    counter = sa.table("counter", sa.column("name"), sa.column("value"))
    op.bulk_insert(counter, [{"name": "roster", "value": 0}, {"name": "forgotten", "value": 0}])
    # Whoever is here already waits for the first snapshot like a new reader.
    op.execute("INSERT INTO profile_change (subscriber_id) SELECT DISTINCT subscriber_id FROM profile")
