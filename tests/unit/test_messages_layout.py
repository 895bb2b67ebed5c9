"""How a digest is laid out: its subject, its head, its sections and its foot, in both parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from service.messages import layout
from service.model import Links, Origin, Paper, ReaderLinks
from tests import mails
from tests.mails import PER_DAY, SECTIONS

RENDERER = mails.renderer()


def sent(**more: Any) -> mails.Read:
    return mails.read(RENDERER.digest(mails.digest(**more), mails.ENVELOPE))


def subject(**more: Any) -> str:
    return str(sent(**more).mail["Subject"])


def test_a_weekly_subject_names_the_week_and_the_best_title() -> None:
    assert subject(weekly=True, max_papers=2) == "Week 47: 5 papers · Sparse Attention Is Enough: Reading…"
    assert subject(weekly=True, best=1).endswith("· Kernel Methods for μP: what Poincaré…")
    assert subject(weekly=True, papers=mails.PAPERS[:1]).startswith("Week 47: 1 paper · Sparse")
    assert subject(weekly=True, papers=[]) == "Week 47: nothing matched"


@pytest.mark.parametrize(
    ("edition", "since", "weeks"),
    [
        (date(2026, 11, 23), None, (47,)),
        (date(2026, 11, 25), None, (47,)),
        (date(2026, 11, 26), None, (48,)),
        (date(2027, 1, 4), None, (53,)),
        (date(2026, 11, 23), date(2026, 11, 16), (46, 47)),
    ],
)
def test_a_week_is_the_one_that_holds_most_of_the_days_before(
    edition: date, since: date | None, weeks: tuple[int, ...]
) -> None:
    assert layout.weeks(edition, since) == weeks


def test_a_digest_that_makes_up_for_missed_ones_names_its_days() -> None:
    mail = sent(since=date(2026, 11, 18))
    assert mail.mail["Subject"] == "Wed–Fri: 5 papers · Sparse Attention Is Enough: Reading…"
    assert "Wed 18 Nov – Fri 20 Nov · 5 of 63 papers match" in mail.seen
    assert subject(since=date(2026, 11, 13)).startswith("Fri 13 Nov – Fri 20 Nov: 5 papers · ")
    assert subject(since=mails.EDITION) == subject()


def test_titles_two_and_three_stand_ready_behind_the_subject() -> None:
    plain = sent()
    assert f"\n{plain.titles[1]} · {plain.titles[2]}\n<" in plain.html.replace("\r", "")
    best = sent(best=2, sections=SECTIONS).html.replace("\r", "")
    assert "\nSparse Attention Is Enough: Reading Long Scores with a Short Memory · Kernel Methods" in best


def test_papers_stand_under_the_name_of_the_profile_that_found_them() -> None:
    mail = sent(sections=SECTIONS)
    for shown in (mail.seen, mail.flat_text):
        places = [shown.index(text) for text in ("Attention", mail.titles[1], "Kernels & <co>", mail.titles[2])]
        assert places == sorted(places)
    assert mail.html.count("font-size:17px") == 4, "one full card in the first section, three in the second"


def test_a_weekly_digest_says_in_words_how_many_came_on_each_day() -> None:
    mail = sent(weekly=True, per_day=PER_DAY)
    said = "By day: four on Saturday, none on Sunday, one on Monday, 13 on Tuesday, none on Wednesday, none on Thursday"
    for shown in (mail.seen, mail.flat_text):
        assert f"Fri 20 Nov · week 47 · 5 of 63 papers match {said}, two on Friday." in shown
    eight = sent(weekly=True, per_day=((date(2026, 11, 13), 1), *PER_DAY))
    assert "By day: one on the Friday before, four on Saturday" in eight.seen


def test_the_foot_says_what_was_read_and_what_was_left_out() -> None:
    mail = sent(max_papers=2, **mails.FOOT)
    read = "Read 63: Hugging Face 41, arXiv 22 (late). Hidden by -ti:survey: 2."
    for shown in (mail.seen, mail.flat_text):
        order = ["and 3 more", "Also trending", mails.ALSO[0].paper.title, read, "Edit topics", "Pause a week"]
        places = [shown.index(text) for text in (*order, "Unsubscribe", "You get this mail", "Forwarded to you?")]
        assert places == sorted(places)
    assert mail.html_links == mail.text_links
    assert mails.ENVELOPE.links.view in mail.html_links
    assert "Hidden" not in sent().seen


def test_a_source_that_is_late_is_named_although_there_are_many() -> None:
    many = tuple(Origin(f"journal{n}.example", 50 - n) for n in range(40))
    shown = sent(origins=(*many, Origin("arXiv", 0, late=True)), hidden=()).seen
    assert "journal4.example 46, arXiv 0 (late)." in shown


def test_a_page_says_how_many_papers_are_only_counted() -> None:
    page = RENDERER.page(
        mails.digest(max_papers=2), {"bibtex": "", "ris": "", "bib_link": "t.bib", "ris_link": "t.ris"}
    )
    assert "and 3 more" in page


def test_links_of_unusual_form_stand_where_the_usual_ones_do() -> None:
    links = mails.ENVELOPE.links._replace(view="https://papers.example.org/view?digest=812", pause="javascript:alert()")
    mail = mails.read(RENDERER.digest(mails.digest(max_papers=2), replace(mails.ENVELOPE, links=links)))
    shown = [links.view, links.manage, links.unsubscribe]
    assert [link for link in mail.html_links if link in shown] == [links.view, *shown]
    assert [link for link in mail.text_links if link in shown] == [links.view, *shown]
    assert "javascript" not in mail.html + mail.text


def test_a_link_in_two_lines_is_no_link() -> None:
    two = "https://papers.example.org/view/812.a.long.signature\nhttps://evil.example/a.long.signature.as.well"
    mail = mails.read(RENDERER.digest(mails.digest(), replace(mails.ENVELOPE, links=ReaderLinks(view=two))))
    assert "Read online" not in mail.html + mail.text


def test_each_keyword_that_found_an_author_has_one_named() -> None:
    names = ("Ada Lind", "Bao Tran", *(f"{letter}. Okafor" for letter in "CDEFG"), "Hana Kaya", "Ivo Last")
    known = Paper("Many Hands", "They hold.", authors=names)
    mail = mails.read(RENDERER.digest(mails.digest((known,), ("au:okafor", "au:kaya")), mails.ENVELOPE))
    assert "Ada Lind, Bao Tran, C. Okafor, D. Okafor … Hana Kaya, Ivo Last (+3)" in mail.seen


@pytest.mark.parametrize("url", ["https://arxiv.org/abs/2611.00007v1", "http://arxiv.org/abs/2611.00007"])
def test_a_page_of_arxiv_is_linked_once_whatever_form_its_source_gave_it(url: str) -> None:
    page = "https://arxiv.org/abs/2611.00007"
    known = Paper("A Title", "Kernel methods.", url=url, links=Links(page))
    mail = mails.read(RENDERER.digest(mails.digest((known,)), mails.ENVELOPE))
    assert [link for link in mail.text_links if "arxiv.org" in link] == [page]
    assert [link for link in mail.html_links if "arxiv.org" in link] == [page]


def test_papers_without_upvotes_are_not_said_to_have_the_most() -> None:
    """Both are printed by one press: what it keeps of the first must not be said of the second."""
    digests = [mails.digest((paper,), (), trending=True) for paper in mails.PAPERS[:2]]
    to = replace(mails.ENVELOPE, links=ReaderLinks(manage="https://papers.example.org/manage/66f0a1b2.reader-1.Zm9v"))
    most, none = (mails.read(mail).flat_text for mail in RENDERER.digests([(each, to) for each in digests]))
    assert "trending: the most upvoted of 63 papers" in most
    assert "these are the papers with the most upvotes" in most
    assert "· 1 of 63 papers" in none
    assert "these are the first of all papers; none has upvotes" in none
    assert "upvoted" not in none


def test_names_that_begin_with_the_surname_are_turned_round() -> None:
    names = ("Kukla, D.", "van der Berg, Ada M.", "Martin King, Jr.", "Okafor, Chidi")
    known = Paper("Many Hands", "They hold.", authors=names)
    mail = mails.read(RENDERER.digest(mails.digest((known,), ("au:Okafor", "au:Kukla, D.")), mails.ENVELOPE))
    for shown in (mail.seen, mail.flat_text):
        assert "D. Kukla, Ada M. van der Berg, Martin King, Jr., Chidi Okafor" in shown
    assert "Chidi <mark" in mail.html
    assert ">D. Kukla</mark>" in mail.html
    assert mail.mail["Subject"].startswith("D. Kukla: ")
