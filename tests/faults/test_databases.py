"""A database that stops at once, and processes killed over SQLite: its files are whole and no answer was a lie."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests import servers
from tests.faults import sink as sinks
from tests.faults.crowd import writers
from tests.faults.ledger import Facts
from tests.faults.pages import Pages, Visitors, pages, visitors
from tests.faults.sender import Job, kill, senders, start
from tests.faults.sink import Sink
from tests.faults.town import Town, town

CONNECTIONS, DOORS = 4, 6
FULL_LIMIT, LONGEST_WAIT = 1500.0, 5.0


def unkept(home: Town, answered: list[str]) -> set[str]:
    """Who was answered and yet has no row, or no mail that asks for the confirmation."""
    rows = home.query(
        "SELECT email FROM subscriber WHERE id IN (SELECT subscriber_id FROM delivery WHERE kind = 'confirm')"
    )
    return set(answered) - {row.email.partition("@")[0] for row in rows}


def judge(home: Town, sink: Sink, came: Visitors, facts: Facts, deaths: int) -> None:
    """Everybody who was answered is known and has the mail."""
    verdict = home.verdict(sink.taken())
    facts |= {"answered": len(came.answered), "turned away": came.turned_away, "lost": len(verdict.lost)}
    facts |= {"duplicates": sum(verdict.twice.values()) - len(verdict.twice)}
    assert unkept(home, came.answered) == set()
    assert verdict.lost == []
    assert set(verdict.states) == {"sent"}
    assert facts["duplicates"] <= deaths * CONNECTIONS


@pytest.mark.trials("PostgreSQL stopped at once", full=5, slice=1)
def test_postgresql_that_stops_at_once_keeps_what_was_answered(
    seed: int, facts: Facts, full: bool, tmp_path: Path
) -> None:
    chance, stops = random.Random(seed), 4 if full else 1
    with contextlib.ExitStack() as opened:
        server = opened.enter_context(servers.own_postgres())
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log", delay=0.002))
        home = opened.enter_context(town(tmp_path, sink.url, server.url))
        front = opened.enter_context(pages(home.environ))
        opened.enter_context(senders(Job(home.environ, lease=1.0), 2))
        with visitors(front.url, DOORS) as came:
            for _ in range(stops):
                came.until_answered(DOORS)
                time.sleep(chance.uniform(0.0, 1.0 if full else 0.2))
                server.stop(signal.SIGQUIT)
                answered = list(came.answered)
                time.sleep(chance.uniform(0.0, 0.5))
                server.start()
                assert unkept(home, answered) == set()
            came.until_answered(DOORS)
        home.settle(90)
        checked = server.run(
            "pg_amcheck", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", "postgres",
            "--install-missing", "--heapallindexed",
        )  # fmt: skip
        facts |= {"stops": stops}
        judge(home, sink, came, facts, deaths=2 * stops)
    assert checked.returncode == 0, "pg_amcheck found damage"


def whole(file: Path) -> bool:
    """Whether SQLite finds nothing wrong with its file."""
    with contextlib.closing(sqlite3.connect(file, timeout=30)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
        return found == [("ok",)] and connection.execute("PRAGMA foreign_key_check").fetchall() == []


def kill_pages(front: Pages) -> None:
    """Kill the pages and let them come back."""
    front.kill()
    front.start()


@pytest.mark.trials("SQLite: a process killed", full=5, slice=1)
def test_sqlite_is_whole_after_a_process_was_killed(seed: int, facts: Facts, full: bool, tmp_path: Path) -> None:
    """The pages and the sender take turns by chance; both write all the time."""
    chance, kills = random.Random(seed), 20 if full else 2
    with contextlib.ExitStack() as opened:
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log", delay=0.002))
        home = opened.enter_context(town(tmp_path, sink.url))
        front = opened.enter_context(pages(home.environ))
        job = Job(home.environ, lease=1.0)
        processes = opened.enter_context(senders(job, 1))
        with visitors(front.url, DOORS) as came:
            for _ in range(kills):
                came.until_answered(DOORS)
                time.sleep(chance.uniform(0.0, 0.3))
                if chance.random() < 0.5:
                    kill_pages(front)
                else:
                    kill(processes[0])
                    processes[0] = start(job)
                assert whole(tmp_path / "paperround.sqlite3")
                assert unkept(home, list(came.answered)) == set()
        home.settle(90)
        facts |= {"kills": kills}
        judge(home, sink, came, facts, deaths=kills)
        assert whole(tmp_path / "paperround.sqlite3")


@pytest.mark.trials("SQLite: 4 writers and 50 web clients", full=1, slice=1)
def test_nobody_is_told_that_the_database_is_locked(seed: int, facts: Facts, full: bool, tmp_path: Path) -> None:
    """Sign-ups come from 50 people at a time while four processes write without a pause."""
    goal, of_writers = (50_000, 30_000) if full else (300, 300)
    with contextlib.ExitStack() as opened:
        sink = opened.enter_context(sinks.running(tmp_path / "sink.log"))
        home = opened.enter_context(town(tmp_path, sink.url))
        front = opened.enter_context(pages(home.environ))
        home.digests(20, prefix=f"seed{seed}-")
        seen = opened.enter_context(writers(home.environ, ["deliver", "deliver", "collect", "tick"], of_writers))
        with visitors(front.url, 50) as came:
            told = seen(FULL_LIMIT)
        facts |= {"transactions": sum(each.transactions for each in told) + len(came.answered)}
        facts |= {"answered": len(came.answered), "turned away": came.turned_away}
        # A sender's turn lasts while there is something to send; the others' are one transaction each.
        facts |= {"longest transaction (s)": max(each.longest for each in told[2:]), "longest answer (s)": came.slowest}
        assert [complaint for each in told for complaint in each.complaints] == []
        assert came.turned_away == 0
        assert unkept(home, came.answered) == set()
    assert facts["transactions"] >= goal
    assert facts["longest transaction (s)"] < LONGEST_WAIT
    assert facts["longest answer (s)"] < LONGEST_WAIT
    assert whole(tmp_path / "paperround.sqlite3")
