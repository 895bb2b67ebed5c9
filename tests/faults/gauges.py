"""What an installation holds on to while it works: memory, open files, keys of the broker.

Comes in: processes, a broker. Goes out: readings, and by how much the later ones are higher. Refuses to know: what work
is done meanwhile.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.faults.stack import children

# A queue and what is taken from it stand there only while there is something in them.
COME_AND_GO = {"paperround", "unacked", "unacked_index", "unacked_mutex"}


@dataclass(frozen=True)
class Reading:
    """One look: bytes and open files of each kind of process with all it forked, and the broker's keys."""

    memory: Mapping[str, int]
    files: Mapping[str, int]
    keys: frozenset[str]


def memory(pid: int) -> int:
    """The bytes of one process; what it shares with others is counted by halves, thirds and so on."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def files(pid: int) -> int:
    """How many files and sockets one process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def read(pids: Mapping[str, int], broker: redis.Redis | None) -> Reading:
    """Look at every process, and at the broker where there is one."""
    trees = {name: [pid, *children(pid)] for name, pid in pids.items()}
    return Reading(
        {name: sum(map(memory, tree)) for name, tree in trees.items()},
        {name: sum(map(files, tree)) for name, tree in trees.items()},
        _keys(broker) if broker else frozenset(),
    )


def _keys(broker: redis.Redis) -> frozenset[str]:
    return frozenset(key.decode() for key in broker.scan_iter()) - COME_AND_GO


def growth(readings: Sequence[Reading]) -> dict[str, float]:
    """By how many percent each kind's memory is larger in the last fifth of the readings than in the first."""
    before, after = _ends(readings)
    return {
        name: 100.0 * (_middle(each.memory[name] for each in after) / _middle(each.memory[name] for each in before) - 1)
        for name in readings[0].memory
    }


def more_files(readings: Sequence[Reading]) -> dict[str, float]:
    """How many more files each kind has open in the last fifth than in the first; what is open in passing is not."""
    before, after = _ends(readings)
    return {
        name: _middle(each.files[name] for each in after) - _middle(each.files[name] for each in before)
        for name in readings[0].files
    }


def more_keys(readings: Sequence[Reading]) -> float:
    """How many more keys the broker holds in the last fifth than in the first."""
    before, after = _ends(readings)
    return _middle(len(each.keys) for each in after) - _middle(len(each.keys) for each in before)


def _ends(readings: Sequence[Reading]) -> tuple[Sequence[Reading], Sequence[Reading]]:
    part = max(1, len(readings) // 5)
    return readings[:part], readings[-part:]


def _middle(values: Iterable[int]) -> float:
    return float(statistics.median(values))
