"""Readers who leave while their digests are being sent: once the page has answered, nothing more is begun."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from service.links import Purpose
from tests.faults import sink as sinks
from tests.faults.ledger import Facts
from tests.faults.sender import Job, senders
from tests.faults.town import Town, town


def leave(home: Town, name: str) -> str:
    """Leave by the link of a mail; returns what had become of the digest when the answer came."""
    reader = home.world.subscriptions.find(f"{name}@readers.example")
    assert reader is not None
    token = home.world.signer.sign(Purpose.UNSUBSCRIBE, reader.public_id, home.world.now())
    home.world.subscriptions.leave(token, home.world.now())
    (row,) = home.rows("subscriber_id = :reader AND kind = 'digest'", reader=reader.id)
    return str(row.state)


@pytest.mark.trials("1,000 readers leave during a run", full=2, slice=1)
def test_nothing_is_begun_after_the_answer(
    seed: int, facts: Facts, full: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Odd seeds on SQLite, even ones on PostgreSQL; half of the readers leave."""
    database = request.getfixturevalue("postgres") if seed % 2 == 0 else ""
    leaving = 1000 if full else 40
    chance = random.Random(seed)
    with sinks.running(tmp_path / "sink.log", delay=0.002) as sink, town(tmp_path, sink.url, database) as home:
        home.digests(2 * leaving)
        names = chance.sample([f"reader{n}" for n in range(2 * leaving)], leaving)
        with senders(Job(home.environ), 2):
            found = {name: leave(home, name) for name in names}
            home.settle(240 if full else 40)
        offered = {event.recipient.partition("@")[0] for event in sink.events() if event.name == "offered"}
        states = home.states()
    cancelled = {name for name, state in found.items() if state == "cancelled"}
    facts |= {"left": leaving, "in time": len(cancelled), "begun before": leaving - len(cancelled)}
    assert set(found.values()) <= {"cancelled", "sending", "sent"}
    assert cancelled & offered == set()
    assert cancelled, "everybody was served before leaving: the trial tried nothing"
    assert states["sent"] == 2 * leaving - len(cancelled)
