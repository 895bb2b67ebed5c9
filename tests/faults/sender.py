"""One sender as a process: sweep and deliver in a loop until it is killed.

Comes in: a Job. Goes out: what a worker's `deliver` and `sweep` tasks do, in short turns. Processes are forked from a
server that has imported everything, so that one that was killed is replaced within milliseconds.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess

from service.bootstrap import World, build
from service.deliveries.smtp import SmtpCarrier
from service.errors import StoreError
from service.pipeline import Pipeline
from service.settings import load
from tests.faults.failpoints import Fuse, FusedStore, fused_line
from tests.faults.poison import Poisoned
from tests.forked import forks

PAUSE = 0.05


@dataclass(frozen=True)
class Job:
    """What a sender is told. `place` and `passes` say where it is to die, if anywhere.

    Poison kills it while it is rendered. Since `since` its clock runs `pace` times as fast, so that a slice need not
    sit through the pauses between two tries; leases stay on the database's own clock.
    """

    environ: Mapping[str, str]
    lease: float = 3.0
    place: str = ""
    passes: int = 1
    since: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    pace: int = 1

    def now(self) -> datetime:
        """The time by its clock."""
        passed: timedelta = datetime.now(UTC) - self.since
        return self.since + self.pace * passed


def work(job: Job) -> None:
    """Send and sweep for ever; a database that is away is waited for."""
    logging.disable()
    world = build(load(job.environ))
    pipeline = _assembled(world, job)
    while True:
        with contextlib.suppress(StoreError):
            now = job.now()
            pipeline.sweep(now)
            pipeline.deliver(now)
        time.sleep(PAUSE)


def _assembled(world: World, job: Job) -> Pipeline:
    pipeline = replace(world.pipeline, lease=job.lease, renderer=Poisoned(world.templates, world.identity))
    if not job.place:
        return pipeline
    fuse = Fuse(job.place, job.passes)
    settings, line = world.settings, fused_line(fuse)
    store = FusedStore(settings.database_url, fuse)
    return replace(
        pipeline, store=store, carrier=lambda: SmtpCarrier(settings.smtp_url, settings.smtp_connections, line=line)
    )


def start(job: Job) -> ForkServerProcess:
    """Start one sender."""
    process = forks.Process(target=work, args=(job,), daemon=True)
    process.start()
    return process


def kill(process: ForkServerProcess) -> int:
    """Kill -9 and wait for the end; returns the id of the process that was."""
    process.kill()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL
    assert process.pid is not None
    return process.pid


def replace_dead(processes: list[ForkServerProcess], job: Job) -> int:
    """Start a new sender for each that has died, as a supervisor does; returns how many that were."""
    dead = [at for at, process in enumerate(processes) if not process.is_alive()]
    for at in dead:
        processes[at] = start(job)
    return len(dead)


@contextlib.contextmanager
def senders(job: Job, count: int) -> Iterator[list[ForkServerProcess]]:
    """So many senders, ended one by one at the end."""
    started = [start(job) for _ in range(count)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.join(10)
