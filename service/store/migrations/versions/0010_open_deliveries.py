"""open deliveries: an index for what waits that does not speak of the state

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        "UPDATE delivery SET finished_at = composed_at "
        "WHERE finished_at IS NULL AND state NOT IN ('ready', 'claimed', 'sending')"
    )
    op.drop_index("ix_delivery_live", "delivery")
    still_open = sa.text("finished_at IS NULL")
    op.create_index(
        "ix_delivery_open",
        "delivery",
        ["not_before", "id"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
