"""A mail server that is out of order for half an hour, as a whole, then works again: nothing is lost or repeated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from service.deliveries.smtp import SmtpCarrier
from tests.faults import sink as sinks
from tests.faults.ledger import Facts
from tests.faults.sink import Sink
from tests.faults.town import Town, town
from tests.servers import free_port

STEPS = ("greet", "ehlo", "mail", "rcpt", "data", "dot")
UNUSABLE = ("refused", "tls", "silent", "slow", *(f"{step}421" for step in STEPS))
PUT_OFF = ("mail450", "rcpt450", "data451")
AGAINST_US = ("mail550",)
SLICE = ("refused", "tls", "dot421", "mail550")
# Eight rests, each twice as long as the last, fill half an hour; after each, one connection of four calls.
MOST_CALLS = 9
STEP, BAD_ROUNDS, ROUNDS = timedelta(minutes=1), 30, 400
# A whole mail may take so long, in seconds: a server that takes a byte a second is cut.
PATIENCE = 0.4


def deliver(home: Town, sink_url: str, now: datetime) -> None:
    carrier = replace(home.world.pipeline, carrier=lambda: SmtpCarrier((sink_url,), 4, timeout=PATIENCE))
    carrier.deliver(now)


def held_against_it(home: Town) -> dict[str, int]:
    """What the journal holds against the relay."""
    with home.world.store.read() as unit:
        return dict(unit.journal.flag(f"relay {home.environ['PAPERROUND_SMTP_URL'].removeprefix('smtp://')}") or {})


@pytest.mark.parametrize("mood", UNUSABLE + PUT_OFF + AGAINST_US)
@pytest.mark.trials("a mail server out of order for 30 minutes, 200 recipients each", full=1, slice=1)
def test_an_outage_loses_nothing_and_repeats_nothing(
    mood: str, seed: int, facts: Facts, full: bool, tmp_path: Path
) -> None:
    """Moods whose names have an odd length meet a server with PIPELINING, the others one without."""
    if not full and mood not in SLICE:
        pytest.skip("a slice tries some moods of the mail server; --full tries all")
    readers, port = 200 if full else 12, free_port()
    pipelining = len(mood) % 2 == 1
    url, log = f"smtp://127.0.0.1:{port}", tmp_path / "sink.log"
    with town(tmp_path, url) as home:
        home.digests(readers)
        now = home.world.now()
        if mood == "refused":
            log.touch()
            during = endure(home, Sink(port, log), now)
        with sinks.running(log, pipelining=pipelining, port=port) as sink:
            if mood != "refused":
                sink.feel(mood)
                during = endure(home, sink, now)
            assert during.taken == 0
            sink.feel("")
            rounds = recover(home, url, now + BAD_ROUNDS * STEP)
            verdict, offered = home.verdict(sink.taken()), offers(sink)
        after = held_against_it(home)
    facts |= {"digests": readers, "lost": len(verdict.lost), "twice": len(verdict.twice)}
    facts |= {"most offers of one mail": max(offered.values()), "longest recovery, minutes": rounds}
    facts |= {"most calls in an outage": during.calls}
    assert verdict.lost == []
    assert verdict.twice == {}
    assert verdict.states == {"sent": readers}
    assert during.fewest_rests, "the trial met no outage"
    assert after.keys() <= {"first"}, "what it took did not clear the relay's name"
    if mood in UNUSABLE:
        assert during.calls <= MOST_CALLS, "a server that is out of order was called again and again"
    if mood in AGAINST_US:
        assert during.opened, "ten refusals alike did not open the breaker"


class During:
    """What happened while the server was out of order."""

    def __init__(self, taken: int, calls: int, held: dict[str, int], troubled: int) -> None:
        self.taken = taken
        self.calls = calls
        self.opened = held.get("opened", 0)
        # Either the relay rests, or its mails were put off one by one.
        self.fewest_rests = bool(held) or troubled > 0


def endure(home: Town, sink: Sink, start: datetime) -> During:
    """Half an hour of tries, one a minute."""
    for number in range(BAD_ROUNDS):
        deliver(home, sink.url, start + number * STEP)
    troubled = len(home.rows("attempts > 0"))
    calls = Counter(event.name for event in sink.events())["called"]
    return During(sink.count(), calls, held_against_it(home), troubled)


def recover(home: Town, url: str, start: datetime) -> int:
    """Go on until nothing waits; returns how many minutes it took."""
    for number in range(ROUNDS):
        deliver(home, url, start + number * STEP)
        if not home.waiting():
            return number
    raise AssertionError(f"{home.states()} after {ROUNDS} minutes")


def offers(sink: Sink) -> Counter[str]:
    """How often each reader's mail was offered."""
    return Counter(event.recipient for event in sink.events() if event.name == "offered")
