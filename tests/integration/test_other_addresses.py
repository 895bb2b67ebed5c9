"""A mail to another address than the reader's own that is refused, or comes back, says nothing of the reader's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.links import Purpose
from service.model import Schedule, SubscriberState
from service.subscriptions.returns import Outcome
from tests.integration.stores import paper
from tests.integration.test_bounces import ABUSE, GONE, SETTINGS, back
from tests.integration.worlds import DAY, House, house
from tests.relays import relay
from tests.servers import Sink

OLD, NEW = "ada@old.example", "ada@new.example"
TAKEN, REFUSED = "250 2.1.5 ok", "550 5.1.1 no such user"


@contextmanager
def settled(folder: Path, url: str) -> Iterator[House]:
    """A house whose reader at OLD has had two mails."""
    with house(folder, smtp_url=url, **SETTINGS) as home:
        home.join(OLD, "adapters")
        home.morning()
        yield home


def proposes(home: House) -> None:
    """The reader asks for NEW, which is asked to confirm."""
    home.world.records.propose(home.token(OLD, Purpose.MOVE), NEW, home.clock())
    home.world.pipeline.deliver(home.clock())


def moves(home: House) -> None:
    """NEW confirms, and OLD is told."""
    reader = home.world.subscriptions.find(OLD)
    assert reader is not None
    with home.world.store.read() as unit:
        wanted = unit.mailboxes.proposed(reader.id)
    assert wanted is not None
    token = home.world.signer.sign(Purpose.ADDRESS, f"{reader.public_id}~{wanted.nonce}", home.clock())
    home.world.records.move(token, home.clock())
    home.world.pipeline.deliver(home.clock())


def has_a_digest(home: House, email: str) -> bool:
    """Whether the next morning brings this reader one."""
    home.clock.tomorrow()
    home.arrive(paper("Adapters, Once More", arxiv_id="2611.00077"))
    home.world.pipeline.compose(home.clock())
    return home.world.pipeline.deliver(home.clock()).sent == 1 and state(home, email) is SubscriberState.ACTIVE


def state(home: House, email: str) -> SubscriberState:
    reader = home.world.subscriptions.find(email)
    assert reader is not None
    return reader.state


def test_a_new_address_that_does_not_exist_costs_nobody_the_old_one(tmp_path: Path) -> None:
    with relay({"RCPT": [TAKEN, TAKEN, REFUSED, TAKEN]}) as server, settled(tmp_path, server.url) as home:
        proposes(home)
        assert server.verbs().count("RCPT") == 3
        assert has_a_digest(home, OLD)


def test_an_old_address_that_is_gone_takes_nothing_from_the_new_one(tmp_path: Path) -> None:
    with relay({"RCPT": [TAKEN, TAKEN, TAKEN, REFUSED, TAKEN]}) as server, settled(tmp_path, server.url) as home:
        proposes(home)
        moves(home)
        assert server.verbs().count("RCPT") == 4
        assert has_a_digest(home, NEW)


@pytest.mark.parametrize("report", [GONE, ABUSE], ids=["bounce", "complaint"])
def test_what_a_stranger_sends_back_ends_no_subscription(tmp_path: Path, smtp: Sink, report: bytes) -> None:
    with settled(tmp_path, smtp.url) as home:
        proposes(home)
        asked = smtp.wait(3)[-1]
        assert asked.recipients == (NEW,)
        assert home.world.returns.take(back(asked, report), home.clock()) is Outcome.IGNORED
        assert has_a_digest(home, OLD)


def test_an_owner_who_calls_the_mails_spam_gets_no_more_and_decides_for_nobody(tmp_path: Path, smtp: Sink) -> None:
    boss = "boss@home.example"
    with house(tmp_path, smtp_url=smtp.url, **SETTINGS) as home:
        home.world.subscriptions.subscribe(OLD, "adapters", Schedule(), home.clock())
        confirm = home.token(OLD, Purpose.CONFIRM)
        home.world.owners.name(confirm, boss, home.clock())
        home.world.subscriptions.confirm(confirm, home.clock())
        manage = home.token(OLD, Purpose.MANAGE)
        home.world.records.ask(manage, Purpose.ERASE, home.clock())
        home.morning()
        (asked,) = [each for each in smtp.wait(3) if each.recipients == (boss,)]
        assert home.world.returns.take(back(asked, ABUSE), home.clock()) is Outcome.IGNORED
        assert state(home, OLD) is SubscriberState.ACTIVE, "one mailbox ends no mails of others"
        home.clock.at += 2 * DAY
        home.world.records.ask(manage, Purpose.ERASE, home.clock())
        home.world.subscriptions.send_manage_link(OLD, home.clock())
        home.world.owners.leave(home.token(OLD, Purpose.UNSUBSCRIBE), home.clock())
        home.world.pipeline.deliver(home.clock())
        assert state(home, OLD) is SubscriberState.LEFT
        assert [each.recipients for each in smtp.messages].count((boss,)) == 1
