"""replacements: profiles that want new versions of papers too

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("profile", sa.Column("replacements", sa.Boolean(), server_default=sa.text("false"), nullable=False))
