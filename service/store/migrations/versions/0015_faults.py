"""faults: what went wrong is found without reading all mails there ever were

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    wrong = sa.text("error <> ''")
    op.create_index("ix_delivery_error", "delivery", ["finished_at"], sqlite_where=wrong, postgresql_where=wrong)
