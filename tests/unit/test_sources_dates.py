"""Dates as programs write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model import Page
from service.sources import parse
from service.sources.dates import written

READ = {
    "Thu, 19 Nov 2026 10:00:00": "2026-11-19T10:00",
    "Thu, 19 Nov 2026 10:00:00 Z": "2026-11-19T10:00",
    "Thu, 19 Nov 26 10:00 GMT": "2026-11-19T10:00",
    "Thu, 19 Nov 2026 10:00:00 +01:00": "2026-11-19T09:00",
    "Thu, 19 Nov 2026 10:00:00 GMT-0530": "2026-11-19T15:30",
    "Thu, 19 Nov 2026 10:00 EST": "2026-11-19T15:00",
    "Thu, 19 Nov 2026 10:00:00 CEST": "2026-11-19T08:00",
    "Wednesday, 19. November 2026, 10.05 Uhr": "2026-11-19T10:05",
    "Do, 19 Nov 2026 10:00:00 +0100": "2026-11-19T09:00",
    "Thursday, November 19th, 2026 - 1:30 pm": "2026-11-19T13:30",
    "Nov. 9, 2026": "2026-11-09T00:00",
    "Thu,19-Nov-2026 24:00:00 GMT": "2026-11-20T00:00",
    "31 Dec 2026 23:59:60 UTC": "2027-01-01T00:00",
    "2026-11-19": "2026-11-19T00:00",
    "2026-11-19 10:00:00 UTC": "2026-11-19T10:00",
    "2026-11-19T10:00:00+0100": "2026-11-19T09:00",
    "1763546400": "2025-11-19T10:00",
    "1763546400000": "2025-11-19T10:00",
    "Mon, 01 Jan 0001 00:00:00 +0000": "",
    "Thu, 01 Jan 1970 00:00:00 GMT": "",
    "Sun, 31 Feb 2026 10:00:00 GMT": "",
    "November 2026": "2026-11-01T00:00",
    "Oct. 1999": "1999-10-01T00:00",
    "2026-11": "2026-11-01T00:00",
    "2026": "2026-01-01T00:00",
    "Nov 19,2026": "2026-11-19T00:00",
    "19Nov2026": "2026-11-19T00:00",
    "2026 Nov 19": "2026-11-19T00:00",
    "2026-Nov-19 10:00 GMT": "2026-11-19T10:00",
    "2026 Nov 191": "",
    "2026/11/19": "2026-11-19T00:00",
    "2026.11.9 10:00": "2026-11-09T10:00",
    "2026-1-5": "2026-01-05T00:00",
    "2026年11月19日": "2026-11-19T00:00",
    "2026 Nov": "2026-11-01T00:00",
    "2026/13/19": "",
    "2026/11/191": "",
    "Spring 2026": "",
    "19/11/2026": "",
    "202611191530": "",
    "176354640": "",
    "yesterday": "",
    "": "",
}


@pytest.mark.parametrize("text", READ)
def test_a_date_is_read_as_it_was_meant(text: str) -> None:
    found = written(text)
    assert (found.strftime("%Y-%m-%dT%H:%M") if found else "") == READ[text]


@pytest.mark.parametrize("text", [text for text, moment in READ.items() if moment])
def test_feeds_of_every_form_read_it_alike(text: str) -> None:
    rss = f'<rss version="2.0"><channel><item><title>T</title><pubDate>{text}</pubDate></item></channel></rss>'
    feed = json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "items": [{"title": "T", "date_published": text}]}
    )
    for page in (rss, feed):
        (paper,) = parse(Page(page.encode(), "", "")).papers
        assert paper.published == written(text)


INVENTED = ["Spring 2026", "176354640", "20-11-2026", "2026-11-31", "2026-13-40", "2026-Q4", "12345", "99999999999"]


@pytest.mark.parametrize("text", [*INVENTED, "-0001-11-30T00:00:00+00:00"])
def test_no_feed_invents_a_date_that_is_not_written(text: str) -> None:
    rss = f'<rss version="2.0"><channel><item><title>T</title><pubDate>{text}</pubDate></item></channel></rss>'
    (paper,) = parse(Page(rss.encode(), "", "")).papers
    assert paper.published is None


@pytest.mark.parametrize("text", ["Thu Nov 19 10:00:00 2026", "Πεμ, 19 Νοέ 2026 10:00:00 GMT"])
def test_a_form_that_only_feedparser_knows_is_read(text: str) -> None:
    rss = f'<rss version="2.0"><channel><item><title>T</title><pubDate>{text}</pubDate></item></channel></rss>'
    (paper,) = parse(Page(rss.encode(), "", "")).papers
    assert str(paper.published) == "2026-11-19 10:00:00+00:00"


@given(st.text("0123456789:-+./ ,TZADFJMNOSabcdefghijlmnoprstuvy", max_size=60))
def test_no_text_is_too_odd_for_a_date(text: str) -> None:
    found = written(text)
    assert found is None or found.tzinfo is not None
