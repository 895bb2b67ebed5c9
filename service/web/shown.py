"""Times and addresses in a reader's terms, for the templates.

Comes in: instants in UTC, schedules, addresses. Goes out: local times, masked addresses, choices for a form. Refuses
to know: the words around them, which live in the templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from service.editions import check_timezone
from service.tex import readable

_AREAS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def masked(address: str) -> str:
    """The address so that its owner knows it and nobody else learns it: `a…@uni.edu`."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


def local(moment: datetime, timezone: str) -> datetime:
    """The same instant on the reader's clock."""
    return moment.astimezone(ZoneInfo(check_timezone(timezone)))


def marked(text: str, position: int) -> tuple[str, str, str]:
    """A typed keyword around the character at `position` (from 1), cut to a line: before, the character, behind."""
    at = min(max(position - 1, 0), len(text))
    before, behind = text[max(0, at - 40) : at], text[at + 1 : at + 41]
    return ("…" if at > 40 else "") + before, text[at : at + 1], behind + ("…" if len(text) > at + 41 else "")


@lru_cache(maxsize=1)
def zones() -> Sequence[str]:
    """The time zones to choose from: places, not the names kept for old systems."""
    return ["UTC", *sorted(zone for zone in available_timezones() if zone.startswith(_AREAS))]


def query(topics: Iterable[str]) -> str:
    """The topics as the query of a link to the front page."""
    return urlencode([("k", topic) for topic in topics])


def source(url: str) -> str:
    """What people call a source: the place it is read from; of saved pages the name alone, not where they lie here.

    What stands before an @ is nobody's to know.
    """
    parts = urlsplit(url)
    host, path = parts.netloc.rpartition("@")[2].removeprefix("www."), parts.path.rstrip("/")
    if host.endswith("huggingface.co"):
        return "Hugging Face Daily Papers"
    if host.endswith("arxiv.org"):
        return f"arXiv {path.rpartition('/')[2]}".strip()
    return (f"{host}{path}" if host else path.rpartition("/")[2] or url)[:60]


FILTERS = {"masked": masked, "local": local, "marked": marked, "query": query, "source": source, "readable": readable}
