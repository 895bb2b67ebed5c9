"""Days, not fetches: sources read over loopback by a real client, at the addresses that Hugging Face has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from service.errors import FetchError
from service.model import Page
from service.pipeline.collecting import Collector
from service.pipeline.listings import Collected
from service.sources import health
from service.sources.http import Client
from service.sources.manners import Manners
from service.store import Store
from service.store.sources import Source
from tests import databases
from tests.integration.stores import paper
from tests.integration.worlds import MORNING, house
from tests.origins import Answer, Asked, origin
from tests.unit import pages

HF = "https://huggingface.co"
NO_ROBOTS = Answer(404)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
YESTERDAY = "2026-11-19"


class Rerouted(Client):
    """The real client, for which one site lives on loopback."""

    def __init__(self, site: str, there: str) -> None:
        super().__init__(
            "PaperRound/0 (+mailto:operator@example.org)", ("127.0.0.1/32",), 5.0, manners=Manners(lambda _: None)
        )
        self.site, self.there = site, there

    def fetch(self, url: str, etag: str = "", last_modified: str = "") -> Page:
        return super().fetch(url.replace(self.site, self.there, 1), etag, last_modified)


class Reader:
    """One source in a fresh database, polled when the test says so."""

    def __init__(self, folder: Path, url: str, there: str, site: str = HF) -> None:
        self.store = Store(databases.sqlite(folder / "db.sqlite3"))
        self.store.migrate()
        self.collector = Collector(self.store, Rerouted(site, there), timedelta(minutes=30))
        with self.store.write() as unit:
            self.id = unit.sources.add(url, "any", NOW).id

    def poll(self, now: datetime = NOW) -> Collected:
        with self.store.write() as unit:
            unit.sources.wake(self.id, now)
        return self.collector.run(self.id, now)

    def source(self) -> Source:
        with self.store.read() as unit:
            found = unit.sources.get(self.id)
        assert found is not None
        return found

    def papers(self) -> int:
        with self.store.read() as unit:
            return unit.papers.count()


@contextmanager
def reading(
    folder: Path,
    answer: Callable[[Asked], Answer],
    url: str = f"{HF}/papers",
    site: str = HF,
    robots: Answer = NO_ROBOTS,
) -> Iterator[tuple[Reader, list[str]]]:
    asked: list[str] = []

    def noted(one: Asked) -> Answer:
        if one.path == "/robots.txt":
            return robots
        asked.append(one.path)
        return answer(one)

    with origin(noted) as server:
        reader = Reader(folder, url, server.url(""), site)
        yield reader, asked
        reader.store.close()


def items(count: int, day: str, first: int = 0) -> list[dict[str, Any]]:
    made = []
    for n in range(first, first + count):
        number = f"{date.fromisoformat(day):%y%m}.{int(day[-2:]) * 500 + n:05d}"
        one = pages.item(pages.Invented(number, f"Kettle {number} boils in finite time", "It boils. " * 20))
        one["paper"]["submittedOnDailyAt"] = f"{day}T10:00:00.000Z"
        made.append(one)
    return made


def answered(found: Sequence[Any]) -> Answer:
    return Answer(200, json.dumps(list(found)).encode(), {"Content-Type": "application/json"})


def site(days: dict[str, int], cap: int = 100) -> Callable[[Asked], Answer]:
    """The API with so many papers on each day, at most `cap` on a page; it has no other pages."""

    def answer(asked: Asked) -> Answer:
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != "/api/daily_papers":
            return Answer(500)
        day = query.get("date") or max(days, default="2026-11-20")
        size = min(int(query.get("limit", "50")), cap)
        start = int(query.get("p", "0")) * size
        return answered(items(days.get(day, 0), day)[start : start + size])

    return answer


@pytest.mark.parametrize("cap", [50, 100])
def test_a_day_of_many_papers_is_read_to_its_last_page(tmp_path: Path, cap: int) -> None:
    with reading(tmp_path, site({"2026-11-20": 130, YESTERDAY: 230}, cap)) as (reader, _):
        assert reader.poll().error == ""
        assert reader.papers() == 360


def test_a_site_that_repeats_its_first_page_is_asked_twice_a_day_and_no_more(tmp_path: Path) -> None:
    with reading(tmp_path, lambda _: answered(items(60, "2026-11-20"))) as (reader, asked):
        reader.poll()
        assert reader.papers() == 60
    assert sum("p=1" in path for path in asked) == 1
    assert not any("p=2" in path for path in asked)


@pytest.mark.parametrize("broken", [Answer(500), Answer(200, b'{"papers": []}'), Answer(200, b"[]"), Answer(410)])
def test_the_page_people_see_steps_in_where_the_api_fails_or_changes(tmp_path: Path, broken: Answer) -> None:
    html = pages.listing_html(dateString="2026-11-20").encode()

    def answer(asked: Asked) -> Answer:
        return broken if asked.path.startswith("/api") else Answer(200, html, {"Content-Type": "text/html"})

    with reading(tmp_path, answer) as (reader, _):
        assert reader.poll().error == ""
        assert (reader.papers(), reader.source().active) == (len(pages.PAPERS), True)


def test_a_later_page_that_fails_makes_the_day_unread(tmp_path: Path) -> None:
    whole = site({"2026-11-20": 20, YESTERDAY: 130})
    failing = [True]

    def answer(asked: Asked) -> Answer:
        return Answer(500) if "p=1" in asked.path and failing[0] else whole(asked)

    with reading(tmp_path, answer) as (reader, _):
        assert "HTTP 500" in reader.poll().error
        failing[0] = False
        assert reader.poll().error == ""
        assert reader.papers() == 150


def test_an_unpublished_day_that_shows_another_is_asked_for_again(tmp_path: Path) -> None:
    days = {"2026-11-18": 30}

    def answer(asked: Asked) -> Answer:
        day = next((each for each in days if each in asked.path), "")
        return answered(items(days[day], day)) if day else answered(items(30, "2026-11-18"))

    with reading(tmp_path, answer) as (reader, asked):
        reader.poll()
        assert reader.papers() == 30
        days[YESTERDAY] = 12
        asked.clear()
        reader.poll(NOW + timedelta(days=5))
        assert any(YESTERDAY in path for path in asked)
        assert reader.papers() == 42


def test_a_half_full_day_is_read_again_until_it_settles(tmp_path: Path) -> None:
    days = {"2026-11-20": 20, YESTERDAY: 9}
    with reading(tmp_path, site(days)) as (reader, asked):
        reader.poll()
        days[YESTERDAY] = 40
        reader.poll(NOW + timedelta(hours=20))
        assert reader.papers() == 60
        asked.clear()
        reader.poll(NOW + timedelta(hours=21))
        assert not any(YESTERDAY in path for path in asked)


def test_a_past_day_that_cannot_be_read_does_not_keep_todays_papers_away(tmp_path: Path) -> None:
    whole = site({"2026-11-20": 20, YESTERDAY: 30})
    with reading(tmp_path, lambda asked: Answer(500) if "date=" in asked.path else whole(asked)) as (reader, asked):
        assert "HTTP 500" in reader.poll().error
        assert reader.papers() == 20
    assert len(asked) <= 4


FEED = "https://feeds.example"


def test_a_page_that_changes_its_shape_is_no_empty_day(tmp_path: Path) -> None:
    bodies = [pages.rss(pages.PAPERS), pages.rss([])]
    with reading(tmp_path, lambda _: Answer(200, bodies[0].encode()), f"{FEED}/rss", FEED) as (reader, _):
        assert reader.poll().error == ""
        bodies.pop(0)
        assert reader.poll().error == "the parser found nothing where 4 papers were expected"
        assert reader.source().failures == 1


def test_a_page_that_turns_into_something_else_is_said_with_what_was_expected(tmp_path: Path) -> None:
    bodies = [pages.rss(pages.PAPERS), "<html><body><p>We have moved into an app.</p></body></html>"]
    with reading(tmp_path, lambda _: Answer(200, bodies[0].encode()), f"{FEED}/rss", FEED) as (reader, _):
        reader.poll()
        bodies.pop(0)
        assert reader.poll().error.startswith("the parser found nothing where 4 papers were expected: this looks like")
        with reader.store.read() as unit:
            [(source, counts)] = unit.sources.watched(NOW)
        said = health.standing(source, counts, NOW).why
        assert said.startswith("the parser found nothing where 4 papers were expected")


def test_a_source_that_is_gone_for_good_is_asked_no_more(tmp_path: Path) -> None:
    with reading(tmp_path, lambda _: Answer(410), f"{FEED}/rss", FEED) as (reader, asked):
        assert "gone for good" in reader.poll().error
        reader.poll()
        assert (len(asked), reader.source().active) == (1, False)


def test_a_page_that_has_not_changed_still_holds_its_papers(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        seen = asked.headers["If-None-Match"] == '"1"'
        return Answer(304) if seen else Answer(200, pages.rss(pages.PAPERS).encode(), {"ETag": '"1"'})

    with reading(tmp_path, answer, f"{FEED}/rss", FEED) as (reader, _):
        assert [reader.poll().papers, reader.poll().papers, reader.source().last_count] == [4, 4, 4]


@pytest.mark.parametrize("kept", [0.3, 0.55, 0.97])
def test_a_feed_that_came_torn_is_asked_for_as_if_it_were_new(tmp_path: Path, kept: float) -> None:
    item = "<item><title>Kettle {0} boils in time</title><description>It boils.</description><guid>{0}</guid></item>\n"
    entries = "".join(item.format(n) for n in range(8))
    whole = f'<rss version="2.0"><channel><title>x</title>{entries}</channel></rss>'.encode()
    sent = [whole[: int(len(whole) * kept)]]

    def answer(asked: Asked) -> Answer:
        known = asked.headers["If-None-Match"] == '"1"'
        return Answer(304) if known else Answer(200, sent[0], {"ETag": '"1"'})

    with reading(tmp_path, answer, f"{FEED}/rss", FEED) as (reader, _):
        reader.poll()
        assert reader.papers() == int(8 * kept)
        sent[0] = whole
        assert [reader.poll().arrived for _ in range(2)] == [8 - int(8 * kept), 0]
        assert reader.poll().papers == 8


def test_a_source_that_fell_silent_is_named_in_the_status(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        for days in range(24, 4, -1):
            home.clock.at = MORNING - timedelta(days=days)
            home.arrive(*(paper(f"Kettle {n} boils on day {days} of the year") for n in range(9)))
        home.clock.at = MORNING
        status = home.world.operations.status(MORNING)
    said = "nothing new since 2026-11-15, where about 9 papers a day are usual"
    assert status.concerns == (("https://papers.example/daily", said),)


def preprint(n: int, version: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "doi": f"10.1101/2026.11.{n:06d}",
        "title": f"<em>E. coli</em> in kettle number {n} grows",
        "authors": "Kukla, D.; Brewer, A. B.",
        "date": YESTERDAY,
        "version": version,
        "category": "cell biology",
        "abstract": "It grows. " * 20,
        "server": "bioRxiv",
    } | more


def test_a_day_of_biorxiv_is_read_to_its_end_and_a_revision_is_no_new_paper(tmp_path: Path) -> None:
    whole = [preprint(n, "2" if n == 7 else "1") for n in range(130)] + [preprint(999, doi=None), 5]

    def answer(asked: Asked) -> Answer:
        parts = asked.path.split("/")
        found = whole if parts[3] == YESTERDAY else []
        cursor = int(parts[5])
        return Answer(
            200, json.dumps({"messages": [{"status": "ok"}], "collection": found[cursor : cursor + 100]}).encode()
        )

    url = f"https://api.biorxiv.org/details/biorxiv/{YESTERDAY}/{YESTERDAY}"
    with reading(tmp_path, answer, f"{url}/0/json", "https://api.biorxiv.org") as (reader, _):
        found = reader.poll()
        assert (found.error, found.skipped, reader.papers()) == ("", 2, 130)
        with reader.store.read() as unit:
            kinds = [each.kind for each in unit.papers.arrivals(NOW - timedelta(days=1))]
            first = unit.papers.get([1])[1].paper
    assert (kinds.count("new"), kinds.count("replace")) == (129, 1)
    assert (first.title, first.authors) == ("E. coli in kettle number 0 grows", ("D. Kukla", "A. B. Brewer"))
    assert (first.doi, first.categories) == ("10.1101/2026.11.000000", ("cell biology",))
    assert first.url == "https://www.biorxiv.org/content/10.1101/2026.11.000000v1"


def test_a_query_of_arxiv_is_read_until_what_is_known(tmp_path: Path) -> None:
    entry = (
        "<entry><id>http://arxiv.org/abs/2611.{0:05d}v1</id><title>Kettle {0} boils in time</title>"
        "<summary>It boils.</summary></entry>"
    )

    def answer(asked: Asked) -> Answer:
        start = int(parse_qs(urlsplit(asked.path).query)["start"][0])
        entries = "".join(entry.format(n) for n in range(start, min(start + 200, 450)))
        return Answer(200, f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode())

    url = "https://export.arxiv.org/api/query?search_query=cat:cs.LG"
    with reading(tmp_path, answer, url, "https://export.arxiv.org") as (reader, asked):
        assert (reader.poll().error, reader.papers(), len(asked)) == ("", 450, 3)
        reader.poll(NOW + timedelta(hours=1))
    assert len(asked) == 4


def test_a_page_that_robots_txt_closes_is_not_asked_for(tmp_path: Path) -> None:
    rules = Answer(200, b"User-agent: *\nDisallow: /*/private$\n\nUser-agent: other\nDisallow: /\n")
    body = pages.rss(pages.PAPERS).encode()
    with reading(tmp_path, lambda _: Answer(200, body), f"{FEED}/rss/private", FEED, rules) as (reader, asked):
        assert reader.poll().error == "feeds.example asks programs to stay away from this page (robots.txt)."
    assert asked == []


@pytest.mark.parametrize(
    "rules", [Answer(404), Answer(403), Answer(200, b"<html>home</html>"), Answer(200, b"\x00\xff")]
)
def test_a_site_without_rules_is_open(tmp_path: Path, rules: Answer) -> None:
    body = pages.rss(pages.PAPERS).encode()
    with reading(tmp_path, lambda _: Answer(200, body), f"{FEED}/rss", FEED, rules) as (reader, _):
        assert (reader.poll().error, reader.papers()) == ("", 4)


def test_a_site_whose_rules_are_out_of_order_is_left_alone_for_now(tmp_path: Path) -> None:
    with reading(tmp_path, lambda _: Answer(200), f"{FEED}/rss", FEED, Answer(503)) as (reader, asked):
        assert "HTTP 503" in reader.poll().error
        assert (asked, reader.source().active) == ([], True)


def test_a_web_page_leads_to_the_feed_it_names(tmp_path: Path) -> None:
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{name}">' for name in ("/gone", "/rss"))

    def answer(asked: Asked) -> Answer:
        if asked.path == "/rss":
            return Answer(200, pages.rss(pages.PAPERS).encode())
        return Answer(404) if asked.path == "/gone" else Answer(200, f"<!doctype html>{links}".encode())

    with origin(answer) as server, house(tmp_path) as home:
        address, listing = home.world.operations.discover(server.url("/news"))
        assert (address, len(listing.papers)) == (server.url("/rss"), 4)
        with pytest.raises(FetchError, match="404"):
            home.world.operations.discover(server.url("/gone"))


def test_a_folder_of_saved_pages_is_read_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "1.txt").write_text(pages.paragraphs(pages.PAPERS[:2]))
    (folder / "2.html").write_text(pages.listing_html(pages.PAPERS[2:]))
    (folder / ".hidden").write_text("%PDF")
    reader = Reader(tmp_path, str(folder), "")
    assert (reader.poll().error, reader.papers()) == ("", 4)
    again = reader.poll()
    assert (again.papers, again.arrived) == (4, 0)
    (folder / "0.bin").write_bytes(b"%PDF-1.7")
    (folder / "3.json").write_text(json.dumps(items(1, YESTERDAY)))
    for _ in range(2):
        found = reader.poll()
        assert (found.error, found.skipped, reader.papers()) == ("", 1, 5)
    reader.store.close()


def test_a_file_name_in_another_encoding_keeps_nothing_else_of_its_folder_back(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "caf\udce9.txt").write_text(pages.paragraphs(pages.PAPERS[:2]))
    (folder / "naïve.html").write_text(pages.listing_html(pages.PAPERS[2:]))
    reader = Reader(tmp_path, str(folder), "")
    assert (reader.poll().error, reader.papers()) == ("", 4)
    again = reader.poll()
    assert (again.papers, again.arrived) == (4, 0)
    (folder / "caf\udcea.txt").write_bytes(b"%PDF-1.7")
    assert reader.poll().skipped == 1
    reader.store.close()


def test_a_day_that_is_yet_to_come_puts_no_paper_before_all_others(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "1.json").write_text(json.dumps([*items(1, "2999-12-31"), *items(1, "2026-11-20")]))
    reader = Reader(tmp_path, str(saved), "")
    assert reader.poll().arrived == 2
    with reader.store.read() as unit:
        assert unit.archive.around(date.max) == (NOW.date(), None)
    reader.store.close()


def test_a_folder_in_which_nothing_can_be_read_is_at_fault(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "0.bin").write_bytes(b"%PDF-1.7")
    reader = Reader(tmp_path, str(folder), "")
    assert reader.poll().error.startswith("0.bin: this looks like a PDF file")
    reader.store.close()


def test_a_folder_that_is_not_there_or_empty_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    reader = Reader(tmp_path, folder.as_uri(), "")
    assert reader.poll().error == "saved cannot be read: No such file or directory."
    folder.mkdir()
    assert reader.poll().error == "saved holds no saved pages."
    reader.store.close()


def test_a_server_that_asks_for_a_day_gets_a_day(tmp_path: Path) -> None:
    busy = Answer(429, b"", {"Retry-After": "86400"})
    with reading(tmp_path, lambda _: busy, f"{FEED}/rss", FEED) as (reader, _):
        reader.poll()
        assert reader.source().next_poll_at == NOW + timedelta(days=1)


def test_sources_that_fail_together_come_back_apart(tmp_path: Path) -> None:
    with reading(tmp_path, lambda _: Answer(503), f"{FEED}/rss", FEED) as (reader, _):
        with reader.store.write() as unit:
            other = unit.sources.add(f"{FEED}/atom", "feed", NOW).id
        reader.poll()
        reader.collector.run(other, NOW)
        with reader.store.read() as unit:
            waits = {each.next_poll_at - NOW for each in unit.sources.all()}
    assert len(waits) == 2
    assert all(timedelta(minutes=2) <= each <= timedelta(minutes=2.5) for each in waits)


def test_the_key_in_a_sources_address_reaches_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "service")
    answers = iter([NO_ROBOTS, Answer(500), Answer(200, b"nothing that is a page"), Answer(404), Answer(301)])
    with origin(lambda _: next(answers, Answer(200, b"<rss/>"))) as there:
        reader = Reader(
            tmp_path, "https://feeds.example/lab?key=HUSH", there.url("").rstrip("/"), "https://feeds.example"
        )
        for hours in range(6):
            reader.poll(NOW + timedelta(hours=7 * hours))
    assert any("feeds.example/lab" in line for line in caplog.messages)
    assert "HUSH" not in caplog.text
