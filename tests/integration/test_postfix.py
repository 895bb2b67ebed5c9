"""What the operator's page says for Postfix is given to a real one: whatever comes back reaches the service."""

from __future__ import annotations

import os
import re
import shutil
import smtplib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.subscriptions.returns import Outcome
from tests import servers
from tests.house.code import ROOT
from tests.integration.test_bounces import ABUSE, SETTINGS, back
from tests.integration.worlds import house

ADDRESS = "bounces@example.org"
SAID = (ROOT / "docs/operating.md").read_text("utf-8").split("## What comes back")[1].split("```")[1]
# What a fresh installation runs, but for services that nothing here asks for, and without its port 25.
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """
compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
inet_interfaces = 127.0.0.1
mydestination = example.org
mynetworks =
default_transport = discard
alias_maps =
maillog_file = {place}/log
maillog_file_prefixes = {place}
"""


@dataclass
class Postfix:
    """A mail server of example.org, and where what it hands to the service is written."""

    port: int
    taken: Path

    def wait(self) -> bytes:
        """The mail that was handed over."""
        deadline = time.monotonic() + servers.START_LIMIT
        while time.monotonic() < deadline:
            if found := list(self.taken.glob("*.eml")):
                return found[0].read_bytes()
            time.sleep(0.05)
        raise AssertionError("nothing was handed over")


def told(name: str) -> str:
    """The lines that go into one of Postfix's files."""
    found = re.search(rf"# /etc/postfix/{name}\b[^\n]*\n(.*?)(?:\n# |\Z)", SAID, re.DOTALL)
    assert found, name
    return found[1] + "\n"


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    """A Postfix of our own with the lines of the page; only paths, user and program are others."""
    if not shutil.which("postfix") or os.geteuid() != 0:
        pytest.skip("Postfix is not installed here, or may not be started")
    with servers.scratch() as place:
        port, taken = servers.free_port(), place / "taken"
        for name in ("etc", "queue", "data", "taken"):
            (place / name).mkdir()
        shutil.chown(place / "data", "postfix")
        taken.chmod(0o777)
        (place / "take").write_text(f"#!/bin/sh\ncat > {taken}/$$ && mv {taken}/$$ {taken}/$$.eml\n", "utf-8")
        (place / "take").chmod(0o755)
        pipe = re.sub(
            r"user=\S+ directory=\S+ argv=.*", f"user=nobody directory=/ argv={place}/take", told("master.cf")
        )
        etc = place / "etc"
        (etc / "main.cf").write_text(
            MAIN.format(place=place) + told("main.cf").replace("/etc/postfix", str(etc)), "utf-8"
        )
        (etc / "master.cf").write_text(MASTER.format(port=port) + pipe, "utf-8")
        (etc / "transport").write_text(told("transport"), "utf-8")
        subprocess.run(["postmap", "-c", etc, etc / "transport"], check=True, timeout=30)
        subprocess.run(["postfix", "-c", etc, "start"], check=True, timeout=60, capture_output=True)
        try:
            servers.wait_for_port(port)
            yield Postfix(port, taken)
        finally:
            subprocess.run(["postfix", "-c", etc, "stop"], check=False, timeout=60, capture_output=True)


def test_postfix_hands_what_comes_back_to_the_service(postfix: Postfix, smtp: servers.Sink, tmp_path: Path) -> None:
    with house(tmp_path, smtp_url=smtp.url, **SETTINGS | {"bounce_address": ADDRESS}) as home:
        home.join("ada@uni.example", "adapters")
        home.morning()
        sent = smtp.messages[-1]
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
            client.ehlo("relay.example.net")
            client.mail("")
            codes = {each: client.rcpt(each)[0] for each in (ADDRESS, "nobody-here@example.org")}
            assert codes == {ADDRESS: 250, "nobody-here@example.org": 550}
            client.rset()
            client.sendmail("", [sent.sender], back(sent, ABUSE))
        assert home.world.returns.take(postfix.wait(), home.clock()) is Outcome.ENDED
