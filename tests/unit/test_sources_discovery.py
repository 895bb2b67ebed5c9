"""Feeds that a web page names."""

from __future__ import annotations

import time

import pytest

from service.model import Page
from service.sources.discovery import feeds

PAGE = "https://kettle.example/news/"
NAMED = {
    '<link rel="alternate" type="application/rss+xml" href="/feed.xml">': ["https://kettle.example/feed.xml"],
    "<LINK HREF='atom.xml?a=1&amp;b=2' TYPE='Application/Atom+XML' REL='feed Alternate'/>": [
        "https://kettle.example/news/atom.xml?a=1&b=2"
    ],
    "<link rel=alternate type=application/feed+json href=https://other.example/f.json>": [
        "https://other.example/f.json"
    ],
    '<base href="/lab/"><link rel="alternate" type="application/rss+xml; charset=utf-8" href="feed.xml">': [
        "https://kettle.example/lab/feed.xml"
    ],
    '<link rel="alternate" type="application/json" href="/j"><link rel="alternate" type="text/xml" href="/x">'
    '<link rel="alternate" type="application/atom+xml" href="/a">': [
        "https://kettle.example/a",
        "https://kettle.example/j",
        "https://kettle.example/x",
    ],
    '<a class="x" href="jmlr.xml">RSS</a><a href="/about">Us</a><a href="/blog/feed/">Blog</a><a href="/x?feed">X</a>': [
        "https://kettle.example/news/jmlr.xml",
        "https://kettle.example/blog/feed/",
    ],
    '<a href="/other.rss">All</a><link rel="alternate" type="application/atom+xml" href="/a">': [
        "https://kettle.example/a"
    ],
    '<a href="/news/">here</a><a href="javascript:feed.xml">x</a><a href="/feedback">y</a><a href="/my-rss">z</a>': [
        "https://kettle.example/my-rss"
    ],
    '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">': [],
    '<link rel="alternate" type="application/rss+xml" href="http://[">': [],
    '<link rel="alternate" type="application/rss+xml">': [],
    '<link rel="alternate" hreflang="de" href="/de">': [],
    '<link rel="stylesheet" type="application/rss+xml" href="/feed.xml">': [],
}


@pytest.mark.parametrize("html", NAMED)
def test_a_page_names_its_feeds(html: str) -> None:
    assert feeds(Page(f"<html><head>{html}</head></html>".encode(), "text/html", PAGE)) == NAMED[html]


def test_the_first_three_feeds_are_enough_and_none_comes_twice() -> None:
    html = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{n // 2}">' for n in range(10))
    assert feeds(Page(html.encode(), "", PAGE)) == [f"https://kettle.example/{n}" for n in range(3)]


@pytest.mark.parametrize("piece", ["<link ", '<link rel="', "<link a=a ", "<", "<a ", "<a href=/rss.xml>"])
def test_a_hostile_page_takes_no_time(piece: str) -> None:
    began = time.monotonic()
    assert len(feeds(Page((piece * (500_000 // len(piece))).encode(), "", PAGE))) <= 1
    assert time.monotonic() - began < 2
