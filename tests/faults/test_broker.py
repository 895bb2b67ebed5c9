"""Redis killed, flushed, frozen or absent under a real worker, beat and web server: nothing lost, and it goes on."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.faults import sink as sinks
from tests.faults import stack
from tests.faults.ledger import Facts
from tests.faults.stack import Broker, sign_up, within
from tests.faults.town import Town, town
from workers.witness import KEY

RESUME_LIMIT = 60.0
ANSWER_LIMIT = 2.0


def hurt(broker: Broker, fault: str, chance: random.Random, away: float) -> None:
    """Do it, wait, and undo it."""
    if fault == "flushed":
        broker.client().flushall()
    elif fault == "frozen":
        broker.send(signal.SIGSTOP)
        time.sleep(away)
        broker.send(signal.SIGCONT)
    else:
        if fault == "killed":
            broker.send(signal.SIGKILL)
        time.sleep(away)
        if chance.random() < 0.5 and fault == "killed":
            broker.lose_file()
        broker.start()


def begun(broker: Broker, fault: str, chance: random.Random, away: float) -> threading.Thread:
    """Hurt it on a thread."""
    thread = threading.Thread(target=hurt, args=(broker, fault, chance, away))
    thread.start()
    return thread


def quick_sign_ups(home: Town, url: str, names: list[str]) -> float:
    """Sign up while the broker is away; returns the slowest answer."""
    slowest = 0.0
    for name in names:
        started = time.monotonic()
        assert sign_up(url, name).status_code == 200
        slowest = max(slowest, time.monotonic() - started)
    assert len(home.rows("kind = 'confirm'")) >= len(names)
    return slowest


@pytest.mark.parametrize("fault", ["flushed", "killed", "frozen", "absent"])
@pytest.mark.trials("Redis killed, flushed, frozen, absent", full=10, slice=1)
def test_work_goes_on_after_the_broker_was_hurt(
    fault: str, seed: int, facts: Facts, full: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if not full and fault != "killed":
        pytest.skip("a slice tries one fault of the broker; --full tries all")
    chance, database = random.Random(f"{fault} {seed}"), request.getfixturevalue("postgres_database")
    # Every fifth time it is away for so long that a deaf worker ends and is started anew.
    away = 40.0 if full and seed % 5 == 0 else chance.uniform(0.5, 4.0)
    before, during = (400, 50) if full else (150, 20)
    with contextlib.ExitStack() as opened:
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log", delay=0.004))
        broker = opened.enter_context(stack.broker(tmp_path))
        home = opened.enter_context(town(tmp_path, sink.url, database, broker_url=broker.url, send_interval="2"))
        if fault != "absent":
            broker.start()
        url = opened.enter_context(stack.web(home.environ, tmp_path))
        worker = opened.enter_context(stack.worker(home.environ, tmp_path))
        opened.enter_context(stack.beat(home.environ, tmp_path))
        home.arrive()
        home.people([f"reader{n}" for n in range(before)])
        # Beat has begun: a tick of it may compose some of these.
        home.compose()
        if fault != "absent":
            within(60, "the run has begun", lambda: sink.count() > chance.randint(5, 50))
        hurting = begun(broker, fault, chance, away)
        facts["longest answer"] = round(quick_sign_ups(home, url, [f"new{n}" for n in range(3)]), 2)
        home.people([f"late{n}" for n in range(during)])
        hurting.join()
        back = time.monotonic()
        marks = home.message_ids("kind = 'confirm'")
        within(RESUME_LIMIT, "the letters of the outage go out", lambda: marks <= set(sink.taken()))
        facts["longest resume"] = round(time.monotonic() - back, 1)
        within(RESUME_LIMIT, "every digest is composed", lambda: len(home.rows("kind = 'digest'")) == before + during)
        home.settle(120)
        verdict = home.verdict(sink.taken())
        assert broker.client().hlen(KEY) == 1, "the workers keep there how far the database has come"
        facts |= {"worker restarts": len(worker.ends)}
    facts |= {"lost": len(verdict.lost), "duplicates": len(verdict.twice)}
    assert all(code != 0 for code in worker.ends)
    assert verdict.lost == []
    assert verdict.twice == {}
    assert facts["longest answer"] < ANSWER_LIMIT
