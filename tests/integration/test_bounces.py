"""What comes back is read: from a mail that a real server took, back to the reader it was sent to."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import unquote

import pytest

from service.cli import app
from service.errors import InputError
from service.links import Purpose
from service.model import Schedule, SubscriberState
from service.operations.doctor import Finding, examine
from service.subscriptions.returns import ENOUGH, Outcome
from tests import mails, servers
from tests.integration.stores import paper
from tests.integration.worlds import House, house
from tests.unit.test_returns import HEAD, TOKEN, recipient, report

ADA = "ada@uni.example"
SETTINGS = {
    "secret_keys": "k" * 40,
    "suppression_key": "s" * 40,
    "bounce_address": "bounces@papers.example",
    "reply_to": "people@papers.example",
    "unsubscribe_mailto": "leave@papers.example",
}


@pytest.fixture
def home(tmp_path: Path, smtp: servers.Sink) -> Iterator[House]:
    """A house whose one reader has had a mail to confirm and a first digest."""
    with house(tmp_path, smtp_url=smtp.url, **SETTINGS) as opened:
        opened.join(ADA, "adapters")
        opened.morning()
        yield opened


def mornings(home: House, smtp: servers.Sink, count: int) -> list[servers.Received]:
    """So many digests, as the server took them."""
    before = len(smtp.messages)
    for n in range(count):
        home.clock.tomorrow()
        home.arrive(paper(f"Adapters, Part {home.clock():%d} of {n}", arxiv_id=f"2611.{home.clock():%d}00{n}"))
        home.morning()
    return smtp.wait(before + count)[before:]


def back(sent: servers.Received, like: bytes) -> bytes:
    """This report, but of the mail that was sent."""
    token = sent.sender.partition("+")[2].partition("@")[0]
    return like.replace(TOKEN.encode(), token.encode()).replace(b"0123456789abcdef01234567", b"0" * 24)


GONE = recipient("failed", "5.1.1", "550 5.1.1 No such user")
ABUSE = report("Feedback-Type: abuse\r\nVersion: 1\r\n", "feedback-report")


def test_each_mail_has_an_envelope_of_its_own_and_answers_go_to_people(home: House, smtp: servers.Sink) -> None:
    sent = [*smtp.messages, *mornings(home, smtp, 2)]
    assert len({each.sender for each in sent}) == len(sent) == 4
    for each in sent:
        name, _, domain = each.sender.partition("@")
        assert name.startswith("bounces+")
        assert name == name.lower()
        assert len(name) <= 64
        assert domain == "papers.example"
        mail = mails.read_received(each).mail
        assert mail["From"].addresses[0].display_name == "Paper Round"
        assert mail["Reply-To"] == "people@papers.example"
        assert mail["Return-Path"] is None


def test_without_a_received_address_nothing_points_to_one(tmp_path: Path, smtp: servers.Sink) -> None:
    with house(tmp_path, smtp_url=smtp.url, secret_keys="k" * 40, suppression_key="s" * 40) as home:
        home.join(ADA, "adapters")
        home.morning()
        assert {each.sender for each in smtp.messages} == {home.world.identity.mail_from}
        for each in smtp.messages:
            mail = mails.read_received(each).mail
            assert mail["Reply-To"] is None
            assert "mailto:" not in (mail["List-Unsubscribe"] or "")


def test_an_address_that_is_gone_is_written_to_no_more_after_three_mails(home: House, smtp: servers.Sink) -> None:
    sent = mornings(home, smtp, ENOUGH)
    for each in sent[:-1]:
        for outcome in (Outcome.COUNTED, Outcome.IGNORED):
            assert home.world.returns.take(back(each, GONE), home.clock()) is outcome
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.ACTIVE
    assert home.world.returns.take(back(sent[-1], GONE), home.clock()) is Outcome.RESTING
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.SUPPRESSED
    before = len(smtp.messages)
    home.clock.tomorrow()
    home.arrive(paper("Adapters Once More", arxiv_id="2611.09999"))
    home.morning()
    assert len(smtp.messages) == before


def test_a_full_mailbox_and_a_holiday_change_nothing(home: House, smtp: servers.Sink) -> None:
    for each in mornings(home, smtp, ENOUGH):
        full = recipient("failed", "5.2.2", "552 5.2.2 Mailbox full")
        assert home.world.returns.take(back(each, full), home.clock()) is Outcome.IGNORED
        assert home.world.returns.take(HEAD.encode() + b"\r\nI am away.", home.clock()) is Outcome.IGNORED
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.ACTIVE


def test_a_complaint_ends_the_subscription_at_once_and_without_a_goodbye(home: House, smtp: servers.Sink) -> None:
    (sent,) = mornings(home, smtp, 1)
    assert home.world.returns.take(back(sent, ABUSE), home.clock()) is Outcome.ENDED
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.LEFT
    assert home.world.pipeline.deliver(home.clock()).sent == 0
    assert held_against(home) == ["complaint"]
    home.world.subscriptions.confirm(home.token(ADA, Purpose.CONFIRM), home.clock())
    assert held_against(home) == []


def test_who_called_mails_spam_is_not_written_to_again_by_the_operators_wish(home: House, smtp: servers.Sink) -> None:
    (sent,) = mornings(home, smtp, 1)
    assert home.world.returns.take(back(sent, ABUSE), home.clock()) is Outcome.ENDED
    subscriptions, spam = home.world.subscriptions, "called these mails spam"
    # Somebody types the address and never confirms: then it is a stranger's, and in the end nobody's.
    home.clock.tomorrow()
    subscriptions.subscribe(ADA, "orchids", Schedule(), home.clock())
    with pytest.raises(InputError, match=spam):
        subscriptions.invite(ADA, "orchids", Schedule(), home.clock())
    reader = subscriptions.find(ADA)
    assert reader is not None
    subscriptions.erase(reader, home.clock())
    for add in (subscriptions.invite, subscriptions.enrol):
        with pytest.raises(InputError, match=spam):
            add(ADA, "orchids", Schedule(), home.clock())
    assert subscriptions.find(ADA) is None
    home.clock.tomorrow()
    home.join(ADA, "orchids")
    assert held_against(home) == []


def test_another_key_of_suppressed_addresses_is_noticed(home: House, smtp: servers.Sink) -> None:
    def found(key: str) -> list[Finding]:
        settings = home.world.settings.model_copy(update={"suppression_key": key})
        looked = examine(home.world.store, settings, home.clock())
        return [each for each in looked if each.what == "suppression key"]

    own, other = home.world.settings.suppression_key, "t" * 40
    assert found(other) == [], "nothing is kept under any key"
    (sent,) = mornings(home, smtp, 1)
    home.world.returns.take(back(sent, ABUSE), home.clock())
    assert found(own) == []
    assert [(each.well, each.mend) for each in found(other)] == [(False, "set PAPERROUND_SUPPRESSION_KEY as it was")]


def held_against(home: House) -> list[str]:
    with home.world.store.read() as unit:
        known = unit.mailboxes.remembered(home.world.subscriptions.door.hashes(ADA))
    return [each["reason"] for each in known["suppression"]]


def test_a_complaint_without_the_envelope_is_known_by_its_message_id(home: House, smtp: servers.Sink) -> None:
    (sent,) = mornings(home, smtp, 1)
    name = mails.read_received(sent).mail["Message-ID"].strip("<>").partition("@")[0]
    bare = ABUSE.replace(TOKEN.encode(), b"x").replace(b"0123456789abcdef01234567", name.encode())
    assert home.world.returns.take(bare, home.clock()) is Outcome.ENDED


def test_the_mail_that_list_unsubscribe_names_ends_the_subscription(home: House, smtp: servers.Sink) -> None:
    (sent,) = mornings(home, smtp, 1)
    (way,) = [each for each in mails.read_received(sent).mail["List-Unsubscribe"].split(", ") if "mailto" in each]
    subject = unquote(way.strip("<>").partition("?subject=")[2])
    asked = f"From: ada.at.work@uni.example\r\nTo: leave@papers.example\r\nSubject: {subject}\r\n\r\n".encode()
    assert home.world.returns.take(asked.replace(b"unsubscribe ", b"unsubscribe x"), home.clock()) is Outcome.IGNORED
    assert home.world.returns.take(asked[:-6] + b"AAAA\r\n\r\n", home.clock()) is Outcome.UNKNOWN
    for _ in range(2):
        assert home.world.returns.take(asked, home.clock()) is Outcome.LEFT
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.LEFT
    assert home.world.pipeline.deliver(home.clock()).sent == 0


def test_the_complaint_of_one_member_asks_the_owner_of_the_list(home: House, smtp: servers.Sink) -> None:
    (sent,) = mornings(home, smtp, 1)
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    with home.world.store.write() as unit:
        unit.mailboxes.own(reader.id, "owner@uni.example")
    assert home.world.returns.take(back(sent, ABUSE), home.clock()) is Outcome.ASKED
    assert home.world.pipeline.deliver(home.clock()).sent == 1
    assert smtp.messages[-1].recipients == ("owner@uni.example",)
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.ACTIVE


def test_a_mailbox_behind_a_list_that_is_gone_ends_it_for_nobody_else(home: House, smtp: servers.Sink) -> None:
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    with home.world.store.write() as unit:
        unit.mailboxes.own(reader.id, "owner@uni.example")
    sent = mornings(home, smtp, ENOUGH)
    outcomes = [home.world.returns.take(back(each, GONE), home.clock()) for each in sent]
    assert outcomes == [Outcome.COUNTED] * (ENOUGH - 1) + [Outcome.ASKED]
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.ACTIVE
    home.world.pipeline.deliver(home.clock())
    assert smtp.messages[-1].recipients == ("owner@uni.example",)


@pytest.mark.parametrize("change", ["number", "mark"])
def test_a_forged_name_stops_nobody(home: House, smtp: servers.Sink, change: str) -> None:
    (sent,) = mornings(home, smtp, 1)
    token = sent.sender.partition("+")[2].partition("@")[0]
    other = f"1{token}" if change == "number" else token[:-1] + ("a" if token[-1] != "a" else "b")
    forged = back(sent, ABUSE).replace(token.encode(), other.encode())
    assert home.world.returns.take(forged, home.clock()) is Outcome.UNKNOWN


def test_what_an_old_address_sends_back_is_not_held_against_the_new_one(home: House, smtp: servers.Sink) -> None:
    (sent,) = mornings(home, smtp, 1)
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    home.clock.tomorrow()
    with home.world.store.write() as unit:
        unit.journal.note(reader.id, "moved", home.clock())
    assert home.world.returns.take(back(sent, GONE), home.clock()) is Outcome.IGNORED


def test_the_command_reads_a_maildir_once(
    home: House, smtp: servers.Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = tmp_path / "returned"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    (sent,) = mornings(home, smtp, 1)
    (box / "new" / "1.eml").write_bytes(back(sent, ABUSE))
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"PAPERROUND_{name.upper()}", value)
    said = io.StringIO()
    with redirect_stdout(said):
        app(["bounces", str(box), "--json"], standalone_mode=False)
    assert '"outcome": "ended"' in said.getvalue()
    assert [file.name for file in (box / "cur").iterdir()] == ["1.eml:2,S"]
    assert not list((box / "new").iterdir())
