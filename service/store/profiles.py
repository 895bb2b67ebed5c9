"""The profiles of many readers, by one statement.

Comes in: a connection, ids of readers. Goes out: their profiles in order, in their own spelling. Refuses to know: what
a keyword means. A profile comes with its keywords as one list: a row for each takes twice as long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, JSON, Connection, ScalarSelect, Text, func, select

from service.model import Profile
from service.store.statements import among
from service.store.tables import profile, profile_keyword


def profiles_of(connection: Connection, readers: Iterable[int]) -> dict[int, tuple[Profile, ...]]:
    """The profiles of each reader who has any."""
    found: dict[int, tuple[Profile, ...]] = defaultdict(tuple)
    own = profile.c
    columns = (own.subscriber_id, own.name, own.sources, own.replacements, _texts(connection))
    mine = select(*columns).where(among(connection, own.subscriber_id, readers)).order_by(own.position)
    for reader, name, sources, replacements, texts in connection.execute(mine).all():
        read = frozenset(sources) if sources is not None else None
        found[reader] += (Profile(tuple(texts), name, read, replacements),)
    return dict(found)


def _texts(connection: Connection) -> ScalarSelect[Any]:
    """A profile's keywords as one list."""
    entry = profile_keyword.c
    texts = select(entry.text).where(entry.profile_id == profile.c.id).order_by(entry.position).correlate(profile)
    if connection.dialect.name == "postgresql":
        return select(func.array(texts.scalar_subquery(), type_=ARRAY(Text))).scalar_subquery()
    return select(func.json_group_array(texts.subquery().c.text, type_=JSON)).scalar_subquery()
