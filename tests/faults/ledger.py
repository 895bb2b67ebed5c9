"""Results of trials: appended to a file, one JSON object per trial, and shown as the table of what must hold.

Comes in: rows, seeds, facts. Goes out: lines and a table. Refuses to know: pytest. A trial that held in full is not
run again while its line stands in the file, so a run that was broken off goes on where it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

DEFAULT = Path(__file__).resolve().parents[2] / "build" / "faults.jsonl"

Facts = dict[str, float]


@dataclass(frozen=True)
class Result:
    """One trial. `facts` are counts that add up over trials; those named `most …` or `longest …` are maxima."""

    row: str
    trial: str
    seed: int
    full: bool
    held: bool
    facts: Facts = field(default_factory=dict)


def path() -> Path:
    """Where results are kept: PAPERROUND_TEST_FAULTS, else under build/."""
    return Path(os.environ.get("PAPERROUND_TEST_FAULTS", DEFAULT))


def append(result: Result) -> None:
    """Keep one result."""
    path().parent.mkdir(parents=True, exist_ok=True)
    with path().open("a") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def results() -> list[Result]:
    """Every result so far; of a trial that ran twice, the later one."""
    if not path().is_file():
        return []
    lines = [Result(**json.loads(line)) for line in path().read_text().splitlines()]
    return list({(each.trial, each.full): each for each in lines}.values())


def table(found: Iterable[Result]) -> str:
    """One line per fault and form (slice or full), with the facts of all its trials."""
    groups: dict[tuple[str, bool], list[Result]] = {}
    for each in found:
        groups.setdefault((each.row, each.full), []).append(each)
    lines = ["| fault | trials | held | measured |", "|---|---|---|---|"]
    for (row, full), members in sorted(groups.items()):
        held = sum(each.held for each in members)
        form = "" if full else " (slice)"
        lines.append(f"| {row}{form} | {len(members)} | {held} | {_summed([each.facts for each in members])} |")
    return "\n".join(lines)


def _summed(all_facts: Iterable[Mapping[str, float]]) -> str:
    total: Facts = {}
    for facts in all_facts:
        for name, value in facts.items():
            most = name.startswith(("most ", "longest "))
            total[name] = max(total.get(name, 0), value) if most else total.get(name, 0) + value
    return ", ".join(f"{name} {value:,.10g}" for name, value in total.items())
