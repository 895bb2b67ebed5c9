"""`/metrics`, as a program that watches reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.sites import Site, site
from tests.integration.stores import paper
from tests.integration.worlds import MORNING

TOKEN = "a-token-that-nobody-guesses"
ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}
SOURCE = "https://papers.example/feed?key=secret"
LINE = re.compile(r"(paperround_\w+)(\{[a-z]+=\"[^\"]*\"(?:,[a-z]+=\"[^\"]*\")*\})? -?[\d.e+]+")


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, metrics_token=TOKEN) as opened:
        yield opened


def numbers(pages: Site) -> dict[str, float]:
    answer = pages.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in lines)
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_source_that_fell_silent_is_late_in_the_metrics(pages: Site) -> None:
    for days in range(24, 4, -1):
        pages.house.clock.at = MORNING - timedelta(days=days)
        pages.house.arrive(*(paper(f"Kettle {n} boils on day {days} of the year") for n in range(9)), source=SOURCE)
        if days == 5:
            assert numbers(pages)['paperround_source_late{source="1",name="papers.example"}'] == 0
    pages.house.clock.at = MORNING
    found = numbers(pages)
    assert found['paperround_source_late{source="1",name="papers.example"}'] == 1
    assert found["paperround_papers"] == 180
    assert "secret" not in pages.get("/metrics").text


def test_failures_of_a_source_are_counted(pages: Site) -> None:
    pages.house.arrive(paper("Kettle one"), source=SOURCE)
    with pages.house.world.store.write() as unit:
        unit.sources.failed(1, MORNING, "it does not answer")
    assert numbers(pages)['paperround_source_failures{source="1",name="papers.example"}'] == 1


def test_the_numbers_are_for_this_machine_and_for_who_has_the_token(pages: Site) -> None:
    assert pages.get("/metrics", headers=ELSEWHERE).status_code == 404
    wrong = ELSEWHERE | {"Authorization": f"Bearer {TOKEN}x"}
    assert pages.get("/metrics", headers=wrong).status_code == 404
    right = ELSEWHERE | {"Authorization": f"Bearer {TOKEN}"}
    assert "paperround_papers" in pages.get("/metrics", headers=right).text


def test_without_a_token_nobody_elsewhere_is_let_in(tmp_path: Path) -> None:
    with site(tmp_path) as pages:
        empty = ELSEWHERE | {"Authorization": "Bearer "}
        assert pages.get("/metrics", headers=empty).status_code == 404
        assert pages.get("/metrics").status_code == 200
