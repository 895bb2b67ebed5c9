"""Any bytes up to 8 MB: a Listing or a ParseError, in bounded time."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import ParseError
from service.model import Page, Paper
from service.sources import MOST_BYTES, parse
from service.sources.taming import tame
from tests.unit import pages

DEADLINE = 5.0  # seconds of processor time, for anything up to 8 MB


def survives(body: bytes, media_type: str = "", url: str = "") -> None:
    papers: tuple[Paper, ...] = ()
    with contextlib.suppress(ParseError):
        papers = parse(Page(body, media_type, url)).papers
    for paper in papers:
        assert paper.title == " ".join(paper.title.split()) != ""
        assert (paper.title + paper.abstract + "".join(paper.authors)).encode().count(0) == 0
        assert all(not link or link.startswith(("http://", "https://")) for link in (paper.url, paper.links.code))


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=utf-16", "application/json"]))
def test_any_bytes_are_papers_or_a_parse_error(body: bytes, media_type: str) -> None:
    survives(body, media_type)


MARKS = [
    "<",
    ">",
    "&",
    '"',
    "'",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "\\",
    "\n",
    "\n\n",
    "### ",
    "\x00",
    "é",
    "<!--",
    "<![CDATA[",
    "]]>",
    "Title:",
    "---\n",
    "Subscribe",
    "<item>",
    "</item>",
    "data-props=",
    "null",
    "0,",
    "\u2028",
    "arxiv:2601.00001\n",
]


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(pages.LAYOUTS)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(MARKS)), max_size=8),
)
def test_a_page_with_pieces_cut_out_and_others_put_in_is_papers_or_a_parse_error(
    layout: str, edits: list[tuple[float, int, str]]
) -> None:
    text = pages.LAYOUTS[layout]()
    for place, cut, mark in edits:
        at = int(place * len(text))
        text = text[:at] + mark + text[at + cut :]
    survives(text.encode("utf-8", "surrogatepass"))


HEAD = pages.HEAD + "Mar 11\n\n"
RSS = '<?xml version="1.0"?><rss version="2.0"><channel>'
HEAPS = {
    "less-than signs": ("", "<"),
    "brackets": ("", "["),
    "braces": ("", '{"a":'),
    "half a byline": ("", "by AK "),
    "indented names": ("---\n", " a:b\n"),
    "nested elements": ("", "<div>"),
    "articles": ("<title>Hugging Face</title>", "<article>"),
    "open quotes": ("", '<a href="'),
    "empty objects": ("[", "{},"),
    "lines": (HEAD, "a\n"),
    "paragraphs": (HEAD, "a\n\n"),
    "headings": (HEAD, "### a\n"),
    "links": (HEAD, "[a](b)"),
    "open brackets": (HEAD, "[\n"),
    "backslashes": (HEAD + "### [T](https://huggingface.co/papers/2501.00001)\n\n", "\\" * 20_000 + "a"),
    "dashes": (HEAD + "### [T](https://huggingface.co/papers/2501.00001)\n\n", "-"),
    "blocks": ("Title: a\nSummary: b\n---\n", "Title: a\nSummary: b\n---\n"),
    "items": (RSS, "<item><title>a</title></item>"),
    "open items": (RSS, "<item><author>a</author>"),
    "one author": (RSS + "<item><title>a</title><author>", "a"),
    "long words": (RSS + "<item><title>a</title><author>", "a" * 59 + " "),
    "authors without end": (
        RSS,
        "<item><title>a</title><description>Publication date: "
        + " Source: " * 6
        + " Author(s): " * 24
        + "x" * 20_000
        + "</description></item>",
    ),
    "one long guid": (RSS + "<item><title>a</title><guid>", "/10.1234/"),
    "imprints": (RSS, f"<item><title>a</title><description>a{', Volume 1' * 24}</description></item>"),
    "line ends": (RSS + "<item><title>a</title><description><![CDATA[", "]\n"),
    "spaces by number": ('<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="xhtml">', "&#8195;"),
    "data": ("<html>", '<div data-target="DailyPapers" data-props="{}">'),
    "entries of arXiv": ("<html>list-title /abs/", "<dt><a href='/abs/2601.00001'>"),
    "days of arXiv": ("<html>list-title /abs/ <dt>", "<h3>a</h3>"),
    "zeros": ("", "\x00"),
}


@pytest.mark.parametrize("heap", HEAPS)
def test_eight_megabytes_of_anything_end_in_time(heap: str, full: bool) -> None:
    head, piece = HEAPS[heap]
    size = MOST_BYTES if full else MOST_BYTES // 16
    body = (head + piece * (size // len(piece.encode()))).encode()[:size]
    started = time.process_time()
    survives(body)
    assert time.process_time() - started < DEADLINE


@pytest.mark.parametrize("author", ["a" * 190_000, f"{'a' * 50}<!-- -->" * 4000, f"<![CDATA[{'a' * 50}]]>" * 4000])
def test_a_long_word_among_the_authors_is_not_searched_for_an_address(author: str) -> None:
    body = f"{RSS}<item><title>Tea</title><author>{author}</author></item></channel></rss>".encode()
    started = time.process_time()
    survives(body)
    assert time.process_time() - started < DEADLINE


def test_no_title_and_no_name_is_longer_than_one_can_be() -> None:
    long = f"<item><title>{'tea ' * 9000}</title><author>{'Bee Ann ' * 9000}</author></item>"
    (paper,) = parse(Page(f"{RSS}{long}</channel></rss>".encode(), "", "")).papers
    assert (len(paper.title), [len(name) for name in paper.authors]) == (1999, [299])


def test_a_page_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(ParseError, match="8 MB"):
        parse(Page(b" " * (MOST_BYTES + 1), "", ""))


def test_a_feed_of_too_many_entries_gives_the_first_and_counts_the_rest() -> None:
    body = (RSS + "<item><title>a b</title></item>" * 50_000 + "</channel></rss>").encode()
    listing = parse(Page(body, "", ""))
    assert len(listing.papers) + listing.skipped == 50_000
    assert len(listing.papers) > 10_000


def test_an_entry_nested_without_end_is_left_out_and_those_before_it_are_read() -> None:
    deep = f"<item><title>Deep water</title><description>{'<b>' * 5_000}wet{'</b>' * 5_000}</description></item>"
    decent = "<item><title>Tea and cake</title><description>" + "<b>warm</b>" * 300 + "</description></item>"
    listing = parse(Page(f"{RSS}{decent * 3}{deep}</channel></rss>".encode(), "", ""))
    assert ([paper.title for paper in listing.papers], listing.skipped) == (["Tea and cake"] * 3, 1)


def test_a_feed_that_feedparser_gives_up_early_is_refused() -> None:
    torn = b'x><item><title>Teapots <rdf:RDF xmlns="http://purl.org/rss/1.0/" <?xml ve\xb6sewingn="1.0"ens'
    with pytest.raises(ParseError, match="broken XML"):
        parse(Page(b"\xef\xbf\xbd" + torn, "", ""))


def test_bytes_that_are_a_path_open_no_file(tmp_path: object) -> None:
    survives(str(tmp_path).encode())
    survives(b"/etc/passwd")
    survives(b"file:///etc/passwd")


def test_taming_leaves_a_decent_feed_as_it_is() -> None:
    text = RSS + "<item><title>Tea &amp; Cake</title></item></channel></rss>"
    body, left_out = tame(text)
    assert (body.decode(), left_out) == (text.removeprefix('<?xml version="1.0"?>'), 0)
