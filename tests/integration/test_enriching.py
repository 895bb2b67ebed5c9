"""What arXiv is asked about papers that listings named: how often, how many at once, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from service.model import Paper
from service.pipeline.enriching import Enriched, Enricher
from service.sources.http import Client
from service.store import Store
from tests import databases
from tests.integration.stores import paper
from tests.integration.worlds import House, house
from tests.origins import Answer, Asked, origin

FEED = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
<title>arXiv Query</title>{entries}</feed>"""
ENTRY = """<entry><id>http://arxiv.org/abs/{id}v2</id><title>{title}</title><summary>{text}</summary>
<author><name>Ada Ok</name></author><published>2026-11-18T10:00:00Z</published>
<arxiv:primary_category term="math.PR"/><category term="math.PR"/><category term="cs.LG"/>
<arxiv:doi>10.1000/kettles.{id}</arxiv:doi><arxiv:comment>Accepted at NeurIPS 2026</arxiv:comment></entry>"""


@dataclass
class Arxiv:
    """The API: tells of every paper but those it does not know, and can be out of order."""

    asked: list[Sequence[str]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    status: int = 200
    text: str = "We boil $x^2$ at length."

    def answer(self, asked: Asked) -> Answer:
        if "robots" in asked.path:
            return Answer(404)
        ids = parse_qs(urlsplit(asked.path).query)["id_list"][0].split(",")
        self.asked.append(ids)
        entries = [ENTRY.format(id=each, title=_title(each), text=escape(self.text)) for each in ids]
        told = "".join(entry for each, entry in zip(ids, entries, strict=True) if each not in self.unknown)
        return Answer(self.status, FEED.format(entries=told).encode(), {"Content-Type": "application/atom+xml"})


@contextmanager
def asking(folder: Path, **options: str) -> Iterator[tuple[House, Arxiv]]:
    arxiv = Arxiv()
    with origin(arxiv.answer) as server, house(folder, arxiv_api=server.url("/api/query"), **options) as home:
        yield home, arxiv


def _title(number: str) -> str:
    return f"On the boiling of kettle {number}"


def listed(number: str, abstract: str = "We boil x 2 at length.", **facts: object) -> Paper:
    return paper(_title(number), abstract, arxiv_id=number, **facts)


def test_a_listings_paper_gets_its_categories_and_is_not_new_by_it(tmp_path: Path) -> None:
    with asking(tmp_path) as (home, _):
        home.join("ada@uni.example", "cat:math.PR")
        home.morning()
        home.clock.tomorrow()
        home.arrive(listed("2611.00001", upvotes=7))
        assert home.world.pipeline.enrich(home.clock()) == Enriched(1, 1)
        home.morning()
        assert home.titles("ada@uni.example", [_title("2611.00001")])[-1] == [_title("2611.00001")]
        home.clock.tomorrow()
        home.morning()
        assert len(home.digests("ada@uni.example")) == 2
        with home.world.store.read() as unit:
            (stored,) = unit.papers.find({"arxiv:2611.00001", "doi:10.1000/kettles.2611.00001"})
    assert stored.paper.categories == ("math.PR", "cs.LG")
    assert stored.paper.comment == "Accepted at NeurIPS 2026"
    assert (stored.paper.abstract, stored.paper.upvotes) == ("We boil $x^2$ at length.", 7)


def test_papers_are_asked_about_by_the_hundred_and_once(tmp_path: Path) -> None:
    with asking(tmp_path) as (home, arxiv):
        ids = [f"2611.{n:05d}" for n in range(230)]
        home.arrive(*(listed(each) for each in ids))
        assert home.world.pipeline.enrich(home.clock()) == Enriched(230, 230)
        home.clock.tomorrow()
        assert home.world.pipeline.enrich(home.clock()) == Enriched()
    assert [len(each) for each in arxiv.asked] == [100, 100, 30]
    assert sorted(number for each in arxiv.asked for number in each) == ids


def test_the_question_is_put_once_a_day(tmp_path: Path) -> None:
    with asking(tmp_path) as (home, arxiv):
        for minutes in (0, 30, 60):
            home.clock.at += timedelta(minutes=minutes)
            home.arrive(listed(f"2611.{minutes:05d}"))
            home.world.pipeline.enrich(home.clock())
        assert arxiv.asked == [["2611.00000"]]
        home.clock.tomorrow()
        home.world.pipeline.enrich(home.clock())
        assert set(arxiv.asked[-1]) == {"2611.00030", "2611.00060"}


def test_an_answer_that_fails_is_asked_for_again(tmp_path: Path) -> None:
    with asking(tmp_path) as (home, arxiv):
        home.arrive(listed("2611.00001"))
        arxiv.status = 503
        assert "503" in home.world.pipeline.enrich(home.clock()).error
        arxiv.status, arxiv.unknown = 200, {"2611.00001"}
        assert home.world.pipeline.enrich(home.clock()).error == "none of 1 papers are in the answer"
        arxiv.unknown = set()
        assert home.world.pipeline.enrich(home.clock()) == Enriched(1, 1)


def test_a_paper_that_arxiv_does_not_know_yet_is_asked_about_for_a_week(tmp_path: Path) -> None:
    with asking(tmp_path) as (home, arxiv):
        arxiv.unknown = {"2611.00002"}
        home.arrive(listed("2611.00001"), listed("2611.00002"))
        told = []
        for _ in range(9):
            told.append(home.world.pipeline.enrich(home.clock()).asked)
            home.clock.tomorrow()
            home.arrive(listed(f"2612.{len(told):05d}"))
    assert told == [2, 2, 2, 2, 2, 2, 2, 1, 1]
    assert "2611.00002" not in arxiv.asked[-1]


def test_a_paper_without_an_abstract_arrives_when_arxiv_tells_one(tmp_path: Path) -> None:
    with asking(tmp_path) as (home, _):
        assert home.arrive(listed("2611.00001", "")) == 0
        home.world.pipeline.enrich(home.clock())
        with home.world.store.read() as unit:
            assert unit.papers.last_arrival() == 1


def test_what_is_no_id_keeps_nobody_elses_question_from_being_answered(tmp_path: Path) -> None:
    with asking(tmp_path) as (home, arxiv):
        home.arrive(listed("2611.00001"), listed("news/2026112"), listed("hep-th/9901001"))
        assert home.world.pipeline.enrich(home.clock()) == Enriched(2, 2)
        assert sorted(arxiv.asked[0]) == ["2611.00001", "hep-th/9901001"]


def test_an_entry_that_was_not_asked_about_is_not_taken(tmp_path: Path) -> None:
    def answer(_: Asked) -> Answer:
        told = "".join(ENTRY.format(id=each, title=_title(each), text="It boils.") for each in ("2611.00001", "2611.9"))
        return Answer(200, FEED.format(entries=told).encode())

    with origin(answer) as server, house(tmp_path, arxiv_api=server.url("/q")) as home:
        home.arrive(listed("2611.00001"))
        assert home.world.pipeline.enrich(home.clock()) == Enriched(1, 1)
        with home.world.store.read() as unit:
            assert unit.papers.count() == 1


def test_nobody_outside_hears_of_what_ones_own_machine_offers(tmp_path: Path) -> None:
    def refuse(host: str, _: int) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
        pytest.fail(f"{host} was looked up")

    with house(tmp_path) as home:
        home.arrive(listed("2611.00001"), source="http://127.0.0.1:9/papers")
        enricher = Enricher(home.world.store, Client("test", resolve=refuse), "https://export.arxiv.org/api/query")
        assert enricher.run(home.clock()) == Enriched()
        assert Enricher(home.world.store, Client("test", resolve=refuse), "").run(home.clock()) == Enriched()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_of_two_workers_one_asks(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_database") if database == "postgres" else databases.sqlite(tmp_path / "db")
    with asking(tmp_path, database_url=url) as (home, arxiv):
        home.arrive(listed("2611.00001"))
        other = Store(url)
        with home.world.store.write() as unit:
            assert unit.journal.take_turn("arXiv query", home.clock() - timedelta(hours=3), home.clock())
        assert Enricher(other, home.world.pipeline.client, home.world.pipeline.arxiv_api).run(home.clock()).asked == 0
        home.clock.tomorrow()
        assert home.world.pipeline.enrich(home.clock()) == Enriched(1, 1)
        other.close()
    assert arxiv.asked == [["2611.00001"]]
