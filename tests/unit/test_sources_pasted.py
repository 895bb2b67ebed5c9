"""What people paste as a source, and the address that is meant."""

from __future__ import annotations

import pytest

from service.categories import categories
from service.sources.advice import advice, refusal
from service.sources.catalogue import entries
from service.sources.kinds import canonical, recognise
from service.sources.pasted import meant

RSS, API = "https://rss.arxiv.org/rss/", "https://export.arxiv.org/api/query?search_query="
HF = "https://huggingface.co"
NATURE = "https://www.nature.com/nature.rss"
PUBMED_FEED = "https://pubmed.ncbi.nlm.nih.gov/rss/search/1kettle/?limit=50"
MEANT = {
    "huggingface.co/papers": f"{HF}/papers",
    HF: f"{HF}/papers",
    f"{HF}/papers/week/2026-w7": f"{HF}/papers/week/2026-W07",
    "feed://www.nature.com/nature.rss": NATURE,
    f"feed:{NATURE}": NATURE,
    f"<{NATURE}>": NATURE,
    f"  “{NATURE}” ": NATURE,
    "www.nature.com/nature.rss": NATURE,
    "https:/www.nature.com/nature.rss": NATURE,
    "https//www.nature.com/nature.rss": NATURE,
    "HTTPS:www.nature.com/nature.rss": NATURE,
    "feed://127.0.0.1:8079/rss": "http://127.0.0.1:8079/rss",
    "localhost:8079/feed": "http://localhost:8079/feed",
    "papers.example:443/feed": "https://papers.example:443/feed",
    "münchen.example/feed": "https://münchen.example/feed",
    "cs.lg": f"{RSS}cs.LG",
    "CS.LG, stat.ml": f"{RSS}cs.LG+stat.ML",
    "arXiv:cs.LG": f"{RSS}cs.LG",
    "cat:cs.LG cs.LG": f"{RSS}cs.LG",
    "arxiv.org/list/cs.CL/recent": f"{RSS}cs.CL",
    "https://arxiv.org/list/cs.CL/new?skip=0&show=50": f"{RSS}cs.CL",
    "https://arxiv.org/archive/cs": f"{RSS}cs",
    "https://arxiv.org/catchup/hep-th/2026-11-19": f"{RSS}hep-th",
    "https://rss.arxiv.org/atom/cs.LG+stat.ML": f"{RSS}cs.LG+stat.ML",
    "https://arxiv.org/a/brewer_a_1": "https://arxiv.org/a/brewer_a_1.atom2",
    "https://arxiv.org/a/0000-0002-7970-7855.atom2": "https://arxiv.org/a/0000-0002-7970-7855.atom2",
    "https://arxiv.org/search/?query=kettle&searchtype=all&source=header": f"{API}all%3Akettle",
    "https://arxiv.org/search/cs?query=%22very+small%22+kettle&searchtype=title": (
        f"{API}ti%3A%22very%20small%22%20AND%20ti%3Akettle%20AND%20cat%3Acs%2A"
    ),
    "https://arxiv.org/search/?query=Brewer%2C+Ada&searchtype=author": f"{API}au%3A%22Brewer%2C%20Ada%22",
    "https://www.biorxiv.org/content/early/recent": "https://www.biorxiv.org/",
    "medrxiv.org": "https://medrxiv.org",
    "captures/today.txt": "captures/today.txt",
    "today.txt": "today.txt",
    "./captures": "./captures",
    "/data/arxiv.org/today.txt": "/data/arxiv.org/today.txt",
    "file:///data/today.txt": "file:///data/today.txt",
    "C:\\papers\\today.txt": "C:\\papers\\today.txt",
    "https://[": "https://[",
    "": "",
}


@pytest.mark.parametrize("text", MEANT)
def test_what_is_pasted_is_read_as_it_was_meant(text: str) -> None:
    assert meant(text) == MEANT[text]
    assert meant(meant(text)) == meant(text)


def test_every_category_is_known_in_any_case() -> None:
    codes = [each.code for each in entries()]
    assert len(codes) == 150
    assert [categories(code.upper()) for code in codes] == codes
    assert [categories(code.lower()) for code in codes] == codes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("huggingface.co/papers/trending", "huggingface"),
        ("CS.LG", "arxiv"),
        ("https://arxiv.org/search/?query=kettle", "arxiv"),
        ("medrxiv.org", "biorxiv"),
        ("https://arxiv.org/a/brewer_a_1", "feed"),
        ("feed://papers.example/rss", "feed"),
        ("math tea", "capture"),
        ("ftp://papers.example/feed", "capture"),
    ],
)
def test_a_kind_is_known_from_what_is_pasted(text: str, kind: str) -> None:
    assert recognise(text) == kind


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("hf.co/papers/#x", f"{HF}/papers"),
        ("HTTP://WWW.HuggingFace.co/papers?q=tea", f"{HF}/papers?q=tea"),
        ("HTTPS://Papers.Example#top", "https://papers.example/"),
        ("https://papers.example/Feed?A=b", "https://papers.example/Feed?A=b"),
        ("Captures/Today", "Captures/Today"),
    ],
)
def test_one_source_is_kept_under_one_address(text: str, kept: str) -> None:
    assert canonical(text) == kept
    assert canonical(kept) == kept


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"{HF}/papers/date/2026-11-20", "names one day and brings nothing new"),
        (f"{HF}/papers?date=2026-11-20", "names one day"),
        ("huggingface.co/papers/week/2026-W47", "names one week"),
        (f"{HF}/api/daily_papers?month=2026-11", "names one month"),
        (f"{HF}/papers/2601.00011", "names one paper"),
        ("https://arxiv.org/abs/2601.00011v2", "category such as cs.LG"),
        ("https://api.biorxiv.org/details/biorxiv/2026-11-01/2026-11-02", "names fixed days"),
        ("https://openreview.net/group?id=ICLR.cc/2026/Conference", "feed of the venue"),
        ("https://pubmed.ncbi.nlm.nih.gov/?term=kettle", "press Create RSS"),
    ],
)
def test_an_address_that_brings_nothing_new_is_said_to(url: str, said: str) -> None:
    assert said in advice(url)


@pytest.mark.parametrize(
    "url", [f"{HF}/papers", f"{HF}/papers?q=tea", "cs.LG", NATURE, PUBMED_FEED, "https://[", "captures"]
)
def test_a_good_address_needs_no_advice(url: str) -> None:
    assert advice(url) == ""


def test_what_cannot_be_an_address_is_refused_in_words() -> None:
    assert "not ftp:" in refusal("ftp://papers.example/feed")
    assert "not mailto:" in refusal("mailto:ada@papers.example")
    assert "'math tea' is no web address" in refusal("math tea")
