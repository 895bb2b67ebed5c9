"""Undo brings back how things stood before Stop, and nothing that Stop did not take."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from service.links import Purpose
from service.model import SubscriberState
from tests.integration.sites import Site, form, text
from tests.integration.test_web_records import links
from tests.integration.worlds import DAY

ADA = "ada@uni.example"
MARCH = date(2027, 3, 1)


@pytest.fixture
def stop(pages: Site) -> str:
    """The path that an old digest of the one reader leads to."""
    pages.house.join(ADA, "adapters")
    return f"/unsubscribe/{pages.token(ADA, Purpose.UNSUBSCRIBE)}"


@pytest.mark.parametrize(("until", "said"), [(MARCH, "Resting until Monday 1 March."), (None, "until you come back")])
def test_who_rested_rests_on(pages: Site, stop: str, until: date | None, said: str) -> None:
    pages.house.world.subscriptions.pause(pages.token(ADA, Purpose.MANAGE), until, pages.house.clock())
    before = pages.reader(ADA)
    pages.post(stop)
    pages.house.clock.at += timedelta(minutes=59)
    for _ in range(2):
        page = pages.post(stop + "/undo")
        assert said in text(page, "h1")
        assert pages.reader(ADA) == before, "the page was loaded anew"
    assert "You have left Paper Round" not in pages.house.subjects(ADA)
    pages.house.clock.at += DAY
    pages.house.world.pipeline.compose(pages.house.clock())
    assert pages.reader(ADA) == before


def test_what_a_stranger_typed_is_not_confirmed_by_stopping_and_undoing(pages: Site, stop: str) -> None:
    pages.post(stop)
    pages.house.clock.at += DAY
    pages.post("/subscribe", form(ADA, "a topic of somebody else"))
    assert pages.state(ADA) == SubscriberState.PENDING
    pages.post(stop)
    pages.post(stop + "/undo")
    assert pages.state(ADA) == SubscriberState.PENDING


def test_an_address_that_is_gone_is_not_written_to_again_by_stopping_and_undoing(pages: Site, stop: str) -> None:
    with pages.house.world.store.write() as unit:
        unit.subscribers.set_state(pages.reader(ADA).id, SubscriberState.SUPPRESSED)
    pages.post(stop)
    pages.post(stop + "/undo")
    assert pages.state(ADA) == SubscriberState.SUPPRESSED


def test_who_called_the_mails_spam_is_not_brought_back_by_an_old_digest(pages: Site, stop: str) -> None:
    now = pages.house.clock()
    with pages.house.world.store.write() as unit:
        unit.journal.note(pages.reader(ADA).id, "complained", now)
    pages.house.world.owners.leave(pages.token(ADA, Purpose.UNSUBSCRIBE), now)
    assert "has ended" in text(pages.post(stop + "/undo"))
    assert pages.state(ADA) == SubscriberState.LEFT


def test_who_moved_meanwhile_to_where_they_once_read_keeps_what_they_have(pages: Site, stop: str) -> None:
    pages.post(stop)
    pages.house.join("bob@uni.example", "mamba")
    pages.post(f"/move/{pages.token('bob@uni.example', Purpose.MOVE)}", {"email": ADA})
    pages.post(links(pages, "address")[-1])
    assert pages.post(stop + "/undo").status_code == 410
    assert pages.reader(ADA).profiles[0].keywords == ("mamba",)


def test_a_pause_chosen_in_place_of_stopping_ends_by_the_button_below_it(pages: Site, stop: str) -> None:
    page = pages.post(stop + "/pause", {"days": "14"})
    (way,) = re.findall(r'action="(/unsubscribe/[^"]+)"', page.text)
    assert text(pages.post(way), "h1") == "Welcome back."
    assert pages.state(ADA) == SubscriberState.ACTIVE
