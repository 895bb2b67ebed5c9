"""The OpenAPI document held against the API itself: schemathesis reads it, asks what it allows and what it forbids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.sites import Site, site
from tests.integration.test_web_api import PAPERS

# Cases of each kind (what the document allows, what it forbids) for each of four questions.
EACH = {False: 1, True: 700}

WORDS = ["lora", "LoRA", "low-rank adaptation", '"world model"', "diffus*", "ti:robots", "abs:(maps OR atlases)", "μP"]
TOPICS = st.one_of(
    st.sampled_from([*WORDS, *(f"-{word}" for word in WORDS)]),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=4).map(" AND ".join),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=4).map(", ".join),
    st.lists(st.text("abcdefghijäöüλ漢", min_size=3, max_size=20), min_size=1, max_size=5).map(" ".join),
)
# What the document names a format of its own for; a cursor is of some use only where it came from.
FORMATS = {"keyword": TOPICS, "timezone": st.sampled_from(sorted(available_timezones())), "cursor": st.just("")}
OWN = [("format", name) for name in FORMATS]
# Addresses are refused for more reasons than their form, such as a domain that nobody can have.
ADDRESSES = st.from_regex(r"[a-z]{1,20}([.+-][a-z0-9]{1,9})?@[a-z]{3,9}\.(edu|example|de)", fullmatch=True)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("document")) as opened:
        opened.house.arrive(*PAPERS)
        yield opened


@pytest.mark.timeout(1800)
def test_the_api_does_what_its_document_says_and_nothing_else(
    api: Site, full: bool, figure: Callable[[str], None]
) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: pip install '.[test]'")
    for name, values in (FORMATS | {"email": ADDRESSES}).items():
        schemathesis.openapi.format(name, values)
    told = api.get("/api/v1/openapi.json").json()
    schemathesis.checks.load_all_checks()
    checks = schemathesis.checks.CHECKS.get_by_names(CHECKS)
    seen: Counter[int] = Counter()
    for mode, document in zip(schemathesis.GenerationMode, (told, without_formats(told)), strict=True):
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            _ask(api, found.ok().as_strategy(generation_mode=mode), checks, EACH[full], seen)
    assert set(seen) >= {200, 202, 422}
    codes = ", ".join(f"{code}: {count:,}" for code, count in sorted(seen.items()))
    figure(f"API: {sum(seen.values()):,} cases of schemathesis, all {len(CHECKS)} checks hold ({codes})")


def without_formats(document: Any) -> Any:
    """The document without our own formats: what is not of such a form cannot be told from what is."""
    if isinstance(document, list):
        return [without_formats(each) for each in document]
    if not isinstance(document, dict):
        return document
    return {name: without_formats(each) for name, each in document.items() if (name, each) not in OWN}


def _ask(api: Site, cases: st.SearchStrategy[Any], checks: Any, most: int, seen: Counter[int]) -> None:
    @settings(max_examples=most, suppress_health_check=list(HealthCheck))
    @given(cases)
    def ask(case: Any) -> None:
        answer = case.call_and_validate(base_url=api.url, checks=checks)
        seen[answer.status_code] += 1

    ask()
