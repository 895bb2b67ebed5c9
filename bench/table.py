"""The table of results, for the terminal and for `bench/results.md`.

Comes in: measures with their pairs. Goes out: text, and the description of this machine. Refuses to know: how the
figures came about.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bench.measure import Measure, Pair

COLUMNS = ("what", "ours", "the other side", "ratio", "spread", "goal", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One measure and what came of it; `missing` says why there are no pairs."""

    measure: Measure
    pairs: Sequence[Pair] = ()
    missing: str = ""

    @property
    def verdict(self) -> str:
        """`met`, `NOT MET`, or a dash."""
        if not self.pairs:
            return "–"
        return "met" if self.measure.goal.met(self.pairs) else "NOT MET"

    def cells(self) -> tuple[str, ...]:
        """The cells of the row."""
        measure = self.measure
        if not self.pairs:
            return measure.what, "–", f"{measure.other}: {self.missing}", "–", "–", str(measure.goal), self.verdict
        ratios = sorted(map(measure.goal.ratio, self.pairs))
        ours, other = (statistics.median(side) for side in zip(*self.pairs, strict=True))
        theirs = f"{measure.other}: {figure(other)} {measure.unit}" if other else measure.other
        return (
            measure.what,
            f"{figure(ours)} {measure.unit}",
            theirs,
            f"{figure(statistics.median(ratios))} ×",
            f"{figure(ratios[0])} … {figure(ratios[-1])}, {len(ratios)} pairs",
            str(measure.goal),
            self.verdict,
        )


def figure(value: float) -> str:
    """A number with three figures that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def machine() -> str:
    """What this ran on."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {_memory():.0f} GiB; {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, numpy {np.__version__}, "
        f"SQLite {sqlite3.sqlite_version}, SQLAlchemy {version('sqlalchemy')}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def markdown(rows: Sequence[Row], sections: Sequence[tuple[str, str]], how: str) -> str:
    """The file of results."""
    lines = ["# Results", "", f"`{how}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {machine()}.", ""]
    lines += [
        "Ratios are medians of pairs taken in turn; the spread is the smallest and the largest. For `≥` goals",
        "the ratio says how many times as long the other side takes, for `≤` goals how many times it ours is.",
        "`docs/speed.md` says what stands behind the rows that are not met.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
    ]
    lines += map(_line, rows)
    notes = [f"- {row.measure.what}: {row.measure.note}" for row in rows if row.measure.note]
    lines += ["", *notes] if notes else []
    for title, text in sections:
        lines += ["", f"## {title}", "", text]
    return "\n".join(lines) + "\n"


def renewed(written: str, rows: Sequence[Row], how: str) -> str:
    """The file of results with these rows measured anew; a line below its table says so."""
    lines = written.splitlines()
    for row in rows:
        begin, other = f"| {row.measure.what} | ", row.measure.other
        known = [at for at, each in enumerate(lines) if each.startswith(begin) and f" | {other}: " in each]
        at = known[0] if known else _below(lines)
        lines[at : at + len(known)] = [_line(row)]
    said = f"- `{how}` measured {len(rows)} of these rows anew on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."
    lines[_below(lines) + 1 : _below(lines) + 1] = [said]
    return "\n".join(lines) + "\n"


def _below(lines: Sequence[str]) -> int:
    """The number of the blank line below the table."""
    return next(at for at, line in enumerate(lines) if not line and at and lines[at - 1].startswith("| "))


def _line(row: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells()) + " |"
