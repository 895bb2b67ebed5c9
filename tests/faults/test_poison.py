"""Children of the pool that are killed, and mails that kill their senders: everybody else gets theirs."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from service.settings import load
from tests.faults import sink as sinks
from tests.faults import stack
from tests.faults.ledger import Facts
from tests.faults.poison import POISON
from tests.faults.sender import Job, replace_dead, senders
from tests.faults.sink import Sink
from tests.faults.town import Town, town
from workers.app import make_app

CONNECTIONS = 4
READERS, ROUNDS = 40, 10


def judge(home: Town, sink: Sink, facts: Facts) -> None:
    """All poison is quarantined after its third death in doubt, and everybody else has one mail."""
    verdict = home.verdict(sink.taken())
    over = home.rows("state = 'quarantined'")
    poison = home.message_ids("subscriber_id IN (SELECT id FROM subscriber WHERE email LIKE :name)", name=f"{POISON}%")
    innocent = home.message_ids("state = 'quarantined'") - poison
    facts |= {"digests": sum(verdict.states.values()), "poison": len(poison), "quarantined": len(over)}
    facts |= {"lost": len(set(verdict.lost) - poison), "innocent quarantined": len(innocent)}
    facts |= {"duplicates": sum(verdict.twice.values()) - len(verdict.twice)}
    assert set(verdict.lost) == poison
    assert innocent == set()
    assert {row.recoveries for row in over} == {3}
    assert set(verdict.states) == {"sent", "quarantined"}


@pytest.mark.trials("mails that kill their sender", full=50, slice=1)
def test_poison_is_quarantined_and_the_others_finish(
    seed: int, facts: Facts, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Odd seeds on SQLite, even ones on PostgreSQL; two senders that are started anew when they have died.

    Every other two seeds have a server with PIPELINING, where mails are rendered ahead.
    """
    database = request.getfixturevalue("postgres_database") if seed % 2 == 0 else ""
    running = sinks.running(tmp_path / "sink.log", delay=0.01, pipelining=seed % 4 < 2)
    with running as sink, town(tmp_path, sink.url, database) as home:
        home.arrive()
        # In the middle, so that others are under way whenever it kills.
        names = [f"reader{n}" for n in range(READERS)]
        home.people([*names[: READERS // 2], f"{POISON}{seed}", *names[READERS // 2 :]])
        home.compose()
        job = Job(home.environ, lease=0.4, since=home.world.now(), pace=100)
        deaths = 0

        with senders(job, 2) as processes:

            def turn() -> None:
                nonlocal deaths
                deaths += replace_dead(processes, job)

            home.settle(90, turn)
        facts["deaths"] = deaths
        judge(home, sink, facts)
    assert facts["duplicates"] <= deaths * CONNECTIONS


def kill_a_child(worker: stack.Kept, chance: random.Random) -> bool:
    """Kill one process of the pool, where it has any just now."""
    pool = stack.children(worker.pid)
    if pool:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(pool), signal.SIGKILL)
    return bool(pool)


@pytest.mark.trials("a child of the pool killed beside mails that kill", full=5, slice=1)
def test_killed_children_of_a_pool_cost_nobody_a_mail(
    seed: int, facts: Facts, full: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if not full:
        pytest.skip("a slice leaves the pool alone: tests/integration/test_workers.py kills one child")
    chance, database = random.Random(seed), request.getfixturevalue("postgres_database")
    with contextlib.ExitStack() as opened:
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log", delay=0.01))
        broker = opened.enter_context(stack.broker(tmp_path))
        broker.start()
        home = opened.enter_context(town(tmp_path, sink.url, database, broker_url=broker.url))
        worker = opened.enter_context(stack.worker(home.environ, tmp_path, "tests.faults.poison"))
        deliver = make_app(load(home.environ)).tasks["paperround.deliver"]
        kills = 0

        def turn() -> None:
            home.world.pipeline.sweep(home.world.now())
            deliver.apply_async(expires=5)
            time.sleep(0.3)

        def begun() -> bool:
            turn()
            return "worker" in home.beats()

        # A child that dies before all are up ends Celery's worker, for its supervisor to start anew.
        stack.within(30, "the worker has begun", begun)
        home.arrive()
        for number in range(ROUNDS):
            home.people([f"{POISON}{number}", *[f"reader{number}-{n}" for n in range(READERS)]])
            home.compose()
            turn()
            time.sleep(chance.uniform(0.1, 1.0))
            kills += kill_a_child(worker, chance)
        home.settle(120, turn)
        facts["children killed"] = kills
        judge(home, sink, facts)
        facts["worker restarts"] = len(worker.ends)
    assert all(code != 0 for code in worker.ends)
    assert facts["duplicates"] <= (kills + 4 * ROUNDS) * CONNECTIONS
