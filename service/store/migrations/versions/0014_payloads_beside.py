"""payloads beside rows: what a mail was frozen to is not written anew with each of its states

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply.

    A row is a few hundred bytes now, and grows by a sixth when it is claimed: more of a page has to be left for it.
    """
    op.create_table(
        "delivery_payload",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_payload_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery_payload")),
    )
    op.execute(
        "INSERT INTO delivery_payload (delivery_id, payload) "
        "SELECT id, payload FROM delivery WHERE CAST(payload AS TEXT) <> '{}'"
    )
    op.drop_column("delivery", "payload")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE delivery SET (fillfactor = 40)")
