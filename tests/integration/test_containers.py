"""What docker-compose.yml starts, started here: the same commands, the same environment, the same health checks."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from service.settings.fields import NAMES
from tests import servers

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
LIMIT = 60.0
# What an operator fills in.
FILLED_IN = {
    "PAPERROUND_BASE_URL": "https://papers.example.org",
    "PAPERROUND_SECRET_KEYS": "k" * 43,
    "PAPERROUND_SUPPRESSION_KEY": "s" * 43,
    "POSTGRES_PASSWORD": "p" * 64,
}


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """What compose makes of a text: `${NAME:?why}` must be given, and nothing else is used here."""

    def value(found: re.Match[str]) -> str:
        assert found[2].startswith(":?")
        return variables[found[1]]

    return re.sub(r"\$\{([A-Z_]+)([^}]*)\}", value, text).replace("$$", "$")


@pytest.fixture
def _chosen(request: pytest.FixtureRequest, full: bool) -> None:
    """Asked before any neighbour is started: a slice tries one process without one secret."""
    said = getattr(request.node, "callspec", None)
    if not full and (said is None or said.params != {"name": "worker", "secret": "PAPERROUND_SUPPRESSION_KEY"}):
        pytest.skip("starts up to eight processes; a slice tries one, --full tries all")


@pytest.fixture
def environ(_chosen: None, tmp_path: Path, postgres_unbuilt: str, redis_url: str, smtp: servers.Sink) -> dict[str, str]:
    """The environment of our containers, where its neighbours have the addresses they have here."""
    given = {**FILLED_IN, "PAPERROUND_SMTP_URL": smtp.url}
    said = {name: interpolated(text, given) for name, text in SERVICES["web"]["environment"].items()}
    assert said["PAPERROUND_DATABASE_URL"] == f"postgresql://paperround:{'p' * 64}@postgres/paperround"
    assert said["PAPERROUND_BROKER_URL"] == "redis://redis:6379/0"
    for name in ("worker", "beat", "migrate"):
        assert SERVICES[name]["environment"] == SERVICES["web"]["environment"]
    here = {"PAPERROUND_DATABASE_URL": postgres_unbuilt, "PAPERROUND_BROKER_URL": redis_url}
    image = {"PAPERROUND_DATA_DIR": str(tmp_path), "PAPERROUND_HOST": "127.0.0.1"}
    own = {"HOSTNAME": socket.gethostname(), "PAPERROUND_PORT": str(servers.free_port())}
    quiet = {"PAPERROUND_SOURCES": "http://127.0.0.1:9/papers", "PAPERROUND_ARXIV_API": "none"}
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("PAPERROUND_")}
    return {**inherited, "PYTHONPATH": str(ROOT), **said, **here, **image, **own, **quiet}


def native(command: list[str], environ: Mapping[str, str]) -> list[str]:
    """The same program, and the same port, as far as this machine has others."""
    programs = {
        "python": [sys.executable],
        "paperround": [sys.executable, "-m", "service"],
        "celery": [sys.executable, "-m", "celery"],
    }
    named = [part.replace(":8080/", f":{environ['PAPERROUND_PORT']}/") for part in command]
    return [*programs[named[0]], *named[1:]]


Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts the command of one service, and ends it."""
    with contextlib.ExitStack() as stack:

        def begin(name: str) -> subprocess.Popen[bytes]:
            command = native(shlex.split(SERVICES[name]["command"]), environ)
            log = stack.enter_context((tmp_path / f"{name}.log").open("ab"))
            process = subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=log, stderr=log)
            stack.callback(servers.stop, process)
            return process

        yield begin


def healthy(name: str, environ: Mapping[str, str], folder: Path) -> bool:
    """Run the health check of a service once, as compose does."""
    how, *rest = SERVICES[name]["healthcheck"]["test"]
    command = rest if how == "CMD" else shlex.split(interpolated(rest[0], {}).replace("$HOSTNAME", environ["HOSTNAME"]))
    check = native(command, environ)
    limit = float(SERVICES[name]["healthcheck"]["timeout"].rstrip("s"))
    return (
        subprocess.run(check, env=environ, cwd=folder, capture_output=True, timeout=limit, check=False).returncode == 0
    )


def in_time(name: str, environ: Mapping[str, str], folder: Path) -> None:
    """Wait until a service is healthy."""
    until = time.monotonic() + LIMIT
    while not healthy(name, environ, folder):
        assert time.monotonic() < until, f"{name} is not healthy: {(folder / f'{name}.log').read_text()}"
        time.sleep(0.2)


def sign_up(environ: Mapping[str, str]) -> requests.Response:
    """Subscribe at the pages."""
    fields = {"email": "ada@example.net", "keywords": "protein", "weekdays": "1", "hour": "7", "timezone": "UTC"}
    url = f"http://127.0.0.1:{environ['PAPERROUND_PORT']}/subscribe"
    return requests.post(url, {**fields, "company": ""}, timeout=30)


def test_what_compose_asks_of_an_env_file_is_known_to_the_service_that_reads_it_too() -> None:
    """The containers get the whole file, and refuse a setting they do not know."""
    asked = set(re.findall(r"PAPERROUND_[A-Z_]+", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert asked <= {f"PAPERROUND_{name.upper()}" for name in NAMES}


def test_all_that_compose_starts_works_together(
    environ: dict[str, str], start: Start, smtp: servers.Sink, tmp_path: Path
) -> None:
    """Two migrations begin at once, as where two machines are brought up together."""
    both = [start("migrate"), start("migrate")]
    assert not healthy("web", environ, tmp_path)
    assert [each.wait(LIMIT) for each in both] == [0, 0]
    begun = [start(name) for name in ("web", "worker", "beat")]
    for name in ("web", "worker", "beat"):
        in_time(name, environ, tmp_path)
    assert sign_up(environ).status_code == 200
    (letter,) = smtp.wait(1, LIMIT)
    assert letter.recipients == ("ada@example.net",)
    begun[2].kill()
    begun[2].wait(10)
    assert not healthy("beat", environ, tmp_path)
    for each in begun[:2]:
        each.terminate()
        assert each.wait(30) == 0


@pytest.mark.parametrize("name", ["worker", "beat", "web", "migrate"])
@pytest.mark.parametrize("secret", ["PAPERROUND_SECRET_KEYS", "PAPERROUND_SUPPRESSION_KEY"])
def test_whatever_is_started_without_a_secret_says_so_and_ends(
    name: str, secret: str, environ: dict[str, str], start: Start, tmp_path: Path
) -> None:
    environ[secret] = ""
    assert start(name).wait(LIMIT) == 1
    said = (tmp_path / f"{name}.log").read_text()
    assert f"{secret} is missing" in said
    assert "Traceback" not in said
    assert FILLED_IN[secret] not in said
