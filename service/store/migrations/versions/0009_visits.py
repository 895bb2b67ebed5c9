"""visits: where a source was before it moved, how often it wants to be visited

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("source", sa.Column("moved_from", sa.Text(), server_default="", nullable=False))
    op.add_column("source", sa.Column("every", sa.Integer(), server_default="0", nullable=False))
