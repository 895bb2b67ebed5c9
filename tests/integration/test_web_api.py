"""The API over real HTTP: what it answers, and that its document says so."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from service.model import SubscriberState
from tests.integration.sites import Site, site
from tests.integration.stores import NOW, paper

Document = dict[str, dict[str, dict[str, Any]]]
CASES = {False: 60, True: 5000}
TODAY = NOW.date()
PAPERS = [
    paper("Sparse Low-Rank Adaptation", "We use low-rank adaptation (LoRA).", arxiv_id="2611.00001", upvotes=9),
    paper("LoRA for Orchids", "LoRA blooms: a survey.", arxiv_id="2611.00002"),
    paper("World Models", "A world model for robots.", arxiv_id="2611.00003", upvotes=2),
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("api")) as opened:
        opened.house.arrive(*PAPERS)
        yield opened


@pytest.fixture(scope="module")
def document(api: Site) -> Document:
    described: Document = api.get("/api/v1/openapi.json").json()
    return described


def documented(document: Document, answer: requests.Response) -> bool:
    path = urlsplit(answer.url).path
    method = (answer.request.method or "").lower()
    return str(answer.status_code) in document["paths"][path][method]["responses"]


def test_a_preview_counts_each_keyword_and_shows_its_papers(api: Site) -> None:
    told = api.get("/api/v1/preview", params={"k": ["LoRA", "world model", "-survey"]}).json()
    assert [(each["keyword"], each["count"], each["exclusion"]) for each in told["topics"]] == [
        ("LoRA", 2, False),
        ("world model", 1, False),
        ("-survey", 1, True),
    ]
    titles = {each["id"]: each["title"] for each in told["papers"]}
    assert sorted(titles.values()) == ["Sparse Low-Rank Adaptation", "World Models"]
    assert [[titles[found] for found in each["papers"]] for each in told["topics"]] == [
        ["Sparse Low-Rank Adaptation"],
        ["World Models"],
        [],
    ]
    assert (told["more"], told["read"]) == (0, 3)
    short = api.get("/api/v1/preview", params={"k": ["LoRA", "world model"], "limit": "1"}).json()
    assert (len(short["papers"]), short["more"]) == (1, 2)


def test_without_keywords_a_preview_shows_what_is_liked(api: Site) -> None:
    told = api.get("/api/v1/preview").json()
    assert [each["upvotes"] for each in told["papers"]] == [9, 2, None]


def test_suggestions_say_what_they_would_find(api: Site) -> None:
    (told,) = api.get("/api/v1/suggest?k=LoRA").json()["suggestions"]
    assert told == {
        "keyword": "low-rank adaptation",
        "kind": "long form",
        "topic": "LoRA",
        "count": 1,
        "instead": False,
    }


def test_every_paper_comes_once_whatever_the_pages(tmp_path: Path, database: dict[str, str]) -> None:
    days = [TODAY - timedelta(days=number * 9) for number in range(12)]
    many = [
        paper(f"{name} {number}", guid=f"{name}{number}", listed=days[number % 12])
        for name in ("Robots", "Cats")
        for number in range(40)
    ]
    with site(tmp_path, **database) as opened:
        opened.house.arrive(*many)
        for limit, query in ((7, {}), (100, {}), (3, {"k": "robots"}), (5, {"k": "-cats"}), (4, {"day": str(days[5])})):
            told = list(pages(opened, query | {"limit": str(limit)}))
            assert sorted(each["title"] for each in told) == sorted(
                each.title
                for each in many
                if (not query.keys() & {"k"} or each.title.startswith("Robots"))
                and query.get("day", str(each.listed)) == str(each.listed)
            )
            assert [each["day"] for each in told] == sorted((each["day"] for each in told), reverse=True)
        first = opened.get("/api/v1/papers?limit=3").json()
        assert opened.get("/api/v1/papers", params={"k": "cats", "cursor": first["next"]}).status_code == 422
        assert first["papers"][0]["keywords"] == []
        assert opened.get("/api/v1/papers?k=cats").json()["papers"][0]["keywords"] == ["cats"]


def pages(opened: Site, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        told = opened.get("/api/v1/papers", params=query | {"cursor": cursor}).json()
        assert len(told["papers"]) <= int(query["limit"])
        yield from told["papers"]
        cursor = told["next"]


def test_every_example_of_the_page_works(api: Site, document: Document) -> None:
    examples = [node.text() for node in LexborHTMLParser(api.get("/docs").text).css("pre")]
    assert len(examples) == sum(map(len, document["paths"].values()))
    for example in examples:
        program, *words = shlex.split(example)
        assert program == "curl"
        path = next(word for word in words if word.startswith("http")).removeprefix(api.house.world.identity.base_url)
        if "-G" in words:
            pairs = [words[at + 1].partition("=")[::2] for at, word in enumerate(words) if word == "--data-urlencode"]
            assert api.get(path, params=pairs).status_code == 200
            assert ("k", "low-rank adaptation") in pairs
        else:
            answer = api.post(path, words[-1], headers=dict([words[words.index("-H") + 1].split(": ")]))
            assert answer.status_code == 202


def test_the_document_names_nothing_that_it_does_not_hold(document: Document) -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert named <= set(document["components"]["schemas"])
    assert {"ProblemDetails", "Fault", "PaperAnswer"} <= named
    told = [each for methods in document["paths"].values() for each in methods.values()]
    assert {each["parameters"][0]["name"] for each in told if "parameters" in each} == {"k"}
    assert len({each["operationId"] for each in told}) == len(told)
    assert all({"422", "500", "503"} < set(each["responses"]) for each in told)


def test_a_bad_keyword_is_named_with_the_character_at_fault(api: Site) -> None:
    for path in ("preview", "suggest", "papers"):
        answer = api.get(f"/api/v1/{path}", params={"k": ["robots", 'the "world', "a AND"]})
        told = answer.json()
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert (told["status"], told["keyword"], told["position"]) == (422, 'the "world', 5)
        assert told["type"].endswith("/docs#keyword")
        assert told["title"]
        assert told["detail"]
        assert [each["keyword"] for each in told["errors"]] == ['the "world', "a AND"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("preview?days=x", 422),
        ("papers?day=0", 422),
        ("papers?day=2026-02-30", 422),
        ("papers?cursor=x", 422),
        ("nothing", 404),
        ("subscribe", 405),
    ],
)
def test_whatever_goes_wrong_below_api_is_told_to_programs(api: Site, path: str, status: int) -> None:
    answer = api.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert "Value error" not in answer.text
    assert api.get("/nothing").headers["content-type"].startswith("text/html")


WISH = {"email": "ada@uni.example", "keywords": ["LoRA"], "timezone": "Europe/Berlin", "hour": 6, "weekdays": [1, 4]}


def test_a_body_that_is_no_json_is_told_where_it_breaks_off(api: Site) -> None:
    answer = requests.post(f"{api.url}/api/v1/subscribe", '{"email": }', headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "The body is no JSON: Expecting value at character 11.",
    )
    assert answer.json()["errors"][0]["field"] == ""


SAID = "application/json"
NO_OBJECT = "The body must be a JSON object."
NOT_SAID = "The body must be JSON, sent as Content-Type: application/json."


@pytest.mark.parametrize(
    ("kind", "body", "detail"),
    [
        (SAID, "[]", NO_OBJECT),
        (SAID, "null", NO_OBJECT),
        (SAID, "", NO_OBJECT),
        ("application/x-www-form-urlencoded", json.dumps(WISH), NOT_SAID),
        ("text/plain", "email=ada@uni.example", NOT_SAID),
    ],
)
def test_a_body_of_another_form_is_told_which_is_wanted(api: Site, kind: str, body: str, detail: str) -> None:
    answer = requests.post(f"{api.url}/api/v1/subscribe", body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


def test_what_a_parameter_cannot_hold_names_the_parameter(api: Site) -> None:
    zone = api.post("/api/v1/subscribe", json=WISH | {"timezone": "Europe/Belin"})
    cursor = api.get("/api/v1/papers", params={"cursor": "x"})
    assert [each["field"] for answer in (zone, cursor) for each in answer.json()["errors"]] == ["timezone", "cursor"]
    assert zone.json()["detail"].startswith("timezone: There is no time zone 'Europe/Belin'.")


@pytest.mark.parametrize(
    "wrong", [{"keywords": [1] * 100_000}, {"weekdays": [9] * 100_000}, {str(n): 1 for n in range(50_000)}]
)
def test_a_body_of_nothing_but_faults_is_told_of_some(api: Site, wrong: dict[str, object]) -> None:
    answer = api.post("/api/v1/subscribe", json={"email": "ada@uni.example"} | wrong)
    assert (answer.status_code, len(answer.content) < 20_000) == (422, True)


def test_whether_an_address_is_known_is_not_told(api: Site) -> None:
    api.house.join("eve@uni.example", "cats")
    answers = [
        api.post("/api/v1/subscribe", json=WISH | {"email": email})
        for email in ("ada@uni.example", "ada@uni.example", "eve@uni.example")
    ]
    assert {each.status_code for each in answers} == {202}
    assert len({each.content for each in answers}) == 1
    assert len({tuple(each.headers) for each in answers}) == 1
    reader = api.reader("ada@uni.example")
    assert (reader.state, reader.profiles[0].keywords) == (SubscriberState.PENDING, ("LoRA",))
    assert (reader.schedule.hour, reader.schedule.weekdays) == (6, frozenset({1, 4}))


def test_who_signs_up_too_many_hears_when_to_come_back(tmp_path: Path, document: Document) -> None:
    with site(tmp_path, limit_network="2 per hour") as opened:
        answers = [
            opened.post("/api/v1/subscribe", json=WISH, headers={"X-Forwarded-For": "192.0.2.7"}) for _ in range(3)
        ]
    assert [each.status_code for each in answers] == [202, 202, 429]
    assert int(answers[2].headers["retry-after"]) > 0
    assert answers[2].json()["status"] == 429
    assert documented(document, answers[2])


def test_a_client_in_a_page_of_this_site_may_sign_up(api: Site) -> None:
    for headers in ({"origin": api.url}, {"sec-fetch-site": "same-origin"}):
        assert api.post("/api/v1/subscribe", json=WISH, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"email": "eve@"}, "address"),
        ({"keywords": ['"a']}, "keyword"),
        ({"timezone": "Europe/Belin"}, "parameter"),
        ({"hour": 24}, "parameter"),
        ({"weekdays": []}, "parameter"),
        ({"email": "\ud800@uni.example"}, "address"),
        ({"timezone": "\ud800"}, "parameter"),
        ({"\ud800": 1}, "parameter"),
        ({"company": "x"}, "parameter"),
    ],
)
def test_a_wish_that_cannot_be_granted_is_refused_as_in_the_form(
    api: Site, document: Document, change: dict[str, object], kind: str
) -> None:
    answer = api.post("/api/v1/subscribe", json=WISH | change)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["type"].endswith(f"/docs#{kind}")
    assert documented(document, answer)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, b"{}", 403),
        ({"origin": "https://evil.example"}, b"{}", 403),
        ({}, b"{", 422),
        ({}, b"[" * 200_000, 400),
        ({}, b" " * 2_000_000, 413),
    ],
)
def test_other_sites_and_broken_bodies_are_refused(
    api: Site, document: Document, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = api.post("/api/v1/subscribe", body, headers=headers | {"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert documented(document, answer)


TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(["lora", "-a", '"', "-", "ti:", "(a", "\x00", "2026-11-20", "-1", "1e9"])
)
PARAMETERS = st.lists(st.tuples(st.sampled_from(["k", "k", "days", "limit", "day", "cursor", "x"]), TEXTS), max_size=6)


def test_no_question_is_answered_otherwise_than_documented(
    api: Site, document: Document, full: bool, figure: Callable[[str], None]
) -> None:
    paths = [path for path, methods in document["paths"].items() if "get" in methods]
    seen: set[int] = set()

    @settings(max_examples=CASES[full], suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(paths), PARAMETERS)
    def ask(path: str, parameters: list[tuple[str, str]]) -> None:
        answer = api.get(path, params=[(name, text.encode(errors="replace")) for name, text in parameters])
        assert answer.status_code < 500
        assert documented(document, answer), answer.status_code
        seen.add(answer.status_code)

    ask()
    assert seen == {200, 422}
    figure(f"API: {CASES[full]:,} odd questions, none answered by 5xx or otherwise than documented")


JSON = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.characters(categories=["Cs"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
CHANGES = st.dictionaries(st.sampled_from([*WISH, "invitation", "x"]), JSON, min_size=1, max_size=2)


def test_no_wish_is_answered_otherwise_than_documented(
    api: Site, document: Document, full: bool, figure: Callable[[str], None]
) -> None:
    @settings(max_examples=CASES[full], suppress_health_check=list(HealthCheck))
    @given(st.one_of(CHANGES.map(lambda changes: WISH | changes), JSON))
    def ask(wish: object) -> None:
        answer = api.post("/api/v1/subscribe", json.dumps(wish), headers={"content-type": "application/json"})
        assert answer.status_code in (202, 422)
        assert documented(document, answer)

    ask()
    figure(f"API: {CASES[full]:,} odd wishes, none answered by 5xx or otherwise than documented")
