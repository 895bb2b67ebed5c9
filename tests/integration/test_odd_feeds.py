"""Feeds as servers really send them: read over loopback by the real client."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from service.errors import ParseError
from service.model import Page
from service.sources import MOST_BYTES, parse
from service.sources.http import Client
from tests.integration.test_http_client import AGENT, LOOPBACK
from tests.integration.worlds import house
from tests.origins import Answer, origin

TITLE = "Über Kettles — naïve “Brewing” in Œuvres"
FEED = '<rss version="2.0"><channel><title>x</title><item><title>{}</title><link>https://openreview.net/forum?id=aB3-x_9</link></item></channel></rss>'


def title_of(body: bytes, media_type: str) -> str:
    with origin(lambda _: Answer(200, body, {"Content-Type": media_type})) as server:
        (paper,) = parse(Client(AGENT, LOOPBACK, 5.0).visit(server.url("/feed"))).papers
    assert paper.openreview_id == "aB3-x_9"
    return paper.title


@pytest.mark.parametrize(
    ("codec", "declared", "media_type"),
    [
        ("cp1252", "", "text/xml; charset=windows-1252"),
        ("cp1252", "", 'application/rss+xml; Charset="Windows-1252"'),
        ("cp1252", '<?xml version="1.0" encoding="windows-1252"?>', "text/xml"),
        ("cp1252", '<?xml version="1.0" encoding="ISO-8859-1"?>', "text/html; charset=utf-8"),
        ("cp1252", "", "text/plain"),
        ("utf-8", '<?xml version="1.0" encoding="ISO-8859-1"?>', "text/xml; charset=iso-8859-1"),
        ("utf-8", '<?xml version="1.0" encoding="utf-16"?>', "text/xml; charset=utf-16"),
        ("utf-16", '<?xml version="1.0" encoding="utf-16"?>', "text/xml"),
        ("utf-16-le", '<?xml version="1.0" encoding="utf-16"?>', "application/xml"),
        ("utf-16-be", "", "application/octet-stream"),
        ("utf-8-sig", '<?xml version="1.0" encoding="windows-1252"?>', "text/xml; charset=windows-1252"),
    ],
)
def test_the_characters_of_a_feed_are_found_out(codec: str, declared: str, media_type: str) -> None:
    assert title_of((declared + FEED.format(TITLE)).encode(codec), media_type) == TITLE


def test_the_servers_word_on_the_characters_is_enough() -> None:
    cyrillic = "Чайники, которые учатся"
    assert title_of(FEED.format(cyrillic).encode("koi8-r"), "text/xml; charset=KOI8-R") == cyrillic


@pytest.mark.parametrize("named", ["utf-8", "none", "binary", "identity"])
def test_a_plain_body_whose_encoding_is_misnamed_is_read(named: str) -> None:
    headers = {"Content-Encoding": named, "Content-Type": "text/xml"}
    with origin(lambda _: Answer(200, FEED.format(TITLE).encode(), headers)) as server:
        (paper,) = parse(Client(AGENT, LOOPBACK, 5.0).fetch(server.url("/feed"))).papers
    assert paper.title == TITLE


def test_links_of_a_json_feed_may_be_relative() -> None:
    body = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"title": "Tea", "url": "a?b#c"}]}'
    with origin(lambda _: Answer(200, body)) as server:
        (paper,) = parse(Client(AGENT, LOOPBACK, 5.0).fetch(server.url("/lab/feed"))).papers
        assert paper.url == server.url("/lab/a?b#c")


def test_a_link_that_counts_its_readers_gives_way_to_the_true_one() -> None:
    entry = "<link>https://counts.example/x</link><b:origLink>https://papers.example/a</b:origLink>"
    name = 'xmlns:b="http://rssnamespace.org/feedburner/ext/1.0"'
    feed = f'<rss version="2.0" {name}><channel><item><title>Tea</title>{entry}</item></channel></rss>'
    (paper,) = parse(Page(feed.encode(), "", "")).papers
    assert paper.url == "https://papers.example/a"


def test_entries_without_dates_that_all_link_to_the_journal_arrive_once_each(tmp_path: Path) -> None:
    entry = "<item><title>{}</title><link>https://kettles.example/latest</link><description>{}</description></item>"
    teapots, kettles, cups = (
        entry.format(f"{name} whistle a song at dawn", f"{name} whistle.") for name in ("Teapots", "Kettles", "Cups")
    )
    arrived = []
    with house(tmp_path) as home:
        for entries in (teapots + kettles, cups, cups + kettles, teapots):
            feed = f'<rss version="2.0"><channel><title>Kettles</title>{entries}</channel></rss>'
            arrived.append(home.arrive(*parse(Page(feed.encode(), "", "")).papers))
    assert arrived == [2, 1, 0, 0]


def test_a_page_that_is_large_once_inflated_arrives_to_the_byte() -> None:
    body = bytes(range(256)) * 40_000
    with origin(lambda _: Answer(200, gzip.compress(body, 1), {"Content-Encoding": "gzip"})) as server:
        assert Client(AGENT, LOOPBACK, 10.0).fetch(server.url()).body == body


@pytest.mark.parametrize("headers", [{"Content-Type": "application/gzip"}, {"Content-Encoding": "gzip"}])
def test_a_feed_that_is_a_gzip_file_is_read(headers: dict[str, str]) -> None:
    packed = gzip.compress(FEED.format(TITLE).encode())
    body = gzip.compress(packed) if "Content-Encoding" in headers else packed
    with origin(lambda _: Answer(200, body, headers)) as server:
        (paper,) = parse(Client(AGENT, LOOPBACK, 5.0).fetch(server.url("/feed.xml.gz"))).papers
    assert paper.title == TITLE


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (gzip.compress(b"<rss>" + b" " * MOST_BYTES), "larger than 8 MB"),
        (gzip.compress(FEED.encode())[:-9], "gzip file that is broken or cut off"),
        (b"\x1f\x8b", "gzip file that is broken or cut off"),
        (gzip.compress(gzip.compress(FEED.encode())), "looks like a gzip file"),
    ],
)
def test_a_gzip_file_that_is_no_page_is_refused_in_a_sentence(body: bytes, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        parse(Page(body, "", ""))
