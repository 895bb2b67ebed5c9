"""letters: the first of them that waits is found behind any number of editions that wait for the operator

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    letters = sa.text("finished_at IS NULL AND kind NOT IN ('digest', 'quiet')")
    op.create_index("ix_delivery_letters", "delivery", ["not_before"], sqlite_where=letters, postgresql_where=letters)
