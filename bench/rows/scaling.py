"""Ten times the readers: how much longer their morning's choice takes, and how much memory.

Both sides are ours. From rows, the compact form of all profiles is written first, from its snapshot it is only read; in
both the day's papers are read, indexed and looked for anew, as each morning does. A stricter row has them indexed
before: less is left that does not grow with readers. Memory is the most that a process held which did nothing else.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import cache, partial

from bench.ground import Ground
from bench.measure import PAIRS, AtMost, Measure, Pair, Within, register, seconds
from bench.mornings import Morning, unfold
from bench.stored import filled, populate
from service.bootstrap import World

TIMES = 10
# Not by getrusage: what it says of a process counts what the one that started it held.
_ALONE = r"""
import re, sys
from bench.mornings import Morning
from service.bootstrap import build
from service.settings import load
assert Morning(build(load({}, None, data_dir=sys.argv[1]))).choose(int(sys.argv[2]))
print(re.search(r"VmHWM:\s*(\d+) kB", open("/proc/self/status").read())[1])
"""


@cache
def _readers(ground: Ground) -> tuple[World, int]:
    """A service and a tenth of its readers."""
    few = ground.size(100_000, 10_000)
    world = filled(ground, "scale", ground.papers(500))
    populate(world, ground.keywords, ground.readers(TIMES * few))
    return world, few


def from_rows(ground: Ground) -> Sequence[Pair]:
    """Seconds for all, and for a tenth."""
    world, few = _readers(ground)
    return [Pair(_from_rows(world, TIMES * few), _from_rows(world, few)) for _ in range(PAIRS)]


def _from_rows(world: World, count: int) -> float:
    unfold(world, count)
    morning = Morning(world)

    def whole() -> None:
        morning.fold()
        morning.choose(count)

    return seconds(whole)


def from_snapshot(ground: Ground, indexed: bool) -> Sequence[Pair]:
    """Seconds for all, and for a tenth; `indexed`: the papers were indexed before."""
    world, few = _readers(ground)
    unfold(world, TIMES * few)
    Morning(world).fold()
    once = partial(_from_snapshot, world, indexed)
    return [Pair(once(TIMES * few), once(few)) for _ in range(PAIRS)]


def _from_snapshot(world: World, indexed: bool, count: int) -> float:
    morning = Morning(world)
    if indexed:
        morning.index()
    return seconds(partial(morning.choose, count))


def memory(ground: Ground) -> Sequence[Pair]:
    """GiB for all; there is no other side."""
    world, few = _readers(ground)
    unfold(world, TIMES * few)
    Morning(world).fold()
    alone = [sys.executable, "-c", _ALONE, str(ground.scratch / "scale"), str(TIMES * few)]
    kilobytes = int(subprocess.run(alone, check=True, capture_output=True, text=True).stdout)
    return [Pair(kilobytes / 2**20, 0)]


_WHAT = "100,000 → 1,000,000 readers (--quick: a tenth)"
_SNAPSHOT = f"{_WHAT}, match and rank from the snapshot"
register(
    Measure(f"{_WHAT}, match and rank from rows", "a tenth of the readers", AtMost(8), from_rows),
    Measure(_SNAPSHOT, "a tenth of the readers", AtMost(4), partial(from_snapshot, indexed=False)),
    Measure(
        f"{_SNAPSHOT}, papers indexed before", "a tenth", AtMost(4), partial(from_snapshot, indexed=True), long=True
    ),
    Measure(
        "peak memory of matching 1,000,000 readers (--quick: a tenth) × 500 papers",
        "no other side",
        Within(0.6, "GiB"),
        memory,
        "GiB",
    ),
)
