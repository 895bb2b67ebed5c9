"""The links of many mails: one click always works, forged ones never do; slow visitors harm nobody."""

from __future__ import annotations

import random
import secrets
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from service.errors import LinkError
from service.links import Purpose, Signer
from service.model import Schedule, SubscriberState
from tests.integration.sites import Site, site
from tests.integration.stores import paper
from tests.integration.worlds import MORNING, PLAIN

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
ONE_CLICK = ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click")
IN_PARTS = (
    "multipart/form-data; boundary=b",
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
)


def email(number: int) -> str:
    return f"reader{number:04}@uni.example"


def joined(pages: Site, count: int) -> None:
    """So many readers, each with a digest; every tenth has only been asked to confirm."""
    pages.house.arrive(LORA)
    for number in range(count):
        join = pages.house.world.subscriptions.subscribe if number % 10 == 9 else pages.house.world.subscriptions.enrol
        join(email(number), "low-rank adaptation", Schedule(), pages.house.clock())
    pages.house.morning()


@pytest.mark.timeout(900)
def test_one_click_works_as_often_as_it_is_sent(tmp_path: Path, full: bool, figure: Callable[[str], None]) -> None:
    count, times = (1000, 10) if full else (12, 3)
    with site(tmp_path) as pages:
        joined(pages, count)
        tokens = [pages.token(email(number), Purpose.UNSUBSCRIBE) for number in range(count)]
        for number in range(0, count, 6):
            pages.house.world.subscriptions.erase(pages.reader(email(number)), pages.house.clock())
        with ThreadPoolExecutor(4) as crowd, requests.Session() as session:

            def click(job: tuple[int, str]) -> tuple[int, bool]:
                media_type, body = ONE_CLICK if job[0] % 2 else IN_PARTS
                headers = {"Content-Type": media_type, "Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
                url = f"{pages.url}/unsubscribe/{job[1]}"
                answer = session.post(url, body, headers=headers, allow_redirects=False, timeout=60)
                return answer.status_code, answer.is_redirect

            jobs = [(number + turn, token) for turn in range(times) for number, token in enumerate(tokens)]
            assert set(crowd.map(click, jobs)) == {(200, False)}
        left = [pages.state(email(number)) for number in range(count) if number % 6 and number % 10 != 9]
    assert set(left) == {SubscriberState.LEFT}
    figure(f"{count} one-click links, {times} times each, two encodings, every sixth reader erased: all answered 200")


def forged(signer: Signer, chance: random.Random) -> tuple[Purpose, str]:
    """A token that must not be taken for its purpose."""
    purpose, other = chance.sample(PLAIN, 2)
    subject, issued = secrets.token_urlsafe(12), MORNING - timedelta(days=chance.randrange(300))
    token, way = signer.sign(purpose, subject, issued), chance.randrange(5)
    if way == 0:
        return other, token
    if way == 1:
        at = chance.randrange(len(token))
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
        return purpose, token[:at] + chance.choice(letters.replace(token[at], "")) + token[at + 1 :]
    if way == 2:
        return purpose, token[: chance.randrange(len(token))]
    if way == 3:
        return purpose, Signer(["another-key-" * 3]).sign(purpose, subject, MORNING)
    return Purpose.CONFIRM, signer.sign(Purpose.CONFIRM, subject, MORNING - timedelta(days=8))


def test_no_forged_expired_or_borrowed_token_is_taken(full: bool, figure: Callable[[str], None]) -> None:
    count, chance = 100_000 if full else 2_000, random.Random(11)
    signer = Signer(["a-key-of-this-trial-alone", "an-older-key-of-this-trial"])
    taken = 0
    for _ in range(count):
        purpose, token = forged(signer, chance)
        try:
            signer.verify(purpose, token, MORNING)
        except LinkError:
            continue
        taken += 1
    assert taken == 0
    figure(f"{count} forged, expired or borrowed tokens: {taken} taken")


@pytest.mark.timeout(300)
def test_slow_visitors_do_not_keep_others_waiting(tmp_path: Path, full: bool, figure: Callable[[str], None]) -> None:
    slow, quick = (500, 500) if full else (60, 20)
    with site(tmp_path) as pages, ExitStack() as open_ones:
        host, port = pages.url.removeprefix("http://").split(":")
        head = f"POST /subscribe HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n"
        for number in range(slow):
            connection = open_ones.enter_context(socket.create_connection((host, int(port))))
            connection.sendall((head + ("\r\nemail=" if number % 2 else "")).encode())
        took = []
        for number in range(quick):
            begun = time.perf_counter()
            assert pages.get(("/", "/manage", "/healthz")[number % 3]).status_code == 200
            took.append(time.perf_counter() - begun)
    worst = sorted(took)[int(len(took) * 0.99) - 1]
    assert worst < 1
    figure(f"{slow} slow connections: 99 of 100 other answers within {worst * 1000:.0f} ms")
