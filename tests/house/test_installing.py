"""What the service is installed and started with says what it must: package, compose file, image, systemd unit."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.cli import COMMANDS
from service.settings.fields import NAMES
from tests.house.code import ROOT, modules, tree

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "paperround"}
# What the Compose Specification lets a service say, as far as ours say it.
KNOWN = {
    "build", "image", "command", "environment", "env_file", "ports", "depends_on", "healthcheck", "volumes", "restart",
    "read_only", "tmpfs", "cap_drop", "security_opt", "init", "stop_grace_period", "profiles",
}  # fmt: skip
CHECK_KEYS = {"test", "interval", "timeout", "start_period", "retries"}
DURATION = re.compile(r"([0-9]+(us|ms|s|m|h))+")
PORT = re.compile(r"(\$\{\w+:-)?127\.0\.0\.1:[0-9]+\}?:[0-9]+")
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
SECRETS = ("PAPERROUND_SECRET_KEYS", "PAPERROUND_SUPPRESSION_KEY", "POSTGRES_PASSWORD", "PAPERROUND_SMTP_URL")


def test_the_compose_file_says_only_what_compose_knows() -> None:
    assert set(COMPOSE) - {"x-paperround"} == {"services", "volumes"}
    for name, service in SERVICES.items():
        assert set(service) <= KNOWN, name
        for other, wish in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert wish["condition"] in CONDITIONS
            if wish["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_value_of_the_compose_file_has_the_form_compose_asks_for(name: str) -> None:
    service = SERVICES[name]
    check = service.get("healthcheck", {})
    assert set(check) <= CHECK_KEYS
    assert all(DURATION.fullmatch(check[key]) for key in set(check) & {"interval", "timeout", "start_period"})
    assert not check or check["test"][0] == "CMD" or (check["test"][0], len(check["test"])) == ("CMD-SHELL", 2)
    assert DURATION.fullmatch(service.get("stop_grace_period", "1s"))
    assert service.get("restart") in {"no", "always", "on-failure", "unless-stopped"}, "YAML reads a bare no as false"
    assert all(PORT.fullmatch(port) for port in service.get("ports", ())), "nothing is open to other machines"
    assert name in OURS or re.fullmatch(r"[a-z/]+:v?[0-9.]+", service["image"]), "a release is named"
    assert all(isinstance(text, str) for text in service.get("environment", {}).values())
    assert all(isinstance(part, str) for key in ("tmpfs", "cap_drop", "security_opt") for part in service.get(key, ()))


def test_no_container_waits_for_itself() -> None:
    waits = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    while ready := {name for name, others in waits.items() if not others & set(waits)}:
        waits = {name: others for name, others in waits.items() if name not in ready}
    assert waits == {}


def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    compose = ["docker", "compose"]
    if not shutil.which("docker") or subprocess.run([*compose, "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker compose on this machine")
    filled_in = "".join(f"{name}=x\n" for name in ("PAPERROUND_BASE_URL", *SECRETS))
    (tmp_path / ".env").write_text(filled_in, "utf-8")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    said = subprocess.run(
        [*compose, "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_web_worker_beat_and_their_neighbours_are_there() -> None:
    assert set(SERVICES) >= {"web", "worker", "beat", "postgres", "redis", "mail"}
    assert SERVICES["mail"]["profiles"] == ["mail"]
    assert "--appendonly yes" in SERVICES["redis"]["command"]
    assert "ports" not in SERVICES["worker"], "a published port would keep workers from being scaled"


@pytest.mark.parametrize("name", OURS)
def test_each_of_our_containers_is_closed_and_watched(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "healthcheck" in service or name == "migrate"
    program, *rest = service["command"].split()
    if program == "paperround":
        assert rest[0] in {command for command, *_ in COMMANDS}
    else:
        assert service["command"].startswith("celery -A workers.app ")


def test_every_setting_of_the_containers_exists_and_no_secret_has_a_default() -> None:
    environment = OURS["web"]["environment"]
    assert {name for name in environment if name.startswith("PAPERROUND_")} <= {
        f"PAPERROUND_{name.upper()}" for name in NAMES
    }
    asked = re.findall(r"\$\{([A-Z_]+)(:[?-][^}]*)?\}", (ROOT / "docker-compose.yml").read_text("utf-8"))
    for name in SECRETS:
        assert [how[:2] for wanted, how in asked if wanted == name] == [":?"] * sum(w == name for w, _ in asked) != []
    example = (ROOT / ".env.example").read_text("utf-8")
    assert all(re.search(rf"^{name}=$", example, re.MULTILINE) for name in SECRETS)


def test_the_image_runs_as_nobody_in_particular() -> None:
    steps = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert [step for step in steps if step.startswith("USER ")][-1] == "USER paperround"
    assert (ROOT / ".dockerignore").is_file()


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    unit = (ROOT / "docs" / "paperround.service").read_text("utf-8")
    installed = tmp_path / "paperround.service"
    installed.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(installed)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_run_as_cron_runs_them(tmp_path: Path) -> None:
    """Cron looks for programs in two folders only, and runs the wrapper of the page as root."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    wrapper = next(block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if block.startswith("#!"))
    for ours, other in (
        ("/etc/paperround", "/"),
        ("-u paperround", "-u nobody"),
        ("/opt/paperround/bin/paperround", "/bin/echo"),
    ):
        assert ours in wrapper
        wrapper = wrapper.replace(ours, other)
    (tmp_path / "wrapper").write_text(wrapper, "utf-8")
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / "wrapper"), "backup", "a file"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "backup a file\n", "")
    for command in ("backup", "doctor --json"):
        assert f"/usr/local/bin/paperround {command}" in page, "that folder is not one of the two"


def _imported() -> Iterator[str]:
    for path in modules("service", "workers"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                yield from (each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0]


def test_the_package_asks_for_all_that_it_imports() -> None:
    """What only comes with something else goes when that no longer needs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {re.split(r"[^\w.-]", each)[0].lower() for each in project["dependencies"]}
    foreign = set(_imported()) - {"service", "workers"} - sys.stdlib_module_names
    made_of = packages_distributions()
    missing = {name for name in foreign if not {each.lower() for each in made_of[name]} & asked}
    assert missing <= {"pydantic_core"}, "pydantic asks for the very release of its own core"
