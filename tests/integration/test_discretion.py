"""What a stranger can learn or do by signing others up: nothing, and one mail a day, three ever."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import requests

from service.model import Schedule, SubscriberState
from service.web.timing import STEP
from tests.integration.sites import Site, earnest_site, form, site
from tests.integration.worlds import DAY

UNKNOWN = "unknown"
STATES = (UNKNOWN, *(state.value for state in SubscriberState))
VICTIMS = ("victim.name@gmail.com", "victim@bücher.example")


def address(state: str, number: int) -> str:
    return f"{state}{number:04}@uni.example"


def prepared(pages: Site, each: int) -> None:
    """So many addresses in each state; none of the unknown ones."""
    world, now = pages.house.world, pages.house.clock()
    for state in SubscriberState:
        for number in range(each):
            if state == SubscriberState.PENDING:
                world.subscriptions.subscribe(address(state, number), "lora", Schedule(), now)
                continue
            reader = world.subscriptions.enrol(address(state, number), "lora", Schedule(), now)
            with world.store.write() as unit:
                unit.subscribers.set_state(reader.id, state)
    world.pipeline.deliver(now)


def wish(path: str, email: str) -> dict[str, Any]:
    """The body that asks for this address."""
    if path.startswith("/api/"):
        return {"json": {"email": email, "keywords": ["low-rank adaptation"]}}
    return {"data": form(email, "low-rank adaptation")}


def tried(pages: Site, path: str, each: int) -> tuple[set[bytes], dict[str, list[float]]]:
    """Ask for every address once, in a random order: the answers without the address, and the seconds they took."""
    jobs = [(state, number) for state in STATES for number in range(each)]
    random.Random(7).shuffle(jobs)
    answers: set[bytes] = set()
    took: dict[str, list[float]] = {state: [] for state in STATES}
    with requests.Session() as session:
        for state, number in jobs:
            email = address(state, number)
            begun = time.perf_counter()
            answer = session.post(pages.url + path, timeout=30, **wish(path, email))
            took[state].append(time.perf_counter() - begun)
            assert answer.status_code in (200, 202)
            answers.add(answer.content.replace(email.encode(), b"somebody"))
    return answers, took


def auc(some: Iterable[float], others: Iterable[float]) -> float:
    """How often a time of some is above one of others, whichever way round: 0.5 tells nothing, 1 tells all."""
    marked = sorted([(each, True) for each in some] + [(each, False) for each in others])
    count = sum(mine for _, mine in marked)
    ranks = sum(rank for rank, (_, mine) in enumerate(marked, 1) if mine)
    share = (ranks - count * (count + 1) / 2) / (count * (len(marked) - count))
    return max(share, 1 - share)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", ["/subscribe", "/manage", "/api/v1/subscribe"])
def test_answers_do_not_tell_what_is_known_of_an_address(
    tmp_path: Path, path: str, full: bool, figure: Callable[[str], None]
) -> None:
    each = 1000 if full else 4
    with earnest_site(tmp_path) if full else site(tmp_path) as pages:
        prepared(pages, each)
        answers, took = tried(pages, path, each)
    assert len(answers) == 1
    if full:
        worst = max(
            auc(took[state], [t for other in STATES if other != state for t in took[other]]) for state in STATES
        )
        halfway = median(t for times in took.values() for t in times)
        figure(f"{path}: 6 states x {each} tries, 1 answer, median {halfway * 1000:.0f} ms, worst AUC {worst:.3f}")
        assert worst <= 0.55


@pytest.mark.parametrize("path", ["/subscribe", "/manage", "/api/v1/subscribe"])
def test_an_answer_about_an_address_leaves_at_a_step(tmp_path: Path, path: str) -> None:
    with earnest_site(tmp_path) as pages:
        for _ in range(2):
            assert pages.post(path, **wish(path, "ada@uni.example")).elapsed.total_seconds() >= STEP


def spellings(victim: str, count: int) -> Sequence[str]:
    """As many ways to write one mailbox as asked for: case, tags, dots where they fall away, punycode."""
    name, domain = victim.split("@")
    domains = ["gmail.com", "GMail.com", "googlemail.com"]
    if "gmail" not in domain:
        domains = [domain, domain.upper(), domain.encode("idna").decode()]
    chance, found = random.Random(victim), []
    for number in range(count):
        local = "".join(letter.upper() if chance.random() < 0.4 else letter for letter in name)
        if "gmail" in domain:
            local = "".join(letter + "." * (chance.random() < 0.3) for letter in local.replace(".", "")).strip(".")
        local += f"+{number}" if chance.random() < 0.5 else ""
        found.append(f"{local}@{chance.choice(domains)}")
    return found


@pytest.mark.timeout(900)
def test_no_mailbox_is_flooded_however_it_is_spelt(tmp_path: Path, full: bool, figure: Callable[[str], None]) -> None:
    days, each, networks = 5, 1000 if full else 15, 1000 if full else 30
    with site(tmp_path, limit_everybody="none") as pages:

        def sign_up(job: tuple[int, str]) -> int:
            number, email = job
            visitor = f"198.{51 + number % networks // 250}.100.{number % 250}"
            return pages.post("/subscribe", form(email, "lora"), headers={"X-Forwarded-For": visitor}).status_code

        for day in range(days):
            with ThreadPoolExecutor(8) as crowd:
                jobs = enumerate(spelt for victim in VICTIMS for spelt in spellings(victim, each))
                assert set(crowd.map(sign_up, jobs)) == {200}
            assert len(pages.mails()) == 2 * min(day + 1, 3), "one for each of the two, and none from the fourth day on"
            pages.house.clock.at += DAY
    figure(f"{2 * each * days} sign-ups for 2 mailboxes from {networks} networks: 1 mail a day, 3 ever")
