"""One paper, one identity: whatever the order in which versions and sources tell of it, each reader gets it once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.model import ArrivalKind, Links, Paper, Profile
from tests.integration.worlds import House, house

TITLE = "On the boiling of seventeen kettles in finite time"
LONG = "We boil seventeen kettles and say how long each of them takes. " * 5
WHOLE = Paper(TITLE, LONG, ("Ada Brewer", "Bob Kettle"))
# What each source tells of the paper, by version; a listing without ids or abstracts knows the title alone.
HUGGING = "https://huggingface.co/papers"
ARXIV = "https://rss.arxiv.org/rss/cs.CK"
BIORXIV = "https://connect.biorxiv.org/biorxiv_xml.php?subject=all"
DOI = "10.1101/2026.11.000017"
TOLD = {
    (HUGGING, "title"): Paper(TITLE),
    (HUGGING, "v1"): replace(WHOLE, arxiv_id="2611.00017", upvotes=3, links=Links(code="https://code.example/kettles")),
    (HUGGING, "v2"): replace(WHOLE, arxiv_id="2611.00017", upvotes=30),
    (ARXIV, "title"): Paper(TITLE, authors=("Ada Brewer",)),
    (ARXIV, "v1"): replace(WHOLE, arxiv_id="2611.00017", version=1, doi=DOI, categories=("cs.CK",)),
    (ARXIV, "v2"): replace(
        WHOLE, abstract=LONG + "Now with steam.", arxiv_id="2611.00017", version=2, kind=ArrivalKind.REPLACE
    ),
    (BIORXIV, "title"): Paper(TITLE, authors=("A. Brewer",), doi=DOI),
    (BIORXIV, "v1"): replace(
        WHOLE, authors=("A. Brewer", "B. Kettle"), doi=DOI, version=1, url="https://bio.example/1"
    ),
    (BIORXIV, "v2"): replace(WHOLE, doi=DOI, version=2, kind=ArrivalKind.REPLACE),
}
SOURCES = (HUGGING, ARXIV, BIORXIV)
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(range(3), size)]


def readers(home: House) -> dict[tuple[int, ...], str]:
    """One reader for each choice of sources, each with the first digest behind."""
    with home.world.store.write() as unit:
        ids = [unit.sources.add(url, "any", home.clock()).id for url in SOURCES]
    found = {}
    for subset in SUBSETS:
        email = f"{''.join(map(str, subset))}@uni.example"
        home.join(email, "kettles")
        reader = home.world.subscriptions.find(email)
        assert reader is not None
        profile = Profile(("kettles",), "", frozenset(ids[n] for n in subset))
        with home.world.store.write() as unit:
            unit.subscribers.set_profiles(reader.id, [(profile, ("kettles",))], home.clock())
        found[subset] = email
    home.morning()
    return found


def times_sent(home: House, email: str) -> int:
    reader = home.world.subscriptions.find(email)
    assert reader is not None
    with home.world.store.read() as unit:
        return sum(len(row.payload.get("papers", ())) for row in unit.deliveries.of(reader.id) if row.kind == "digest")


def check(told: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as home:
        chosen = readers(home)
        news = set()
        for source, form in told:
            home.clock.tomorrow()
            paper = TOLD[source, form]
            home.arrive(paper, source=source)
            if paper.kind is ArrivalKind.NEW:
                news.add(SOURCES.index(source))
            home.morning()
        # A title alone is kept for a day, in case its abstract comes.
        for _ in range(2):
            home.clock.tomorrow()
            home.world.pipeline.sweep(home.clock())
            home.morning()
        with home.world.store.read() as unit:
            assert unit.papers.count() == 1
        for subset, email in chosen.items():
            assert times_sent(home, email) == (1 if news & set(subset) else 0), (subset, told)


ORDERS = st.lists(st.sampled_from(sorted(TOLD)), min_size=1, max_size=7, unique=True)


@pytest.mark.timeout(0)
def test_one_paper_in_any_order_is_one_and_sent_once(full: bool, figure: Callable[[str], None]) -> None:
    examples = 150 if full else 3

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(ORDERS)
    def orders(told: list[tuple[str, str]]) -> None:
        check(told)

    orders()
    figure(f"versions: {examples} orders of three sources and two versions, {len(SUBSETS)} readers each, none twice")
