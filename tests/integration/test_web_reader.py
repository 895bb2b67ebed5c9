"""Confirming, managing, pausing and stopping, over real HTTP and with real signed links."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import requests
from selectolax.lexbor import LexborHTMLParser, LexborNode

from service.links import Purpose
from service.model import SubscriberState
from tests.integration.sites import Site, form, text, ticked, value
from tests.integration.stores import paper
from tests.integration.worlds import DAY, PLAIN

ADA = "ada@uni.example"
LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)


@pytest.fixture
def joined(pages: Site) -> Site:
    """The site with one reader in Berlin."""
    pages.post("/subscribe", form(ADA, "low-rank adaptation", "-survey"))
    assert pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}").status_code == 200
    return pages


def link(pages: Site, purpose: Purpose) -> str:
    return f"/{purpose}/{pages.token(ADA, purpose)}"


def hidden(page: requests.Response, name: str) -> list[LexborNode]:
    return LexborHTMLParser(page.text).css(f"input[type=hidden][name={name}]")


def test_opening_the_confirmation_link_changes_nothing(pages: Site) -> None:
    pages.post("/subscribe", form(ADA, "low-rank adaptation"))
    for _ in range(2):
        page = pages.get(link(pages, Purpose.CONFIRM))
        assert page.status_code == 200
        assert "low-rank adaptation" in text(page, "main")
        assert ADA not in page.text
        assert pages.state(ADA) == SubscriberState.PENDING


def test_the_button_begins_the_subscription_and_says_when_the_next_mail_comes(pages: Site) -> None:
    pages.post("/subscribe", form(ADA, "low-rank adaptation"))
    page = pages.post(link(pages, Purpose.CONFIRM))
    assert page.status_code == 200
    # It is a Friday morning after seven in Berlin: the next weekday is Monday.
    assert "Monday 23 November at 07:00" in text(page, "main")
    assert pages.state(ADA) == SubscriberState.ACTIVE
    assert pages.post(link(pages, Purpose.CONFIRM)).status_code == 200


def test_a_confirmed_reader_is_told_so_and_not_asked_again(joined: Site) -> None:
    page = joined.get(link(joined, Purpose.CONFIRM))
    assert text(page, "h1") == "You are subscribed already."
    assert "<form" not in page.text


def test_the_confirmed_page_leads_to_managing(joined: Site) -> None:
    page = joined.post(link(joined, Purpose.CONFIRM))
    href = page.text.split('class="button" href="')[1].split('"')[0]
    assert joined.get(href).status_code == 200


def test_the_manage_page_shows_how_things_stand(joined: Site) -> None:
    joined.house.arrive(LORA)
    page = joined.get(link(joined, Purpose.MANAGE))
    assert text(page, "h1") == "Next: Mon 07:00."
    assert value(page, "keywords") == "low-rank adaptation\n-survey"
    assert (value(page, "hour"), value(page, "timezone"), value(page, "max_papers")) == ("7", "Europe/Berlin", "10")
    assert ticked(page) == ["1", "2", "3", "4", "5"]
    assert text(page, ".counts li").startswith("low-rank adaptation 1 paper, last Fri 20 Nov")
    assert ADA not in page.text


def test_saving_changes_everything_together(joined: Site) -> None:
    changed = form("", "world model*", weekdays=["2", "4"], hour="18", timezone="America/New_York", max_papers="25")
    answer = joined.post(link(joined, Purpose.MANAGE), changed)
    assert answer.status_code == 303
    page = joined.get(answer.headers["location"])
    assert "Saved" in text(page, "[role=status]")
    assert text(page, "h1") == "Next: Tue 18:00."
    reader = joined.reader(ADA)
    assert reader.profiles[0].keywords == ("world model*",)
    assert (reader.schedule.timezone, reader.schedule.hour, reader.max_papers) == ("America/New_York", 18, 25)


def test_a_form_with_topics_alone_leaves_the_schedule(joined: Site) -> None:
    assert joined.post(link(joined, Purpose.MANAGE), {"keywords": "cats"}).status_code == 303
    reader = joined.reader(ADA)
    assert reader.profiles[0].keywords == ("cats",)
    assert (reader.schedule.timezone, reader.schedule.hour) == ("Europe/Berlin", 7)


def test_clearing_the_topics_clears_them(joined: Site) -> None:
    assert joined.post(link(joined, Purpose.MANAGE), form("", "")).status_code == 303
    assert not [keyword for profile in joined.reader(ADA).profiles for keyword in profile.keywords]


def test_a_wrong_form_saves_nothing_and_loses_nothing(joined: Site) -> None:
    wrong = form("", '"open', "cats", timezone="Nowhere/Land", max_papers="1000")
    page = joined.post(link(joined, Purpose.MANAGE), wrong)
    assert page.status_code == 422
    assert value(page, "keywords") == '"open\ncats'
    assert value(page, "timezone") == "Nowhere/Land"
    assert text(page, "#keywords-problems")
    assert text(page, "#timezone-problems")
    assert joined.reader(ADA).profiles[0].keywords == ("low-rank adaptation", "-survey")


@pytest.mark.parametrize("papers", ["0", "101", "-3", "ten", "", "9" * 40])
def test_an_impossible_number_of_papers_is_told_of_at_its_field(joined: Site, papers: str) -> None:
    page = joined.post(link(joined, Purpose.MANAGE), form("", "cats", max_papers=papers))
    assert page.status_code == 422
    assert "1 to 100" in text(page, "#max_papers-problems")


def test_a_pause_ends_on_the_day_it_was_asked_for(joined: Site) -> None:
    answer = joined.post(link(joined, Purpose.MANAGE) + "/pause", {"days": "7"})
    assert answer.status_code == 303
    assert joined.reader(ADA).paused_until == date(2026, 11, 27)
    page = joined.get(answer.headers["location"])
    assert text(page, "h1") == "Resting until Friday 27 November."
    assert "Friday 27 November at 07:00" in text(page, ".lead")
    assert joined.post(link(joined, Purpose.MANAGE) + "/resume").status_code == 303
    assert joined.state(ADA) == SubscriberState.ACTIVE


@pytest.mark.parametrize("until", ["2026-11-20", "2020-01-01", "2031-01-01", "soon", "2026-02-30"])
def test_a_pause_until_an_impossible_day_is_told_of(joined: Site, until: str) -> None:
    for path in (link(joined, Purpose.MANAGE) + "/pause", link(joined, Purpose.PAUSE)):
        page = joined.post(path, {"until": until})
        assert page.status_code == 422
        assert text(page, "#until-problems")
    assert joined.state(ADA) == SubscriberState.ACTIVE


def test_the_pause_link_of_a_mail_pauses_and_resumes(joined: Site) -> None:
    path = link(joined, Purpose.PAUSE)
    assert joined.get(path).status_code == 200
    assert joined.state(ADA) == SubscriberState.ACTIVE
    page = joined.post(path, {"until": "2026-12-04"})
    assert text(page, "h1") == "Resting until Friday 4 December."
    assert joined.state(ADA) == SubscriberState.PAUSED
    assert "Monday 23 November" in text(joined.post(path + "/resume"), "main")
    assert joined.state(ADA) == SubscriberState.ACTIVE


def test_an_open_pause_lasts_until_the_reader_comes_back(joined: Site) -> None:
    assert "until you come back" in text(joined.post(link(joined, Purpose.PAUSE), {}), "h1")
    assert joined.reader(ADA).paused_until is None
    assert joined.get(link(joined, Purpose.MANAGE)).status_code == 200


def test_the_unsubscribe_page_asks_and_changes_nothing(joined: Site) -> None:
    page = joined.get(link(joined, Purpose.UNSUBSCRIBE))
    assert text(page, "h1") == "Stop mails to a…@uni.example?"
    assert joined.state(ADA) == SubscriberState.ACTIVE


def test_stopping_can_be_undone(joined: Site) -> None:
    path = link(joined, Purpose.UNSUBSCRIBE)
    page = joined.post(path)
    assert page.status_code == 200
    assert text(page, "h1") == "Done."
    assert joined.state(ADA) == SubscriberState.LEFT
    assert joined.post(path + "/undo").status_code == 200
    assert joined.state(ADA) == SubscriberState.ACTIVE


def test_resting_is_offered_in_place_of_stopping(joined: Site) -> None:
    page = joined.post(link(joined, Purpose.UNSUBSCRIBE) + "/pause", {"days": "14"})
    assert text(page, "h1") == "Resting until Friday 4 December."
    assert joined.state(ADA) == SubscriberState.PAUSED


def test_one_mail_a_week_is_offered_in_place_of_stopping_and_can_be_undone(joined: Site) -> None:
    path = link(joined, Purpose.UNSUBSCRIBE)
    assert "Weekly instead" in text(joined.get(path), "main")
    page = joined.post(path + "/weekly")
    assert "Mondays; the next mail comes on Monday 23 November at 07:00" in text(page, "main")
    assert joined.reader(ADA).schedule.weekdays == {1}
    days = [("weekdays", str(node.attributes["value"])) for node in hidden(page, "weekdays")]
    assert text(joined.post(path + "/weekly", days), "h1") == "Done."
    assert joined.reader(ADA).schedule.weekdays == {1, 2, 3, 4, 5}
    assert joined.post(path + "/weekly", {"weekdays": "9"}).status_code == 409


def test_why_somebody_left_is_kept_without_a_name(joined: Site) -> None:
    path = link(joined, Purpose.UNSUBSCRIBE)
    joined.post(path + "/reason", {"said": "Not left yet."})
    joined.post(path)
    page = joined.post(path + "/reason", {"why": ["Too many mails.", "Bye."], "said": "<b>So many</b>"})
    assert "Thank you" in text(page, "[role=status]")
    assert [said for _, said in joined.house.world.wishes.reasons()] == ["Too many mails. Bye. <b>So many</b>"]
    assert joined.post(path + "/undo").status_code == 200
    assert joined.state(ADA) == SubscriberState.ACTIVE


@pytest.mark.parametrize("state", [SubscriberState.LEFT, SubscriberState.SUPPRESSED])
def test_who_left_or_complained_comes_back_by_confirming_again(joined: Site, state: SubscriberState) -> None:
    with joined.house.world.store.write() as unit:
        unit.subscribers.set_state(joined.reader(ADA).id, state)
    joined.house.clock.at += DAY
    joined.post("/subscribe", form(ADA, "low-rank adaptation"))
    assert joined.post(link(joined, Purpose.CONFIRM)).status_code == 200
    assert joined.state(ADA) == SubscriberState.ACTIVE


def test_an_old_link_of_who_signed_up_again_says_what_it_waits_for(joined: Site) -> None:
    joined.post(link(joined, Purpose.UNSUBSCRIBE))
    joined.house.clock.at += DAY
    joined.post("/subscribe", form(ADA, "cats"))
    assert joined.state(ADA) == SubscriberState.PENDING
    page = joined.get(link(joined, Purpose.MANAGE))
    assert "waits for your confirmation" in text(page, ".lead")
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PAUSE):
        assert joined.get(link(joined, purpose)).status_code == 200
        assert (
            joined.post(link(joined, purpose) + "/pause" * (purpose != Purpose.PAUSE), {"days": "7"}).status_code < 500
        )
    for path in ("", "/pause", "/resume", "/mend"):
        assert joined.post(link(joined, Purpose.MANAGE) + path, {"keywords": "dogs", "days": "7"}).status_code < 500
    assert joined.state(ADA) == SubscriberState.PENDING


def test_who_has_left_is_shown_the_way_back_with_topics_filled_in(joined: Site) -> None:
    joined.post(link(joined, Purpose.UNSUBSCRIBE))
    page = joined.get(link(joined, Purpose.MANAGE))
    assert "/?k=low-rank+adaptation&amp;k=-survey" in page.text
    assert joined.post(link(joined, Purpose.MANAGE), form("", "cats")).status_code < 500
    assert joined.state(ADA) == SubscriberState.LEFT


ONE_CLICK = {
    "urlencoded": ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
    "multipart": (
        '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
        "multipart/form-data; boundary=b",
    ),
}


@pytest.mark.parametrize("encoding", ONE_CLICK)
def test_one_click_stops_at_once_and_as_often_as_it_is_sent(joined: Site, encoding: str) -> None:
    body, media_type = ONE_CLICK[encoding]
    path = link(joined, Purpose.UNSUBSCRIBE)
    for _ in range(3):
        headers = {"Content-Type": media_type, "Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
        answer = joined.post(path, body.encode(), headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert "set-cookie" not in answer.headers
        assert joined.state(ADA) == SubscriberState.LEFT


def test_one_click_for_someone_who_was_erased_is_answered_alike(joined: Site) -> None:
    path = link(joined, Purpose.UNSUBSCRIBE)
    joined.house.world.subscriptions.erase(joined.reader(ADA), joined.house.clock())
    answer = joined.post(path, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.is_redirect) == (200, False)


def test_one_click_with_a_forged_link_stops_nobody(joined: Site) -> None:
    path = link(joined, Purpose.UNSUBSCRIBE)
    assert joined.post(path[:-6] + "AAAAAA", {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert joined.post(link(joined, Purpose.MANAGE).replace("manage", "unsubscribe")).status_code == 404
    assert joined.state(ADA) == SubscriberState.ACTIVE


@pytest.mark.parametrize("purpose", PLAIN)
def test_a_link_opens_its_own_page_and_no_other(joined: Site, purpose: Purpose) -> None:
    token = joined.token(ADA, purpose)
    answers = {other: joined.get(f"/{other}/{token}").status_code for other in Purpose}
    assert answers == {other: 200 if other == purpose else 404 for other in Purpose}
    assert joined.get(f"/address/{joined.token(ADA, Purpose.ADDRESS)}").status_code == 410, "nobody asked to move"


def test_an_expired_link_says_so_and_offers_a_new_one(joined: Site) -> None:
    path = link(joined, Purpose.CONFIRM)
    joined.house.clock.at += timedelta(days=8)
    for answer in (joined.get(path), joined.post(path)):
        assert answer.status_code == 410
        assert "expired" in text(answer, ".lead")
        assert 'action="/manage"' in answer.text


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "%00", "66f2a1c0.Qm9v.kq3V8m0yWb2x9c4d5e6f7A", "..%2f..%2fetc", "x" * 3000]
)
def test_a_mangled_link_is_refused_kindly(joined: Site, token: str) -> None:
    for purpose in Purpose:
        answer = joined.get(f"/{purpose}/{token}")
        assert answer.status_code == 404
        assert text(answer, "h1")


def test_a_lost_link_is_mailed_and_the_page_tells_nothing(joined: Site) -> None:
    joined.mails()
    joined.house.clock.at += DAY
    known = joined.post("/manage", {"email": ADA})
    unknown = joined.post("/manage", {"email": "bob@uni.example"})
    assert known.status_code == 200
    assert known.content.replace(b"ada@", b"bob@") == unknown.content
    assert not [mail for mail in joined.mails() if "bob@" in mail]
    assert joined.post("/manage", {"email": "nobody"}).status_code == 422


def test_reading_every_link_twice_changes_nothing(joined: Site) -> None:
    before = joined.reader(ADA)
    for _ in range(2):
        for purpose in PLAIN:
            assert joined.get(link(joined, purpose)).status_code == 200
            assert joined._ask("HEAD", link(joined, purpose)).status_code == 200
    assert joined.reader(ADA) == before
