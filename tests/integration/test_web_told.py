"""What a page says of mails is so, also for who comes late, from another tab, or from a list."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from service.links import Purpose
from service.model import SubscriberState
from tests.integration.sites import Site, form, text
from tests.integration.worlds import DAY

ADA, LIST, OWNER = "ada@uni.example", "vision-lab@uni.example", "owner@uni.example"


@pytest.fixture
def joined(pages: Site) -> Site:
    """The site with one reader."""
    pages.post("/subscribe", form(ADA, "lora"))
    assert pages.post(link(pages, Purpose.CONFIRM)).status_code == 200
    return pages


@pytest.fixture
def owned(pages: Site) -> Site:
    """The site with a list that has an owner."""
    pages.post("/subscribe", form(LIST, "lora"))
    assert pages.post(link(pages, Purpose.CONFIRM, LIST), {"owner": OWNER}).status_code == 200
    return pages


def link(pages: Site, purpose: Purpose, email: str = ADA) -> str:
    return f"/{purpose}/{pages.token(email, purpose)}"


@pytest.mark.parametrize(("purpose", "way"), [(Purpose.UNSUBSCRIBE, "/undo"), (Purpose.PAUSE, "/resume")])
def test_who_comes_back_too_late_is_told_how(joined: Site, purpose: Purpose, way: str) -> None:
    joined.post(link(joined, Purpose.UNSUBSCRIBE))
    joined.house.clock.at += timedelta(hours=2)
    page = joined.post(link(joined, purpose) + way)
    assert joined.state(ADA) == SubscriberState.LEFT
    assert text(page, "h1") == "No mails go to a…@uni.example."
    assert "Sign up again" in text(page, "main")
    joined.house.clock.at += DAY
    joined.post("/subscribe", form(ADA, "lora"))
    page = joined.post(link(joined, purpose) + way)
    assert joined.state(ADA) == SubscriberState.PENDING
    assert "waits for your confirmation" in text(page, "main")


def test_a_reason_after_undo_ends_nothing_and_says_so(joined: Site) -> None:
    joined.post(link(joined, Purpose.UNSUBSCRIBE))
    joined.post(link(joined, Purpose.UNSUBSCRIBE) + "/undo")
    page = joined.post(link(joined, Purpose.UNSUBSCRIBE) + "/reason", {"said": "too much"})
    assert joined.state(ADA) == SubscriberState.ACTIVE
    assert "Mails go on to a…@uni.example" in text(page, "main")
    assert "No more mails" not in text(page, "main")


def test_another_address_of_who_has_left_gets_no_mails_and_is_told_so(joined: Site) -> None:
    joined.post(link(joined, Purpose.UNSUBSCRIBE))
    joined.post(link(joined, Purpose.MOVE), {"email": "new@home.example"})
    joined.mails()
    letters = [joined.house.world.operations.mail(each.name) for each in joined.house.world.operations.mailbox()]
    (way,) = {found for each in letters if each for found in re.findall(r"/address/[\w.~-]+", each.text)}
    page = joined.post(way)
    assert joined.state("new@home.example") == SubscriberState.LEFT
    assert "Mails go to" not in text(page, "main")
    assert "No mails go there: the subscription has ended" in text(page, "main")


def test_who_confirms_again_while_resting_is_promised_no_digest(joined: Site) -> None:
    joined.house.world.subscriptions.pause(joined.token(ADA, Purpose.MANAGE), None, joined.house.clock())
    page = joined.post(link(joined, Purpose.CONFIRM))
    assert "Mails rest until you come back" in text(page, "main")
    assert "first digest" not in text(page, "main")
    until = joined.house.clock().date() + 10 * DAY
    joined.house.world.subscriptions.pause(joined.token(ADA, Purpose.MANAGE), until, joined.house.clock())
    assert "Mails rest until Monday 30 November" in text(joined.post(link(joined, Purpose.CONFIRM)), "main")


def test_the_fresh_link_of_a_list_is_said_to_go_to_its_owner(owned: Site) -> None:
    records = link(owned, Purpose.MANAGE, LIST) + "/records"
    asked = owned.post(records, {"what": "erase"})
    assert owned.mails()[0].startswith(OWNER)
    for page in (owned.get(records), asked):
        assert "o…@uni.example" in text(page, "main .lead")
        assert "v…@uni.example" not in text(page, "main .lead")


def test_a_list_its_owner_stopped_is_not_said_to_have_none(owned: Site) -> None:
    owned.post(link(owned, Purpose.OWNER, LIST), {"action": "stop"})
    page = owned.post(link(owned, Purpose.UNSUBSCRIBE, LIST))
    assert owned.state(LIST) == SubscriberState.LEFT
    assert "did not answer" not in text(page, "main")
    assert "stopped for everybody who reads there" in text(page, "main")
