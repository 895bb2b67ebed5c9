"""The same edition triggered by everything at once: one digest per subscriber and edition, no paper twice."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from service.bootstrap import build
from service.settings import load
from tests.faults import sink as sinks
from tests.faults import stack
from tests.faults.ledger import Facts
from tests.faults.sender import Job, senders
from tests.faults.town import Town, town
from workers.app import make_app

TRIGGERS = 50
REDELIVERED = 100


def at_once(count: int, trigger: Callable[[int], object]) -> None:
    """Call `trigger` on so many threads, none before all are there."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait(30)
        trigger(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))


def redeliver(home: Town, count: int) -> None:
    """The same few tasks over and over, under the same ids, as a broker does that lost its acknowledgements."""
    app = make_app(load(home.environ))
    for n in range(count):
        name = ("compose", "deliver", "sweep")[n % 3]
        app.tasks[f"paperround.{name}"].apply_async(task_id=f"the same {name}")


@pytest.mark.trials("50 concurrent triggers, 2 beats, 100 redelivered tasks", full=10, slice=1)
def test_whatever_triggers_an_edition_makes_one_digest(
    seed: int, facts: Facts, full: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Odd seeds on SQLite, even ones on PostgreSQL; a slice without the processes beside."""
    database = request.getfixturevalue("postgres_database") if seed % 2 == 0 else ""
    readers = 300 if full else 60
    with contextlib.ExitStack() as opened:
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log"))
        broker = opened.enter_context(stack.broker(tmp_path))
        broker.start()
        home = opened.enter_context(town(tmp_path, sink.url, database, broker_url=broker.url, send_interval="1"))
        home.arrive()
        if full:
            opened.enter_context(stack.worker(home.environ, tmp_path))
            for _ in range(2):
                opened.enter_context(stack.beat(home.environ, tmp_path))
        else:
            opened.enter_context(senders(Job(home.environ), 2))
        worlds = [opened.enter_context(contextlib.closing(build(load(home.environ)))) for _ in range(5)]
        home.people([f"reader{n}" for n in range(readers)])
        redeliver(home, REDELIVERED)
        at_once(TRIGGERS, lambda n: worlds[n % 5].pipeline.compose(home.world.now()))
        home.settle(90)
        mails = Counter(event.recipient for event in sink.events() if event.name == "taken")
        digests = Counter(row.subscriber_id for row in home.rows("kind = 'digest'"))
    facts |= {"readers": readers, "triggers": TRIGGERS, "redelivered": REDELIVERED, "mails": mails.total()}
    assert set(digests.values()) == {1}
    assert set(mails.values()) == {1}
    assert len(digests) == len(mails) == readers


@pytest.mark.trials("editions composed while the last one is still being sent", full=10, slice=1)
def test_no_paper_comes_twice_when_the_next_edition_overtakes(
    seed: int, facts: Facts, full: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Odd seeds on SQLite, even ones on PostgreSQL."""
    database = request.getfixturevalue("postgres_database") if seed % 2 == 0 else ""
    chance = random.Random(seed)
    readers, days = (300, 12) if full else (60, 5)
    with sinks.running(tmp_path / "sink.log") as sink, town(tmp_path, sink.url, database) as home:
        home.digests(readers)
        with senders(Job(home.environ), 2):
            for day in range(1, days):
                home.arrive(1, tag=f"day{day}")
                edition = home.world.now().date() + timedelta(days=day)
                at_once(4, partial(overtake, home, edition))
                stack.within(10, "some more are sent", lambda: home.waiting() < chance.randint(readers // 3, readers))
            home.settle(90)
            # Who was being sent to is passed over; the last edition brings what they missed.
            overtake(home, home.world.now().date() + timedelta(days=days), 0)
            home.settle(90)
        rows = home.rows("kind = 'digest' AND state = 'sent'")
        mails = sink.count()
        papers = home.papers_of(rows)
    twice = {reader: count for reader, count in papers.items() if max(count.values()) > 1}
    facts |= {"readers": readers, "editions": days, "mails": len(rows), "papers twice": len(twice)}
    assert twice == {}
    assert all(len(count) == 3 + days - 1 for count in papers.values()), "a paper was lost on the way"
    assert mails == len(rows)


def overtake(home: Town, edition: date, _: int) -> None:
    """Compose an edition beside the senders."""
    home.world.pipeline.compose(home.world.now(), edition)
