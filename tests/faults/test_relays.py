"""A mail server that refuses for a time, refuses for good, or drops the line: nobody else is harmed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults import sink as sinks
from tests.faults.ledger import Facts
from tests.faults.town import Town, town

FOR_A_TIME = ("rcpt450x2", "data451x2", "dot452x2", "rcptdropx1", "datadropx1", "dotdropx1")
FOR_GOOD = ("rcpt550x9", "data554x9", "dot552x9")
ROUNDS, STEP = 200, timedelta(minutes=1)


def deliver_to_the_end(home: Town) -> int:
    """Deliver until nothing waits, turning the clock on between rounds; returns how many rounds it took."""
    now = home.world.now()
    for number in range(ROUNDS):
        home.world.pipeline.deliver(now + number * STEP)
        if not home.waiting():
            return number
    raise AssertionError(f"{home.states()} after {ROUNDS} rounds")


@pytest.mark.parametrize("fault", FOR_A_TIME + FOR_GOOD)
@pytest.mark.trials("a mail server's 4xx, 5xx and dropped lines, 200 recipients each", full=1, slice=1)
def test_a_refusal_harms_nobody_else(fault: str, seed: int, facts: Facts, full: bool, tmp_path: Path) -> None:
    readers, refused = (200, 20) if full else (20, 3)
    with sinks.running(tmp_path / "sink.log") as sink, town(tmp_path, sink.url) as home:
        home.arrive()
        home.people([f"{fault}.{n}" for n in range(refused)] + [f"reader{n}" for n in range(readers - refused)])
        assert home.compose() == readers
        rounds = deliver_to_the_end(home)
        offered = Counter(event.recipient for event in sink.events() if event.name == "offered")
        verdict = home.verdict(sink.taken())
    troubled = [count for recipient, count in offered.items() if recipient.startswith(fault)]
    facts |= {"digests": readers, "refused": refused, "rounds": rounds, "lost": len(verdict.lost)}
    facts |= {"duplicates": sum(verdict.twice.values()) - len(verdict.twice)}
    assert verdict.lost == []
    assert len(verdict.twice) == (refused if fault == "dotdropx1" else 0)
    if fault in FOR_GOOD:
        assert troubled == [1] * refused, "what was refused for good was tried again"
        assert verdict.states == {"failed": refused, "sent": readers - refused}
    else:
        assert troubled == [int(fault[-1]) + 1] * refused
        assert verdict.states == {"sent": readers}
    assert all(count == 1 for recipient, count in offered.items() if recipient.startswith("reader"))
