"""What a source URL is, and which addresses are asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.sources.kinds import canonical, following, label, pages, past, recognise

HF = "https://huggingface.co"
KINDS = {
    f"{HF}/papers": "huggingface",
    f"{HF}/papers/": "huggingface",
    f"{HF}/papers/date/2026-03-24": "huggingface",
    f"{HF}/papers?q=neural+tangent": "huggingface",
    f"{HF}/api/daily_papers": "huggingface",
    f"{HF}/blog/feed.xml": "feed",
    "cs.LG": "arxiv",
    "hep-th": "arxiv",
    "https://arxiv.org/list/cs.LG/recent": "arxiv",
    "https://rss.arxiv.org/rss/cs.LG": "arxiv",
    "https://arxiv.org/abs/2501.00001": "feed",
    "https://export.arxiv.org/api/query?search_query=cat:cs.LG": "arxiv",
    "https://export.arxiv.org/api/other": "feed",
    "https://www.biorxiv.org": "biorxiv",
    "https://www.biorxiv.org/collection/cell-biology": "biorxiv",
    "https://connect.medrxiv.org/medrxiv_xml.php?subject=oncology": "biorxiv",
    "https://api.biorxiv.org/details/medrxiv/2026-11-01/2026-11-02/0/json": "biorxiv",
    "https://www.biorxiv.org/content/10.1101/2026.01.01.600000v1": "feed",
    "https://biorxiv.org.example.org/collection/cell-biology": "feed",
    "https://example.org/feed.xml": "feed",
    "http://127.0.0.1:8080/page.html": "feed",
    "captures/today.txt": "capture",
    "/data/today.txt": "capture",
    "file:///data/today.txt": "capture",
    "C:\\papers\\today.txt": "capture",
    "https://[": "capture",
}
DAY = date(2026, 3, 24)
NEWEST = "sortBy=submittedDate&sortOrder=descending&start=0&max_results=200"
ADDRESSES = {
    (f"{HF}/papers", None): [f"{HF}/api/daily_papers?limit=100", f"{HF}/papers"],
    (f"{HF}/papers", DAY): [f"{HF}/api/daily_papers?date=2026-03-24&limit=100", f"{HF}/papers/date/2026-03-24"],
    (f"{HF}/papers?date=2024-08-01", DAY): [
        f"{HF}/api/daily_papers?date=2024-08-01&limit=100",
        f"{HF}/papers/date/2024-08-01",
    ],
    (f"{HF}/papers/week/2026-W12", DAY): [
        f"{HF}/api/daily_papers?week=2026-W12&limit=100",
        f"{HF}/papers/week/2026-W12",
    ],
    (f"{HF}/papers/month/2026-03", None): [
        f"{HF}/api/daily_papers?month=2026-03&limit=100",
        f"{HF}/papers/month/2026-03",
    ],
    (f"{HF}/papers/trending", DAY): [f"{HF}/api/daily_papers?sort=trending&limit=50", f"{HF}/papers/trending"],
    (f"{HF}/papers?q=infinite width", None): [
        f"{HF}/api/papers/search?q=infinite%20width&limit=120",
        f"{HF}/papers?q=infinite%20width",
    ],
    (f"{HF}/papers/2310.03714", None): [f"{HF}/api/papers/2310.03714", f"{HF}/papers/2310.03714"],
    (f"{HF}/api/daily_papers?week=2026-W12", None): [
        f"{HF}/api/daily_papers?week=2026-W12",
        f"{HF}/papers/week/2026-W12",
    ],
    (f"{HF}/api/daily_papers", None): [f"{HF}/api/daily_papers", f"{HF}/papers"],
    (f"{HF}/api/daily_papers?sort=trending", None): [
        f"{HF}/api/daily_papers?sort=trending",
        f"{HF}/papers/trending",
    ],
    ("cs.LG", DAY): ["https://rss.arxiv.org/rss/cs.LG"],
    ("https://arxiv.org/list/cs.LG/recent", None): ["https://rss.arxiv.org/rss/cs.LG"],
    ("http://export.arxiv.org/rss/hep-th", None): ["https://rss.arxiv.org/rss/hep-th"],
    ("https://rss.arxiv.org/atom/cs.LG+stat.ML", None): ["https://rss.arxiv.org/rss/cs.LG+stat.ML"],
    ("https://example.org/feed.xml", DAY): ["https://example.org/feed.xml"],
    ("https://www.biorxiv.org/collection/cell-biology", None): [
        "https://connect.biorxiv.org/biorxiv_xml.php?subject=cell_biology"
    ],
    ("https://connect.biorxiv.org/biorxiv_xml.php?subject=cell_biology", DAY): [
        "https://api.biorxiv.org/details/biorxiv/2026-03-24/2026-03-24/0/json?category=cell_biology"
    ],
    ("https://www.medrxiv.org/", DAY): ["https://api.biorxiv.org/details/medrxiv/2026-03-24/2026-03-24/0/json"],
    ("https://connect.biorxiv.org/biorxiv_xml.php?subject=genomics+ecology", DAY): [
        "https://connect.biorxiv.org/biorxiv_xml.php?subject=genomics%20ecology"
    ],
    ("http://export.arxiv.org/api/query?search_query=cat:cs.LG+AND+ti:%22kettle%22", DAY): [
        "https://export.arxiv.org/api/query?" + NEWEST + "&search_query=cat%3Acs.LG%20AND%20ti%3A%22kettle%22"
    ],
    ("captures/today.txt", None): ["captures/today.txt"],
}


@pytest.mark.parametrize("url", KINDS)
def test_a_source_is_recognised_by_its_url(url: str) -> None:
    assert recognise(url) == KINDS[url]


@pytest.mark.parametrize(("url", "day"), ADDRESSES)
def test_the_best_address_of_a_source_is_asked_first(url: str, day: date | None) -> None:
    assert pages(url, day) == ADDRESSES[url, day]


API = f"{HF}/api/daily_papers"
ARXIV = "https://export.arxiv.org/api/query"
BIORXIV = "https://api.biorxiv.org/details/biorxiv/2026-11-19/2026-11-19"


@pytest.mark.parametrize(
    ("address", "entries", "single_day", "after"),
    [
        (f"{API}?date=2026-03-24&limit=100", 100, True, f"{API}?date=2026-03-24&limit=100&p=1"),
        (f"{API}?date=2026-03-24&limit=100&p=1", 50, False, f"{API}?date=2026-03-24&limit=100&p=2"),
        (f"{API}?date=2026-03-24&limit=100", 49, True, ""),
        (f"{API}?week=2026-W12", 50, False, f"{API}?week=2026-W12&p=1"),
        (f"{API}?limit=100", 100, True, f"{API}?limit=100&p=1"),
        (f"{API}?limit=100", 100, False, ""),
        (f"{API}?sort=trending&limit=50", 50, True, ""),
        (f"{API}?date=2026-03-24&p=19", 100, True, ""),
        (f"{API}?date=2026-03-24&p=x", 100, True, ""),
        (f"{HF}/papers/date/2026-03-24", 100, True, ""),
        (f"{BIORXIV}/0/json?category=genomics", 100, True, f"{BIORXIV}/100/json?category=genomics"),
        (f"{BIORXIV}/100/json", 30, True, f"{BIORXIV}/130/json"),
        (f"{BIORXIV}/100/json", 29, True, ""),
        (
            f"{ARXIV}?search_query=x&start=0&max_results=200",
            200,
            False,
            f"{ARXIV}?search_query=x&start=200&max_results=200",
        ),
        (f"{ARXIV}?search_query=x&start=200&max_results=200", 199, False, ""),
        (f"{ARXIV}?search_query=x&start=1800&max_results=200", 200, False, ""),
        ("https://example.org/api/daily_papers?date=2026-03-24", 100, True, ""),
    ],
)
def test_the_pages_of_a_listing_are_asked_for_until_a_short_one(
    address: str, entries: int, single_day: bool, after: str
) -> None:
    assert following(address, entries, single_day) == after


def test_the_readmes_new_source_kind_reads_as_it_stands() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    code = readme.split("## Sources", 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
    kind: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), kind)
    answer = {"kettle_letters": [{"title": "On <i>Steam</i>", "text": "It rises.", "link": "https://kettle.example/1"}]}
    assert kind["is_answer"](answer)
    assert not kind["is_answer"]({"collection": []})
    (paper,) = kind["read"](answer).papers
    assert (paper.title, paper.abstract, paper.url) == ("On Steam", "It rises.", "https://kettle.example/1")
    assert len([line for line in code.splitlines() if line]) <= 10


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"{HF}/papers/trending", "Hugging Face"),
        ("cs.LG", "arXiv"),
        ("https://connect.medrxiv.org/medrxiv_xml.php?subject=all", "medRxiv"),
        ("https://www.biorxiv.org", "bioRxiv"),
        ("https://www.nature.com/nature.rss", "nature.com"),
        ("captures", "Saved pages"),
    ],
)
def test_a_source_has_a_name_that_readers_know(url: str, name: str) -> None:
    assert label(url) == name


@pytest.mark.parametrize(
    "url",
    [
        "cs.LG",
        " https://arxiv.org/list/cs.LG/recent",
        "https://rss.arxiv.org/atom/cs.LG",
        "http://export.arxiv.org/rss/cs.LG",
    ],
)
def test_a_category_is_one_source_however_it_is_spelt(url: str) -> None:
    assert canonical(url) == "https://rss.arxiv.org/rss/cs.LG"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8079/rss/cs.LG", "https://mirror.example/list/cs.LG/recent"])
def test_another_host_with_a_path_like_arxivs_stays_itself(url: str) -> None:
    assert canonical(url) == url
    assert past(url, date(2026, 11, 19)) == []
