"""What an operator can do when something is wrong: hold, look, hide, fail over, come back from a backup."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from service.bootstrap import mailer
from service.cli import app
from service.deliveries.smtp import SmtpMailer
from service.errors import InputError, RelayUnavailable, StoreError
from service.messages import Renderer
from service.model import Message, Schedule
from service.operations.doctor import Finding, examine, send_test
from service.settings import load
from tests import servers
from tests.integration.stores import paper
from tests.integration.worlds import DAY, House, house

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
CATS = paper("Low-Rank Adaptation Counts Cats in Satellite Images", arxiv_id="2611.01004", upvotes=7)
TITLES = [LORA.title, CATS.title]
ADA = "ada@example.org"
MAIL = Message("digest@example.org", ADA, b"Subject: hello\r\n\r\nhello\r\n")


def test_a_hold_keeps_every_mail_back_and_its_end_sends_them(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.world.operations.hold("a wrong template", home.clock())
    home.morning()
    assert home.digests() == []
    assert home.world.operations.hold("", home.clock()) == "a wrong template"
    assert (home.world.operations.status(home.clock()).hold or {})["why"] == "a wrong template"
    assert home.world.operations.release(home.clock())
    home.morning()
    assert home.titles(ADA, TITLES) == [[LORA.title]]
    assert not home.world.operations.release(home.clock())


def test_a_hidden_paper_is_in_no_mail_even_where_it_was_chosen(home: House) -> None:
    home.arrive(LORA, CATS)
    home.join(ADA, "low-rank adaptation")
    home.world.pipeline.compose(home.clock())
    assert home.world.operations.hide_paper("https://arxiv.org/abs/2611.01004v2", home.clock()) == CATS.title
    home.world.pipeline.deliver(home.clock())
    assert home.titles(ADA, TITLES) == [[LORA.title]]
    with pytest.raises(InputError, match="no paper arxiv:1"):
        home.world.operations.hide_paper("arxiv:1", home.clock())


def test_a_paper_that_turned_out_to_be_a_hidden_one_is_in_no_mail(home: House) -> None:
    named = "Low-Rank Adaptation under Another Name"
    home.arrive(paper(named, doi="10.1000/lora"), CATS)
    home.join(ADA, "low-rank adaptation", "cats")
    home.world.pipeline.compose(home.clock())
    home.arrive(LORA)
    home.arrive(replace(LORA, doi="10.1000/lora"))
    assert home.world.operations.hide_paper("arxiv:2611.01001", home.clock()) == LORA.title
    home.world.pipeline.deliver(home.clock())
    assert home.titles(ADA, [named, CATS.title]) == [[CATS.title]]


def test_a_digest_whose_papers_were_all_hidden_is_not_sent(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.join("bob@example.org", "low-rank adaptation")
    home.morning()
    home.clock.tomorrow()
    home.arrive(CATS)
    home.world.pipeline.compose(home.clock())
    home.world.operations.hide_paper("arxiv:2611.01004", home.clock())
    home.world.pipeline.deliver(home.clock())
    assert home.titles(ADA, TITLES) == [[LORA.title]]
    assert len(home.digests()) == 2
    home.clock.tomorrow()
    home.morning()
    assert len(home.digests()) == 2, "the edition is over, and the next one holds nothing new"


def test_after_36_hours_one_digest_catches_up(home: House) -> None:
    home.join(ADA, "low-rank adaptation")
    home.morning()
    home.arrive(LORA, CATS)
    home.clock.at += DAY + timedelta(hours=36)
    home.morning()
    assert [sorted(titles) for titles in home.titles(ADA, TITLES)[-1:]] == [sorted(TITLES)]
    sent = len(home.digests())
    home.morning()
    assert len(home.digests()) == sent


def test_a_digest_that_never_went_out_is_part_of_the_one_that_catches_up(home: House) -> None:
    home.join(ADA, "low-rank adaptation")
    home.morning()
    before = len(home.digests())
    home.arrive(LORA)
    home.clock.tomorrow()
    home.world.pipeline.compose(home.clock())
    home.arrive(CATS)
    home.clock.at += timedelta(hours=36)
    home.world.pipeline.sweep(home.clock())
    home.morning()
    assert [sorted(titles) for titles in home.titles(ADA, TITLES)[before:]] == [sorted(TITLES)]


@pytest.mark.parametrize(("hours", "sent"), [(47, 1), (49, 0)])
def test_two_days_after_it_was_due_a_digest_is_old_news(home: House, hours: int, sent: int) -> None:
    home.join(ADA, "low-rank adaptation")
    home.morning()
    before = len(home.digests())
    home.arrive(LORA)
    home.clock.at += DAY + timedelta(hours=hours)
    home.morning()
    assert len(home.digests()) - before == sent


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(weekdays=frozenset({6}))])
def test_a_digest_that_never_went_out_is_old_news_after_two_days_too(home: House, schedule: Schedule) -> None:
    home.join(ADA, "low-rank adaptation", schedule=schedule)
    home.morning()
    before = len(home.digests())
    home.arrive(LORA)
    assert home.clock.tomorrow().isoweekday() == 6
    home.world.pipeline.compose(home.clock())
    home.clock.at += timedelta(hours=80)
    home.world.pipeline.sweep(home.clock())
    home.morning()
    assert len(home.digests()) == before
    assert home.world.operations.status(home.clock()).overdue == 1
    home.world.pipeline.compose(home.clock(), overdue=True)
    home.world.pipeline.deliver(home.clock())
    assert home.titles(ADA, TITLES)[before:] == [[LORA.title]]
    assert home.world.operations.status(home.clock()).overdue == 0


def test_what_was_due_two_days_ago_waits_for_the_operator(home: House) -> None:
    home.join(ADA, "low-rank adaptation")
    home.morning()
    before = len(home.digests())
    home.arrive(LORA)
    home.clock.at += DAY + timedelta(hours=49)
    home.morning()
    assert len(home.digests()) == before
    assert home.world.operations.status(home.clock()).overdue == 1
    home.world.pipeline.compose(home.clock(), overdue=True)
    home.world.pipeline.deliver(home.clock())
    assert home.titles(ADA, TITLES)[before:] == [[LORA.title]]
    assert home.world.operations.status(home.clock()).overdue == 0


def test_a_restored_backup_sends_nothing_by_itself(home: House, tmp_path: Path) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.world.pipeline.compose(home.clock())
    copy = tmp_path / "copy.sqlite3"
    home.world.operations.backup(copy, home.clock())
    with pytest.raises(StoreError, match="exists already"):
        home.world.operations.backup(copy, home.clock())
    with house(tmp_path, database_url=f"sqlite:///{copy}") as restored:
        restored.morning()
        assert restored.digests() == []
        restored.world.operations.release(restored.clock())
        restored.morning()
        assert restored.titles(ADA, TITLES) == [[LORA.title]]


def test_a_relay_that_is_away_is_passed_over(smtp: servers.Sink) -> None:
    relays = SmtpMailer(f"smtp://127.0.0.1:{servers.free_port()}", smtp.url)
    relays.send(MAIL)
    relays.send(MAIL)
    relays.close()
    assert (len(smtp.messages), smtp.connections) == (2, 1)


def test_every_relay_away_is_said() -> None:
    away = SmtpMailer(*(f"smtp://127.0.0.1:{servers.free_port()}" for _ in range(2)))
    with pytest.raises(RelayUnavailable, match="refused"):
        away.send(MAIL)


def findings(home: House, **options: str) -> dict[str, Finding]:
    settings = load({}, None, data_dir=str(home.world.settings.data_dir), **options)
    return {each.what: each for each in examine(home.world.store, settings, home.clock())}


def test_the_doctor_names_what_is_wrong_and_its_mend(home: House, smtp: servers.Sink) -> None:
    found = findings(home)
    assert [each.what for each in found.values() if not each.well] == ["clock", "worker", "beat", "sources"]
    assert found["database"].seen == f"{home.world.settings.database_url} answers"
    home.arrive(LORA)
    home.world.operations.heartbeat("worker", home.clock())
    home.world.operations.hold("a try", home.clock())
    nowhere = f"smtp://127.0.0.1:{servers.free_port()}"
    secrets = {"secret_keys": "k" * 40, "suppression_key": "s" * 40}
    found = findings(home, smtp_url=nowhere, base_url="https://nowhere.invalid", **secrets)
    assert {each.what for each in found.values() if not each.well} == {"clock", "beat", "hold", "mail", "base URL"}
    assert "PAPERROUND_SMTP_URL" in found["mail"].mend
    assert "does not resolve" in found["base URL"].seen
    # A name of this machine's own, as /etc/hosts may have it, whatever it is to others.
    by_name = [findings(home, base_url=f"{scheme}://127.1", **secrets)["base URL"] for scheme in ("https", "http")]
    assert [(each.well, each.seen) for each in by_name] == [(True, "https://127.1"), (False, "http://127.1")]
    found = findings(home, smtp_url=smtp.url, **secrets)
    assert found["mail"].well
    assert found["disk"].mend == f"make room in {home.world.settings.data_dir}"


def test_a_list_of_all_readers_asks_no_more_for_more_of_them(home: House) -> None:
    asked: list[str] = []
    event.listen(home.world.store.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    counts = []
    for name in ("ada", "bob", "eve"):
        home.join(f"{name}@example.org", "orchids")
        asked.clear()
        found = home.world.operations.subscribers()
        counts.append(len(asked))
    assert [(reader.email, due) for reader, due in found] == [
        (f"{name}@example.org", home.clock()) for name in ("ada", "bob", "eve")
    ]
    assert len(set(counts)) == 1, counts


def test_the_doctor_sees_a_worker_whose_clock_is_ahead(home: House) -> None:
    home.world.operations.heartbeat("worker", home.clock() + timedelta(seconds=20))
    assert findings(home)["worker"].well
    home.world.operations.heartbeat("worker", home.clock() + timedelta(minutes=3))
    found = findings(home)["worker"]
    assert (found.well, found.mend) == (False, "let all machines keep time by NTP")
    assert found.seen.endswith("UTC, which is yet to come")


def test_the_doctor_sends_a_real_mail(home: House, smtp: servers.Sink) -> None:
    settings = load({}, None, smtp_url=smtp.url, secret_keys="k" * 40, suppression_key="s" * 40)
    renderer = Renderer(home.world.templates, home.world.identity)
    finding = send_test(ADA, renderer, mailer(settings), "example.org", home.clock())
    assert finding.well, finding
    assert b"This is a test" in smtp.wait(1)[0].body
    assert json.dumps(finding.seen)


def test_a_full_domain_keeps_only_its_own_mails_waiting(tmp_path: Path) -> None:
    with house(tmp_path, smtp_per_domain="1") as home:
        for name in ("a@one.example", "b@one.example", "c@one.example", "d@two.example"):
            home.world.subscriptions.subscribe(name, "orchids", Schedule(), home.clock())
        home.world.pipeline.deliver(home.clock())
        recipients = sorted(each.recipient.rpartition("@")[2] for each in home.world.operations.mailbox())
        assert recipients == ["one.example", "two.example"]
        assert home.world.operations.status(home.clock()).deliveries == {"ready": 2, "sent": 2}


def test_the_rate_of_all_relays_is_kept(tmp_path: Path) -> None:
    with house(tmp_path, smtp_rate="600") as home:
        for number in range(30):
            home.world.subscriptions.subscribe(f"r{number}@one.example", "orchids", Schedule(), home.clock())
        begun = time.monotonic()
        assert home.world.pipeline.deliver(home.clock()).sent == 30
        # Two seconds' worth are saved up at the start, the other ten mails take a second.
        assert time.monotonic() - begun >= 0.8


def test_sending_says_that_somebody_could_not_be_composed_for(
    home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = home.world.subscriptions.enrol("ada@example.org", "lora", Schedule(), home.clock())
    with home.world.store.write() as unit:
        unit.subscribers.reschedule(reader.id, Schedule("Nowhere/Land", 7), 10, datetime.now(UTC))
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["send"])
    assert done.exit_code == 1
    assert "1 could not be composed" in done.stderr
