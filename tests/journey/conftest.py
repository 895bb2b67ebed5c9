"""The one neighbour a journey ends at, and the browser that some are made with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import outside, servers


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    program = outside.browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def smtp() -> Iterator[servers.Sink]:
    """A plain capturing SMTP server for this one test."""
    with servers.smtp() as sink:
        yield sink


@pytest.fixture
def settings(smtp: servers.Sink) -> dict[str, str]:
    return {
        "smtp_url": smtp.url,
        "secret_keys": "links-of-this-test-alone",
        "suppression_key": "hashes-of-this-test-alone",
        "allowed_networks": "127.0.0.0/8",
        "send_interval": "1",
    }
