"""rspamd, without a name server, about mails as they leave us: nothing we built costs a point. Only with --full."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest
import requests

from tests import corpus, mails
from tests.integration.test_spamassassin import envelope
from tests.servers import free_port

DIGESTS = 200
# What speaks of the connection, which here has no name and no way behind it, and not of the mail.
CONNECTION = {"RDNS_NONE", "ONCE_RECEIVED"}
# What would ask the network or keep a memory.
_CLOSED = (
    "arc", "asn", "bayes_expiry", "clickhouse", "dkim", "dkim_signing", "dmarc", "emails", "fuzzy_check", "greylist",
    "hfilter", "history_redis", "maillist", "mx_check", "neural", "phishing", "ratelimit", "rbl", "replies",
    "reputation", "spf", "surbl", "url_redirector",
)  # fmt: skip
_START = 300


@pytest.fixture
def rspamd(full: bool, tmp_path: Path) -> Iterator[str]:
    """The address of an rspamd that can resolve no name."""
    program, port = shutil.which("rspamd"), free_port()
    if not program:
        pytest.skip("no rspamd on this machine; its package is called rspamd on Debian")
    if not full:
        pytest.skip("rspamd takes long to start: run with --full")
    settings = tmp_path / "local.d"
    settings.mkdir()
    for name in _CLOSED:
        (settings / f"{name}.conf").write_text("enabled = false;\n")
    for name in ("controller", "proxy", "fuzzy"):
        (settings / f"worker-{name}.inc").write_text("enabled = false;\n")
    (settings / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}"; count = 1;\n')
    (settings / "options.inc").write_text('dns { nameserver = ["127.0.0.1:9"]; timeout = 0.05s; retransmits = 1; }\n')
    (settings / "logging.inc").write_text('type = "console"; level = "error";\n')
    places = [f"--var={name}={tmp_path}" for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([program, "-f", "-i", *places], stdout=log, stderr=log)
        try:
            yield _answering(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(30)


def _answering(url: str) -> str:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        with suppress(requests.ConnectionError):
            requests.get(f"{url}/ping", timeout=10)
            return url
        time.sleep(0.5)
    raise AssertionError("rspamd did not start")


def scores(url: str, body: bytes) -> dict[str, float]:
    """What one mail scores, by rule."""
    facts = {"IP": "93.184.216.34", "Helo": "mail.papers.example.org", "From": mails.IDENTITY.mail_from}
    found = requests.post(f"{url}/checkv2", data=body, headers=facts, timeout=60).json()["symbols"]
    return {name: each["score"] for name, each in found.items() if name not in CONNECTION}


@pytest.mark.timeout(1200)
def test_digests_of_real_papers_are_welcome(rspamd: str, shared: Path, figure: Callable[[str], None]) -> None:
    renderer, to = mails.renderer(), replace(envelope(), date=datetime.now(UTC).replace(microsecond=0))
    made = [renderer.digest(each, to).body for each in corpus.digests(shared, DIGESTS, 13)]
    scored = [scores(rspamd, body) for body in made]
    totals = [sum(rules.values()) for rules in scored]
    dear = Counter(name for rules in scored for name, score in rules.items() if score > 0.1)
    assert dear == {}
    assert median(totals) <= 0
    assert max(totals) < 3
    figure(f"rspamd: {len(scored)} digests, median {median(totals):.2f}, highest {max(totals):.2f}")
