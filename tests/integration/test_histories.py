"""A feed that holds years of papers when it is added: they are history, and what comes after is news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from service.model import ArrivalKind, Paper
from tests.integration.worlds import DAY, MORNING, House, house
from tests.origins import Answer, Asked, origin

ADA, BOB = "ada@example.org", "bob@example.org"
# So many days ago each of them appeared.
AGES = (0, 3, 20, 40, 4000)
TITLES = tuple(f"Kettle number {age} boils in finite time" for age in AGES)


def entry(title: str, at: datetime) -> str:
    facts = f"<title>{title}</title><link>https://papers.example/{title[7:18]}</link><description>Hot.</description>"
    return f"<item>{facts}<pubDate>{format_datetime(at)}</pubDate></item>"


@contextmanager
def journal(folder: Path, entries: list[str]) -> Iterator[tuple[House, str]]:
    """A service with a reader who has had a mail, and a feed that nobody reads yet."""

    def answer(asked: Asked) -> Answer:
        whole = f"<rss version='2.0'><channel><title>x</title>{''.join(entries)}</channel></rss>"
        return Answer(404) if asked.path == "/robots.txt" else Answer(200, whole.encode())

    with origin(answer) as server, house(folder) as here:
        here.join(ADA, "kettle")
        here.arrive(Paper("A kettle that was there before", "Hot.", url="https://other.example/1"))
        here.morning()
        yield here, server.url("/feed")


def collect(here: House, address: str) -> int:
    source = here.world.operations.add_source(address, here.clock())
    return here.world.pipeline.collect(source.id, here.clock()).arrived


def found(here: House, reader: str, titles: Sequence[str] = TITLES) -> list[str]:
    return here.titles(reader, titles)[-1]


def test_what_a_feed_held_when_it_was_added_is_no_news(tmp_path: Path) -> None:
    entries = [entry(title, MORNING - age * DAY) for title, age in zip(TITLES, AGES, strict=True)]
    with journal(tmp_path, entries) as (here, address):
        assert collect(here, address) == len(AGES)
        here.clock.tomorrow()
        here.morning()
        assert sorted(found(here, ADA)) == sorted(TITLES[:2])
        here.join(BOB, "kettle")
        here.morning()
        # A first mail looks a week back, where that is enough.
        assert sorted(found(here, BOB)) == sorted(TITLES[:2])


def test_what_a_known_feed_brings_is_news_whatever_its_date(tmp_path: Path) -> None:
    entries = [entry(TITLES[0], MORNING)]
    with journal(tmp_path, entries) as (here, address):
        collect(here, address)
        entries.append(entry(TITLES[3], MORNING - 40 * DAY))
        here.clock.at += timedelta(hours=7)
        assert collect(here, address) == 1
        here.clock.tomorrow()
        here.morning()
        assert found(here, ADA) == [TITLES[0], TITLES[3]]


def test_what_came_while_a_new_feed_could_not_be_read_is_news(tmp_path: Path) -> None:
    entries: list[str] = []
    with journal(tmp_path, entries) as (here, address):
        here.world.operations.add_source(address, here.clock())
        for _ in range(2):
            here.clock.tomorrow()
            here.morning()
        entries.append(entry(TITLES[0], MORNING + timedelta(hours=1)))
        collect(here, address)
        here.clock.tomorrow()
        here.morning()
        assert found(here, ADA) == [TITLES[0]]


@pytest.mark.parametrize(("age", "kind"), [(167, ArrivalKind.NEW), (169, ArrivalKind.PAST), (-240, ArrivalKind.NEW)])
def test_a_week_makes_the_difference(tmp_path: Path, age: int, kind: ArrivalKind) -> None:
    with journal(tmp_path, [entry(TITLES[0], MORNING - timedelta(hours=age))]) as (here, address):
        collect(here, address)
        with here.world.store.read() as unit:
            assert unit.papers.arrivals(MORNING - 9 * DAY)[-1].kind == kind
