"""The next mails are rendered while the servers take in those before, except where that may be what kills a sender."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from service.deliveries.smtp import SmtpCarrier
from service.messages import Renderer
from service.model import DeliveryState, Digest, Envelope, Message
from tests.faults import sink as sinks
from tests.faults.sink import Sink
from tests.faults.town import Town, town


class Noting(Renderer):
    """Notes in which state each reader's mail is while it is rendered."""

    def __init__(self, home: Town) -> None:
        super().__init__(home.world.templates, home.world.identity)
        self._home = home
        self.states: dict[str, list[str]] = {}

    def digests(self, mails: Sequence[tuple[Digest, Envelope]]) -> list[Message]:
        asked = "SELECT email, delivery.state FROM delivery JOIN subscriber ON subscriber.id = subscriber_id"
        states = {row.email: row.state for row in self._home.query(asked)}
        for _, envelope in mails:
            self.states.setdefault(envelope.recipient, []).append(states[envelope.recipient])
        return super().digests(mails)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with sinks.running(tmp_path / "sink.log", pipelining=True) as running:
        yield running


@pytest.fixture
def home(sink: Sink, tmp_path: Path) -> Iterator[Town]:
    """Forty readers whose digests are ready."""
    with town(tmp_path, sink.url) as made:
        made.arrive()
        made.people([f"reader{n}" for n in range(40)])
        made.compose()
        yield made


def deliver(home: Town, sink: Sink, renderer: Renderer, after: timedelta = timedelta()) -> None:
    """Send what is ready over four connections."""
    pipeline = replace(home.world.pipeline, carrier=lambda: SmtpCarrier((sink.url,), 4), renderer=renderer)
    pipeline.deliver(home.world.now() + after)


def test_most_mails_are_rendered_before_they_are_begun_and_none_twice(home: Town, sink: Sink) -> None:
    noting = Noting(home)
    deliver(home, sink, noting)
    assert {len(states) for states in noting.states.values()} == {1}
    seen = [state for states in noting.states.values() for state in states]
    assert seen.count(DeliveryState.CLAIMED) > 25, "all but those that a line begins with"
    assert set(seen) == {DeliveryState.CLAIMED, DeliveryState.SENDING}
    assert set(sink.taken().values()) == {1}
    assert home.states() == {"sent": 40}


def test_what_a_dead_sender_had_in_its_hands_is_rendered_when_it_is_begun(home: Town, sink: Sink) -> None:
    """Only what is begun is in doubt when its sender dies, so that poison is found out."""
    now = home.world.now()
    with home.world.store.write() as unit:
        held = {row.subscriber_id for row in unit.deliveries.claim("dead", now, 15, seconds=-1)}
    assert home.world.pipeline.sweep(now)["released"] == 15
    noting = Noting(home)
    deliver(home, sink, noting)
    suspects = {row.email for row in home.query("SELECT id, email FROM subscriber") if row.id in held}
    assert {state for email in suspects for state in noting.states[email]} == {DeliveryState.SENDING}
    others = [state for email in noting.states.keys() - suspects for state in noting.states[email]]
    assert DeliveryState.CLAIMED in others
    assert home.states() == {"sent": 40}
    assert {row.error for row in home.rows()} == {""}


class Refusing(Noting):
    """Cannot render the mail of one reader."""

    tries = 0

    def digests(self, mails: Sequence[tuple[Digest, Envelope]]) -> list[Message]:
        made = super().digests(mails)
        self._try([envelope for _, envelope in mails])
        return made

    def digest(self, digest: Digest, envelope: Envelope) -> Message:
        self._try([envelope])
        return super().digest(digest, envelope)

    def _try(self, envelopes: Sequence[Envelope]) -> None:
        if any(envelope.recipient.startswith("reader20@") for envelope in envelopes):
            self.tries += 1
            raise ValueError(f"it cannot be done for {[envelope.recipient for envelope in envelopes]}")


def test_a_mail_that_cannot_be_rendered_ahead_fails_alone(
    home: Town, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    # A log of everything is still one that others may read.
    caplog.set_level(logging.DEBUG)
    refusing = [Refusing(home) for _ in range(3)]
    for number, each in enumerate(refusing):
        deliver(home, sink, each, timedelta(hours=number))
    assert home.states() == {"sent": 39, "quarantined": 1}
    (row,) = home.rows("state = 'quarantined'")
    assert (row.attempts, row.error) == (3, "it cannot be rendered (ValueError)")
    assert set(sink.taken().values()) == {1}
    # Ahead once, among others; when it is begun as one of a few and by itself, and from then on only that.
    assert [each.tries for each in refusing] == [3, 2, 2]
    assert f"delivery {row.id} cannot be rendered (ValueError)" in caplog.text
    assert "reader20@" not in caplog.text
