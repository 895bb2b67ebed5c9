"""What one network, and everybody together, may send; a campus lives with it, and so does a lost Redis."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from service.links import Purpose
from service.settings import Settings, load
from service.web.limits import gate, network, reading_gate
from service.web.timing import SHORTEST_VISIT
from tests import servers
from tests.integration.sites import Site, form, site, text

CAMPUS = {"X-Forwarded-For": "192.0.2.7"}


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limit_network="5 per hour", limit_everybody="8 per hour") as opened:
        yield opened


def settings(folder: Path, **more: str) -> Settings:
    return load({}, None, data_dir=str(folder), **more)


def statuses(pages: Site, network: str, times: int, path: str = "/subscribe") -> list[int]:
    answers = (
        pages.post(path, form(f"r{n}@uni.example", "lora"), headers={"X-Forwarded-For": network}) for n in range(times)
    )
    return [answer.status_code for answer in answers]


def test_a_network_that_sends_too_much_hears_when_to_come_back(tight: Site) -> None:
    assert statuses(tight, "192.0.2.7", 6) == [200] * 5 + [429]
    refused = tight.post("/manage", {"email": "ada@uni.example"}, headers=CAMPUS)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert text(refused, "h1") == "That was a lot in a short time."
    assert tight.get("/", headers=CAMPUS).status_code == 200, "reading is free"


def test_everybody_together_has_a_limit_too(tight: Site) -> None:
    assert [status for n in range(9) for status in statuses(tight, f"198.51.100.{n}", 1)] == [200] * 8 + [429]


def test_whoever_may_move_writes_to_no_more_strangers_than_others(tight: Site) -> None:
    tight.house.join("ada@uni.example", "lora")
    move = f"/move/{tight.token('ada@uni.example', Purpose.MOVE)}"
    asked = [tight.post(move, {"email": f"s{n}@uni.example"}, headers=CAMPUS).status_code for n in range(7)]
    assert asked == [200] * 5 + [429] * 2
    assert len([mail for mail in tight.mails() if mail.startswith("s")]) <= 5


def test_a_subscription_is_changed_as_often_as_a_person_would_and_left_as_often_as_wanted(tight: Site) -> None:
    tight.house.join("ada@uni.example", "lora")
    own = f"/manage/{tight.token('ada@uni.example', Purpose.MANAGE)}"
    saved = {"keywords": "adapters", "hour": "7", "timezone": "UTC", "max_papers": "10", "weekdays": "1"}
    assert [tight.post(own, saved, headers=CAMPUS).status_code for _ in range(6)] == [303] * 5 + [429]
    leave = f"/unsubscribe/{tight.token('ada@uni.example', Purpose.UNSUBSCRIBE)}"
    assert tight.post(f"{leave}/reason", {"said": "too many"}, headers=CAMPUS).status_code == 429
    assert tight.post(leave, headers=CAMPUS).status_code == 200


def test_one_click_is_never_counted(tight: Site) -> None:
    for _ in range(12):
        answer = tight.post("/unsubscribe/x", {"List-Unsubscribe": "One-Click"}, headers=CAMPUS)
        assert answer.status_code == 404


def test_whoever_sits_at_this_machine_is_not_counted(tight: Site) -> None:
    for n in range(12):
        assert tight.post("/subscribe", form(f"r{n}@uni.example", "lora")).status_code == 200


def test_a_campus_behind_one_address_signs_up_in_one_lecture(tmp_path: Path) -> None:
    at_the_gate = gate(settings(tmp_path))
    assert [at_the_gate.wait("192.0.2.7") for _ in range(300)] == [0] * 300
    assert at_the_gate.wait("192.0.2.7") > 0
    assert at_the_gate.wait("192.0.2.8") == 0


def test_without_limits_nothing_is_counted(tmp_path: Path) -> None:
    free = gate(settings(tmp_path, limit_network="none", limit_everybody="none"))
    assert not any(free.wait("192.0.2.7") for _ in range(1000))


QUESTIONS = ("/?k=lora", "/preview?k=lora", "/search?k=lora", "/day", "/search/feed?k=lora", "/start?papers=lora")


def test_whoever_looks_for_papers_too_often_hears_when_to_come_back(tmp_path: Path) -> None:
    asked = [*QUESTIONS, "/api/v1/preview", "/api/v1/suggest", "/api/v1/papers"]
    with site(tmp_path, limit_reading=f"{len(asked)} per hour") as pages:
        assert {pages.get(path, headers=CAMPUS).status_code for path in asked} == {200, 302}
        refused = [pages.get(path, headers=CAMPUS) for path in asked]
        others = [pages.get(path, headers=CAMPUS) for path in ("/docs", "/healthz", "/static/style.css")]
        assert pages.get("/search?k=lora").status_code == 200, "whoever sits at this machine may ask on"
        assert pages.post("/subscribe", form("ada@uni.example", "lora"), headers=CAMPUS).status_code == 200
    assert {answer.status_code for answer in refused} == {429}
    assert all(0 < int(answer.headers["retry-after"]) <= 3600 for answer in refused)
    assert text(refused[0], "h1") == "That was a lot in a short time."
    assert {each.headers["content-type"] for each in refused[-3:]} == {"application/problem+json"}
    assert {answer.status_code for answer in others} == {200}


def test_a_hundred_long_topics_count_as_many_questions(tmp_path: Path) -> None:
    with site(tmp_path, limit_reading="20 per hour") as pages:
        long = [("k", f"{'adaptation ' * 20}{number}") for number in range(60)]
        asked = [pages.get("/api/v1/preview", params=long, headers=CAMPUS).status_code for _ in range(2)]
        assert asked == [200, 429]
        assert pages.get("/api/v1/preview?k=lora", headers=CAMPUS).status_code == 200


def test_long_topics_in_a_form_count_as_those_of_a_question(tmp_path: Path) -> None:
    topics = "\n".join(f"{'adaptation ' * 20}{number}" for number in range(60))
    with site(tmp_path, limit_reading="20 per hour") as pages:
        for more in ({"action": "look"}, {"email": "no address"}):
            sent = {"keywords": topics} | more
            assert [pages.post("/subscribe", sent, headers=CAMPUS).status_code for _ in range(2)][-1] == 429
        wish = {"email": "bob@uni.example", "keywords": topics.splitlines()}
        assert pages.post("/api/v1/subscribe", json=wish, headers=CAMPUS).status_code == 429
        wish = {"email": "bob@uni.example" * 1500}
        assert pages.post("/api/v1/subscribe", json=wish, headers=CAMPUS).status_code == 429
        pages.house.join("ada@uni.example", "lora")
        own = f"/manage/{pages.token('ada@uni.example', Purpose.MANAGE)}"
        assert pages.post(own, {"keywords": topics, "action": "look"}, headers=CAMPUS).status_code == 429
        assert pages.get(own, headers=CAMPUS).status_code == 200
        assert pages.post("/subscribe", form("bob@uni.example", "lora"), headers=CAMPUS).status_code == 200


def test_a_subscription_of_many_long_topics_is_no_page_to_be_opened_without_end(tmp_path: Path) -> None:
    topics = [f"{'adaptation ' * 20}{number}" for number in range(90)]
    with site(tmp_path, limit_reading="30 per hour") as pages:
        pages.house.join("ada@uni.example", *topics)
        own = f"/manage/{pages.token('ada@uni.example', Purpose.MANAGE)}"
        assert [pages.get(own, headers=CAMPUS).status_code for _ in range(2)] == [200, 429]


def test_a_lecture_hall_behind_one_address_may_type_its_topics(tmp_path: Path) -> None:
    at_the_gate = reading_gate(settings(tmp_path))
    assert [at_the_gate.wait("192.0.2.7") for _ in range(1200)] == [0] * 1200
    assert at_the_gate.wait("192.0.2.7") > 0
    assert at_the_gate.wait("192.0.2.8") == 0


@pytest.mark.parametrize(
    ("visitor", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2ff:1::1", "2001:db8:1:200::/56"),
        ("", ""),
    ],
)
def test_a_network_is_what_one_person_can_have(visitor: str, counted: str) -> None:
    assert network(visitor) == counted


def test_machines_count_together_in_redis_and_no_address_stands_there(tmp_path: Path, redis_url: str) -> None:
    one, other = (gate(settings(tmp_path, broker_url=redis_url, limit_network="4 per hour")) for _ in range(2))
    waits = [(one, other)[n % 2].wait("192.0.2.7") for n in range(5)]
    assert waits[:4] == [0] * 4
    assert waits[4] > 0
    with redis.Redis.from_url(redis_url) as client:
        keys = [str(key) for key in client.keys("*")]
    assert [key for key in keys if "network" in key]
    assert not [key for key in keys if "192.0.2" in key]


def test_a_lost_redis_lets_people_in_and_each_process_counts_alone(tmp_path: Path) -> None:
    lost = gate(settings(tmp_path, broker_url=f"redis://127.0.0.1:{servers.free_port()}/0", limit_network="2 per hour"))
    assert [bool(lost.wait("192.0.2.7")) for _ in range(3)] == [False, False, True]


def test_no_page_waits_for_a_redis_that_is_frozen(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        lost = settings(
            tmp_path, broker_url=f"redis://127.0.0.1:{frozen.getsockname()[1]}/0", limit_reading="2 per hour"
        )
        pages, begun = reading_gate(lost), time.monotonic()
        assert [bool(pages.wait("192.0.2.7")) for _ in range(20)] == [False, False] + [True] * 18
    assert time.monotonic() - begun < 2


def test_only_the_word_of_a_trusted_proxy_is_taken(tmp_path: Path) -> None:
    with site(tmp_path, limit_network="2 per hour", trusted_proxies="192.0.2.1") as pages:
        spoofed = [status for n in range(4) for status in statuses(pages, f"198.51.100.{n}", 1)]
        assert spoofed == [200, 200, 429, 429], "all of them come from one machine, whatever they say"


def test_a_proxy_whose_word_is_not_taken_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for folder, trusted in (("trusted", "127.0.0.1"), ("not", "192.0.2.1")):
        with site(tmp_path / folder, limit_reading="1 per hour", trusted_proxies=trusted) as pages:
            assert [pages.get("/day", headers=CAMPUS).status_code for _ in range(3)] == [302, 429, 429]
        assert len([line for line in caplog.messages if "PAPERROUND_TRUSTED_PROXIES" in line]) == (folder == "not")


def test_a_program_waits_as_long_as_a_person_would_have_read(tmp_path: Path) -> None:
    with site(tmp_path) as pages:
        (shown,) = re.findall(r'name="shown" value="(\d+)"', pages.get("/").text)
        assert int(shown) == int(pages.house.clock().timestamp())
        begun = time.monotonic()
        with ThreadPoolExecutor(20) as crowd:
            hasty = crowd.map(lambda n: pages.post("/subscribe", form(f"r{n}@uni.example", shown=shown)), range(20))
            assert {answer.status_code for answer in hasty} == {200}
        assert SHORTEST_VISIT <= time.monotonic() - begun < 2 * SHORTEST_VISIT, "nobody waits behind another"
        begun = time.monotonic()
        for patient in (str(int(shown) - 60), str(int(shown) + 60), "", "x", "9" * 40):
            assert pages.post("/subscribe", form("ada@uni.example", shown=patient)).status_code == 200
        assert time.monotonic() - begun < SHORTEST_VISIT
