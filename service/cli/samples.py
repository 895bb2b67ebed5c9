"""Invented readers of invented papers, for looking at mails where there is nobody yet.

Comes in: the settings and the time. Goes out: one small world for each kind of digest, with its one reader. Refuses to
know: what is shown of them. The worlds live in a folder of their own; nothing of the installation is read or written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from service.bootstrap import World, build
from service.cli import demo_pages
from service.model import Page, Paper, Schedule, Subscriber
from service.settings import Settings
from service.sources import parse
from service.store.unit import sqlite_url

READER = "reader@example.org"
KEYWORDS = ("low-rank adaptation", "neural tangent kernel", "protein", "diffus*", "agents", "-survey")
# Each finds nothing, and would find something were it a little wider.
_NEARLY = ('"Neural Tangent Kernels"', "protein AND chaperonins", "household robots that forget")
_EVERY_DAY = frozenset(range(1, 8))
# Where papers of the sample pages would come from; nothing is fetched there.
_PUBLISHERS = {
    "papers": "https://huggingface.co/papers",
    "rss": "https://rss.arxiv.org/rss/cs.LG",
    "journal.atom": "https://journal.example/feed",
    "saved-listing.txt": "https://huggingface.co/papers",
}
# Every so many papers were there before the reader came.
_KNOWN = 6
_UNHURRIED = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Sample:
    """A reader who subscribed some days ago and has had one digest since, or none at all."""

    name: str
    days: int = 1
    weekly: bool = False
    keywords: tuple[str, ...] = KEYWORDS


SAMPLES = (
    Sample("digest"),
    Sample("digest-first", days=0),
    Sample("digest-weekly", days=7, weekly=True),
    Sample("digest-catch-up", days=4),
    Sample("digest-trending", keywords=()),
    Sample("quiet", days=8, keywords=_NEARLY),
)


@contextmanager
def sample(chosen: Sample, settings: Settings, folder: Path, now: datetime) -> Iterator[tuple[World, Subscriber]]:
    """The world of one sample, and its reader."""
    own = {"data_dir": folder, "database_url": sqlite_url(folder), "smtp_url": (), "signup": "open"}
    world = build(settings.model_copy(update=own), clock=lambda: now)
    try:
        world.store.migrate()
        yield world, _settled(world, chosen, now)
    finally:
        world.close()


def _settled(world: World, chosen: Sample, now: datetime) -> Subscriber:
    """Let the reader come, get a first digest of a few papers, and let the others arrive day by day until now."""
    begun = now - timedelta(days=chosen.days)
    schedule = Schedule("UTC", now.hour, frozenset((now.isoweekday(),)) if chosen.weekly else _EVERY_DAY)
    papers = _papers(now)
    known = papers[::_KNOWN] if chosen.days else []
    _arrive(world, known, begun)
    reader = world.subscriptions.enrol(READER, "\n".join(chosen.keywords), schedule, begun)
    if chosen.days:
        world.pipeline.compose(begun)
        world.pipeline.deliver(begun)
    left = [arrival for arrival in papers if arrival not in known]
    days = max(chosen.days, 1)
    for day in range(days):
        _arrive(world, left[day::days], now - timedelta(days=day, minutes=1))
    return reader


def _papers(now: datetime) -> list[tuple[str, Paper]]:
    """The sample papers and the source of each."""
    return [
        (_PUBLISHERS[path.split("/")[1]], paper)
        for path, (kind, body) in demo_pages.pages(now.date()).items()
        for paper in parse(Page(body, kind, _PUBLISHERS[path.split("/")[1]], now)).papers
    ]


def _arrive(world: World, papers: Sequence[tuple[str, Paper]], at: datetime) -> None:
    with world.store.write() as unit:
        for url, paper in papers:
            source = unit.sources.add(url, "feed", at)
            unit.sources.polled(source.id, at, at + _UNHURRIED, 1)
            unit.papers.add(source.id, url, [paper], at)
