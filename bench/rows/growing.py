"""A whole morning of a million readers, a mail beside one of a tenth of them: nothing may grow with those that wait.

Everybody is due at once and has 12 KB to get; nothing is known or printed when the morning begins. The database knows
of its rows what it knows after a night without any.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from bench.crew import Crew
from bench.ground import Ground
from bench.measure import AtMost, Measure, Pair, register, seconds
from bench.rows.sending import PAPERS, WORKERS, fresh_database, service
from bench.sinks import sink
from bench.stored import filled, populate
from service.bootstrap import build
from service.settings import load

READERS, SIZE = 1_000_000, 12


def a_million(ground: Ground, on_postgres: bool) -> Sequence[Pair]:
    """Seconds for a mail, of all readers and of the tenth."""
    return [Pair(*(_morning(ground, readers, on_postgres) for readers in (READERS, READERS // 10)))]


def _morning(ground: Ground, readers: int, on_postgres: bool) -> float:
    papers, most = PAPERS[SIZE]
    name = f"growing-{readers}-{time.time_ns()}"
    with sink() as port:
        url = fresh_database(ground.postgres, SIZE) if on_postgres else ""
        options = service(ground, name, port, url)
        filled(ground, name, ground.papers(papers), url=url).close()
        world = build(load({}, None, **options))
        populate(world, ground.keywords, ground.readers(readers), most)
        with Crew(options, WORKERS) as crew:
            taken = seconds(crew.morning)
        with world.store.read() as unit:
            sent = unit.deliveries.states()["sent"]
        world.close()
    return taken / sent


for _on_postgres in (False, True):
    register(
        Measure(
            f"whole morning of {READERS:,} readers, 12 KB, {'PostgreSQL' if _on_postgres else 'SQLite'}, a mail",
            "of a tenth of them",
            AtMost(1.2),
            partial(a_million, on_postgres=_on_postgres),
            long=True,
        )
    )
