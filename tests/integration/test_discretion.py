"""What a stranger can learn or do by signing others up: nothing, and one mail a day, three ever."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import requests

from service.bootstrap import World
from service.model import Schedule, SubscriberState
from service.web.timing import STEP
from tests.integration.sites import Site, earnest_site, form, site, text
from tests.integration.worlds import DAY, house
from tests.journey.steps import service
from tests.servers import free_port

UNKNOWN = "unknown"
STATES = (UNKNOWN, *(state.value for state in SubscriberState))
DOMAINS = {"/subscribe": "form.example", "/manage": "link.example", "/api/v1/subscribe": "api.example"}
VICTIMS = ("victim.name@gmail.com", "victim@bücher.example")


def address(path: str, state: str, number: int) -> str:
    """An address that is asked for at this path alone: asking changes its state."""
    return f"{state}{number:04}@{DOMAINS[path]}"


def prepared(world: World, now: datetime, each: int) -> None:
    """So many addresses in each state, for whom nothing is due; none of the unknown ones."""
    for path, state in product(DOMAINS, SubscriberState):
        emails = [address(path, state, number) for number in range(each)]
        if state == SubscriberState.PENDING:
            for email in emails:
                world.subscriptions.subscribe(email, "lora", Schedule(), now)
            continue
        readers = [world.subscriptions.enrol(email, "lora", Schedule(), now) for email in emails]
        with world.store.write() as unit:
            for reader in readers:
                unit.subscribers.set_state(reader.id, state)
    world.pipeline.deliver(now)


def wish(path: str, email: str) -> dict[str, Any]:
    """The body that asks for this address."""
    if path.startswith("/api/"):
        return {"json": {"email": email, "keywords": ["low-rank adaptation"]}}
    return {"data": form(email, "low-rank adaptation")}


@contextmanager
def asked(folder: Path, each: int, whole: bool) -> Iterator[str]:
    """Pages with so many addresses in each state: whole, as a process with its worker, or as they are for a test."""
    if not whole:
        with site(folder) as pages:
            prepared(pages.house.world, pages.house.clock(), each)
            yield pages.url
        return
    with house(folder) as home:
        prepared(home.world, datetime.now(UTC), each)
    with service(folder, sources=f"http://127.0.0.1:{free_port()}/feed", log_level="warning") as url:
        yield url


def tried(url: str, path: str, each: int) -> tuple[set[bytes], dict[str, list[float]]]:
    """Ask for every address once, in a random order: the answers without the address, and the seconds they took."""
    jobs = [(state, number) for state in STATES for number in range(each)]
    random.Random(7).shuffle(jobs)
    answers: set[bytes] = set()
    took: dict[str, list[float]] = {state: [] for state in STATES}
    with requests.Session() as session:
        for state, number in jobs:
            email = address(path, state, number)
            begun = time.perf_counter()
            answer = session.post(url + path, timeout=30, **wish(path, email))
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
def test_answers_do_not_tell_what_is_known_of_an_address(
    tmp_path: Path, full: bool, figure: Callable[[str], None]
) -> None:
    """One client for each path, all at once: an answer takes a tenth of a second, nearly all of it waiting."""
    each = 1000 if full else 4
    with asked(tmp_path, each, full) as url, ThreadPoolExecutor(len(DOMAINS)) as clients:
        found = dict(zip(DOMAINS, clients.map(lambda path: tried(url, path, each), DOMAINS), strict=True))
    assert {path: len(answers) for path, (answers, _) in found.items()} == dict.fromkeys(DOMAINS, 1)
    told = {path: max((beside_others(took, state), state) for state in STATES) for path, (_, took) in found.items()}
    for path, (_, took) in found.items():
        halfway, (telling, state) = median(t for times in took.values() for t in times) * 1000, told[path]
        figure(f"{path}: 6 states x {each} tries, 1 answer, median {halfway:.0f} ms, AUC {telling:.3f} ({state})")
    assert not full or max(told.values())[0] <= 0.55, told


def beside_others(took: dict[str, list[float]], state: str) -> float:
    """What the times of one state tell beside those of all others."""
    return auc(took[state], [t for other in STATES if other != state for t in took[other]])


@pytest.mark.parametrize("path", DOMAINS)
def test_an_answer_about_an_address_leaves_at_a_step(tmp_path: Path, path: str) -> None:
    with earnest_site(tmp_path) as pages:
        for _ in range(2):
            assert pages.post(path, **wish(path, "ada@uni.example")).elapsed.total_seconds() >= STEP


def spellings(victim: str, count: int) -> Iterator[str]:
    """As many ways to write one mailbox as asked for: case, tags, dots where they fall away, wide letters, punycode."""
    name, domain = victim.split("@")
    google = domain == "gmail.com"
    domains = [domain, domain.upper(), domain.title(), wide(domain)]
    domains += ["googlemail.com", "GoogleMail.com"] if google else [domain.encode("idna").decode()]
    chance = random.Random(victim)
    for number in range(count):
        local = "".join(letter.upper() if chance.random() < 0.4 else letter for letter in name)
        if google:
            local = "".join(letter + "." * (chance.random() < 0.3) for letter in local.replace(".", "")).strip(".")
        local += f"+{number}" if chance.random() < 0.5 else ""
        yield f"{local}@{chance.choice(domains)}"


def wide(domain: str) -> str:
    """The same domain in letters as wide as Chinese ones, which mean the plain ones (UTS 46)."""
    return "".join(chr(ord(each) + 0xFEE0) if each.isascii() and each.isalpha() else each for each in domain)


def signed_up(pages: Site, victim: str, count: int, networks: int) -> Counter[datetime]:
    """Ask for one mailbox so often, at four times of each of ten days; the mails that it got, by time."""
    moments, mails = 40, Counter[datetime]()
    each = count // moments
    jobs = list(enumerate(spellings(victim, count)))

    def sign_up(job: tuple[int, str]) -> int:
        number, email = job
        visitor = {"X-Forwarded-For": f"198.{18 + number % networks // 250}.100.{number % networks % 250}"}
        path = ("/subscribe", "/api/v1/subscribe")[number // 7 % 2]
        return pages.post(path, headers=visitor, **wish(path, email)).status_code

    for moment in range(moments):
        before = len(pages.mails())
        with ThreadPoolExecutor(8) as crowd:
            assert set(crowd.map(sign_up, jobs[moment * each : (moment + 1) * each])) <= {200, 202}
        mails[pages.house.clock()] = len(pages.mails()) - before
        pages.house.clock.at += DAY / 4
    return mails


@pytest.mark.timeout(1800)
def test_no_mailbox_is_flooded_however_it_is_spelt(
    tmp_path: Path, request: pytest.FixtureRequest, full: bool, figure: Callable[[str], None]
) -> None:
    count, networks = (10_000, 1_000) if full else (80, 20)
    databases: dict[str, dict[str, str]] = {"SQLite": {}}
    if full:
        databases["PostgreSQL"] = {"database_url": request.getfixturevalue("postgres_database")}
    for number, (database, victim) in enumerate(product(databases, VICTIMS)):
        with site(tmp_path / str(number), limit_everybody="none", **databases[database]) as pages:
            mails = signed_up(pages, victim, count, networks)
            at = sorted(mails.elements())
            assert len(at) == 3, f"{victim}, {database}: {at}"
            assert all(later - sooner >= DAY for sooner, later in pairwise(at))
            figure(
                f"{count:,} sign-ups for {victim} from {networks:,} networks in 10 days, {database}: {len(at)} mails"
            )


def test_who_was_asked_three_times_can_be_asked_again_a_year_later(pages: Site) -> None:
    for _ in range(5):
        answer = pages.post("/subscribe", form("eve@uni.example", "lora"))
        pages.house.clock.at += DAY
    assert "one such mail a day, and three at most" in text(answer)
    assert len(pages.mails()) == 3
    for days, mails in [(362, 3), (2, 4)]:
        pages.house.clock.at += days * DAY
        pages.house.world.forgetting.forget(pages.house.clock())
        pages.post("/subscribe", form("eve@uni.example", "lora"))
        assert len(pages.mails()) == mails


@pytest.mark.parametrize(
    ("first", "second"), [("ada@strasse.de", "ada@straße.de"), ("fi@uni.example", "ﬁ@uni.example")]
)
def test_letters_that_merely_fold_alike_are_of_two_people(tmp_path: Path, first: str, second: str) -> None:
    with house(tmp_path) as home:
        home.join(first, "lora")
        home.join(second, "mamba")
        known = [home.world.subscriptions.find(email) for email in (first, second)]
        assert [each and (each.email, *each.profiles[0].keywords) for each in known] == [
            (first, "lora"),
            (second, "mamba"),
        ]
        door = home.world.subscriptions.door
        with home.world.store.write() as unit:
            door.hold_against(unit, first, "complaint", home.clock())
            assert [door.holds_against(unit, email) for email in (first, second)] == [True, False]
            for each in (first, second):
                assert door.may_ask(unit, each, home.clock()), "neither is asked instead of the other"


@pytest.mark.parametrize("spelt", ["Ada@XN--STRAE-OQA.de", "ada@STRAßE.de", "ada+papers@straße.de"])
def test_one_domain_is_one_however_it_is_spelt(tmp_path: Path, spelt: str) -> None:
    with house(tmp_path) as home, home.world.store.write() as unit:
        door = home.world.subscriptions.door
        addresses = [door.address(typed)[0] for typed in ("ada@straße.de", spelt)]
        assert [door.may_ask(unit, each, home.clock()) for each in addresses] == [True, False]
