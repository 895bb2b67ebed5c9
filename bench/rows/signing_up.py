"""Fifty people who sign up at once, again and again: nobody may be turned away, nobody may wait far longer than others.

The pages run as `paperround web` runs them, in a process of their own; each client is a thread with a connection kept
open and a new address every time. Both sides are ours: what 99 of 100 wait at most, and what half of them wait.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from urllib.parse import urlencode

from bench.ground import Ground
from bench.measure import PAIRS, AtMost, Measure, Pair, register
from service.store import Store
from tests.servers import free_port, fresh_database, stop, wait_for_port

CLIENTS = 50
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def run(ground: Ground, postgres: bool) -> Sequence[Pair]:
    """Milliseconds of the slowest of a hundred and of the middle one, for each round."""
    each = ground.size(20, 4)
    with ExitStack() as stack:
        folder = ground.scratch / f"sign-up-{'postgres' if postgres else 'sqlite'}"
        folder.mkdir()
        environment = os.environ | {"PAPERROUND_DATA_DIR": str(folder)}
        url = f"sqlite:///{folder / 'paperround.sqlite3'}"
        if postgres:
            url = environment["PAPERROUND_DATABASE_URL"] = stack.enter_context(fresh_database(ground.postgres))
        store, port = Store(url), free_port()
        store.migrate()
        store.close()
        command = [sys.executable, "-m", "service", "web", "--port", str(port)]
        stack.callback(stop, subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
        wait_for_port(port)
        _round(port, 1, "first")
        return [_pair(_round(port, each, str(number))) for number in range(PAIRS)]


def _round(port: int, each: int, name: str) -> list[float]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        waited = pool.map(partial(_client, port, each, name), range(CLIENTS))
        return [seconds for own in waited for seconds in own]


def _client(port: int, each: int, name: str, number: int) -> list[float]:
    """Sign up so many addresses one after another; any answer but the right one is an error."""
    connection, waited = HTTPConnection("127.0.0.1", port, timeout=60), []
    for at in range(each):
        address = f"{name}-{number}-{at}@example.org"
        fields = {"email": address, "keywords": f"low-rank adaptation\r\ntopic {number}", "timezone": "Europe/Berlin"}
        body = urlencode(fields | {"weekdays": "1", "hour": "7", "company": ""})
        begun = time.perf_counter()
        connection.request("POST", "/subscribe", body, _HEADERS)
        answer = connection.getresponse()
        page = answer.read()
        waited.append(time.perf_counter() - begun)
        assert answer.status == 200, answer.status
        assert address.encode() in page
    connection.close()
    return waited


def _pair(waited: list[float]) -> Pair:
    return Pair(statistics.quantiles(waited, n=100)[-1] * 1000, statistics.median(waited) * 1000)


for _name, _postgres in (("SQLite", False), ("PostgreSQL", True)):
    register(
        Measure(
            f"sign-up, {CLIENTS} clients at once, {_name}: 99th percentile, no error",
            "the median",
            AtMost(10),
            partial(run, postgres=_postgres),
            "ms",
            note="answers leave at steps of 100 ms, so that their time tells nothing of an address.",
        )
    )
