"""Several connections at once, what is held against a relay, and how gently a new one is used."""

from __future__ import annotations

import re
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from service.deliveries import Outbox
from service.deliveries.smtp import SmtpCarrier, SmtpMailer
from service.errors import PolicyRefused, RecipientBarred, RelayUnavailable
from service.model import DeliveryState, Message, Schedule, SubscriberState
from service.pipeline.health import ALIKE, LONGEST_REST, Health
from service.pipeline.pacing import Limits
from service.pipeline.tray import MAX_ATTEMPTS
from service.store import Store, Unit
from tests import databases
from tests.faults import sink as sinks
from tests.faults.town import town
from tests.integration.worlds import MORNING, house
from tests.origins import raw
from tests.relays import relay

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    store = Store(databases.sqlite(tmp_path / "health.sqlite3"))
    store.migrate()
    with store.write() as opened:
        yield opened
    store.close()


def known(unit: Unit, name: str = "mail.test:25") -> Health:
    """What another worker, started now, would know."""
    health = Health([name])
    health.read(unit)
    return health


def refusal(code: int = 554) -> PolicyRefused:
    return PolicyRefused("The mail server refused the sender.", code, "5.7.1")


@pytest.mark.parametrize("pipelining", [True, False])
def test_four_connections_share_the_work_and_a_refusal_stays_with_its_mail(pipelining: bool, tmp_path: Path) -> None:
    refused = {"rcpt550x1.a": "failed", "dot554x1.b": "failed"}
    put_off = ["rcpt450x1.c", "data451x1.d"]
    with sinks.running(tmp_path / "sink.log", pipelining=pipelining) as sink, town(tmp_path, sink.url) as home:
        home.arrive()
        home.people([*refused, *put_off, *(f"reader{n}" for n in range(60))])
        home.compose()
        deliver = replace(home.world.pipeline, carrier=lambda: SmtpCarrier((sink.url,), 4)).deliver
        done = deliver(home.world.now())
        again = deliver(home.world.now() + 10 * MINUTE)
        taken, events = sink.taken(), Counter(event.name for event in sink.events())
        states = home.states()
    assert (done.sent, done.failed, done.retried) == (60, 2, 2)
    assert again.sent == 2
    assert set(taken.values()) == {1}
    assert len(taken) == 62
    assert states == {"sent": 62, "failed": 2}
    assert 2 <= events["called"] <= 8


@pytest.mark.parametrize("pipelining", [True, False])
def test_behind_a_body_travels_the_next_envelope_alone_and_only_where_the_server_takes_it(
    pipelining: bool, tmp_path: Path
) -> None:
    """Before each final dot is answered, the server looks at what else has come."""
    early: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        heard = bytearray()

        def hear(mark: bytes) -> None:
            while mark not in heard:
                heard.extend(connection.recv(65536))
            del heard[: heard.find(mark) + len(mark)]

        connection.sendall(b"220 relay.test\r\n")
        hear(b"\r\n")
        connection.sendall(b"250-relay.test\r\n250 PIPELINING\r\n" if pipelining else b"250 relay.test\r\n")
        for _ in range(2):
            for verb, reply in ((b"MAIL", b"250 ok"), (b"RCPT", b"250 ok"), (b"DATA", b"354 go ahead")):
                hear(verb)
                hear(b"\r\n")
                connection.sendall(reply + b"\r\n")
            hear(b"\r\n.\r\n")
            if not heard and select.select([connection], [], [], 0.3)[0]:
                heard.extend(connection.recv(65536))
            early.append(bytes(heard))
            connection.sendall(b"250 taken\r\n")

    with raw(behave) as server, town(tmp_path, f"smtp://127.0.0.1:{server.port}", smtp_connections="1") as home:
        home.digests(2)
        home.world.pipeline.deliver(home.world.now())
        states = home.states()
    assert states == {"sent": 2}
    assert re.findall(rb"MAIL|RCPT|DATA|Message-ID", early[0]) == ([b"MAIL", b"RCPT", b"DATA"] if pipelining else [])


def slow_to_part(connection: socket.socket) -> None:
    """A relay that takes everything at once and is slow to say goodbye."""
    heard = connection.makefile("rb")
    connection.sendall(b"220 relay.test\r\n")
    for command in heard:
        verb = command[:4].upper()
        if verb == b"QUIT":
            time.sleep(0.3)
        connection.sendall(b"354 go ahead\r\n" if verb == b"DATA" else b"250 ok\r\n")
        if verb == b"DATA":
            while heard.readline() != b".\r\n":
                pass
            # So long that one line alone does not carry all the mails.
            time.sleep(0.1)
            connection.sendall(b"250 taken\r\n")


class Looking(SmtpCarrier):
    """Takes one mail out of the tray, looks around, and carries nothing."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__(("smtp://127.0.0.1:9",))
        self._look = look

    def carry(self, outbox: Outbox) -> None:
        outbox.reserve()
        self._look()


def test_a_worker_leaves_others_their_share_of_the_last_mails(tmp_path: Path) -> None:
    seen: list[dict[str, int]] = []
    with town(tmp_path, "smtp://127.0.0.1:9") as home:
        home.arrive()
        home.people([f"reader{n}" for n in range(120)])
        home.compose()
        carrier = Looking(lambda: seen.append(home.states()))
        replace(home.world.pipeline, carrier=lambda: carrier).deliver(home.world.now())
        assert seen == [{"claimed": 30, "ready": 90}]
        assert home.states() == {"ready": 120}


class Timed(SmtpCarrier):
    """It knows how long its leaving took; one of its lines is gone by then."""

    closing = 0.0

    def close(self) -> None:
        """End the connections."""
        self.lines[0].drop()
        begun = time.monotonic()
        super().close()
        self.closing = time.monotonic() - begun


def test_many_lines_take_leave_in_the_time_of_one(tmp_path: Path) -> None:
    with raw(slow_to_part) as server, town(tmp_path, f"smtp://127.0.0.1:{server.port}", smtp_connections="4") as home:
        home.digests(8)
        carrier = Timed((f"smtp://127.0.0.1:{server.port}",), 4)
        replace(home.world.pipeline, carrier=lambda: carrier).deliver(home.world.now())
    assert server.connections == 4
    assert 0.3 <= carrier.closing < 0.7


def test_ten_refusals_alike_open_the_breaker_for_every_worker(unit: Unit) -> None:
    health = known(unit)
    for _ in range(ALIKE - 1):
        health.refused(unit, 0, refusal(), NOW)
    assert known(unit).usable(NOW) == [0]
    health.refused(unit, 0, refusal(), NOW)
    assert known(unit).usable(NOW) == []
    assert known(unit).usable(NOW + 11 * MINUTE) == []
    assert known(unit).usable(NOW + 15 * MINUTE) == [0]


def test_refusals_that_differ_do_not_open_the_breaker(unit: Unit) -> None:
    health = known(unit)
    for number in range(3 * ALIKE):
        health.refused(unit, 0, refusal(550 + number % 2), NOW)
    assert known(unit).usable(NOW) == [0]


def barred(unit: Unit, health: Health, now: datetime, *domains: str) -> None:
    for domain in domains:
        health.refused(unit, 0, RecipientBarred("The mail server refused the address.", 554, "5.7.1"), now, domain)


def test_what_a_relay_says_of_recipients_opens_the_breaker_only_for_many_domains(unit: Unit) -> None:
    health = known(unit)
    barred(unit, health, NOW, *(3 * ALIKE * ["bad.example"]))
    assert known(unit).usable(NOW) == [0]
    barred(unit, health, NOW, *(f"{number}.example" for number in range(ALIKE - 1)))
    assert known(unit).usable(NOW) == []


def test_refusals_of_what_was_under_way_do_not_open_the_breaker_again(unit: Unit) -> None:
    health = known(unit)
    for _ in range(3 * ALIKE):
        health.refused(unit, 0, refusal(), NOW)
    assert known(unit).usable(NOW + 15 * MINUTE) == [0]


def test_an_open_breaker_is_tried_with_one_mail_and_the_first_that_is_taken_closes_it(unit: Unit) -> None:
    health = known(unit)
    for _ in range(ALIKE):
        health.refused(unit, 0, refusal(), NOW)
    later = NOW + 15 * MINUTE
    health.refused(unit, 0, refusal(), later)
    assert known(unit).usable(later + 20 * MINUTE) == [], "the second rest is longer than the first"
    assert known(unit).usable(later + 30 * MINUTE) == [0]
    health.took(unit, 0)
    health.refused(unit, 0, refusal(), later + 31 * MINUTE)
    assert known(unit).usable(later + 31 * MINUTE) == [0]


def test_a_relay_that_gives_out_rests_longer_each_time_but_never_longer_than_a_quarter_of_an_hour(unit: Unit) -> None:
    health, rests, now = known(unit), [], NOW
    for _ in range(12):
        health.gave_out(unit, 0, RelayUnavailable("It broke the connection off."), now)
        until = datetime.fromisoformat(health.known[0]["until"])
        rests.append(until - now)
        now = until
    assert timedelta(seconds=8) <= rests[0] <= timedelta(seconds=10)
    assert rests[0] < rests[2] < rests[4]
    assert 0.8 * LONGEST_REST <= rests[-1] <= LONGEST_REST
    assert len(set(rests[-4:])) == 4, "no jitter: every worker would come back at once"


def test_four_connections_that_break_off_together_are_one_outage(unit: Unit) -> None:
    health = known(unit)
    for _ in range(4):
        health.gave_out(unit, 0, RelayUnavailable("It broke the connection off."), NOW)
    assert known(unit).usable(NOW + timedelta(seconds=10)) == [0]


def test_a_resting_relay_leaves_the_work_to_the_next_one(unit: Unit) -> None:
    health = Health(["first:25", "second:25"])
    health.read(unit)
    health.gave_out(unit, 0, RelayUnavailable("It broke the connection off."), NOW)
    assert health.usable(NOW) == [1]
    assert health.usable(NOW + MINUTE) == [0, 1]


def test_after_a_rest_a_relay_is_tried_with_other_mails_than_those_at_which_it_broke_off(tmp_path: Path) -> None:
    with sinks.running(tmp_path / "sink.log") as sink, town(tmp_path, sink.url) as home:
        home.arrive()
        home.people([*(f"rcptdropx1.{n}" for n in range(6)), *(f"reader{n}" for n in range(54))])
        home.compose()
        done = [home.world.pipeline.deliver(home.world.now() + number * MINUTE).sent for number in range(9)]
    assert done[0] == 0
    assert done[1] >= 25
    assert sum(done) == 60


def test_a_new_relay_is_warmed_up_over_its_first_days(unit: Unit) -> None:
    limits = Limits(rate=1000, warm_up=50)
    first = known(unit)
    assert first.age(unit, 0, NOW) == timedelta(0)
    ages = [known(unit).age(unit, 0, NOW + timedelta(days=day, hours=1)) for day in (0, 1, 4, 9, 20)]
    assert [limits.warming(age).rate for age in ages] == [50, 100, 800, 1000, 1000]
    assert Limits(warm_up=50).warming(ages[1]).rate == 100
    assert Limits(warm_up=50).warming(ages[-1]).rate == 0, "a relay that is known has the limit of the settings: none"


def answering(*replies: tuple[float, bytes]) -> Callable[[socket.socket], None]:
    """A server that says one after the other, each after so many seconds, once it has heard something."""

    def behave(connection: socket.socket) -> None:
        for number, (seconds, reply) in enumerate(replies):
            if number:
                connection.recv(65536)
            time.sleep(seconds)
            connection.sendall(reply + b"\r\n")

    return behave


def test_a_relay_that_opens_when_the_time_of_a_mail_is_over_is_not_held_to_be_out_of_order() -> None:
    ok = (0.0, b"250 ok")
    slow = answering((0.0, b"220 slow.test"), ok, ok, (1.5, b"250 ok"))
    late = answering((0.9, b"220 late.test"), ok, ok, ok, (0.0, b"354 go ahead"), (0.0, b"250 taken"))
    with raw(slow) as first, raw(late) as second:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{first.port}", f"smtp://127.0.0.1:{second.port}", timeout=2)
        with pytest.raises(RelayUnavailable, match=str(first.port)):
            mailer.send(Message("digest@papers.test", "ada@papers.test", b"Subject: one\r\n\r\ntext\r\n"))
        mailer.close()
    assert second.connections == 1


@pytest.mark.parametrize(("seconds", "said"), [(1.0, ""), (3.0, "did not finish within 2 s")])
def test_a_relay_may_look_at_a_whole_mail_for_longer_than_all_else_takes(
    seconds: float, said: str, tmp_path: Path
) -> None:
    ok = (0.0, b"250 ok")
    slow = answering((0.0, b"220 slow.test"), ok, ok, ok, (0.0, b"354 go ahead"), (seconds, b"250 taken"))
    with raw(slow) as server, house(tmp_path) as home:
        home.world.subscriptions.subscribe("ada@good.example", "orchids", Schedule(), home.clock())
        slowly = partial(SmtpCarrier, [f"smtp://127.0.0.1:{server.port}"], 1, timeout=0.5, answer=2.0)
        done = replace(home.world.pipeline, carrier=slowly).deliver(home.clock())
        assert (done.sent, done.retried) == ((0, 1) if said else (1, 0))
        assert said in done.relay


KEYS = {"secret_keys": "k" * 40, "suppression_key": "s" * 40}


def test_addresses_that_one_domain_bars_stop_nobody_elses_mails(tmp_path: Path) -> None:
    barring = {"RCPT": [*(2 * ALIKE * ["554 5.7.1 Access denied"]), "250 2.1.5 ok"]}
    with relay(barring) as server, house(tmp_path, smtp_url=server.url, smtp_connections="1", **KEYS) as home:
        subscribe = home.world.subscriptions.subscribe
        for number in range(2 * ALIKE):
            subscribe(f"r{number}@bad.example", "orchids", Schedule(), home.clock())
        assert home.world.pipeline.deliver(home.clock()).retried == 2 * ALIKE
        subscribe("ada@good.example", "orchids", Schedule(), home.clock())
        assert home.world.pipeline.deliver(home.clock()).sent == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_what_is_refused_by_a_policy_is_given_up_in_the_end_and_its_reader_is_not(step: str, tmp_path: Path) -> None:
    with relay({step: "554 5.7.1 Access denied"}) as server, house(tmp_path, smtp_url=server.url, **KEYS) as home:
        home.world.subscriptions.subscribe("ada@bad.example", "orchids", Schedule(), home.clock())
        for hour in range(120):
            home.clock.at = MORNING + timedelta(hours=hour)
            home.world.pipeline.deliver(home.clock())
        reader = home.world.subscriptions.find("ada@bad.example")
        assert reader is not None
        assert reader.state == SubscriberState.PENDING
        with home.world.store.read() as unit:
            (row,) = unit.deliveries.of(reader.id)
        assert (row.state, row.attempts) == (DeliveryState.FAILED, MAX_ATTEMPTS)
        assert "Access denied" in row.error
        home.world.subscriptions.subscribe("ada@bad.example", "roses", Schedule(), home.clock())
        with home.world.store.read() as unit:
            assert [each.state for each in unit.deliveries.of(reader.id)] == [DeliveryState.READY, DeliveryState.FAILED]


def test_who_has_an_address_the_relay_cannot_write_is_not_held_to_be_gone(tmp_path: Path) -> None:
    name, schedule = "jürgen@example.org", Schedule("UTC", 7)
    with relay() as server, house(tmp_path, smtp_url=server.url, **KEYS) as home:
        # As it was brought along from a relay that could.
        with home.world.store.write() as unit:
            number = unit.subscribers.add("jurgen", name, name, schedule, 10, home.clock())
            unit.subscribers.activate(number, home.clock(), home.clock(), welcome=True)
        home.world.subscriptions.enrol("ada@example.org", "orchids", schedule, home.clock())
        home.world.pipeline.compose(home.clock())
        done = home.world.pipeline.deliver(home.clock())
        with home.world.store.read() as unit:
            states = {reader.email: reader.state for reader in unit.subscribers.all()}
        assert (done.sent, done.failed, states[name]) == (1, 1, SubscriberState.ACTIVE)
