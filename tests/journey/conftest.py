"""The one neighbour a journey ends at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers


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
