"""How the databases find what a morning asks for: the plans of the statements themselves, taken while they run.

The readers that are due, what their past digests cover, the profiles of those who get a mail, leases that ran out, and
the rows to claim.
No index of PostgreSQL may speak of `state`: it changes twice for each mail, and would be written anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, event, text

from bench.ground import Ground
from bench.measure import Section, register
from bench.stored import NOW, filled, populate
from service import editions
from service.bootstrap import World
from service.model import DeliveryKind, DeliveryState
from service.pipeline.composing import BATCH
from service.pipeline.window import REACH
from service.store import Unit
from service.store.deliveries import new_delivery
from tests.servers import fresh_database

_READERS = 20_000
_SPEAKING = """
    SELECT indexname || ': ' || indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND indexdef ~ '\\mstate\\M' AND tablename = 'delivery'
"""


def plans(ground: Ground) -> str:
    """The plans on both databases, as they print them."""
    with fresh_database(ground.postgres) as url:
        made = [("SQLite", _world(ground, "")), ("PostgreSQL", _world(ground, url))]
        try:
            parts = [f"### {name}\n\n{_plans(world)}" for name, world in made]
            with made[1][1].store.engine.connect() as connection:
                speaking = connection.execute(text(_SPEAKING)).scalars().all()
        finally:
            for _, world in made:
                world.close()
    return "\n\n".join(
        [*parts, f"Indexes of `delivery` on PostgreSQL that speak of `state`: {list(speaking) or 'none'}."]
    )


def _world(ground: Ground, url: str) -> World:
    world = filled(ground, f"plans{'-postgres' if url else ''}", ground.papers(50), url=url)
    populate(world, ground.keywords, ground.readers(_READERS))
    with world.store.write() as unit:
        past = NOW - timedelta(days=1)
        sent = {"state": DeliveryState.SENT, "finished_at": past}
        readers = range(1, _READERS + 1)
        unit.deliveries.add([new_delivery(DeliveryKind.DIGEST, n, "2026-11-19", past) | sent for n in readers])
        unit.deliveries.add([new_delivery(DeliveryKind.DIGEST, n, "2026-11-20", NOW) for n in readers[::10]])
    with world.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return world


def _plans(world: World) -> str:
    ids = list(range(1, BATCH + 1))
    asked: dict[str, Callable[[Unit], object]] = {
        "readers that are due": lambda unit: unit.subscribers.due(
            NOW, BATCH, 5_000, NOW - editions.OVERDUE, profiles=False
        ),
        "what past digests cover": lambda unit: unit.deliveries.covered(ids, NOW - REACH, NOW),
        "profiles of a batch": lambda unit: unit.subscribers.profiles(ids),
        "leases that ran out": lambda unit: unit.deliveries.sweep(NOW),
        "rows to claim": lambda unit: unit.deliveries.claim("token", NOW, BATCH, 60.0),
    }
    return "\n\n".join(f"{name}:\n\n```\n{_explained(world, work)}\n```" for name, work in asked.items())


def _explained(world: World, work: Callable[[Unit], object]) -> str:
    explain = "EXPLAIN QUERY PLAN" if world.store.engine.dialect.name == "sqlite" else "EXPLAIN (COSTS OFF)"
    lines = []
    with world.store.write() as unit, _noted(unit.subscribers.connection) as statements:
        work(unit)
        for statement, values in list(statements):
            if statement.startswith("SET "):
                unit.subscribers.connection.exec_driver_sql(statement)
                continue
            found = unit.subscribers.connection.exec_driver_sql(f"{explain} {statement}", values)
            lines += [str(row[-1])[:160] for row in found]
    return "\n".join(lines)


@contextmanager
def _noted(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, values: object, *___: object) -> None:
        if not statement.startswith("EXPLAIN"):
            statements.append((statement, values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


register(Section("Query plans", plans))
