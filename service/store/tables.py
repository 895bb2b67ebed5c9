"""The tables of the house, in the words of `service.model`.

Comes in: nothing. Goes out: one SQLAlchemy `metadata` that SQLite and PostgreSQL both carry.
Refuses to know: who reads or writes the rows. Times are stored in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

# SQLite gives only INTEGER primary keys a rowid of their own; PostgreSQL needs the wide type to last.
Id = BigInteger().with_variant(Integer, "sqlite")


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC on both databases (SQLite keeps it as text that sorts)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: their zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone may not be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite returns what was stored without its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


source = Table(
    "source",
    metadata,
    _id(),
    Column("url", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", UTCDateTime, nullable=False),
    Column("next_poll_at", UTCDateTime, nullable=False, index=True),
    Column("filled", Boolean, nullable=False, server_default=text("false")),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_ok_at", UTCDateTime),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("last_count", Integer, nullable=False, server_default="0"),
    Column("common", Boolean, nullable=False, server_default=text("true")),
    Column("moved_from", Text, nullable=False, server_default=""),
    Column("every", Integer, nullable=False, server_default="0"),
)

# What one address of a source answered last: its validators for the next conditional GET.
page = Table(
    "page",
    metadata,
    Column("url", Text, primary_key=True),
    Column("source_id", ForeignKey("source.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("etag", Text, nullable=False, server_default=""),
    Column("last_modified", Text, nullable=False, server_default=""),
    Column("fetched_at", UTCDateTime, nullable=False),
    Column("papers", Integer, nullable=False, server_default="0"),
)

paper = Table(
    "paper",
    metadata,
    _id(),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("changed", BigInteger, nullable=False, index=True),
    Column("upvotes", Integer),
    Column("stars", Integer),
    Column("hidden", Boolean, nullable=False, server_default=text("false")),
    Column("merged_into", ForeignKey("paper.id")),
    Column("created_at", UTCDateTime, nullable=False),
    Column("enriched_at", UTCDateTime),
    Column("day", Date),
)
Index("ix_paper_day_id", paper.c.day, paper.c.id)

paper_text = Table(
    "paper_text",
    metadata,
    Column("paper_id", ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
)

paper_key = Table(
    "paper_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("paper_id", ForeignKey("paper.id", ondelete="CASCADE"), nullable=False, index=True),
)

arrival = Table(
    "arrival",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("paper_id", ForeignKey("paper.id", ondelete="CASCADE"), nullable=False),
    Column("source_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False, index=True),
    UniqueConstraint("paper_id", "source_id", "kind"),
)

# A paper seen without an abstract waits here until it has a text to match.
waiting = Table(
    "waiting",
    metadata,
    Column("paper_id", ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True),
    Column("source_id", Id, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since", UTCDateTime, nullable=False, index=True),
)

# Gapless numbers are drawn under one row lock, held until the commit, so that no high-water mark skips a late commit.
counter = Table(
    "counter", metadata, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False)
)

subscriber = Table(
    "subscriber",
    metadata,
    _id(),
    Column("public_id", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("mailbox", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("weekdays", Integer, nullable=False),
    Column("max_papers", Integer, nullable=False),
    Column("quiet_digest", Boolean, nullable=False, server_default=text("false")),
    Column("paused_until", Date),
    Column("welcomed", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", UTCDateTime, nullable=False),
    Column("confirmed_at", UTCDateTime),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("next_due_at", UTCDateTime, index=True),
    Column("owner", Text, nullable=False, server_default=""),
    Column("feed_word", Text, nullable=False, server_default=""),
)

# Another address that a reader asked for, until somebody confirms there.
new_address = Table(
    "new_address",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True),
    Column("email", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

# How often a mailbox that has confirmed nothing was written to; known by a keyed hash only.
asked = Table(
    "asked",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("at", UTCDateTime, nullable=False, index=True),
)

profile = Table(
    "profile",
    metadata,
    _id(),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("sources", JSON(none_as_null=True)),
    Column("replacements", Boolean, nullable=False, server_default=text("false")),
)

keyword = Table("keyword", metadata, _id(), Column("canonical", Text, nullable=False, unique=True))

profile_keyword = Table(
    "profile_keyword",
    metadata,
    Column("profile_id", ForeignKey("profile.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("keyword_id", ForeignKey("keyword.id"), nullable=False, index=True),
    Column("text", Text, nullable=False),
)

# The keywords of 65,536 readers in one value, which PostgreSQL leaves as it is (migration 0013), and which readers'
# profiles have changed since it was written.
roster = Table(
    "roster",
    metadata,
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
profile_change = Table("profile_change", metadata, _id(), Column("subscriber_id", Id, nullable=False))

delivery = Table(
    "delivery",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("not_before", UTCDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("recoveries", Integer, nullable=False, server_default="0"),
    Column("lease", Text),
    Column("lease_until", Float),
    Column("composed_at", UTCDateTime, nullable=False),
    Column("upto", BigInteger),
    Column("papers", JSON, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("finished_at", UTCDateTime),
    UniqueConstraint("kind", "subscriber_id", "key"),
)
# What rendering was frozen to, if anything; not beside the states, for whatever changes one writes its whole row anew.
delivery_payload = Table(
    "delivery_payload",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True),
    Column("payload", JSON, nullable=False),
)
Index("ix_delivery_subscriber", delivery.c.subscriber_id, delivery.c.kind, delivery.c.composed_at)
# Not by `state`: PostgreSQL would write an index that speaks of it anew with each step of each mail.
# Its pages are filled by two fifths only (migration 0014), so that a row has room to be written anew beside itself.
OPEN = delivery.c.finished_at.is_(None)
Index("ix_delivery_open", delivery.c.not_before, delivery.c.id, sqlite_where=OPEN, postgresql_where=OPEN)
# Spelt out: SQLite uses such an index only where the question has the very letters. What is no edition is a letter.
FAULTY = delivery.c.error != text("''")
Index("ix_delivery_error", delivery.c.finished_at, sqlite_where=FAULTY, postgresql_where=FAULTY)
LETTERS = OPEN & text("kind NOT IN ('digest', 'quiet')")
Index("ix_delivery_letters", delivery.c.not_before, sqlite_where=LETTERS, postgresql_where=LETTERS)
LEASED = delivery.c.lease.is_not(None)
Index("ix_delivery_lease", delivery.c.lease, sqlite_where=LEASED, postgresql_where=LEASED)

# Addresses that must not be written to, as keyed hashes only.
suppression = Table(
    "suppression",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
)

event = Table(
    "event",
    metadata,
    _id(),
    Column("subscriber_id", Id, index=True),
    Column("at", UTCDateTime, nullable=False),
    Column("name", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)

heartbeat = Table(
    "heartbeat", metadata, Column("name", Text, primary_key=True), Column("at", UTCDateTime, nullable=False)
)

# A limit on how fast mails go out; `next_free` is in seconds since 1970 on the database's clock.
pace = Table("pace", metadata, Column("name", Text, primary_key=True), Column("next_free", Float, nullable=False))

flag = Table("flag", metadata, Column("name", Text, primary_key=True), Column("value", JSON, nullable=False))
