"""Each parser against pages that were cut up and put together: never an uncaught error, never slow, never large.

A slice of the cases in the ordinary suite, 100,000 a parser by `--full`.
"""

from __future__ import annotations

import contextlib
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import ParseError
from service.model import Page
from service.sources import discovery, parse
from tests.unit import pages

CASES, SLICE = 100_000, 60
MINUTES = 10
MOST_SECONDS, MOST_EXTRA = 5.0, 64 * 1024 * 1024


def biorxiv() -> str:
    entry = {"doi": "10.1101/2026.11.000001", "title": "<em>E. coli</em> grows", "authors": "Kukla, D.; Brewer, A. B."}
    entry |= {"date": "2026-11-19", "version": "2", "category": "cell biology", "abstract": "It grows. " * 9}
    return json.dumps({"messages": [{"status": "ok"}], "collection": [entry | {"title": f"It {n}"} for n in range(3)]})


def linking() -> str:
    link = '<link rel="alternate" type="application/rss+xml" href="/feed{}">'
    return f"<html><head>{''.join(link.format(n) for n in range(3))}</head><body><p>Hello</p></body></html>"


def clicking() -> str:
    return '<html><base href="/lab/"><body><a href="rss.xml">RSS</a> <a href="/feed/">Feed</a></body></html>'


def rdf() -> str:
    """A publisher's feed with its imprint, authors and dates in forms of their own."""
    names = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    item = (
        '<item rdf:about="https://papers.example/{0}"><title><![CDATA[<i>Tea</i> {0}]]></title><dc:date>{1}</dc:date>'
        "<content:encoded>&lt;p&gt;by Ada Brewer, Bob Kettle&lt;/p&gt; Nature, Published online: 19 November 2026; "
        "doi:10.1038/s4158{0} ABSTRACT: It grows.</content:encoded><dc:creator>Kukla, D., Brewer, A. B.</dc:creator>"
        "<description>Science, Volume 386, Issue 67, Page 8, November 2026. It brews.</description></item>"
    )
    dates = ("2026-11-19", "Thu, 19-Nov-26 10:00:00 CEST", "Thursday, November 19th, 2026 - 1:30 pm")
    items = "".join(item.format(place, day) for place, day in enumerate(dates))
    return (
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'{names}><channel rdf:about="x"><title>Tea</title></channel>{items}</rdf:RDF>'
    )


def arxiv_answer() -> str:
    entry = (
        "<id>http://arxiv.org/abs/2611.0000{0}v2</id><title>Teapots {0}</title><summary>We\n  brew $x$.</summary>"
        "<published>2026-11-19T18:00:00Z</published><author><name>Ada Brewer</name></author>"
        '<arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">5 pages</arxiv:comment><category term="cs.LG"/>'
    )
    entries = "".join(f"<entry>{entry.format(n)}</entry>" for n in range(3))
    total = '<o:totalResults xmlns:o="http://a9.com/-/spec/opensearch/1.1/">3</o:totalResults>'
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>arXiv Query</title>{total}{entries}</feed>'


# Each parser with pages it reads; what is made of them goes to whoever recognises it.
PARSERS: dict[str, Sequence[Callable[[], str]]] = {
    "captures": [pages.paragraphs, pages.lines, pages.blocks],
    "markdown": [pages.inline_markdown, pages.numbered_markdown, pages.notebook, pages.doubled_markdown],
    "listings": [pages.listing_html, pages.cards_html],
    "arXiv's listings": [pages.arxiv_list],
    "feeds": [pages.rss, pages.atom, rdf],
    "arXiv's API": [arxiv_answer],
    "JSON feeds": [pages.json_feed],
    "Hugging Face's API": [pages.api],
    "bioRxiv's API": [biorxiv],
    "links to feeds": [linking, clicking],
}
PIECES = (
    "<", ">", "&", '"', "'", "[", "]", "(", ")", "{", "}", "\\", "\n", "\n\n", "### ", "\x00", "é", "<!--", "<![CDATA[",
    "]]>", "Title:", "---\n", "<item>", "</item>", "<entry>", "null", "0,", "-1", "1e999", "true", "[]", "{}", '""',
    "\u2028", "\ud800", "\U0001f600", "&#0;", "&#x110000;", "&amp;amp;", "<!ENTITY a 'b'>", "<!DOCTYPE x [", "%00",
    "arxiv:2601.00001\n", "9999-99-99", "javascript:alert(1)", "http://[", "//", "href=", "data-props=", "\r", "\t" * 9,
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 400), st.sampled_from(PIECES), st.integers(0, 30)), min_size=1, max_size=6
)


def changed(text: str, edits: Sequence[tuple[float, int, str, int]]) -> bytes:
    """Cut pieces out, put others in, some of them many times over."""
    for place, cut, piece, times in edits:
        at = int(place * len(text))
        text = text[:at] + piece * (times + 1) + text[at + cut :]
    return text.encode("utf-8", "surrogatepass")


def read(body: bytes, name: str) -> None:
    page = Page(body, "", "https://papers.example/")
    with contextlib.suppress(ParseError):
        if name == "links to feeds":
            assert len(discovery.feeds(page)) <= 3
            return
        for paper in parse(page).papers:
            assert paper.title == " ".join(paper.title.split()) != ""
            assert not paper.url or paper.url.lower().startswith(("http://", "https://"))
            (paper.title + paper.abstract + "".join(paper.authors)).encode()


def most_memory() -> int:
    """The most this process ever held, in bytes: what one page adds to it, that page needed."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_outlives_every_page(name: str, full: bool, figure: Callable[[str], None]) -> None:
    bases = [make() for make in PARSERS[name]]
    slowest, largest = [0.0], [0]
    for base in bases:
        read(base.encode(), name)

    @settings(max_examples=CASES if full else SLICE, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(bases), EDITS)
    def cases(base: str, edits: list[tuple[float, int, str, int]]) -> None:
        body = changed(base, edits)
        started, before = time.process_time(), most_memory()
        read(body, name)
        slowest[0] = max(slowest[0], time.process_time() - started)
        largest[0] = max(largest[0], most_memory() - before)

    cases()
    figure(f"{name}: {CASES:,} cases, 0 errors, slowest {slowest[0]:.2f} s, {largest[0] / 2**20:.0f} MB extra at most")
    assert slowest[0] < MOST_SECONDS
    assert largest[0] < MOST_EXTRA


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_outlives_ten_minutes_of_atheris(
    name: str, full: bool, figure: Callable[[str], None], tmp_path: Path
) -> None:
    if not full:
        pytest.skip("ten minutes a parser: pytest --full")
    if find_spec("atheris") is None:
        pytest.skip("atheris is not on this machine: pip install atheris")
    command = [sys.executable, "-m", "tests.unit.fuzzing", name, str(MINUTES * 60), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    counts = dict(re.findall(r"stat::(\w+):\s+(\d+)", ran.stderr))
    units, peak = int(counts.get("number_of_executed_units", "0")), counts.get("peak_rss_mb", "?")
    figure(f"{name}: {units:,} pages by atheris in {MINUTES} min, 0 errors, {peak} MB in all")
    assert (ran.returncode, units > 0) == (0, True), ran.stderr[-3000:]
