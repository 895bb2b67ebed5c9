"""Past days of a source: read once, politely, and no news to who has had that day's digest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from service.errors import FetchError, InputError
from service.model import ArrivalKind, Paper
from service.pipeline import past_days
from service.pipeline.backfilling import Backfill, Day
from service.pipeline.reasons import why
from service.sources import kinds
from tests.integration.stores import paper
from tests.integration.test_collecting import NOW, Reader, reading, site
from tests.integration.worlds import House, house
from tests.origins import Answer, Asked

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 5)
DAYS = {f"2026-10-0{n}": 60 for n in (1, 2, 5)}
NEWS = "https://papers.example/daily"


def backfill(reader: Reader, waits: list[float] | None = None, last: date = LAST) -> list[Day]:
    """Read the days as the command does, with waits written down and not kept."""
    past = Backfill(reader.store, reader.collector.client, (waits if waits is not None else []).append)
    return list(past.run(reader.source(), past_days(reader.source(), FIRST, last, NOW.date()), NOW))


def test_past_days_are_read_to_their_ends_and_then_known(tmp_path: Path) -> None:
    with reading(tmp_path, site(DAYS, cap=50)) as (reader, asked):
        assert [(each.collected.papers, each.known) for each in backfill(reader)] == [
            (60, False),
            (60, False),
            (0, False),
            (0, False),
            (60, False),
        ]
        assert reader.papers() == 180
        before = len(asked)
        assert all(each.known for each in backfill(reader))
    assert len(asked) == before


def test_a_backfill_that_broke_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    broken = [True]

    def answer(asked: Asked) -> Answer:
        return Answer(404) if broken[0] and "date=2026-10-02" in asked.path and "p=1" in asked.path else whole(asked)

    whole = site(DAYS, cap=50)
    with reading(tmp_path, answer) as (reader, asked):
        with pytest.raises(FetchError):
            backfill(reader)
        broken[0] = False
        asked.clear()
        assert [each.known for each in backfill(reader)] == [True, False, False, False, False]
        assert reader.papers() == 180
    assert not [path for path in asked if "date=2026-10-01" in path]


def test_a_server_in_trouble_is_given_the_time_it_asks_for(tmp_path: Path) -> None:
    said = iter([Answer(429, headers={"Retry-After": "77"}), Answer(429, headers={"Retry-After": "77"})])
    waits: list[float] = []
    whole = site(DAYS)
    with reading(tmp_path, lambda asked: next(said, None) or whole(asked)) as (reader, _):
        assert sum(each.collected.papers for each in backfill(reader, waits)) == 180
    assert [wait for wait in waits if wait > 60] == [77.0]
    assert waits.count(1.0) == 4


@pytest.mark.parametrize(
    ("url", "first", "last", "said"),
    [
        ("https://huggingface.co/papers", date(2026, 10, 2), date(2026, 10, 1), "is after the last one"),
        ("https://huggingface.co/papers", date(2026, 10, 2), NOW.date(), "is not over"),
        ("https://huggingface.co/papers", date(2024, 10, 2), date(2026, 10, 1), "ask for 366 at most"),
        ("https://papers.example/rss", FIRST, LAST, "keeps no past days"),
        ("https://huggingface.co/papers/trending", FIRST, LAST, "keeps no past days"),
    ],
)
def test_days_that_cannot_be_asked_for_are_refused_with_the_reason(
    tmp_path: Path, url: str, first: date, last: date, said: str
) -> None:
    reader = Reader(tmp_path, url, "http://127.0.0.1:1/")
    with pytest.raises(InputError, match=said):
        past_days(reader.source(), first, last, NOW.date())
    reader.store.close()


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("cs.LG", "(cat:cs.LG) AND submittedDate:[202610010000 TO 202610012359]"),
        ("https://rss.arxiv.org/rss/cs.LG+math", "(cat:cs.LG OR cat:math*) AND submittedDate:"),
        ("https://export.arxiv.org/api/query?search_query=ti:kettle", "(ti:kettle) AND submittedDate:"),
    ],
)
def test_arxivs_past_is_asked_of_its_api(url: str, asked: str) -> None:
    (address,) = kinds.past(url, FIRST)
    assert asked in unquote(address)
    assert not kinds.newest_first(address)


def past(title: str, abstract: str = "We study it at length.") -> Paper:
    return paper(title, abstract, kind=ArrivalKind.PAST)


def filled(home: House, *papers: Paper, at: datetime) -> int:
    with home.world.store.write() as unit:
        row = unit.sources.add(NEWS, "feed", home.clock())
        return unit.papers.add(row.id, NEWS, papers, home.clock(), at)


def test_what_was_backfilled_is_no_news_to_who_had_that_days_digest(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.arrive(paper("Kettle one"), paper("Kettle two"), paper("Kettle three"))
        home.join("ada@uni.example", "kettle")
        home.morning()
        home.clock.tomorrow()
        filled(home, past("Kettle of old"), at=home.clock() - timedelta(days=3))
        filled(home, past("Kettle of last night"), at=home.clock() - timedelta(hours=9))
        home.arrive(paper("Kettle of today"))
        home.morning()
        home.join("grace@uni.example", "kettle")
        home.morning()
        among = ["Kettle one", "Kettle of old", "Kettle of last night", "Kettle of today"]
        assert home.titles("ada@uni.example", among) == [["Kettle one"], ["Kettle of last night", "Kettle of today"]]
        assert home.titles("grace@uni.example", among) == [among]
        ada = home.world.subscriptions.find("ada@uni.example")
        with home.world.store.read() as unit, home.world.pipeline.window.open(unit, home.clock()) as view:
            assert ada is not None
            said = why(unit, view, ada, "Kettle of old", home.clock()).sentence
        assert said == "It matches kettle, but was only read after your mail of Wednesday 18 November, with the past."


def test_what_was_backfilled_is_news_when_another_source_tells_of_it(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.join("ada@uni.example", "kettle")
        home.morning()
        home.clock.tomorrow()
        filled(home, past("Kettle of old"), past("Kettle of last night"), at=home.clock() - timedelta(days=3))
        home.arrive(paper("Kettle of today"))
        home.morning()
        for _ in range(2):
            home.arrive(paper("Kettle of old"), source="https://picks.example/daily")
            home.clock.tomorrow()
            home.morning()
        among = ["Kettle of old", "Kettle of last night", "Kettle of today"]
        assert home.titles("ada@uni.example", among) == [[], ["Kettle of today"], ["Kettle of old"]]


def test_a_backfilled_paper_does_not_arrive_again_when_its_page_is_read(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        day = home.clock() - timedelta(days=2)
        assert filled(home, past("Kettle one"), past("A title alone", ""), at=day) == 2
        assert home.arrive(paper("Kettle one")) == 0
        assert filled(home, past("Kettle one"), at=day) == 0
        with home.world.store.read() as unit:
            assert [each.at for each in unit.papers.arrivals(datetime(2026, 1, 1, tzinfo=UTC))] == [day, day]
