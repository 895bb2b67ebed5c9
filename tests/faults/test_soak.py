"""Steady work: whatever is collected, composed, sent and shown, the processes hold on to nothing."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis
import requests

from tests.faults import gauges, stack
from tests.faults import sink as sinks
from tests.faults.gauges import Reading
from tests.faults.ledger import Facts
from tests.faults.pages import pages
from tests.faults.sender import Job, senders
from tests.faults.stack import sign_up
from tests.faults.town import Town, town
from tests.origins import Answer, origin
from tests.servers import free_port, wait_for_port

ITEM = (
    "<item><title>Study {0} of Sparse Gates</title><link>https://papers.example.org/{0}</link>"
    "<description>We study them.</description></item>"
)
FEED = '<rss version="2.0"><channel><title>Studies</title>{}</channel></rss>'


def feed(numbers: Iterator[int]) -> Answer:
    """A feed of twenty, whose newest is another one each time."""
    newest = next(numbers)
    items = "".join(ITEM.format(number) for number in range(newest, newest + 20))
    return Answer(200, FEED.format(items).encode(), {"content-type": "application/rss+xml"})


def keep_busy(home: Town, url: str, over: threading.Event, pause: float) -> None:
    """New readers with a digest, a sign-up and a look at the pages, again and again."""
    for number in itertools.count():
        if over.wait(pause):
            return
        home.people([f"reader{number}-{n}" for n in range(4)])
        sign_up(url, f"visitor{number}")
        requests.get(f"{url}/", timeout=30)
        requests.get(f"{url}/healthz", timeout=30)


@contextlib.contextmanager
def busy(home: Town, url: str, pause: float) -> Iterator[None]:
    """Work all the time."""
    over = threading.Event()
    thread = threading.Thread(target=keep_busy, args=(home, url, over, pause), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(40)


def watch(pids: Mapping[str, int], broker: redis.Redis | None, seconds: float) -> list[Reading]:
    """Look again and again for so long."""
    until, readings = time.monotonic() + seconds, []
    while time.monotonic() < until:
        readings.append(gauges.read(pids, broker))
        time.sleep(seconds / 600)
    return readings


def judge(readings: list[Reading], facts: Facts, most_growth: float = 10.0, most_files: int = 0) -> None:
    """Nothing has become more; a few readings cannot tell apart what is open in passing."""
    grown, files, keys = gauges.growth(readings), gauges.more_files(readings), gauges.more_keys(readings)
    facts |= {f"most memory growth of {name} in %": round(percent, 1) for name, percent in grown.items()}
    facts |= {"most new files": max(files.values()), "most new keys": keys}
    assert facts["mails"] > 0
    assert max(grown.values()) < most_growth, grown
    assert max(files.values()) <= most_files, files
    assert keys <= 0, sorted(readings[-1].keys - readings[0].keys)


@pytest.mark.trials("10 minutes of steady work", full=1, slice=1)
def test_steady_work_leaves_nothing_behind(
    seed: int, request: pytest.FixtureRequest, facts: Facts, full: bool, tmp_path: Path
) -> None:
    """All processes for ten minutes, after two in which caches fill."""
    if not full:
        pytest.skip("takes twelve minutes; the next test is its slice")
    database, numbers = request.getfixturevalue("postgres_database"), itertools.count(seed)
    settings = {"send_interval": "1s", "collect_interval": "2s", "allowed_networks": "127.0.0.0/8"}
    with contextlib.ExitStack() as opened:
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log"))
        studies = opened.enter_context(origin(lambda _asked: feed(numbers)))
        broker = opened.enter_context(stack.broker(tmp_path))
        broker.start()
        home = opened.enter_context(town(tmp_path, sink.url, database, broker_url=broker.url, **settings))
        home.world.operations.add_source(studies.url("/feed"), home.world.now())
        port = free_port()
        web = opened.enter_context(stack.front(home.environ, tmp_path, port))
        worker = opened.enter_context(stack.worker(home.environ, tmp_path))
        beat = opened.enter_context(stack.beat(home.environ, tmp_path))
        wait_for_port(port)
        opened.enter_context(busy(home, f"http://127.0.0.1:{port}", 0.5))
        time.sleep(120)
        before, asked = sink.count(), len(studies.asked)
        pids = {"web": web.pid, "worker": worker.pid, "beat": beat.pid}
        readings = watch(pids, opened.enter_context(broker.client()), 600)
        facts |= {"mails": sink.count() - before, "sources read": len(studies.asked) - asked}
        assert [web.ends, worker.ends, beat.ends] == [[], [], []]
    judge(readings, facts)


@pytest.mark.trials("a little steady work", full=1, slice=1)
def test_a_little_steady_work_leaves_nothing_behind(seed: int, facts: Facts, tmp_path: Path) -> None:
    """The pages and one sender, without a broker."""
    with contextlib.ExitStack() as opened:
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log"))
        home = opened.enter_context(town(tmp_path, sink.url))
        home.digests(4, prefix=f"seed{seed}-")
        front = opened.enter_context(pages(home.environ))
        (sender,) = opened.enter_context(senders(Job(home.environ), 1))
        opened.enter_context(busy(home, front.url, 0.05))
        stack.within(30, "work has begun", lambda: sink.count() > 10)
        before = sink.count()
        assert front.process.pid
        assert sender.pid
        readings = watch({"web": front.process.pid, "worker": sender.pid}, None, 1.5)
        facts["mails"] = sink.count() - before
    judge(readings, facts, most_growth=50.0, most_files=2)
