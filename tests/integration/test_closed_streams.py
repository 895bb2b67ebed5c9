"""A command whose standard input or output is closed, or full, says so in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import databases
from tests.house.code import ROOT
from tests.integration.worlds import DATABASE

OUTPUT, INPUT = "standard output is closed", "standard input is closed"
FULL = "standard output cannot be written: No space left on device"


@pytest.mark.parametrize(
    ("typed", "sentence", "code"),
    [
        ("paperround settings >&-", OUTPUT, 1),
        ("paperround settings --json >&-", OUTPUT, 1),
        ("paperround settings >&- 2>&-", "", 1),
        ("paperround settings >/dev/full", FULL, 1),
        ("paperround settings --json >/dev/full", FULL, 1),
        ("paperround bounces <&-", INPUT, 2),
        ("paperround parse - <&-", INPUT, 1),
    ],
)
def test_a_closed_stream_is_named(tmp_path: Path, typed: str, sentence: str, code: int) -> None:
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PAPERROUND_DATA_DIR": str(tmp_path)}
    databases.sqlite(tmp_path / DATABASE)
    command = typed.replace("paperround", f"{sys.executable} -m service")
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=tmp_path, env=known, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == bool(sentence)
