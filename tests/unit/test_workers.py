"""The worker's own rules: ids travel, use cases run, faults stop one task and nothing else."""

from __future__ import annotations

import gc
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from celery import Celery

from service.bootstrap import World
from service.errors import StoreError
from service.settings import Settings, load
from workers.app import make_app
from workers.bell import CeleryBell
from workers.embedded import THREADS, Embedded
from workers.fetching import MOST, fetchers
from workers.schedule import Beat, timetable
from workers.sending import Sending
from workers.tasks import Workshop

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


@dataclass
class RecordingWorld:
    """Stands in for a World: notes every use case, and fails where it is told to."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    due: list[int] = field(default_factory=list)
    fault: Exception | None = None
    news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def pipeline(self) -> RecordingWorld:
        return self

    @property
    def operations(self) -> RecordingWorld:
        return self

    @property
    def bell(self) -> RecordingBell:
        return RecordingBell(self)

    def now(self) -> datetime:
        return NOW

    def heartbeat(self, name: str, now: datetime) -> None:
        self.note("heartbeat", name, now)

    def due_sources(self, now: datetime) -> list[int]:
        return self.due

    def collect(self, source_id: int, now: datetime) -> None:
        self.note("collect", source_id, now)

    def compose(self, now: datetime) -> None:
        self.note("compose", now)

    def deliver(self, now: datetime, stop: Any) -> None:
        self.note("deliver", now, stop())

    def sweep(self, now: datetime) -> None:
        self.note("sweep", now)

    def enrich(self, now: datetime) -> None:
        self.note("enrich", now)

    @property
    def forgetting(self) -> RecordingWorld:
        return self

    def forget(self, now: datetime) -> None:
        self.note("forget", now)

    @property
    def alarms(self) -> RecordingWorld:
        return self

    def sound(self, now: datetime) -> None:
        self.note("watch", now)

    def note(self, *call: Any) -> None:
        with self.news:
            self.calls.append(call)
            self.news.notify_all()
        if self.fault and call[0] != "heartbeat":
            raise self.fault

    def wait(self, call: tuple[Any, ...], limit: float = 5.0) -> None:
        with self.news:
            assert self.news.wait_for(lambda: call in self.calls, limit), f"{call} not in {self.calls}"


@dataclass
class RecordingBell:
    world: RecordingWorld

    def collect(self, source_id: int) -> None:
        self.world.note("ring", source_id)

    def deliver(self) -> None:
        self.world.note("ring", "deliver")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"PAPERROUND_DATA_DIR": str(tmp_path), "PAPERROUND_SEND_INTERVAL": "45"})


@pytest.fixture
def world() -> RecordingWorld:
    return RecordingWorld()


@pytest.fixture
def app(settings: Settings, world: RecordingWorld) -> Celery:
    return make_app(settings, lambda: cast("World", world))


def run(app: Celery, name: str, *ids: int) -> None:
    app.tasks[f"paperround.{name}"](*ids)


def test_each_task_runs_its_use_case_and_gives_a_sign_of_life(app: Celery, world: RecordingWorld) -> None:
    for name, ids in (
        ("collect", (7,)),
        ("compose", ()),
        ("deliver", ()),
        ("sweep", ()),
        ("enrich", ()),
        ("watch", ()),
    ):
        run(app, name, *ids)
    assert [call for call in world.calls if call[0] != "heartbeat"] == [
        ("collect", 7, NOW),
        ("compose", NOW),
        ("deliver", NOW, False),
        ("sweep", NOW),
        ("forget", NOW),
        ("enrich", NOW),
        ("watch", NOW),
    ]
    assert world.calls.count(("heartbeat", "worker", NOW)) == 6


def test_a_tick_notes_that_beat_is_alive_and_rings_for_each_due_source(app: Celery, world: RecordingWorld) -> None:
    world.due = [3, 5]
    run(app, "tick")
    assert ("heartbeat", "beat", NOW) in world.calls
    assert [call for call in world.calls if call[0] == "ring"] == [("ring", 3), ("ring", 5)]


def test_a_known_fault_stops_the_task_with_one_line(
    app: Celery, world: RecordingWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.fault = StoreError("the database is away", transient=True)
    with caplog.at_level(logging.WARNING):
        run(app, "compose")
    assert [record.getMessage() for record in caplog.records] == ["compose stopped: the database is away"]


def test_an_unknown_fault_is_not_swallowed(app: Celery, world: RecordingWorld) -> None:
    world.fault = RuntimeError("a slip of ours")
    with pytest.raises(RuntimeError, match="a slip of ours"):
        run(app, "compose")


def test_a_run_of_sending_ends_after_a_while_and_rings(world: RecordingWorld) -> None:
    asked: list[bool] = []

    class LongWorld(RecordingWorld):
        def deliver(self, now: datetime, stop: Any) -> None:
            asked.append(stop())
            while not stop():
                time.sleep(0.01)

    long = LongWorld()
    Sending(0.1).run(cast("World", long))
    assert asked == [False]
    assert long.calls == [("ring", "deliver")]
    short = Sending()
    for _ in range(2):
        short.run(cast("World", world))
    assert world.calls == [("deliver", NOW, False)] * 2, "nobody rings for nothing"


def test_a_process_builds_its_world_once(settings: Settings) -> None:
    built: list[World] = []

    def build() -> World:
        built.append(cast("World", RecordingWorld()))
        time.sleep(0.05)
        return built[-1]

    gc.set_threshold(700, 10, 10)
    workshop = Workshop(build)
    threads = [threading.Thread(target=workshop.world) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [workshop.world()]
    assert gc.get_threshold()[0] > 10_000, "a process that stays looks for garbage less"


def test_tasks_survive_the_death_of_their_worker(app: Celery) -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_ignore_result
    assert app.conf.accept_content == ["json"]


def test_an_unseen_tick_expires_before_the_next_one(settings: Settings) -> None:
    entries = timetable(settings)
    assert {name: entry["schedule"] for name, entry in entries.items()} == {
        "tick": timedelta(seconds=30),
        "compose": timedelta(seconds=45),
        "deliver": timedelta(seconds=45),
        "sweep": timedelta(seconds=60),
        "enrich": timedelta(minutes=30),
        "watch": timedelta(minutes=5),
    }
    assert all(entry["options"]["expires"] == entry["schedule"].total_seconds() for entry in entries.values())


class Elsewhen(Celery):  # type: ignore[misc] # Celery ships no types
    """An app whose clock tests turn."""

    at = NOW

    def now(self) -> datetime:
        return self.at


class Bells(Beat):
    """Beat, noting what it rings for."""

    rung: tuple[str, ...] = ()

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.rung += (entry.name,)

    def rings(self) -> list[str]:
        self.rung = ()
        while self.tick() == 0:
            pass
        return sorted(self.rung)


def test_beat_goes_on_when_the_clock_is_set_back(tmp_path: Path) -> None:
    app = Elsewhen("a trial", broker="memory://localhost", set_as_current=False)
    entries = timetable(load({}, None, data_dir=str(tmp_path)))
    app.conf.update(beat_schedule=entries, timezone="UTC", result_expires=None)
    bells = Bells(app)
    assert bells.rings() == sorted(entries)
    assert bells.rings() == []
    for shift in (timedelta(days=5), timedelta(minutes=1) - timedelta(days=5)):
        app.at += shift
        assert bells.rings() == sorted(entries)
        assert bells.rings() == []
    app.at -= timedelta(seconds=5)
    assert bells.rings() == [], "a clock that is kept by NTP goes back by little"
    app.at += timedelta(seconds=36)
    assert bells.rings() == ["tick"]


def test_every_tick_of_the_timetable_is_a_task(app: Celery, settings: Settings) -> None:
    assert {entry["task"] for entry in timetable(settings).values()} <= set(app.tasks)


def test_one_process_works_beats_and_stops(
    app: Celery, world: RecordingWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bell = CeleryBell(app)
    embedded = Embedded(app)
    with embedded:
        world.wait(("heartbeat", "beat", NOW))
        world.wait(("sweep", NOW))
        bell.collect(11)
        world.wait(("collect", 11, NOW))
        started = time.monotonic()
    assert time.monotonic() - started < 2
    assert embedded.stop()
    assert not list(tmp_path.glob("*beat*")), "beat keeps its timetable in memory"


def test_the_worker_begins_when_whoever_rang_has_been_answered(app: Celery, world: RecordingWorld) -> None:
    bell = CeleryBell(app, pause=0.1)
    with Embedded(app):
        world.wait(("sweep", NOW))
        rung = time.monotonic()
        for _ in range(3):
            bell.collect(11)
        world.wait(("collect", 11, NOW))
        assert time.monotonic() - rung >= 0.1
        assert bell.flush()
    assert world.calls.count(("collect", 11, NOW)) == 1, "rings that wait together are one"


def test_a_worker_can_be_started_again_in_the_same_process(app: Celery, world: RecordingWorld) -> None:
    with Embedded(app):
        world.wait(("sweep", NOW))
    world.calls.clear()
    with Embedded(app):
        CeleryBell(app).compose()
        world.wait(("compose", NOW))


def test_a_task_that_takes_too_long_does_not_hold_the_exit(settings: Settings) -> None:
    begun, released = threading.Event(), threading.Event()

    class SlowWorld(RecordingWorld):
        def compose(self, now: datetime) -> None:
            begun.set()
            released.wait(20)

    app = make_app(settings, lambda: cast("World", SlowWorld()))
    embedded = Embedded(app)
    embedded.start()
    CeleryBell(app).compose()
    assert begun.wait(5)
    started = time.monotonic()
    assert not embedded.stop(limit=1.0)
    assert time.monotonic() - started < 2
    released.set()
    assert embedded.stop(limit=5.0)


def test_sources_that_hang_keep_no_digest_waiting_and_all_get_their_turn(settings: Settings) -> None:
    released = threading.Event()

    class HangingWorld(RecordingWorld):
        def collect(self, source_id: int, now: datetime) -> None:
            super().collect(source_id, now)
            released.wait(20)

    world = HangingWorld(due=list(range(40)))
    app = make_app(settings, lambda: cast("World", world))
    with Embedded(app):
        bell = CeleryBell(app)
        world.wait(("compose", NOW))
        for number in range(40):
            bell.collect(number)
        with world.news:
            assert world.news.wait_for(lambda: sum(call[0] == "collect" for call in world.calls) >= THREADS, 5)
            world.calls = [call for call in world.calls if call[0] == "collect"]
        bell.compose()
        world.wait(("compose", NOW))
        assert sum(call[0] == "collect" for call in world.calls) <= MOST
        released.set()
        for number in range(40):
            world.wait(("collect", number, NOW))
    assert fetchers.rest(5)


def test_while_mails_go_out_the_other_tasks_get_their_turn(settings: Settings) -> None:
    released = threading.Event()

    class BusyWorld(RecordingWorld):
        def deliver(self, now: datetime, stop: Any) -> None:
            self.note("deliver", now)
            released.wait(20)

    world = BusyWorld()
    app = make_app(settings, lambda: cast("World", world))
    with Embedded(app):
        world.wait(("deliver", NOW))
        bell = CeleryBell(app)
        for _ in range(THREADS + 1):
            bell.deliver()
            # Equal rings that wait are one.
            assert bell.flush()
        bell.collect(111)
        world.wait(("collect", 111, NOW))
        assert world.calls.count(("deliver", NOW)) == 1
        assert ("ring", "deliver") not in world.calls
        released.set()
        world.wait(("ring", "deliver"))
