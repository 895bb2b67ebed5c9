"""mailboxes apart: letters that merely fold alike (ß and ss) tell two of them apart

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from service.store.tables import new_address, subscriber

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply.

    Readers keep what they have. No two of them meet: what a mailbox is called now could not be called so before.
    """
    connection = op.get_bind()
    for table, row in ((subscriber, subscriber.c.id), (new_address, new_address.c.subscriber_id)):
        kept = connection.execute(sa.select(row, table.c.email, table.c.mailbox)).all()
        for number, email, mailbox in kept:
            if mailbox == email.casefold() != email.lower():
                connection.execute(sa.update(table).where(row == number).values(mailbox=email.lower()))
