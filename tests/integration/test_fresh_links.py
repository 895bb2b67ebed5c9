"""Mails with fresh links: whoever has an old digest can ask for them, so they come seldom, and to some people never."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from service.links import FRESH, Purpose
from service.model import DeliveryKind, DeliveryState, SubscriberState
from tests.integration.sites import Site, form
from tests.integration.worlds import DAY, House

ADA, LIST, OTHER, VICTIM = "ada@uni.example", "lab@uni.example", "seminar@uni.example", "victim@home.example"


def asks_each_hour(pages: Site, *manage: str) -> Counter[str]:
    """Ask by these links for everything on each hour of a day; the mails that went out, by recipient and subject."""
    before = Counter(pages.mails())
    for _ in range(24):
        for token in manage:
            for what in FRESH:
                answer = pages.post(f"/manage/{token}/records", {"what": what})
                assert (answer.status_code, "is on its way" in answer.text) == (200, True)
        pages.house.clock.at += timedelta(hours=1)
    return Counter(pages.mails()) - before


def own(pages: Site, address: str, owner: str) -> str:
    """A list with an owner who was never asked; the token of an old mail for managing it."""
    pages.post("/subscribe", form(address, "lora"))
    assert pages.post(f"/confirm/{pages.token(address, Purpose.CONFIRM)}", {"owner": owner}).status_code == 200
    return pages.token(address, Purpose.MANAGE)


def test_who_reads_gets_three_of_a_kind_a_day_and_more_on_the_next(pages: Site) -> None:
    manage = pages.house.join(ADA, "lora")
    assert set(asks_each_hour(pages, manage).values()) == {3}
    assert set(asks_each_hour(pages, manage).values()) == {3}


def test_an_owner_who_never_agreed_gets_one_of_a_kind_a_day_for_all_lists_together(pages: Site) -> None:
    tokens = [own(pages, LIST, VICTIM), own(pages, OTHER, VICTIM.replace("@", "+1@"))]
    reader = pages.reader(LIST)
    pages.house.world.subscriptions.end(reader, pages.house.clock())
    sent = asks_each_hour(pages, *tokens)
    assert sum(sent.values()) == 3
    assert {each.partition(":")[0].replace("+1", "") for each in sent} == {VICTIM}


def test_nothing_goes_to_who_called_the_mails_spam(pages: Site) -> None:
    manage = pages.house.join(ADA, "lora")
    with pages.house.world.store.write() as unit:
        pages.house.world.subscriptions.door.hold_against(unit, ADA, "complaint", pages.house.clock())
    pages.house.world.owners.leave(pages.token(ADA, Purpose.UNSUBSCRIBE), pages.house.clock())
    assert asks_each_hour(pages, manage, own(pages, LIST, ADA)) == Counter()
    pages.post("/subscribe", form(ADA, "lora"))
    pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}")
    assert set(asks_each_hour(pages, manage).values()) == {3}, "somebody there has confirmed anew"


def test_nothing_goes_to_an_address_that_is_gone(pages: Site) -> None:
    manage = pages.house.join(ADA, "lora")
    with pages.house.world.store.write() as unit:
        unit.subscribers.set_state(pages.reader(ADA).id, SubscriberState.SUPPRESSED)
    assert asks_each_hour(pages, manage) == Counter()


@pytest.mark.parametrize("what", FRESH)
def test_a_kind_that_was_asked_for_too_often_takes_nothing_from_the_others(pages: Site, what: Purpose) -> None:
    manage = pages.house.join(ADA, "lora")
    for _ in range(4):
        pages.post(f"/manage/{manage}/records", {"what": what})
        pages.house.clock.at += DAY / 8
    before = len(pages.mails())
    for each in FRESH:
        pages.post(f"/manage/{manage}/records", {"what": each})
    assert len(pages.mails()) - before == len(FRESH) - 1


def test_a_link_that_was_stopped_before_it_went_out_can_be_asked_for_again(pages: Site) -> None:
    manage = pages.house.join(ADA, "lora")
    before = len(pages.mails())
    pages.post(f"/manage/{manage}/records", {"what": "erase"})
    pages.post(f"/unsubscribe/{pages.token(ADA, Purpose.UNSUBSCRIBE)}", {"List-Unsubscribe": "One-Click"})
    assert len(pages.mails()) == before, "nothing is begun after leaving"
    pages.post(f"/manage/{manage}/records", {"what": "erase"})
    assert pages.mails()[0] == f"{ADA}: Erase your records at Paper Round"
    pages.post(f"/manage/{manage}/records", {"what": "erase"})
    assert len(pages.mails()) == before + 1, "one an hour"


def test_what_was_cancelled_counts_for_nothing_in_either_database(either: House) -> None:
    manage, world = either.join(ADA, "lora"), either.world
    reader = world.subscriptions.find(ADA)
    assert reader is not None
    for hour in range(6):
        world.records.ask(manage, Purpose.ERASE, either.clock())
        if hour < 3:
            world.subscriptions.end(reader, either.clock())
        either.clock.at += timedelta(hours=1)
    with world.store.read() as unit:
        rows = [each for each in unit.deliveries.of(reader.id) if each.kind == DeliveryKind.FRESH]
    cancelled = [each for each in rows if each.state == DeliveryState.CANCELLED]
    assert (len(cancelled), len(rows)) == (3, 6), "three a day beside those that never went out"
    assert all(each.key.endswith(each.uid) for each in cancelled)
