"""Readers who leave while their digests are being sent: once the page has answered, nothing more is begun."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from service.links import Purpose
from tests.faults import sink as sinks
from tests.faults import stack
from tests.faults.ledger import Facts
from tests.faults.sender import Job, senders
from tests.faults.town import Town, town

# A mail program's two ways of pressing the button (RFC 8058), and the page's own form.
WAYS: tuple[dict[str, Any], ...] = (
    {"data": {"List-Unsubscribe": "One-Click"}},
    {"files": {"List-Unsubscribe": (None, "One-Click")}},
    {},
)


def leave(home: Town, url: str, name: str, way: dict[str, Any]) -> str:
    """Leave by the link of a mail; returns what had become of the digest when the page answered."""
    reader = home.world.subscriptions.find(f"{name}@readers.example")
    assert reader is not None
    token = home.world.signer.sign(Purpose.UNSUBSCRIBE, reader.public_id, home.world.now())
    answer = requests.post(f"{url}/unsubscribe/{token}", timeout=30, allow_redirects=False, **way)
    assert answer.status_code == 200
    (row,) = home.rows("subscriber_id = :reader AND kind = 'digest'", reader=reader.id)
    return str(row.state)


@pytest.mark.trials("1,000 readers leave during a run", full=2, slice=1)
def test_nothing_is_begun_after_the_answer(
    seed: int, facts: Facts, full: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Odd seeds on SQLite, even ones on PostgreSQL; half of the readers leave."""
    database = request.getfixturevalue("postgres_database") if seed % 2 == 0 else ""
    leaving = 1000 if full else 40
    chance = random.Random(seed)
    readers = 3 * leaving
    with sinks.running(tmp_path / "sink.log", delay=0.01) as sink, town(tmp_path, sink.url, database) as home:
        home.digests(readers)
        names = chance.sample([f"reader{n}" for n in range(readers)], leaving)
        with stack.web(home.environ, tmp_path) as url, senders(Job(home.environ), 2):
            ways = {name: chance.choice(WAYS) for name in names}
            found = {name: leave(home, url, name, way) for name, way in ways.items()}
            home.settle(240)
        offered = Counter(event.recipient.partition("@")[0] for event in sink.events() if event.name == "offered")
        sent = len(home.rows("kind = 'digest' AND state = 'sent'"))
    cancelled = {name for name, state in found.items() if state == "cancelled"}
    facts |= {"left": leaving, "in time": len(cancelled), "begun before": leaving - len(cancelled)}
    assert set(found.values()) <= {"cancelled", "sending", "sent"}
    # Who presses the page's own button is told once that it is done; nobody else hears a word.
    assert {name: offered[name] for name in cancelled} == {name: int(not ways[name]) for name in cancelled}
    assert cancelled, "everybody was served before leaving: the trial tried nothing"
    assert sent == readers - len(cancelled)
