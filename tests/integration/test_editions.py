"""What an edition says, from composing over its row to the mail; on both databases where the store has a part in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from service import editions
from service.keywords import LENGTH, parse
from service.model import Choice, DeliveryKind, Paper, Profile, Schedule
from service.pipeline.composing import MOST_FAILED
from tests.integration.stores import paper
from tests.integration.worlds import DAY, House

ADA = "ada@example.org"
DAILY = "https://huggingface.co/papers"
ARXIV = "https://rss.arxiv.org/rss/cs.LG"


def test_a_long_keyword_of_one_field_finds_in_the_morning_what_it_found_before(either: House) -> None:
    words = [f"{first}{second}" for first in "abcdefg" for second in ("dapter", "ridge", "anter", "ember", "olumn")]
    keyword = f"ti:({' OR '.join(words[:24])})"
    assert len(keyword) <= LENGTH < len(parse(keyword).canonical)
    either.join(ADA, "orchids", keyword)
    either.morning()
    either.clock.tomorrow()
    either.arrive(paper("Dember and Other Months", arxiv_id="2611.00001"))
    either.clock.tomorrow()
    either.morning()
    assert "Dember and Other Months" in either.digests(ADA)[-1]


def studies(count: int, topic: str = "Adapters", start: int = 0) -> list[Paper]:
    numbers = range(start, start + count)
    return [paper(f"{topic} Study Number {n}", arxiv_id=f"2611.{n:05}", upvotes=n) for n in numbers]


def latest(home: House) -> str:
    return re.sub(r"\s+", " ", home.digests(ADA)[-1])


def test_the_foot_says_what_was_read_where_what_was_hidden_and_what_else_is_trending(either: House) -> None:
    home = either
    survey = paper("Adapters: A Survey", arxiv_id="2611.09001", upvotes=90)
    other = [
        paper(f"On {name}", arxiv_id=f"2611.0910{n}", upvotes=n) for n, name in enumerate(("Cats", "Dogs", "Owls"))
    ]
    home.arrive(*studies(1), survey, source=DAILY)
    home.arrive(*studies(1), *other, source=ARXIV)
    home.join(ADA, "adapters", "-ti:survey")
    home.morning()
    said = latest(home)
    assert "Read 5: arXiv 3, Hugging Face 2. Hidden by -ti:survey: 1." in said
    also = said.partition("Also trending")[2]
    assert also.index("On Owls") < also.index("On Dogs")
    assert "On Cats" not in also, "nobody voted for it"
    assert "A Survey" not in also, "what is unwanted is not offered"


def test_a_source_that_does_not_answer_is_called_late(home: House) -> None:
    home.arrive(*studies(3), source=DAILY)
    home.arrive(source=ARXIV)
    home.join(ADA, "adapters")
    home.clock.at += timedelta(hours=3)
    with home.world.store.write() as unit:
        for each in unit.sources.all():
            unit.sources.polled(each.id, home.clock(), home.clock() + timedelta(minutes=30), 3)
        unit.sources.failed(each.id, home.clock() + timedelta(hours=1), "no answer")
    home.clock.tomorrow()
    home.arrive(*studies(1, start=50), source=DAILY)
    with home.world.store.write() as unit:
        first = unit.sources.all()[0]
        unit.sources.polled(first.id, home.clock(), home.clock() + timedelta(minutes=30), 1)
    home.morning()
    assert "Hugging Face 4, arXiv 0 (late)." in latest(home)


def test_missed_mornings_are_named_in_the_subject_of_the_one_that_makes_up_for_them(home: House) -> None:
    home.join(ADA, "adapters")
    home.morning()
    home.clock.at += 3 * DAY
    home.arrive(*studies(12))
    home.morning()
    assert home.subjects(ADA)[-1] == "Sat–Mon: 12 papers · Adapters Study Number 11"
    assert latest(home).startswith("Sat 21 Nov – Mon 23 Nov · 12 of 12 papers match")
    home.clock.tomorrow()
    home.arrive(*studies(1, start=20))
    home.morning()
    assert home.subjects(ADA)[-1] == "Adapters Study Number 20"


@pytest.mark.parametrize(
    ("weekdays", "said"), [(frozenset(range(1, 8)), "Sat 21 Nov · 4"), (frozenset({5}), "Fri 27 Nov · week 48 · 4")]
)
def test_who_joins_before_the_hour_of_their_day_has_missed_none(
    home: House, weekdays: frozenset[int], said: str
) -> None:
    home.join(ADA, "adapters", schedule=Schedule("UTC", 18, weekdays))
    home.morning()
    home.arrive(*studies(4))
    home.clock.at += (DAY if len(weekdays) > 1 else 7 * DAY) + timedelta(hours=11)
    home.morning()
    assert latest(home).startswith(f"{said} of 4 papers match")


def test_another_hour_later_on_the_same_day_makes_none_missed(home: House) -> None:
    token = home.join(ADA, "adapters")
    home.morning()
    home.clock.tomorrow()
    home.arrive(*studies(2))
    home.morning()
    choice = Choice((Profile(("adapters",)),), Schedule(hour=18), 10)
    home.world.subscriptions.change(token, choice, home.clock())
    home.clock.at += timedelta(hours=11)
    home.morning()
    home.clock.at += DAY
    home.arrive(*studies(4, start=10))
    home.morning()
    assert len(home.digests(ADA)) == 3
    assert latest(home).startswith("Sun 22 Nov · 4 of 4 papers match")


@pytest.mark.parametrize(
    ("old", "hour", "zone", "at_once"),
    [(7, 6, "UTC", True), (7, 8, "UTC", False), (6, 5, "UTC", False), (7, 8, "Asia/Tokyo", True)],
)
def test_an_earlier_hour_chosen_after_it_has_passed_loses_no_week(
    home: House, old: int, hour: int, zone: str, at_once: bool
) -> None:
    token = home.join(ADA, "adapters", schedule=Schedule("UTC", old, frozenset({1})))
    home.morning()
    home.arrive(*studies(2))
    home.clock.at = datetime(2026, 11, 23, 6, 50, tzinfo=UTC)
    home.morning()
    before = len(home.digests(ADA))
    choice = Choice((Profile(("adapters",)),), Schedule(zone, hour, frozenset({1})), 10)
    home.world.subscriptions.change(token, choice, home.clock())
    home.morning()
    assert len(home.digests(ADA)) - before == at_once
    with home.world.store.read() as unit:
        following = unit.subscribers.next_due(1)
    assert following == editions.next_due(choice.schedule, home.clock())
    home.clock.at = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    home.morning()
    assert len(home.digests(ADA)) == 2
    assert latest(home).startswith("Mon 23 Nov · week 47 · 2 of 2 papers match")


def test_an_edition_that_waits_keeps_its_day_whatever_days_are_chosen_meanwhile(home: House) -> None:
    token = home.join(ADA, "adapters")
    home.morning()
    home.arrive(*studies(2))
    home.clock.tomorrow()
    choice = Choice((Profile(("adapters",)),), Schedule("Pacific/Auckland", 2, frozenset({2})), 10)
    home.world.subscriptions.change(token, choice, home.clock())
    home.clock.at += timedelta(hours=1)
    home.morning()
    assert latest(home).startswith("Sat 21 Nov · "), "7:00 UTC is the evening of that day in Auckland"
    with home.world.store.read() as unit:
        assert unit.subscribers.next_due(1) == datetime(2026, 11, 23, 13, tzinfo=UTC)


def test_a_night_that_is_missed_after_a_late_one_is_named(home: House) -> None:
    home.join(ADA, "adapters", schedule=Schedule("UTC", 23))
    home.morning()
    for hours, start in ((42, 0), (46, 10)):
        home.arrive(*studies(2, start=start))
        home.clock.at += timedelta(hours=hours)
        home.morning()
    assert latest(home).startswith("Sun 22 Nov – Mon 23 Nov · 2 of 2 papers match")


def test_a_day_that_a_schedule_leaves_out_is_not_a_missed_one(home: House) -> None:
    home.join(ADA, "adapters", schedule=Schedule(weekdays=frozenset({1, 2, 3, 4, 5})))
    home.morning()
    home.clock.at += 3 * DAY
    home.arrive(*studies(2))
    home.morning()
    assert home.subjects(ADA)[-1] == "Adapters Study Number 1 + 1 more"


def test_a_weekly_digest_shows_the_best_of_its_week_and_counts_its_days(home: House) -> None:
    home.join(ADA, "adapters", schedule=Schedule(weekdays=frozenset({5})))
    home.morning()
    for count in (3, 0, 5, 10):
        home.clock.tomorrow()
        home.arrive(*studies(count, start=100 * count))
        home.morning()
    assert len(home.digests(ADA)) == 1
    home.clock.at += 3 * DAY
    home.morning()
    assert home.subjects(ADA)[-1] == "Week 48: 18 papers · Adapters Study Number 1009"
    said = latest(home)
    assert "Fri 27 Nov · week 48 · 18 of 18 papers match" in said
    assert "By day: three on Saturday, none on Sunday, five on Monday, ten on Tuesday, none on Wednesday" in said
    assert said.count("Adapters Study Number") == 15
    assert "and 3 more" in said


def test_two_weeks_are_what_a_weekly_digest_looks_back_at_most(home: House) -> None:
    home.join(ADA, "adapters", schedule=Schedule(weekdays=frozenset({5})))
    home.morning()
    home.clock.tomorrow()
    home.arrive(*studies(2))
    home.clock.at += 13 * DAY
    home.world.pipeline.compose(home.clock(), overdue=True)
    home.world.pipeline.deliver(home.clock())
    assert home.subjects(ADA)[-1] == "Weeks 48–49: 2 papers · Adapters Study Number 1"


def test_each_profile_has_its_section(either: House) -> None:
    home = either
    home.join(ADA, "adapters")
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    profiles = [
        (Profile(("adapters",), "At work"), ("adapters",)),
        (
            Profile(
                ("owls", "night owls"),
            ),
            ("owls", "night owls"),
        ),
    ]
    with home.world.store.write() as unit:
        unit.subscribers.set_profiles(reader.id, profiles, home.clock())
    owls = paper("Night Owls Learn Late", arxiv_id="2611.09901", upvotes=1)
    home.arrive(*studies(4), owls, paper("Owls Wearing Adapters", arxiv_id="2611.09902", upvotes=2))
    home.morning()
    said = latest(home)
    order = ["At work", "Owls Wearing Adapters", "Study Number 3", "owls, night owls", "Night Owls Learn Late"]
    places = [said.index(text) for text in order]
    assert places == sorted(places)
    assert said.count("Owls Wearing Adapters") == 1


def test_readers_who_cannot_be_composed_for_keep_nobody_else_waiting(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    readers = [f"r{number}@example.org" for number in range(2 * MOST_FAILED + 4)]
    for each in readers:
        home.world.subscriptions.enrol(each, "adapters", Schedule(), home.clock())
    home.morning()
    ill = [row for each in readers[::2] if (row := home.world.subscriptions.find(each))]
    with home.world.store.write() as unit:
        for reader in ill:
            unit.subscribers.reschedule(reader.id, Schedule("Nowhere/Land", 7), 10, home.clock())
    home.arrive(*studies(2))
    home.clock.tomorrow()
    home.morning()
    with home.world.store.read() as unit:
        made = {
            each: [mail.kind for mail in unit.deliveries.of(row.id)].count(DeliveryKind.DIGEST)
            for each in readers
            if (row := home.world.subscriptions.find(each))
        }
    assert made == {each: 2 - (number % 2 == 0) for number, each in enumerate(readers)}
    assert all(f"the edition of subscriber {reader.id} cannot be composed" in caplog.text for reader in ill)
