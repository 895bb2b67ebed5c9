"""How far a digest looks back: to the last one, whatever came between; into days without mails, a week at most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from service.links import Purpose
from service.model import Choice, Profile, Schedule
from tests.integration.stores import HOUR, paper
from tests.integration.worlds import House, house

ADA = "ada@uni.example"
EVERY_DAY = Schedule()
# The first morning of a house is a Friday.
FRIDAYS = Schedule(weekdays=frozenset({5}))
FIRST_DAYS = Schedule(weekdays=frozenset({1, 2}))
WEEKENDS = Schedule(weekdays=frozenset({6, 7}))


@dataclass
class Life:
    """A reader of adapters, and the papers that come meanwhile, each called by its day."""

    home: House
    days: int = 0

    def begins(self, schedule: Schedule = EVERY_DAY) -> None:
        self.home.join(ADA, "adapters", schedule=schedule)
        self.wants(schedule)
        self.home.morning()

    def lives(self, days: int, *, fail: bool = False) -> None:
        """A paper in the afternoon of each day, and mails the next morning, or one that fails for good."""
        for _ in range(days):
            self.home.clock.at += 9 * HOUR
            self.home.arrive(paper(f"Adapters of day {self.days:02}.", arxiv_id=f"2611.{self.days:05}"))
            self.days += 1
            self.home.clock.tomorrow()
            self.home.world.pipeline.sweep(self.home.clock())
            self.home.world.pipeline.compose(self.home.clock())
            if fail:
                with self.home.world.store.engine.begin() as connection:
                    connection.execute(text("UPDATE delivery SET state = 'quarantined' WHERE state = 'ready'"))
            self.home.world.pipeline.deliver(self.home.clock())

    def wants(self, schedule: Schedule = EVERY_DAY, *topics: str) -> None:
        choice = Choice((Profile(topics or ("adapters",)),), schedule, 100)
        self.home.world.subscriptions.change(self._token, choice, self.home.clock())

    def reads(self, *sources: int, topics: tuple[str, ...] = ("adapters",)) -> None:
        choice = Choice((Profile(topics, sources=frozenset(sources)),), EVERY_DAY, 100)
        self.home.world.subscriptions.change(self._token, choice, self.home.clock())

    def pauses(self, days: int | None = None) -> None:
        until: date | None = self.home.clock().date() + timedelta(days=days) if days else None
        self.home.world.subscriptions.pause(self._token, until, self.home.clock())

    def resumes(self) -> None:
        self.home.world.subscriptions.resume(self._token, self.home.clock())

    @property
    def came(self) -> list[int]:
        """The days of the papers that came, one as often as it came."""
        digests = self.home.titles(ADA, [f"of day {day:02}." for day in range(self.days)])
        return sorted(int(title[7:9]) for titles in digests for title in titles)

    @property
    def _token(self) -> str:
        return self.home.token(ADA, Purpose.MANAGE)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    with house(tmp_path) as home:
        yield Life(home)


@pytest.fixture
def either(either: House) -> Life:
    """For what the store has a part in."""
    return Life(either)


def test_a_pause_over_the_days_of_mails_takes_nothing_of_the_days_before(life: Life) -> None:
    life.begins(FIRST_DAYS)
    life.lives(9)
    life.pauses(days=3)
    life.lives(10)
    assert life.came == [*range(9), *range(10, 18)], "all but what came in the pause more than a week ago"


def test_a_long_pause_is_looked_into_for_a_week_and_what_came_before_it_comes(either: Life) -> None:
    life = either
    life.begins()
    life.lives(2)
    life.home.clock.at += 10 * HOUR
    life.home.arrive(paper("Adapters of day 02.", arxiv_id="2611.00002"))
    life.days = 3
    life.pauses()
    life.lives(9)
    life.pauses(days=11)
    life.lives(12)
    assert life.came == [0, 1, 2, *range(16, 24)]


def test_what_came_after_a_pause_comes_however_late_other_days_are(life: Life) -> None:
    life.begins(FRIDAYS)
    life.lives(6)
    life.pauses(days=2)
    life.lives(7)
    life.wants(FIRST_DAYS)
    life.lives(5)
    assert life.came == [*range(6), *range(8, 18)], "all but the two papers of the pause"


def test_of_several_pauses_in_a_row_each_is_left_out(life: Life) -> None:
    life.begins(FIRST_DAYS)
    life.lives(1)
    life.pauses(days=11)
    life.lives(12)
    life.pauses()
    life.lives(1)
    life.pauses(days=9)
    life.lives(14)
    assert life.came == [0, 12, *range(17, 25)]


def test_who_rested_for_over_a_month_has_what_came_after_it(life: Life) -> None:
    life.begins(FRIDAYS)
    life.lives(6)
    life.pauses(days=9)
    life.lives(10)
    life.pauses(days=20)
    life.lives(20)
    life.wants(FIRST_DAYS)
    life.lives(6)
    assert life.came == [15, *range(31, 39)]


def test_a_digest_that_a_pause_cancelled_hides_nothing_of_a_month_without_any(life: Life) -> None:
    life.begins(FRIDAYS)
    life.lives(6)
    life.pauses(days=9)
    life.lives(14)
    life.pauses(days=2)
    life.lives(7)
    life.home.world.operations.hold("a trial", life.home.clock())
    life.lives(1)
    life.pauses(days=7)
    life.wants(FIRST_DAYS)
    life.home.world.operations.release(life.home.clock())
    life.lives(11)
    assert life.came == [*range(15, 20), *range(22, 28), *range(31, 39)]


def test_mails_that_could_not_leave_for_two_weeks_lose_nothing(life: Life) -> None:
    life.begins()
    life.lives(1)
    life.home.world.operations.hold("a trial", life.home.clock())
    life.lives(13)
    life.home.world.operations.release(life.home.clock())
    life.lives(1)
    assert life.came == list(range(15))
    assert "Sun 22 Nov – Sat 5 Dec" in life.home.digests(ADA)[-1]


def test_who_joined_when_mails_could_not_leave_is_owed_all_since(life: Life) -> None:
    life.home.world.operations.hold("a trial", life.home.clock())
    life.begins()
    life.lives(12)
    life.home.world.operations.release(life.home.clock())
    life.lives(1)
    assert life.came == list(range(13))
    assert "Welcome" in life.home.digests(ADA)[0], "the first digest to leave is the first"
    life.lives(1)
    assert "Welcome" not in life.home.digests(ADA)[1]


@pytest.mark.parametrize("days", [0, 40])
def test_who_pauses_before_the_first_digest_could_leave_is_welcomed_afterwards(either: Life, days: int) -> None:
    life = either
    life.home.world.operations.hold("a trial", life.home.clock())
    life.begins()
    life.pauses()
    life.home.world.operations.release(life.home.clock())
    life.home.clock.at += timedelta(days=days)
    life.resumes()
    life.lives(2)
    assert ["Welcome" in each for each in life.home.digests(ADA)] == [True, False]


def test_who_had_a_digest_is_not_welcomed_again_after_a_long_pause(life: Life) -> None:
    life.begins()
    life.lives(1)
    life.pauses()
    life.home.clock.at += timedelta(days=40)
    life.resumes()
    life.lives(2)
    assert ["Welcome" in each for each in life.home.digests(ADA)] == [True, False, False, False]


def test_what_cannot_be_sent_is_tried_with_the_digests_of_a_week_and_no_longer(life: Life) -> None:
    life.begins()
    life.lives(10, fail=True)
    life.lives(1)
    assert life.came == list(range(4, 11))


def test_who_joined_when_nobody_worked_has_all_since_in_the_first_digest(life: Life) -> None:
    home = life.home
    home.join(ADA, "adapters")
    for days in (0, 9):
        home.clock.at += timedelta(days=days, hours=1)
        home.arrive(*(paper(f"Adapters of day {n:02}.", arxiv_id=f"2611.{n:05}") for n in range(days, days + 3)))
    life.days = 12
    home.world.pipeline.compose(home.clock(), overdue=True)
    home.world.pipeline.deliver(home.clock())
    assert life.came == [0, 1, 2, 9, 10, 11]
    assert "Welcome" in home.digests(ADA)[0]


def test_one_digest_that_fails_takes_none_of_its_papers_along(life: Life) -> None:
    life.begins(FIRST_DAYS)
    life.lives(2)
    life.lives(2, fail=True)
    life.lives(7)
    assert life.came == list(range(11))


@pytest.mark.parametrize("other", [WEEKENDS, EVERY_DAY], ids=["weekends", "daily"])
def test_other_days_of_mails_lose_nothing(life: Life, other: Schedule) -> None:
    life.begins(FRIDAYS)
    life.lives(6)
    life.home.clock.at += 23 * HOUR + timedelta(minutes=59)
    life.wants(other)
    life.lives(10)
    assert life.came[:7] == list(range(7))


def test_a_second_edit_takes_nothing_from_the_first(either: Life) -> None:
    life = either
    life.begins()
    life.wants(EVERY_DAY, "something else")
    life.lives(2)
    life.home.clock.at += HOUR
    life.wants(EVERY_DAY, "adapters")
    life.home.clock.at += 12 * HOUR
    life.wants(EVERY_DAY, "adapters", "owls")
    life.home.clock.tomorrow()
    life.home.morning()
    assert life.came == [1]


def test_an_edit_while_a_digest_waits_looks_back_as_well(life: Life) -> None:
    home, life.days = life.home, 1
    life.begins()
    home.clock.at += 9 * HOUR
    home.arrive(paper("Adapters of day 00.", arxiv_id="2611.00000"), paper("Owls", arxiv_id="2611.00001"))
    life.wants(EVERY_DAY, "owls")
    home.world.operations.hold("a trial", home.clock())
    home.clock.tomorrow()
    home.world.pipeline.compose(home.clock())
    home.clock.at += HOUR
    life.wants(EVERY_DAY, "adapters")
    home.world.operations.release(home.clock())
    home.world.pipeline.deliver(home.clock())
    home.clock.tomorrow()
    home.morning()
    assert life.came == [0]


def test_an_edit_by_a_clock_that_is_slow_looks_back_as_well(life: Life) -> None:
    life.begins()
    life.wants(EVERY_DAY, "something else")
    life.lives(1)
    life.home.clock.at -= timedelta(minutes=5)
    life.wants(EVERY_DAY, "adapters")
    life.lives(1)
    assert life.came == [0, 1]


def test_what_an_edit_finds_of_the_day_before_waits_for_the_end_of_a_pause(life: Life) -> None:
    life.begins()
    life.wants(EVERY_DAY, "something else")
    life.lives(2)
    life.home.clock.at += HOUR
    life.wants(EVERY_DAY, "adapters")
    life.pauses(days=20)
    life.lives(21)
    assert life.came == [1, *range(15, 23)]


@pytest.mark.parametrize("days", [20, 40])
def test_what_another_source_brings_a_month_later_is_news_for_those_who_read_that_one_alone(
    life: Life, days: int
) -> None:
    home, other = life.home, "https://other.example/feed"
    home.arrive(source=other)
    life.begins()
    life.lives(1)
    with home.world.store.read() as unit:
        source = next(each.id for each in unit.sources.all() if each.url == other)
    home.join("bob@uni.example", "adapters")
    own = Choice((Profile(("adapters",), sources=frozenset({source})),), EVERY_DAY, 10)
    home.world.subscriptions.change(home.token("bob@uni.example", Purpose.MANAGE), own, home.clock())
    life.lives(days)
    home.arrive(paper("Adapters of day 00.", arxiv_id="2611.00000"), source=other)
    life.lives(2)
    assert life.came == list(range(days + 3)), "each once"
    assert home.titles("bob@uni.example", ["of day 00."])[-1:] == [["of day 00."]]


@pytest.mark.parametrize("topics", [("adapters",), ()], ids=["topics", "no topics"])
def test_what_another_source_tells_of_comes_once_however_long_ago_it_came(
    either: Life, topics: tuple[str, ...]
) -> None:
    home, told = either.home, paper("Adapters of day 00.", arxiv_id="2611.00000", upvotes=3)
    new = paper("Adapters that are new", arxiv_id="2612.00001", upvotes=2)
    one, two = (feed(home, url) for url in ("https://one.example/feed", "https://two.example/feed"))
    either.begins()
    either.reads(one, topics=topics)
    either.days = 1
    home.arrive(told, source="https://one.example/feed")
    for _ in range(33):
        home.clock.tomorrow()
        home.morning()
    either.reads(two, topics=topics)
    for _ in range(2):
        home.arrive(told, new, source="https://two.example/feed")
        home.clock.tomorrow()
        home.morning()
    assert either.came == [0]
    assert "Adapters that are new" in home.digests(ADA)[-1]


def test_nor_does_the_page_promise_it_for_the_next_mail(life: Life) -> None:
    home, told = life.home, paper("Adapters of day 00.", arxiv_id="2611.00000")
    one, two = (feed(home, url) for url in ("https://one.example/feed", "https://two.example/feed"))
    life.begins()
    life.reads(one)
    home.arrive(told, source="https://one.example/feed")
    home.clock.tomorrow()
    home.morning()
    for _ in range(33):
        home.clock.tomorrow()
        home.morning()
    life.reads(two)
    new = paper("Adapters that are new", arxiv_id="2612.00001")
    home.arrive(told, new, source="https://two.example/feed")
    home.clock.at += HOUR
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    for whose, titles in ((reader, [new.title]), (None, [told.title, new.title])):
        week = home.world.pipeline.week(reader.profiles, reader.schedule, home.clock(), reader=whose)
        assert sorted(each.paper.paper.title for each in week.mornings[0].papers) == titles


def test_nor_does_it_on_the_very_day_on_which_it_leaves_the_month(life: Life) -> None:
    home, told = life.home, paper("Adapters of day 00.", arxiv_id="2611.00000")
    one, two = (feed(home, url) for url in ("https://one.example/feed", "https://two.example/feed"))
    home.clock.at -= HOUR
    home.join(ADA, "adapters")
    life.reads(one)
    home.arrive(told, source="https://one.example/feed")
    home.clock.at += HOUR
    home.morning()
    life.days = 1
    for _ in range(30):
        home.clock.tomorrow()
        home.morning()
    life.reads(two)
    home.clock.tomorrow()
    home.clock.at -= HOUR + timedelta(minutes=5)
    home.world.pipeline.advice(["adapters"], home.clock())
    home.arrive(told, source="https://two.example/feed")
    home.clock.at += HOUR + timedelta(minutes=5)
    home.morning()
    assert life.came == [0]


def test_who_comes_back_gets_nothing_again_that_came_over_a_month_ago(either: Life) -> None:
    home, told = either.home, paper("Adapters of day 00.", arxiv_id="2611.00000")
    one, two = (feed(home, url) for url in ("https://one.example/feed", "https://two.example/feed"))
    either.begins()
    either.reads(one)
    either.days = 1
    home.arrive(told, source="https://one.example/feed")
    home.clock.tomorrow()
    home.morning()
    home.world.subscriptions.leave(home.token(ADA, Purpose.UNSUBSCRIBE), home.clock())
    home.clock.at += timedelta(days=33)
    home.arrive(told, source="https://two.example/feed")
    home.join(ADA, "adapters")
    either.reads(two)
    home.morning()
    assert either.came == [0]
    assert "Welcome" in home.digests(ADA)[-1]


def test_a_source_that_is_chosen_as_well_takes_nothing_from_the_others(life: Life) -> None:
    told = paper("Adapters of day 00.", arxiv_id="2611.00000")
    life.days = 1
    one, two = (feed(life.home, url) for url in ("https://one.example/feed", "https://two.example/feed"))
    life.begins()
    life.reads(two)
    life.home.arrive(told, source="https://one.example/feed")
    for _ in range(3):
        life.home.clock.tomorrow()
        life.home.morning()
    life.home.arrive(told, source="https://two.example/feed")
    life.home.clock.at += HOUR
    life.reads(one, two)
    for _ in range(2):
        life.home.clock.tomorrow()
        life.home.morning()
    assert life.came == [0]


def test_nor_does_it_for_what_they_tell_of_on_a_later_day(either: Life) -> None:
    told = [paper(f"Adapters of day {day:02}.", arxiv_id=f"2611.{day:05}") for day in range(3)]
    either.days = 3
    home = either.home
    one, two = (feed(home, url) for url in ("https://one.example/feed", "https://two.example/feed"))
    either.begins()
    either.reads(two)
    home.arrive(*told, source="https://one.example/feed")
    for _ in range(3):
        home.clock.tomorrow()
        home.morning()
    either.reads(one, two)
    for each in (None, told[0], told[1], told[0], None):
        home.arrive(*filter(None, [each]), source="https://two.example/feed")
        home.clock.tomorrow()
        home.morning()
    assert either.came == [0, 1], "each once, and not what the new one alone told of"


@pytest.mark.parametrize("told", ["before", "at once", "later"])
def test_a_source_that_becomes_everybodys_takes_nothing_from_the_others(either: Life, told: str) -> None:
    home, known, picked = either.home, paper("Adapters of day 00.", arxiv_id="2611.00000"), "https://two.example/feed"
    either.days = 1
    feed(home, "https://one.example/feed")
    either.begins()
    with home.world.store.write() as unit:
        source = unit.sources.pick(picked, "feed", home.clock()).id
        unit.papers.add(source, picked, [known], home.clock())
    home.join("eve@uni.example", "adapters")
    own = Choice((Profile(("adapters",), sources=frozenset({source})),), EVERY_DAY, 10)
    home.world.subscriptions.change(home.token("eve@uni.example", Purpose.MANAGE), own, home.clock())
    home.morning()
    home.clock.tomorrow()
    home.morning()
    home.clock.at += HOUR
    if told == "before":
        home.arrive(known, source="https://one.example/feed")
        home.clock.at += HOUR
    feed(home, picked)
    for _ in range(3):
        home.clock.at += HOUR
        if told == "at once":
            home.arrive(known, source="https://one.example/feed")
        home.clock.tomorrow()
        home.morning()
        told = told.replace("later", "at once")
    assert either.came == [0]
    assert home.titles("eve@uni.example", ["of day 00."]).count(["of day 00."]) == 1


def feed(home: House, url: str) -> int:
    """A source without papers."""
    home.arrive(source=url)
    with home.world.store.read() as unit:
        return next(each.id for each in unit.sources.all() if each.url == url)
