"""Senders killed with -9 at random moments and at every named place: nothing lost, and twice only what was in doubt."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.faults import sink as sinks
from tests.faults.failpoints import IN_DOUBT, PLACES
from tests.faults.ledger import Facts
from tests.faults.sender import Job, kill, senders, start
from tests.faults.town import town

CONNECTIONS = 4


@pytest.mark.trials("kill -9 of senders at random moments", full=3, slice=1)
def test_killing_senders_at_random_moments_loses_nothing(
    seed: int, database: str, facts: Facts, full: bool, tmp_path: Path
) -> None:
    digests, kills = (5000, 67) if full else (200, 4)
    chance = random.Random(seed)
    doubtful: set[str] = set()
    running = sinks.running(tmp_path / "sink.log", delay=0.02 if full else 0.005, pipelining=seed % 2 == 0)
    with running as sink, town(tmp_path, sink.url, database, smtp_connections=str(CONNECTIONS)) as home:
        home.digests(digests)
        job = Job(home.environ, since=home.world.now(), pace=1 if full else 20)
        with senders(job, 3) as processes:
            for _ in range(kills):
                time.sleep(chance.uniform(0.02, 0.4))
                victim = chance.randrange(3)
                dead = kill(processes[victim])
                doubtful |= home.message_ids("state = 'sending' AND lease LIKE :lease", lease=f"{dead}-%")
                facts["kills in flight"] = facts.get("kills in flight", 0) + bool(home.waiting())
                processes[victim] = start(job)
            home.settle(240)
        verdict = home.verdict(sink.taken())
    facts |= {"digests": digests, "kills": kills, "in doubt": len(doubtful), "lost": len(verdict.lost)}
    facts |= {"duplicates": sum(verdict.twice.values()) - len(verdict.twice)}
    assert verdict.lost == []
    assert verdict.states == {"sent": digests}
    assert facts["duplicates"] <= kills * CONNECTIONS
    assert set(verdict.twice) <= doubtful


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.trials("crash at each named place", full=20, slice=1)
def test_a_crash_at_a_named_place_loses_nothing(
    place: str, seed: int, facts: Facts, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Odd seeds on SQLite, even ones on PostgreSQL; every second pair with several connections and PIPELINING."""
    database = request.getfixturevalue("postgres_database") if seed % 2 == 0 else ""
    connections = CONNECTIONS if seed // 2 % 2 else 1
    few = place in ("before claim", "after claim", "in the sweep")
    passes = 1 if few else random.Random(f"{place} {seed}").randint(1, 15 // connections)
    running = sinks.running(tmp_path / "sink.log", pipelining=connections > 1)
    with running as sink, town(tmp_path, sink.url, database, smtp_connections=str(connections)) as home:
        home.digests(20)
        doomed = start(Job(home.environ, lease=0.5, place=place, passes=passes))
        doomed.join(60)
        assert doomed.exitcode == -9, f"it never passed {place}"
        doubtful = home.message_ids("state = 'sending'")
        with senders(Job(home.environ, lease=1.0, since=home.world.now(), pace=20), 1):
            home.settle(90)
        verdict = home.verdict(sink.taken())
    facts |= {"crashes": 1, "connections": connections, "lost": len(verdict.lost), "duplicates": len(verdict.twice)}
    assert verdict.lost == []
    assert verdict.states == {"sent": 20}
    assert set(verdict.twice) <= doubtful
    assert len(verdict.twice) <= connections
    assert set(verdict.twice.values()) <= {2}
    # With one connection nothing else can be in doubt than the mail of this place.
    assert not verdict.twice or place in IN_DOUBT or connections > 1


def test_a_mail_whose_dot_never_came_goes_out_once_though_the_next_envelope_is_under_way(tmp_path: Path) -> None:
    running = sinks.running(tmp_path / "sink.log", pipelining=True)
    with running as sink, town(tmp_path, sink.url, "", smtp_connections="1") as home:
        home.digests(5)
        doomed = start(Job(home.environ, lease=0.5, place="before the dot", passes=2))
        doomed.join(60)
        assert doomed.exitcode == -9
        with senders(Job(home.environ, lease=1.0, since=home.world.now(), pace=20), 1):
            home.settle(90)
        verdict = home.verdict(sink.taken())
    assert (verdict.lost, verdict.twice, verdict.states) == ([], {}, {"sent": 5})
