"""feed addresses: a word in them that a reader may change

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("subscriber", sa.Column("feed_word", sa.Text(), server_default="", nullable=False))
