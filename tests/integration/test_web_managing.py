"""Everything a reader can change behind the managing link, saved together; buttons that only change the form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from selectolax.lexbor import LexborHTMLParser

from service.links import Purpose
from service.model import Profile
from service.web.choosing import Menu, Part, Wanted, check
from tests.integration.sites import Site, form, site, text, ticked, value
from tests.integration.stores import paper

ADA = "ada@uni.example"
LORA = paper("Sparse Low-Rank Adaptation (LoRA) of Very Large Models", "We use low-rank adaptation (LoRA) of models.")
BIO, DAILY = "https://bio.example/feed", "https://papers.example/daily"


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as opened:
        opened.house.arrive(LORA, source=DAILY)
        opened.house.arrive(paper("Orchids of the Alps", "They bloom."), source=BIO)
        opened.post("/subscribe", form(ADA, "LoRA", "-survey"))
        opened.post(f"/confirm/{opened.token(ADA, Purpose.CONFIRM)}")
        yield opened


def path(pages: Site, more: str = "") -> str:
    return f"/manage/{pages.token(ADA, Purpose.MANAGE)}{more}"


def save(pages: Site, *fields: tuple[str, str]) -> requests.Response:
    """Send the form as a browser does, with a profile for each `keywords`."""
    rest = [("hour", "7"), ("timezone", "Europe/Berlin"), ("max_papers", "10")]
    days = [("weekdays", day) for day in "12345" if not any(name == "weekdays" for name, _ in fields)]
    named = {name for name, _ in fields}
    return pages.post(path(pages), [*fields, *days, *(each for each in rest if each[0] not in named)])


def sources(pages: Site) -> dict[str, int]:
    return {each.url: each.id for each in pages.house.world.operations.sources()}


def test_the_status_says_what_became_of_the_last_mail(pages: Site) -> None:
    pages.house.morning()
    page = pages.get(path(pages))
    assert text(page, "h1") == "Next: Mon 07:00."
    assert text(page, ".status .lead").startswith("Last: Fri 08:00, 1 paper, put into the local mailbox.")


def test_the_status_says_how_many_papers_stood_in_the_mail_and_of_how_many(pages: Site) -> None:
    save(pages, ("keywords", "LoRA"), ("max_papers", "2"))
    pages.house.arrive(*(paper(f"LoRA number {n} of several", arxiv_id=f"2611.0000{n}") for n in range(4)))
    pages.house.morning()
    assert ", 2 of 5 papers, put into" in text(pages.get(path(pages)), ".status .lead")
    pages.house.clock.at += timedelta(days=3)
    pages.house.arrive(*(paper(f"LoRA number {n} of two", arxiv_id=f"2611.0001{n}") for n in range(2)))
    pages.house.morning()
    assert ", 2 papers, put into" in text(pages.get(path(pages)), ".status .lead")


def test_the_next_three_times_follow_the_form(pages: Site) -> None:
    assert "Mon 23 Nov 07:00, Tue 24 Nov 07:00, Wed 25 Nov 07:00" in text(pages.get(path(pages)), ".when")
    page = save(pages, ("keywords", "LoRA"), ("weekdays", "2"), ("rhythm", "weekly"))
    assert "Tue 24 Nov 07:00, Tue 1 Dec 07:00, Tue 8 Dec 07:00" in text(page, ".when")


def test_a_row_tells_count_day_and_example(pages: Site) -> None:
    row = text(pages.get(path(pages)), "[data-row=LoRA]")
    assert row.startswith("LoRA 1 paper, last Fri 20 Nov")
    assert "(LoRA) of Very Large Models" in row


def test_a_button_changes_the_form_and_saves_nothing(pages: Site) -> None:
    page = save(pages, ("keywords", "LoRA\n-survey"), ("drop", "0:-survey"))
    assert value(page, "keywords") == "LoRA"
    assert text(page, "[data-save]") == "Save 1 change"
    page = save(pages, ("keywords", "LoRA"), ("add", "0:low-rank adaptation"), ("hour", "9"))
    assert value(page, "keywords") == "LoRA\nlow-rank adaptation"
    assert text(page, "[data-save]") == "Save 2 changes"
    page = save(pages, ("keywords", "LoRA\ncats dogs"), ("swap", "0:cats dogs→cats AND dogs"))
    assert value(page, "keywords") == "LoRA\ncats AND dogs"
    page = save(pages, ("keywords", "LoRA\ncats   dogs"), ("drop", "0:cats dogs"))
    assert value(page, "keywords") == "LoRA"
    assert ticked(save(pages, ("keywords", "LoRA"), ("rhythm", "daily"))) == list("1234567")
    assert pages.reader(ADA).profiles == (Profile(("LoRA", "-survey")),)


def test_a_page_opened_before_the_last_change_does_not_undo_it_unseen(pages: Site) -> None:
    seen = ("seen", value(pages.get(path(pages)), "seen"))
    assert save(pages, seen, ("keywords", "LoRA\n-survey\norchids")).status_code == 303
    looked = save(pages, seen, ("keywords", "LoRA\n-survey"), ("hour", "9"), ("action", "look"))
    assert value(looked, "seen") == seen[1]
    stopped = save(pages, seen, ("keywords", "LoRA\n-survey"), ("hour", "9"))
    assert stopped.status_code == 409
    assert "Not saved yet" in text(stopped, "[role=alert]")
    assert (value(stopped, "keywords"), text(stopped, "[data-save]")) == ("LoRA\n-survey", "Save 2 changes")
    assert pages.reader(ADA).profiles == (Profile(("LoRA", "-survey", "orchids")),)
    known = ("seen", value(stopped, "seen"))
    assert save(pages, known, ("keywords", "LoRA\n-survey"), ("hour", "9")).status_code == 303
    assert pages.reader(ADA).profiles == (Profile(("LoRA", "-survey")),)


@pytest.mark.parametrize("typed", ["", "0", "500", "many", "-3"])
def test_a_number_of_papers_that_cannot_be_is_told_with_all_else(pages: Site, typed: str) -> None:
    page = save(pages, ("keywords", "LoRA"), ("timezone", "Mars"), ("max_papers", typed))
    assert page.status_code == 422
    said = text(page, "#summary")
    assert "There is no time zone" in said
    assert "Papers in one mail: Please write how many papers a mail holds at most, 1 to 100." in said


def test_a_form_sent_twice_is_saved_once_and_said_to_be(pages: Site) -> None:
    seen = ("seen", value(pages.get(path(pages)), "seen"))
    twice = [save(pages, seen, ("keywords", "LoRA\norchids")) for _ in range(2)]
    assert [each.headers["location"].rpartition("=")[2] for each in twice] == ["saved", "saved"]


def test_other_names_are_offered(pages: Site) -> None:
    assert "low-rank adaptation 1 paper" in text(pages.get(path(pages)), ".offers")


def test_several_profiles_each_look_at_their_own_sources(pages: Site) -> None:
    bio = sources(pages)[BIO]
    page = save(pages, ("keywords", "LoRA"), ("more", "1"))
    assert value(page, "keywords-1") == ""
    two = [("name", "Nets"), ("keywords", "LoRA"), ("name", "Flowers"), ("keywords", "orchids\n-steel")]
    assert save(pages, *two, ("sources-1", str(bio))).status_code == 303
    assert pages.reader(ADA).profiles == (
        Profile(("LoRA",), "Nets"),
        Profile(("orchids", "-steel"), "Flowers", frozenset({bio})),
    )
    page = pages.get(path(pages))
    assert text(page, "[data-save]") == "Save"
    assert "Orchids of the Alps" in text(page, "#preview")
    assert save(pages, *two, ("less", "1")).status_code == 200
    assert save(pages, *two[:2]).status_code == 303
    assert [each.name for each in pages.reader(ADA).profiles] == ["Nets"]


def test_a_source_that_is_not_on_the_menu_is_not_looked_at(pages: Site) -> None:
    for junk in ("²", "99", "-1", "x", "9" * 40):
        assert save(pages, ("name", ""), ("keywords", "LoRA"), ("sources-0", junk)).status_code == 303
        assert pages.reader(ADA).profiles == (Profile(("LoRA",)),)


def test_a_source_that_is_read_no_more_stays_chosen_until_it_is_unticked(pages: Site) -> None:
    bio, daily = (sources(pages)[url] for url in (BIO, DAILY))
    assert save(pages, ("name", ""), ("keywords", "LoRA"), ("sources-0", str(bio))).status_code == 303
    pages.house.world.operations.remove_source(str(bio))
    page = pages.get(path(pages))
    ticks = [str(node.attributes["value"]) for node in LexborHTMLParser(page.text).css("[name=sources-0][checked]")]
    assert ticks == [str(bio)]
    assert "bio.example/feed (not read any more)" in text(page, "details")
    form = [("name", ""), ("keywords", "LoRA"), *(("sources-0", each) for each in ticks)]
    assert save(pages, *form, ("hour", "9")).status_code == 303
    assert pages.reader(ADA).profiles[0].sources == frozenset({bio})
    assert save(pages, *form, ("sources-0", str(daily))).status_code == 303
    assert pages.reader(ADA).profiles[0].sources == frozenset({bio, daily})
    assert save(pages, ("name", ""), ("keywords", "LoRA")).status_code == 303
    assert pages.reader(ADA).profiles[0].sources is None
    assert save(pages, *form).status_code == 303
    assert pages.reader(ADA).profiles[0].sources is None, "who has let go of it cannot take it again"


def test_no_box_ticked_means_all_of_them_only_without_a_category(pages: Site) -> None:
    fields = [("name", ""), ("keywords", "LoRA"), ("categories", "cs.LG")]
    page = save(pages, *fields, ("action", "look"))
    assert "none ticked and no category: all of them" in text(page, "legend .hint")
    assert save(pages, *fields).status_code == 303
    (picked,) = pages.reader(ADA).profiles[0].sources or frozenset()
    assert picked not in (sources(pages)[BIO], sources(pages)[DAILY])


def test_hundreds_of_profiles_are_refused_before_they_are_tried(pages: Site) -> None:
    many = [("keywords", f"topic {number}\nother {number}\nthird {number}") for number in range(500)]
    seen = save(pages, *many, ("action", "look"))
    assert seen.status_code == 200
    assert seen.text.count('name="keywords"') == 11
    refused = save(pages, *many)
    assert refused.status_code == 422
    assert "at most 10 profiles" in text(refused)


def test_a_page_pasted_for_categories_is_answered_with_a_few_of_its_words(pages: Site) -> None:
    pasted = " ".join(f"word{number}" for number in range(40_000))
    refused = save(pages, ("name", ""), ("keywords", "LoRA"), ("categories", pasted))
    assert refused.status_code == 422
    assert "no category word0" in text(refused)
    form = Wanted((Part(categories=pasted),), "UTC", "7", ("1",), "10", quiet=False)
    assert len(check(form, Menu())) == 10


def test_what_is_wrong_with_a_second_profile_is_told_there(pages: Site) -> None:
    page = save(pages, ("name", "A"), ("keywords", "LoRA"), ("name", "B"), ("keywords", '"open'))
    assert page.status_code == 422
    assert text(page, "#keywords-1-problems")
    page = save(pages, ("name", ""), ("keywords", "LoRA"), ("categories", "cs.NOWHERE"))
    assert "no category cs.NOWHERE" in text(page, "#categories-0-problems")
    assert pages.reader(ADA).profiles == (Profile(("LoRA", "-survey")),)


def test_a_picked_category_is_polled_and_stays_picked(pages: Site) -> None:
    assert save(pages, ("name", ""), ("keywords", "LoRA"), ("categories", "cs.LG")).status_code == 303
    assert value(pages.get(path(pages)), "categories-0") == "cs.LG"
    assert pages.reader(ADA).profiles[0].sources is not None


def test_a_mail_on_quiet_days_is_asked_for_and_given_up(pages: Site) -> None:
    assert save(pages, ("keywords", "LoRA"), ("quiet", "1")).status_code == 303
    assert pages.reader(ADA).quiet_digest
    assert LexborHTMLParser(pages.get(path(pages)).text).css_matches("[name=quiet][checked]")
    assert save(pages, ("keywords", "LoRA")).status_code == 303
    assert not pages.reader(ADA).quiet_digest


def test_why_a_paper_did_not_come_is_answered_with_a_button_that_mends_it(pages: Site) -> None:
    save(pages, ("keywords", "orchids in the Andes"))
    page = pages.get(path(pages), params={"paper": "Orchids of the Alps"})
    assert "orchids in the Andes came nearest" in text(page, "#why")
    mend = {
        str(each.attributes["name"]): each.attributes.get("value") or ""
        for each in LexborHTMLParser(page.text).css("#why form[method=post] input")
    }
    assert pages.post(path(pages, "/mend"), mend).status_code == 303
    assert pages.reader(ADA).profiles[0].keywords == (mend["add"],)
    assert "Orchids of the Alps" in text(pages.get(path(pages)), "#preview")


def test_asking_why_changes_nothing(pages: Site) -> None:
    before = pages.reader(ADA)
    for named in ("nonsense", "<script>", "x" * 5000, "https://arxiv.org/abs/9999.99999"):
        assert pages.get(path(pages), params={"paper": named}).status_code == 200
    assert pages.reader(ADA) == before


def test_a_form_that_was_cut_off_is_not_answered_with_saved(pages: Site) -> None:
    assert pages.post(path(pages), {"quiet": "1"}).status_code == 400


def test_new_versions_are_asked_for_by_a_profile_and_given_up(pages: Site) -> None:
    assert "New versions of papers, too" in text(pages.get(path(pages)))
    two = (("name", "One"), ("keywords", "LoRA"), ("name", "Two"), ("keywords", "orchids"))
    save(pages, *two, ("replacements-1", "1"))
    assert [each.replacements for each in pages.reader(ADA).profiles] == [False, True]
    boxes = LexborHTMLParser(pages.get(path(pages)).text).css("[name^=replacements-]")
    assert ["checked" in each.attributes for each in boxes] == [False, True]
    save(pages, *two)
    assert [each.replacements for each in pages.reader(ADA).profiles] == [False, False]
