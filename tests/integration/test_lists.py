"""Addresses that several people read: one member's click asks the owner, and never ends the mails of everybody."""

from __future__ import annotations

import re

import pytest

from service.links import Purpose
from service.model import SubscriberState
from service.subscriptions.owners import MOST_LISTS, looks_shared
from tests.integration.sites import Site, form, text, value
from tests.integration.stores import paper
from tests.integration.worlds import DAY

LIST, OWNER = "vision-lab@uni.example", "ada@uni.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def joined(pages: Site) -> Site:
    """A list with an owner, which has had a digest."""
    pages.post("/subscribe", form(LIST, "low-rank adaptation"))
    assert pages.post(f"/confirm/{pages.token(LIST, Purpose.CONFIRM)}", {"owner": OWNER}).status_code == 200
    pages.house.arrive(paper("Sparse Low-Rank Adaptation", arxiv_id="2611.01001"))
    pages.house.morning()
    return pages


def path(pages: Site, purpose: Purpose) -> str:
    return f"/{purpose}/{pages.token(LIST, purpose)}"


def to_owner(pages: Site) -> list[str]:
    """The links in the mails that ask the owner, oldest first."""
    pages.house.world.pipeline.deliver(pages.house.clock())
    found = []
    for summary in reversed(pages.house.world.operations.mailbox()):
        letter = pages.house.world.operations.mail(summary.name)
        assert letter is not None
        if links := re.findall(r"(/owner/[\w.~-]+)", letter.text):
            assert summary.recipient == OWNER
            found.append(links[0])
    return found


@pytest.mark.parametrize("address", [LIST, "all@x.example", "ai-l@x.example", "j.club@lists.x.example", "a@groups.io"])
def test_an_address_spelt_like_a_list_is_asked_in_the_open(pages: Site, address: str) -> None:
    assert looks_shared(address)
    pages.post("/subscribe", form(address, "lora"))
    page = pages.get(f"/confirm/{pages.token(address, Purpose.CONFIRM)}")
    assert '<details class="more" open>' in page.text


@pytest.mark.parametrize("address", ["ada@uni.example", "paul@lab.example", "wallis@x.example", "stafford@x.example"])
def test_a_person_finds_the_question_folded(pages: Site, address: str) -> None:
    assert not looks_shared(address)
    pages.post("/subscribe", form(address, "lora"))
    page = pages.get(f"/confirm/{pages.token(address, Purpose.CONFIRM)}")
    assert "Do several people read this address?" in page.text
    assert '<details class="more" open>' not in page.text


@pytest.mark.parametrize(("typed", "sentence"), [("ada", "cannot be used"), (LIST.upper(), "address of their own")])
def test_an_owner_who_cannot_decide_is_refused_and_nothing_begins(pages: Site, typed: str, sentence: str) -> None:
    pages.post("/subscribe", form(LIST, "lora"))
    answer = pages.post(path(pages, Purpose.CONFIRM), {"owner": typed})
    assert answer.status_code == 422
    assert sentence in text(answer, "#owner-problems")
    assert value(answer, "owner") == typed
    assert pages.state(LIST) == SubscriberState.PENDING


def test_no_mail_to_a_list_carries_a_link_that_decides_for_all(joined: Site) -> None:
    (digest,) = joined.house.digests(LIST)
    assert not re.search(r"/(manage|pause|confirm)/\w", digest)
    assert re.search(r"^Edit topics: +http://127.0.0.1:\d+/manage$", digest, re.MULTILINE)
    answer = joined.post(f"/confirm/{joined.token(LIST, Purpose.CONFIRM)}")
    assert "/manage/" not in answer.text


def test_the_keys_of_a_list_go_to_its_owner(joined: Site) -> None:
    joined.post("/manage", {"email": LIST})
    joined.post(path(joined, Purpose.MANAGE) + "/records", {"what": "erase"})
    mails = joined.mails()
    assert len([mail for mail in mails if mail.startswith(OWNER)]) == 2
    assert not [mail for mail in mails if mail.startswith(LIST) and ("link" in mail or "Erase" in mail)]


def test_one_members_click_asks_the_owner_and_stops_nothing(joined: Site) -> None:
    stop = path(joined, Purpose.UNSUBSCRIBE)
    assert text(joined.get(stop), "button") == "Ask the owner"
    assert text(joined.post(stop), "h1") == "The owner is asked."
    for _ in range(3):
        answer = joined.post(stop, ONE_CLICK)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert "has been asked" in answer.text
    assert joined.state(LIST) == SubscriberState.ACTIVE
    assert len(to_owner(joined)) == 1, "one mail a day, whoever asks how often"


@pytest.mark.parametrize("way", ["/pause", "/undo", "/resume", ""])
def test_no_member_rests_or_stops_all_by_another_door(joined: Site, way: str) -> None:
    purpose = Purpose.UNSUBSCRIBE if way else Purpose.PAUSE
    answer = joined.post(path(joined, purpose) + way, {"days": "7"})
    assert "its owner decides" in text(answer)
    assert joined.state(LIST) == SubscriberState.ACTIVE


def test_the_owner_stops_for_everybody_by_a_button(joined: Site) -> None:
    joined.post(path(joined, Purpose.UNSUBSCRIBE), ONE_CLICK)
    (link,) = to_owner(joined)
    assert joined.get(link).status_code == 200
    assert joined.post(link, {"action": "else"}).status_code == 400
    assert joined.state(LIST) == SubscriberState.ACTIVE, "opening changes nothing"
    for _ in range(2):
        assert "No mails go to" in text(joined.post(link, {"action": "stop"}), "h1")
    assert joined.state(LIST) == SubscriberState.LEFT
    assert joined.post(path(joined, Purpose.UNSUBSCRIBE), ONE_CLICK).text.startswith("Done.")


def test_the_owner_keeps_them_coming_and_can_be_asked_again(joined: Site) -> None:
    for _ in range(5):
        joined.post(path(joined, Purpose.UNSUBSCRIBE), ONE_CLICK)
        assert text(joined.post(to_owner(joined)[-1], {"action": "keep"}), "h1") == "Mails go on."
        joined.house.clock.at += DAY
    assert len(to_owner(joined)) == 5
    assert joined.state(LIST) == SubscriberState.ACTIVE


def test_an_owner_who_never_answers_is_nobody(joined: Site) -> None:
    for day in range(3):
        for _ in range(2):
            joined.post(path(joined, Purpose.UNSUBSCRIBE), ONE_CLICK)
        assert len(to_owner(joined)) == day + 1
        assert joined.state(LIST) == SubscriberState.ACTIVE
        joined.house.clock.at += DAY
    joined.post(path(joined, Purpose.UNSUBSCRIBE), ONE_CLICK)
    assert joined.state(LIST) == SubscriberState.LEFT
    assert len(to_owner(joined)) == 3


def test_no_other_link_decides_for_a_list(joined: Site) -> None:
    for purpose in set(Purpose) - {Purpose.OWNER}:
        assert joined.post(f"/owner/{joined.token(LIST, purpose)}", {"action": "stop"}).status_code == 404
    assert joined.state(LIST) == SubscriberState.ACTIVE


def test_a_stranger_who_is_named_for_many_addresses_is_not_mailed_by_all_of_them(pages: Site) -> None:
    named = []
    for number in range(MOST_LISTS + 2):
        email = f"list{number}@uni.example"
        pages.post("/subscribe", form(email, "lora"))
        victim = f"Vic.tim+{number}@gmail.com"
        answer = pages.post(f"/confirm/{pages.token(email, Purpose.CONFIRM)}", {"owner": victim})
        named.append(answer.status_code)
    assert named == [200] * MOST_LISTS + [422] * 2
    assert "many others already" in text(answer, "#owner-problems")


def test_who_confirms_again_without_an_owner_reads_alone(joined: Site) -> None:
    joined.post(f"/owner/{joined.token(LIST, Purpose.OWNER)}", {"action": "stop"})
    joined.post("/subscribe", form(LIST, "lora"))
    joined.post(path(joined, Purpose.CONFIRM))
    assert joined.reader(LIST).owner == ""
    assert joined.get(f"/owner/{joined.token(LIST, Purpose.OWNER)}").status_code == 410
    joined.post(path(joined, Purpose.UNSUBSCRIBE), ONE_CLICK)
    assert joined.state(LIST) == SubscriberState.LEFT
