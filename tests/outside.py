"""Checkers from outside that the tests put our mails before: where each is, or a skip that says how to get it.

None of them is part of the project. npm packages are looked for in the folder that PAPERROUND_TEST_NODE names, else in
build/node: `npm install --prefix build/node --ignore-scripts axe-core caniemail` brings them.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from service.cli.pictures import chromium

_NODE = Path(__file__).resolve().parents[1] / "build" / "node"


def npm(package: str, file: str) -> Path:
    """A file of an npm package, or a skip."""
    path = Path(os.environ.get("PAPERROUND_TEST_NODE") or _NODE) / "node_modules" / package / file
    if not path.is_file():
        pytest.skip(f"{package} is not on this machine: npm install --prefix build/node --ignore-scripts {package}")
    return path


def axe() -> str:
    """The source of axe-core, which checks a page in a browser for what keeps people from reading it."""
    return npm("axe-core", "axe.min.js").read_text("utf-8")


def caniemail() -> list[dict[str, Any]]:
    """What caniemail.com knows of each feature of HTML and CSS in mail programs."""
    features: list[dict[str, Any]] = json.loads(npm("caniemail", "data/caniemail.json").read_text("utf-8"))["data"]
    return features


def browser() -> str:
    """Where Chromium is, or a skip."""
    return chromium() or pytest.skip("no Chromium on this machine; its package is called chromium on Debian")


def spamassassin() -> str:
    """Where SpamAssassin is, or a skip."""
    return shutil.which("spamassassin") or pytest.skip(
        "no SpamAssassin on this machine; its package is called spamassassin on Debian"
    )
