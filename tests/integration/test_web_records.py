"""Export, erasure and another address: each by a fresh link from a mail, never by what a digest carries."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text as sql

from service.links import FRESH, Purpose
from service.model import Schedule, SubscriberState
from service.store.tables import metadata
from tests.integration.sites import Site, form, site, text
from tests.integration.stores import paper
from tests.integration.worlds import DAY

ADA = "ada@uni.example"
NEW = "ada.lovelace@lab.example"
LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[Site]:
    """The site with one reader who has had a digest."""
    with site(tmp_path) as pages:
        pages.post("/subscribe", form(ADA, "low-rank adaptation", "unheard-of keyword of ada"))
        pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}")
        pages.house.arrive(LORA)
        pages.house.morning()
        yield pages


def links(pages: Site, kind: str) -> list[str]:
    """The paths of one page that mails lead to, oldest first."""
    pages.house.world.pipeline.deliver(pages.house.clock())
    found = []
    for summary in reversed(pages.house.world.operations.mailbox()):
        letter = pages.house.world.operations.mail(summary.name)
        assert letter is not None
        found += re.findall(rf"(/{kind}/[\w.~-]+)", letter.text)
    return found


def asked(pages: Site, what: str) -> str:
    """Ask on the page for a link, and take it from the mail."""
    answer = pages.post(f"/manage/{pages.token(ADA, Purpose.MANAGE)}/records", {"what": what})
    assert answer.status_code == 200
    return links(pages, what)[-1]


def test_the_records_page_only_sends_mails(joined: Site) -> None:
    path = f"/manage/{joined.token(ADA, Purpose.MANAGE)}/records"
    page = joined.get(path)
    assert page.status_code == 200
    assert ADA not in page.text
    before = joined.reader(ADA)
    assert joined.post(path, {"what": "erase"}).status_code == 200
    assert joined.reader(ADA) == before
    assert joined.post(path, {"what": "manage"}).status_code == 400
    assert [mail for mail in joined.mails() if "Erase your records" in mail] == [
        f"{ADA}: Erase your records at Paper Round"
    ]


@pytest.mark.parametrize("what", FRESH)
def test_no_link_of_a_digest_opens_what_could_hurt(joined: Site, what: Purpose) -> None:
    for purpose in set(Purpose) - {what}:
        path = f"/{what}/{joined.token(ADA, purpose)}"
        assert joined.get(path).status_code == 404
        assert joined.post(path, {"email": NEW}).status_code == 404
    assert joined.state(ADA) == SubscriberState.ACTIVE


@pytest.mark.parametrize("what", FRESH)
def test_a_fresh_link_works_for_two_hours(joined: Site, what: Purpose) -> None:
    path = asked(joined, what)
    joined.house.clock.at += timedelta(minutes=119)
    assert joined.get(path).status_code == 200
    joined.house.clock.at += timedelta(minutes=2)
    for answer in (joined.get(path), joined.post(path, {"email": NEW})):
        assert answer.status_code == 410
        assert "2 hours" in text(answer, ".lead")


def test_who_asks_again_within_the_hour_gets_no_second_mail_and_later_a_working_one(joined: Site) -> None:
    first = asked(joined, "export")
    assert asked(joined, "export") == first
    joined.house.clock.at += timedelta(hours=3)
    assert joined.get(asked(joined, "export")).status_code == 200


def test_the_export_holds_everything(joined: Site) -> None:
    path = asked(joined, "export")
    assert ADA not in joined.get(path).text
    answer = joined.post(path)
    assert answer.headers["content-type"] == "application/json"
    assert "attachment" in answer.headers["content-disposition"]
    record = answer.json()
    assert record["subscription"]["email"] == ADA
    assert record["profiles"][0]["keywords"] == ["low-rank adaptation", "unheard-of keyword of ada"]
    digest = next(each for each in record["deliveries"] if each["kind"] == "digest")
    assert digest["papers"] == digest["covered"] == [{"id": "arxiv:2611.01001", "title": LORA.title, "url": ""}]
    assert {each["name"] for each in record["events"]} >= {"asked", "confirmed"}


def test_erasing_leaves_no_trace(joined: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path, public_id = asked(joined, "erase"), joined.reader(ADA).public_id
    assert joined.get(path).status_code == 200
    assert joined.state(ADA) == SubscriberState.ACTIVE, "opening the page erases nothing"
    answer = joined.post(path)
    assert (answer.status_code, text(answer, "h1")) == (200, "Erased.")
    assert joined.house.world.subscriptions.find(ADA) is None
    for file in tmp_path.glob("paperround.sqlite3*"):
        body = file.read_bytes()
        for trace in (ADA, public_id, "unheard-of keyword"):
            assert trace.encode() not in body, file.name
    assert ADA not in caplog.text
    assert joined.post(path).status_code == 200, "a second press says the same"
    assert joined.get(path).status_code == 410


def hashes(pages: Site) -> list[tuple[str, str]]:
    """The table and the hash of each row that knows somebody by one."""
    with pages.house.world.store.engine.connect() as connection:
        tables = [name for name, table in metadata.tables.items() if "hash" in table.c]
        return [(name, row.hash) for name in tables for row in connection.execute(sql(f"SELECT hash FROM {name}"))]


def test_erasing_leaves_no_hash_of_who_has_answered(joined: Site) -> None:
    joined.post(asked(joined, "erase"))
    assert hashes(joined) == []


def test_erasing_says_what_stays_and_lets_no_stranger_ask_more_often(joined: Site) -> None:
    joined.post(asked(joined, "move"), {"email": NEW})
    joined.post(f"/unsubscribe/{joined.token(ADA, Purpose.UNSUBSCRIBE)}", {"List-Unsubscribe": "One-Click"})
    joined.house.clock.at += timedelta(minutes=5)
    joined.post("/subscribe", form(ADA, "mamba"))
    path = asked(joined, "erase")
    for page in (joined.get(path), joined.post(path)):
        assert "a keyed hash" in text(page, ".hint")
        assert "for a year, where an address was asked to confirm and did not answer" in text(page, ".hint")
    assert {name for name, _ in hashes(joined)} == {"asked"}
    assert len(hashes(joined)) == 2
    for _ in range(4):
        joined.house.clock.at += DAY
        joined.post("/subscribe", form(ADA, "mamba"))
    assert len([mail for mail in joined.mails() if mail.startswith(f"{ADA}: Please confirm")]) == 1 + 3
    joined.house.clock.at += 366 * DAY
    joined.house.world.forgetting.forget(joined.house.clock())
    assert hashes(joined) == []


def test_what_others_search_for_stays(joined: Site, tmp_path: Path) -> None:
    joined.house.join("bob@uni.example", "low-rank adaptation")
    joined.post(asked(joined, "erase"))
    assert joined.reader("bob@uni.example").profiles[0].keywords == ("low-rank adaptation",)
    with sqlite3.connect(tmp_path / "paperround.sqlite3") as database:
        assert database.execute("SELECT canonical FROM keyword").fetchall() == [("low rank adaptation",)]


def test_one_click_of_someone_who_erased_everything_is_answered(joined: Site) -> None:
    stop = f"/unsubscribe/{joined.token(ADA, Purpose.UNSUBSCRIBE)}"
    joined.post(asked(joined, "erase"))
    assert joined.post(stop, {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_who_has_left_can_still_export_and_erase(joined: Site) -> None:
    joined.post(f"/unsubscribe/{joined.token(ADA, Purpose.UNSUBSCRIBE)}")
    assert "/records" in joined.get(f"/manage/{joined.token(ADA, Purpose.MANAGE)}").text
    assert joined.post(asked(joined, "export")).json()["subscription"]["state"] == "left"
    assert joined.post(asked(joined, "erase")).status_code == 200
    assert joined.house.world.subscriptions.find(ADA) is None


def test_mails_go_to_the_new_address_once_it_is_confirmed_there(joined: Site) -> None:
    move = asked(joined, "move")
    assert joined.post(move, {"email": NEW}).status_code == 200
    assert joined.state(ADA) == SubscriberState.ACTIVE, "nothing has changed yet"
    (confirm,) = links(joined, "address")
    assert f"{NEW}: Please confirm your new address for Paper Round" in joined.mails()
    for _ in range(2):
        assert joined.get(confirm).status_code == 200
        assert joined.state(ADA) == SubscriberState.ACTIVE
    assert joined.post(confirm).status_code == 200
    assert joined.house.world.subscriptions.find(ADA) is None
    assert joined.reader(NEW).profiles[0].keywords[0] == "low-rank adaptation"
    assert f"{ADA}: Your mails from Paper Round go elsewhere now" in joined.mails()
    assert joined.get(confirm).status_code == 410, "the link has done its work"


def test_an_older_wish_cannot_be_confirmed_after_a_newer_one(joined: Site) -> None:
    move = asked(joined, "move")
    for email in ("first@lab.example", "second@lab.example"):
        joined.post(move, {"email": email})
    first, second = links(joined, "address")
    assert joined.post(first).status_code == 410
    assert joined.post(second).status_code == 200
    assert joined.reader("second@lab.example").state == SubscriberState.ACTIVE


def test_a_taken_address_is_answered_alike_and_cannot_be_taken_over(joined: Site) -> None:
    joined.house.join("bob@uni.example", "mamba")
    joined.mails()
    joined.house.clock.at += DAY
    move = asked(joined, "move")
    taken, free = (joined.post(move, {"email": email}) for email in ("bob@uni.example", "eve@uni.example"))
    assert taken.status_code == 200
    assert taken.content.replace(b"bob@", b"eve@") == free.content
    mails = joined.mails()
    assert "bob@uni.example: Please confirm your new address for Paper Round" not in mails
    assert "eve@uni.example: Please confirm your new address for Paper Round" in mails


def ended(pages: Site) -> None:
    """NEW read here once, and left."""
    pages.house.join(NEW, "mamba")
    pages.post(f"/unsubscribe/{pages.token(NEW, Purpose.UNSUBSCRIBE)}", {"List-Unsubscribe": "One-Click"})


def gone(pages: Site) -> None:
    """NEW read here once, until mails came back."""
    pages.house.join(NEW, "mamba")
    with pages.house.world.store.write() as unit:
        unit.subscribers.set_state(pages.reader(NEW).id, SubscriberState.SUPPRESSED)


def typed(pages: Site) -> None:
    """A stranger has typed NEW."""
    pages.post("/subscribe", form(NEW, "mamba"))


@pytest.mark.parametrize("before", [ended, gone, typed])
def test_an_address_where_nobody_reads_any_more_can_be_moved_to_by_whoever_answers_there(
    joined: Site, tmp_path: Path, before: Callable[[Site], None]
) -> None:
    before(joined)
    joined.house.clock.at += DAY
    other = joined.reader(NEW)
    joined.post(asked(joined, "move"), {"email": NEW})
    (confirm,) = links(joined, "address")
    joined.get(confirm)
    assert joined.reader(NEW) == other, "nothing gives way before somebody answers there"
    assert joined.post(confirm).status_code == 200
    reader = joined.reader(NEW)
    assert (reader.state, reader.profiles[0].keywords[0]) == (SubscriberState.ACTIVE, "low-rank adaptation")
    for file in tmp_path.glob("paperround.sqlite3*"):
        assert other.public_id.encode() not in file.read_bytes(), file.name


@pytest.mark.parametrize("bounced", [False, True])
def test_the_page_says_that_the_old_address_is_told_only_where_it_is(joined: Site, bounced: bool) -> None:
    joined.post(asked(joined, "move"), {"email": NEW})
    (confirm,) = links(joined, "address")
    if bounced:
        with joined.house.world.store.write() as unit:
            unit.subscribers.set_state(joined.reader(ADA).id, SubscriberState.SUPPRESSED)
    before = len(joined.mails())
    assert ("We tell the old address" in joined.post(confirm).text) is not bounced
    assert (len(joined.mails()) > before) is not bounced


def test_who_answers_at_the_old_subscription_first_keeps_it(joined: Site) -> None:
    ended(joined)
    joined.post(asked(joined, "move"), {"email": NEW})
    (confirm,) = links(joined, "address")
    joined.house.world.subscriptions.confirm(joined.token(NEW, Purpose.CONFIRM), joined.house.clock())
    assert joined.post(confirm).status_code == 409
    assert joined.reader(NEW).profiles[0].keywords == ("mamba",)
    assert joined.reader(ADA).state == SubscriberState.ACTIVE


def test_an_address_taken_meanwhile_stays_with_its_reader(joined: Site) -> None:
    joined.post(asked(joined, "move"), {"email": NEW})
    (confirm,) = links(joined, "address")
    joined.house.world.subscriptions.enrol(NEW, "mamba", Schedule(), joined.house.clock())
    assert joined.post(confirm).status_code == 409
    assert joined.reader(ADA).profiles[0].keywords[0] == "low-rank adaptation"


@pytest.mark.parametrize("email", ["nobody", ADA, "a@b@c", ""])
def test_an_address_that_cannot_be_used_is_told_of_at_its_field(joined: Site, email: str) -> None:
    answer = joined.post(asked(joined, "move"), {"email": email})
    assert answer.status_code == 422
    assert 'id="email-problems"' in answer.text
    assert text(answer, "#email-problems li")


def test_a_new_address_is_asked_once_a_day_however_often_it_is_named(joined: Site) -> None:
    for day in range(6):
        move = asked(joined, "move")
        for _ in range(3):
            joined.post(move, {"email": NEW})
        assert len([mail for mail in joined.mails() if mail.startswith(NEW)]) == min(day + 1, 3)
        joined.house.clock.at += DAY


def test_the_erased_rows_are_gone_from_every_table(joined: Site) -> None:
    row = joined.reader(ADA).id
    joined.post(asked(joined, "erase"))
    with joined.house.world.store.engine.connect() as connection:
        for table in metadata.tables.values():
            if "subscriber_id" in table.c:
                count = connection.execute(sql(f"SELECT count(*) FROM {table.name} WHERE subscriber_id = {row}"))
                assert count.scalar() == 0, table.name
