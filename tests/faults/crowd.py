"""Several processes that write to one database as fast as they can, each turn a use case of the service.

Comes in: a town's environment, how many transactions are to be made in all. Goes out: what each process saw. Refuses to
know: who else writes.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized

from sqlalchemy import Connection as Transaction
from sqlalchemy import event

from service.bootstrap import World, build
from service.errors import StoreError
from service.model import Paper
from service.settings import load
from tests.forked import forks

SOURCE = "https://papers.example.org/feed"


@dataclass(frozen=True)
class Shift:
    """What one writer does over and over: `kind` names its turn, `done` counts the transactions of all."""

    environ: Mapping[str, str]
    kind: str
    done: Synchronized[int]
    goal: int

    def over(self) -> bool:
        """Whether all of them together have done enough."""
        return self.done.value >= self.goal


@dataclass
class Seen:
    """What a writer went through: transactions, the longest turn in seconds, what it was refused with."""

    transactions: int = 0
    longest: float = 0.0
    complaints: list[str] = field(default_factory=list)


def _deliver(world: World, over: Callable[[], bool]) -> Callable[[], object]:
    def turn() -> None:
        world.pipeline.sweep(world.now())
        world.pipeline.deliver(world.now(), stop=over)

    return turn


def _collect(world: World, _over: Callable[[], bool]) -> Callable[[], object]:
    numbers = itertools.count()

    def turn() -> None:
        paper = Paper(f"Study {next(numbers)} of Sparse Gates", "We study them at length.", guid=f"c{next(numbers)}")
        with world.store.write() as unit:
            unit.papers.add(unit.sources.add(SOURCE, "feed", world.now()).id, SOURCE, [paper], world.now())

    return turn


def _tick(world: World, _over: Callable[[], bool]) -> Callable[[], object]:
    def turn() -> None:
        world.operations.heartbeat("beat", world.now())

    return turn


TURNS = {"deliver": _deliver, "collect": _collect, "tick": _tick}


def work(shift: Shift, tell: Connection) -> None:
    """Take turns until the goal is reached, then tell what was seen."""
    logging.disable()
    world, seen = build(load(shift.environ)), Seen()

    @event.listens_for(world.store.engine, "commit")
    def _count(transaction: Transaction) -> None:
        if transaction.get_execution_options().get("writes"):
            seen.transactions += 1
            with shift.done.get_lock():
                shift.done.value += 1

    turn = TURNS[shift.kind](world, shift.over)
    while not shift.over():
        started = time.monotonic()
        try:
            turn()
        except StoreError as error:
            seen.complaints.append(f"{shift.kind}: {error}")
        seen.longest = max(seen.longest, time.monotonic() - started)
    tell.send(seen)


@contextlib.contextmanager
def writers(environ: Mapping[str, str], kinds: list[str], goal: int) -> Iterator[Callable[[float], list[Seen]]]:
    """Start one writer for each kind; yields what waits until they have reached the goal."""
    done: Synchronized[int] = forks.Value("q", 0)
    ends, processes = [], []
    for kind in kinds:
        here, there = forks.Pipe(duplex=False)
        process = forks.Process(target=work, args=(Shift(environ, kind, done, goal), there), daemon=True)
        process.start()
        ends.append(here)
        processes.append(process)

    def seen(limit: float) -> list[Seen]:
        until = time.monotonic() + limit
        for end in ends:
            assert end.poll(max(0.0, until - time.monotonic())), f"{done.value} of {goal} after {limit:.0f} s"
        return [end.recv() for end in ends]

    try:
        yield seen
    finally:
        for process in processes:
            process.kill()
            process.join(10)
