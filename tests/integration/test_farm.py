"""A week of a hundred sources, half of them ill at any time: digests come on time, no paper twice, none is lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from service.model import Schedule, StoredPaper
from service.pipeline import Pipeline
from service.sources.http import Client
from service.sources.manners import Manners
from service.store.payloads import with_payload
from service.store.tables import delivery
from tests.integration.farm import PATIENCE, RETRY_AFTER, SPELL, START, Farm, farm
from tests.integration.worlds import House, house

HOURS = {"ada": 7, "grace": 13, "mary": 21}


@dataclass
class Trial:
    """The house that reads the farm, and how long its digests took to come in real seconds."""

    farm: Farm
    home: House
    pipeline: Pipeline
    round: timedelta
    slowest: float = 0.0
    polls: int = 0
    late: list[str] = field(default_factory=list)

    def until(self, end: datetime) -> None:
        """Poll what is due and send what is due, round after round."""
        with ThreadPoolExecutor(16) as pool:
            while self.farm.now < end:
                self.farm.now += self.round
                self.home.clock.at = self.farm.now
                polls = [pool.submit(self.pipeline.collect, each, self.farm.now) for each in self._due()]
                self._morning()
                self.polls += 1
                for poll in polls:
                    poll.result()

    def _due(self) -> Sequence[int]:
        return self.pipeline.due_sources(self.farm.now)

    def _morning(self) -> None:
        """Digests do not wait for the sources that are being polled at the same time."""
        began = time.monotonic()
        self.pipeline.compose(self.farm.now)
        self.pipeline.deliver(self.farm.now)
        self.slowest = max(self.slowest, time.monotonic() - began)


@pytest.mark.timeout(0)
def test_a_week_of_sources_half_of_which_fail(tmp_path: Path, full: bool, figure: Callable[[str], None]) -> None:
    size, rounds, days = (100, 200, 7) if full else (12, 9, 3)
    with farm(size, days) as field_, house(tmp_path, allowed_networks="127.0.0.0/8", collect_interval="30m") as home:
        client = Client("paperround/0", ("127.0.0.0/8",), PATIENCE, manners=Manners(lambda _: None))
        trial = Trial(field_, home, replace(home.world.pipeline, client=client), timedelta(days=days) / rounds)
        home.clock.at = START
        for n in field_.feeds:
            home.world.operations.add_source(field_.url(n), START)
        for name, hour in HOURS.items():
            home.join(f"{name}@uni.example", "kettle", schedule=Schedule("UTC", hour))
        trial.until(START + timedelta(days=days))
        # All are well again, and the last digests have come.
        trial.until(START + timedelta(days=days, hours=22))
        check_digests(trial, days)
        check_visits(field_)
        check_sources(trial)
    statuses = Counter(visit.status for visit in field_.log)
    figure(
        f"farm: {size} sources, {trial.polls} rounds, {len(field_.log):,} visits {dict(sorted(statuses.items()))}; "
        f"0 digests late, 0 papers twice, 0 lost; slowest digest run {trial.slowest:.1f} s"
    )


def check_digests(trial: Trial, days: int) -> None:
    """A mail for each day at least for each reader, each in the round it was due; every paper once."""
    published = {title for feed in trial.farm.feeds.values() for title, at in feed.papers(trial.farm.now)}
    for name, hour in HOURS.items():
        reader = trial.home.world.subscriptions.find(f"{name}@uni.example")
        assert reader is not None
        rows, papers = digests(trial.home, reader.id)
        assert {row.state for row in rows} <= {"sent", "none"}
        later = [row for row in rows if not (row.payload or {}).get("first")]
        assert len(later) >= days
        for row in later:
            due = datetime.fromisoformat(f"{row.key}T{hour:02}:00+00:00")
            assert timedelta(0) <= row.composed_at - due <= trial.round, f"{row.key} came at {row.composed_at}"
        sent = Counter(papers[paper].paper.title for row in rows for paper in row.papers)
        assert [title for title, times in sent.items() if times > 1] == []
        # What a feed shows when the last digest is made is only just being fetched.
        polled = later[-1].composed_at - trial.round
        missing = {title for title in published - set(sent) if expected(title, trial.farm, polled)}
        assert missing == set(), sorted(missing)[:9]


def digests(home: House, reader: int) -> tuple[list[Any], dict[int, StoredPaper]]:
    """The rows of a reader's digests, with the papers behind "and N more", and those papers."""
    mine = (delivery.c.subscriber_id == reader) & (delivery.c.kind == "digest") & (delivery.c.state != "superseded")
    with home.world.store.read() as unit:
        rows = list(unit.deliveries.connection.execute(with_payload().where(mine).order_by(delivery.c.id)))
        merged = unit.papers.merged()
        ids = {paper: merged.get(paper, paper) for row in rows for paper in row.papers}
        known = unit.papers.get(ids.values())
        return rows, {paper: known[survivor] for paper, survivor in ids.items()}


def expected(title: str, field_: Farm, polled: datetime) -> bool:
    """Whether a paper must have been sent: its feed may be read, and showed it at a poll before the last digest."""
    number = int(title.split("farm ")[1].split()[0])
    feed = field_.feeds[number]
    at = next(at for known, at in feed.papers(field_.now) if known == title)
    if feed.fault == "robots" or (feed.fault == "gone" and at > START + timedelta(hours=8)):
        return False
    return at <= polled


def check_visits(field_: Farm) -> None:
    """What servers asked for was kept, by the log of the farm."""
    for n, feed in field_.feeds.items():
        visits = [visit for visit in field_.log if visit.feed == n]
        pages = [visit for visit in visits if visit.path != "/robots.txt"]
        if feed.fault == "robots":
            assert pages == []
            continue
        assert sum(visit.status == 410 for visit in pages) == (feed.fault == "gone")
        assert sum(visit.status == 301 for visit in pages) == (feed.fault == "moved")
        for before, after in pairwise(pages):
            if before.status == 429:
                assert after.at - before.at >= timedelta(seconds=RETRY_AFTER)
            if before.status == 200 and feed.fault not in ("truncated", "moved", "wrong type"):
                assert after.condition, "the next visit asks whether anything has changed"
    assert any(visit.status == 304 for visit in field_.log)


def check_sources(trial: Trial) -> None:
    """All that may be read are well in the end; the one that is gone rests, the one that moved is read there."""
    for source in trial.home.world.operations.sources():
        number = int(source.url.split("127.0.1.")[1].split(":")[0])
        fault = trial.farm.feeds[number].fault
        assert source.active == (fault != "gone")
        if fault not in ("robots", "gone") and source.failures:
            # A busy machine may have been slow once: whoever asks with more patience finds it well.
            patient = Client("paperround/0", ("127.0.0.0/8",), 20.0)
            assert patient.fetch(source.url).body, source.last_error
        assert source.url.endswith("/new") == (fault == "moved")


assert timedelta(days=3) > SPELL, "a feed shows its papers longer than it is ill"
