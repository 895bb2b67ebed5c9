"""What the preview shows is what the digests send: random readers over a week, papers and order compared."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from service.model import DeliveryKind, Paper, Profile, Schedule
from service.pipeline import Week
from tests.integration.stores import paper
from tests.integration.worlds import DAY, House

STEMS = [
    "neural",
    "graph",
    "latent",
    "sparse",
    "spectral",
    "world",
    "flow",
    "token",
    "policy",
    "kernel",
    "video",
    "protein",
    "climate",
    "agent",
    "speech",
]
HEADS = [
    "model",
    "network",
    "operator",
    "transformer",
    "field",
    "planner",
    "benchmark",
    "survey",
    "decoder",
    "estimator",
]
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo")
SOURCES = ("https://papers.example/daily", "https://lab.example/feed")


def some_papers(random_: random.Random, day: int, count: int) -> list[Paper]:
    return [
        paper(
            f"{random_.choice(STEMS)} {random_.choice(STEMS)} {random_.choice(HEADS)} number {day} {n} of many",
            f"We study a {random_.choice(STEMS)} {random_.choice(HEADS)}. It helps {random_.choice(STEMS)} tasks.",
            upvotes=random_.randint(0, 9),
            arxiv_id=f"2611.{day:02}{n:03}",
        )
        for n in range(count)
    ]


def some_topics(random_: random.Random) -> list[str]:
    kinds = (
        lambda: random_.choice(STEMS),
        lambda: f"{random_.choice(STEMS)} {random_.choice(HEADS)}",
        lambda: f"{random_.choice(STEMS)} AND {random_.choice(HEADS)}",
        lambda: f"ti:{random_.choice(HEADS)}",
        lambda: f"-{random_.choice(STEMS)}",
    )
    return list(dict.fromkeys(random_.choice(kinds)() for _ in range(random_.randint(0, 5))))


def some_schedule(random_: random.Random) -> Schedule:
    days = frozenset(random_.sample(range(1, 8), random_.randint(1, 7)))
    return Schedule(random_.choice(ZONES), random_.randint(0, 23), days)


def sent(home: House, reader: int) -> dict[str, list[int]]:
    """The papers of each digest sent to a reader, in their order, by edition.

    Not the welcome, which looks further back, nor the one after it: it covers what came since, whatever the hour.
    """
    with home.world.store.read() as unit:
        rows = [row for row in unit.deliveries.of(reader) if row.kind == DeliveryKind.DIGEST]
    later = sorted(rows, key=lambda row: row.key)[2:]
    return {row.key: [each[0] for each in row.payload.get("papers", ())] for row in later}


def shown(week: Week) -> dict[str, list[int]]:
    return {
        morning.day.isoformat(): [each.paper.id for each in morning.papers]
        for morning in week.mornings
        if morning.papers and not morning.coming
    }


@pytest.mark.timeout(900)
def test_each_group_of_the_preview_is_the_digest_of_that_morning(
    home: House, full: bool, figure: Callable[[str], None]
) -> None:
    random_ = random.Random(5)
    home.arrive(*some_papers(random_, 0, 5), source=SOURCES[0])
    with home.world.store.write() as unit:
        sources = [unit.sources.add(url, "feed", home.clock()).id for url in SOURCES]
    readers = []
    for number in range(500 if full else 20):
        topics, schedule = some_topics(random_), some_schedule(random_)
        chosen = frozenset({random_.choice(sources)}) if random_.random() < 0.2 else None
        readers.append((Profile(tuple(topics), sources=chosen), schedule))
        join(home, number, *readers[-1])
    begun = home.clock.at
    home.morning()
    for hour in range(24 * 7):
        if hour % 12 == 8:
            home.clock.at = begun + timedelta(hours=hour, minutes=20)
            home.arrive(*some_papers(random_, hour, 12), source=random_.choice(SOURCES))
        home.clock.at = begun + timedelta(hours=hour + 1)
        home.morning()
    editions = 0
    for number, (profile, schedule) in enumerate(readers):
        week = home.world.pipeline.week([profile], schedule, home.clock())
        reader = home.world.subscriptions.find(f"reader{number}@uni.example")
        assert reader is not None
        expected = sent(home, reader.id)
        assert {day: shown(week).get(day, []) for day in expected} == expected, profile
        editions += len(expected)
    figure(f"preview and digest: {len(readers)} profiles, {editions} editions, all equal")
    assert editions > len(readers)


def join(home: House, number: int, profile: Profile, schedule: Schedule) -> None:
    email = f"reader{number}@uni.example"
    reader = home.world.subscriptions.enrol(email, "\n".join(profile.keywords), schedule, home.clock())
    if profile.sources:
        with home.world.store.write() as unit:
            keywords = list(profile.keywords)
            unit.subscribers.set_profiles(reader.id, [(profile, keywords)], home.clock() - 2 * DAY)


def test_what_waits_for_the_next_mail_stands_first(home: House) -> None:
    home.clock.at -= timedelta(hours=2)
    home.arrive(paper("Old news about lamps and light", arxiv_id="2611.00001"))
    home.clock.at += timedelta(hours=4)
    home.arrive(paper("Fresh news about lamps and light", arxiv_id="2611.00002"))
    week = home.world.pipeline.week([Profile(("lamps",))], Schedule(), home.clock())
    assert [(each.coming, [one.paper.paper.title[:5] for one in each.papers]) for each in week.mornings[:2]] == [
        (True, ["Fresh"]),
        (False, ["Old n"]),
    ]
    assert (week.found, week.read) == (2, 2)


def test_what_a_reader_has_had_does_not_wait_for_the_next_mail(home: House) -> None:
    home.clock.at += timedelta(hours=2)
    home.arrive(paper("Old news about lamps and light", arxiv_id="2611.00001"))
    reader = home.world.subscriptions.enrol("ada@uni.example", "lamps", Schedule(), home.clock())
    home.morning()
    home.clock.at += timedelta(hours=1)
    home.arrive(paper("Fresh news about lamps and light", arxiv_id="2611.00002"))
    week = home.world.pipeline.week(reader.profiles, reader.schedule, home.clock(), reader=reader)
    coming = week.mornings[0]
    assert [each.paper.paper.title[:5] for each in coming.papers] == ["Fresh"]
    assert (coming.found, coming.had, week.found, week.read) == (1, 1, 2, 2)


def test_what_an_installation_begins_with_counts_for_the_days_it_was_listed_on(home: House) -> None:
    today = home.clock.at.date()
    found = [
        paper(f"A study of lamps, part {age} of many", arxiv_id=f"2611.0000{age}", listed=today - age * DAY)
        for age in (1, 3)
    ]
    home.arrive(*found)
    week = home.world.pipeline.week([Profile(("lamps",))], Schedule(), home.clock())
    days = {(today - each.day).days: [one.paper.paper.title for one in each.papers] for each in week.mornings}
    assert days[0] == [found[0].title]
    assert days[2] == [found[1].title]
    advice = home.world.pipeline.advice(["lamps"], home.clock())[0]
    assert [30 - 1 - at for at, count in enumerate(advice.days) if count] == [2, 0]
