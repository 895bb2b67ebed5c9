"""A broker behind a socket in the file system: whoever else keeps counts there finds the same database."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from service.settings import load
from service.web.limits import gate
from tests import servers
from workers.app import make_app
from workers.bell import unheard
from workers.witness import KEY, BrokerWitness


@pytest.fixture
def socket_path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "redis.sock"
    command = [servers.redis_program(), "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + servers.START_LIMIT
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    yield path
    servers.stop(server)


def test_who_is_not_let_in_by_the_broker_reads_why(tmp_path: Path) -> None:
    port = servers.free_port()
    command = [
        servers.redis_program(),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--requirepass",
        "sesame",
    ]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        servers.wait_for_port(port)
        assert unheard(f"redis://:sesame@127.0.0.1:{port}/0") == ""
        for account, said in (("", "Authentication required"), (":pass%2Fword@", "invalid username-password pair")):
            reason = unheard(f"redis://{account}127.0.0.1:{port}/0")
            assert reason.startswith("it does not let us in: ")
            assert said in reason
        assert "out of range" in unheard(f"redis://:sesame@127.0.0.1:{port}/77")
    finally:
        servers.stop(server)
    assert "refused" in unheard(f"redis://:sesame@127.0.0.1:{port}/0")


def test_a_broker_that_is_away_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    with servers.redis() as url:
        witness = BrokerWitness(f"redis://127.0.0.1:{servers.free_port()}/0")
        for outage in (1, 2):
            for _ in range(3):
                assert witness.told() == {}
                witness.tell("a database", 7)
            assert len(caplog.messages) == outage
            assert caplog.messages[-1].startswith("the broker cannot say or keep how far the database has come")
            there = BrokerWitness(url)
            witness._client, gone = there._client, witness._client
            assert witness.told() == {}
            witness._client = gone


def test_counts_stand_in_the_database_that_celery_rings_in(socket_path: Path, tmp_path: Path) -> None:
    url = f"redis+socket://{socket_path}?virtual_host=1"
    settings = load({}, None, data_dir=str(tmp_path / "data"), broker_url=url, limit_network="1 per hour")
    witness, forms = BrokerWitness(url), gate(settings)
    with make_app(settings).connection_for_write() as connection:
        connection.default_channel.client.set("rung", "yes")
    witness.tell("a database", 7)
    assert witness.told() == {"a database": 7}
    assert [bool(forms.wait("192.0.2.7")) for _ in range(2)] == [False, True]
    with redis.Redis(unix_socket_path=str(socket_path), db=1) as client:
        keys = {bytes(key).decode() for key in client.keys("*")}
    assert {KEY, "rung"} < keys
    assert [key for key in keys if "network" in key]
