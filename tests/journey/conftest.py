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
