"""The front page and signing up, over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from service.links import Purpose
from service.model import SubscriberState
from tests.integration.sites import Site, form, site, text, ticked, value
from tests.integration.stores import paper
from tests.integration.worlds import DAY

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
SURVEY = paper("Low-Rank Adaptation: A Survey of Methods", arxiv_id="2611.01003", upvotes=50)
CATS = paper("Counting Cats in Satellite Images", arxiv_id="2611.01004", upvotes=7)
ADA = "ada@uni.example"


def test_the_front_page_says_what_this_is_and_proposes_weekday_mornings(pages: Site) -> None:
    page = pages.get("/")
    assert page.status_code == 200
    assert text(page, "h1") == "New papers on your topics, each morning."
    assert (value(page, "hour"), value(page, "timezone"), ticked(page)) == ("7", "UTC", ["1", "2", "3", "4", "5"])


def test_topics_in_the_address_stand_in_the_field(pages: Site) -> None:
    page = pages.get("/?k=low-rank+adaptation&k=%22LoRA%22&k=&k=-survey")
    assert value(page, "keywords") == 'low-rank adaptation\n"LoRA"\n-survey'


def test_a_link_with_an_unreadable_topic_still_opens(pages: Site) -> None:
    page = pages.get("/", params={"k": ['"open', "<script>alert(1)</script>", "x" * 5000]})
    assert page.status_code == 200
    assert value(page, "keywords").startswith('"open\n<script>alert(1)</script>\n')
    assert "<script>alert" not in page.text


def test_topics_in_the_address_show_what_the_week_would_have_brought(pages: Site) -> None:
    pages.house.arrive(LORA, SURVEY, CATS)
    page = pages.get("/", params={"k": ["low-rank adaptation", "-survey"]})
    shown = text(page, ".morning")
    assert LORA.title in shown
    assert SURVEY.title not in shown
    assert CATS.title not in shown
    assert text(page, ".sheet mark") == "Low-Rank Adaptation"
    assert text(page, ".sheet .why .tag") == "low-rank adaptation"


def test_without_topics_the_most_upvoted_papers_are_shown(pages: Site) -> None:
    pages.house.arrive(LORA, SURVEY, CATS)
    shown = text(pages.get("/"), ".sheet")
    assert shown.index(SURVEY.title) < shown.index(CATS.title) < shown.index(LORA.title)


@pytest.mark.parametrize(("asked", "found"), [("?k=low-rank+adaptation", "2 papers"), ("", "3 papers")])
def test_the_bar_on_a_phone_follows_the_preview_to_no_topics_and_back(pages: Site, asked: str, found: str) -> None:
    pages.house.arrive(LORA, SURVEY, CATS)
    preview = LexborHTMLParser(pages.get(f"/preview{asked}").text)
    assert [each.attributes["data-found"] for each in preview.css("[data-found]")] == [f"{found} this week"]
    assert text(pages.get(f"/{asked}"), "[data-week]") == f"{found} this week"


def test_signing_up_sends_one_mail_to_confirm(pages: Site) -> None:
    page = pages.post("/subscribe", form(ADA, "low-rank adaptation", '"LoRA"', "-survey"))
    assert page.status_code == 200
    assert "Look in your inbox" in text(page, "h1")
    assert pages.state(ADA) == SubscriberState.PENDING
    assert pages.reader(ADA).profiles[0].keywords == ("low-rank adaptation", '"LoRA"', "-survey")
    assert pages.reader(ADA).schedule.timezone == "Europe/Berlin"
    assert len(pages.mails()) == 1


def asked(pages: Site) -> int:
    return sum("Please confirm" in mail for mail in pages.mails())


def test_who_leaves_and_signs_up_again_on_the_same_day_is_asked_again(pages: Site) -> None:
    pages.post("/subscribe", form(ADA, "lora"))
    pages.post("/subscribe", form(ADA, "qlora"))
    assert asked(pages) == 1
    pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}")
    pages.post(f"/unsubscribe/{pages.token(ADA, Purpose.UNSUBSCRIBE)}", {"List-Unsubscribe": "One-Click"})
    for topic in ("orchids", "lamps"):
        pages.house.clock.at += timedelta(minutes=5)
        pages.post("/subscribe", form(ADA, topic))
    assert asked(pages) == 2


def test_an_address_and_topics_are_enough(pages: Site) -> None:
    assert pages.post("/subscribe", {"email": ADA, "keywords": "lora, qlora; -survey"}).status_code == 200
    reader = pages.reader(ADA)
    assert reader.profiles[0].keywords == ("lora", "qlora", "-survey")
    assert (reader.schedule.hour, sorted(reader.schedule.weekdays)) == (7, [1, 2, 3, 4, 5])


def test_an_invented_host_is_welcome_only_on_ones_own_machine(tmp_path: Path) -> None:
    serious = {"smtp_url": "smtp://127.0.0.1:9", "secret_keys": "k" * 40, "suppression_key": "s" * 40}
    for name, settings, taken in (("own", {}, 200), ("other", serious, 422)):
        with site(tmp_path / name, **settings) as pages:
            assert pages.post("/subscribe", form("reader@box", "lora")).status_code == taken
            assert pages.post("/subscribe", form("reader@localhost", "lora")).status_code == 422


def test_the_answer_is_the_same_whatever_the_state_of_the_address(pages: Site) -> None:
    answers = {pages.post("/subscribe", form(ADA, "lora")).content}
    answers.add(pages.post("/subscribe", form(ADA, "lora")).content)
    pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}")
    answers.add(pages.post("/subscribe", form(ADA, "lora")).content)
    pages.post(f"/manage/{pages.token(ADA, Purpose.MANAGE)}/pause", {"days": "7"})
    answers.add(pages.post("/subscribe", form(ADA, "lora")).content)
    pages.post(f"/unsubscribe/{pages.token(ADA, Purpose.UNSUBSCRIBE)}")
    answers.add(pages.post("/subscribe", form(ADA, "lora")).content)
    assert len(answers) == 1


def test_everything_wrong_is_said_at_once_and_nothing_typed_is_lost(pages: Site) -> None:
    wrong = form("ada@", 'lora "flow matching', "world model", timezone="Europe/Belin", weekdays=["6"], hour="25")
    page = pages.post("/subscribe", wrong)
    assert page.status_code == 422
    said = text(page)
    assert "Europe/Berlin" in text(page, "#timezone-problems")
    assert "character 6" in text(page, "#keywords-problems")
    assert text(page, "#email-problems")
    assert text(page, "#hour-problems")
    assert "4 things need another look" in said
    assert value(page, "keywords") == 'lora "flow matching\nworld model'
    assert (value(page, "email"), value(page, "timezone"), ticked(page)) == ("ada@", "Europe/Belin", ["6"])
    assert pages.mails() == []


def test_no_day_ticked_is_told_of(pages: Site) -> None:
    page = pages.post("/subscribe", form(ADA, "lora", weekdays=[]))
    assert page.status_code == 422
    assert text(page, "#weekdays-problems")
    assert ticked(page) == []


def test_an_address_without_end_is_refused_unread(pages: Site) -> None:
    for path in ("/subscribe", "/manage"):
        answer = pages.post(path, form('"a" ' * 2000 + "@uni.example", "LoRA"))
        assert (answer.status_code, len(answer.content) < 200_000) == (422, True)
        assert "No address is so long" in text(answer)


@pytest.mark.parametrize("local", ["x" * 65, "ж" * 33])
def test_a_name_that_no_mail_can_carry_is_refused_at_the_door(pages: Site, local: str) -> None:
    for path in ("/subscribe", "/manage"):
        answer = pages.post(path, form(f"{local}@uni.example", "LoRA"))
        assert answer.status_code == 422
        assert "The part before the @ is too long" in text(answer)
        assert pages.post(path, form(f"{local[:-1]}@uni.example", "LoRA")).status_code == 200
    assert len(pages.mails()) == 1


def test_ten_thousand_topics_get_a_clear_sentence_and_stay_in_the_field(pages: Site) -> None:
    topics = [f"subject number {number} of many" for number in range(10_000)]
    page = pages.post("/subscribe", form(ADA, *topics))
    assert page.status_code == 422
    assert "100" in text(page, "#keywords-problems")
    assert value(page, "keywords").splitlines() == topics
    assert len(page.content) < 3 * len("\n".join(topics)), "no example repeats what cannot be taken"


def test_sixty_bad_topics_do_not_flood_the_page(pages: Site) -> None:
    page = pages.post("/subscribe", form(ADA, *[f"(open {number}" for number in range(60)]))
    assert page.status_code == 422
    assert "48 more" in text(page, "#keywords-problems")


def test_looking_first_counts_topics_and_keeps_the_address(pages: Site) -> None:
    pages.house.arrive(LORA, CATS)
    page = pages.post("/subscribe", form("half@typed", "low-rank adaptation") | {"action": "look"})
    assert page.status_code == 200
    assert value(page, "email") == "half@typed"
    assert text(page, ".counts li").startswith("low-rank adaptation 1 paper, last Fri 20 Nov Sparse Low-Rank")
    assert pages.mails() == []


def test_a_program_that_fills_in_every_field_is_answered_alike_and_not_heard(pages: Site) -> None:
    heard = pages.post("/subscribe", form(ADA, "lora")).content
    trapped = pages.post("/subscribe", form("bot@uni.example", "lora", company="Acme"))
    assert trapped.content.replace(b"bot@", b"ada@") == heard
    assert pages.house.world.subscriptions.find("bot@uni.example") is None


def test_control_characters_do_not_reach_the_subscription(pages: Site) -> None:
    pages.post("/subscribe", form(ADA, "lo\x00ra", "world\tmodel", "flow\xa0matching"))
    assert [keyword.replace("\xa0", " ") for keyword in pages.reader(ADA).profiles[0].keywords] == [
        "lora",
        "world model",
        "flow matching",
    ]


def test_a_closed_service_says_so_and_takes_nobody(tmp_path: Path) -> None:
    with site(tmp_path, signup="closed") as pages:
        assert "closed" in text(pages.get("/"), ".notice")
        assert pages.post("/subscribe", form(ADA, "lora")).status_code == 422
        assert pages.house.world.subscriptions.find(ADA) is None


def test_a_service_for_some_domains_names_them(tmp_path: Path) -> None:
    with site(tmp_path, signup="lab.example, uni.example") as pages:
        assert "lab.example or uni.example" in text(pages.get("/"), ".notice")
        assert pages.post("/subscribe", form("eve@elsewhere.example", "lora")).status_code == 422
        assert pages.post("/subscribe", form(ADA, "lora")).status_code == 200


def test_a_paper_from_last_month_is_counted_but_not_previewed(pages: Site) -> None:
    pages.house.arrive(LORA)
    pages.house.clock.at += 20 * DAY
    page = pages.get("/", params={"k": "low-rank adaptation"})
    assert text(page, ".counts li").startswith("low-rank adaptation 1 paper")
    assert text(page, ".counts .example") == LORA.title
    assert LORA.title not in text(page, "#preview").replace(text(page, ".counts"), "")
