"""`python -m bench [--quick] [--list] [--renew] [WORD …]`: run the measures, print the table, write `bench/results.md`.

A WORD picks the measures and sections that hold it, also in the name of their other side. The file is written when all
were run; with `--renew` only the rows of these measures are.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import rows as folder
from bench.ground import Ground
from bench.measure import MEASURES, SECTIONS, Measure, Missing, Section
from bench.table import COLUMNS, Row, machine, markdown, renewed

RESULTS = Path(__file__).with_name("results.md")


def main() -> int:
    """Run what was asked for; 1 when a goal was missed."""
    asked = _arguments()
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"bench.rows.{module.name}")
    measures = [each for each in MEASURES if _wanted(f"{each.what}, {each.other}", asked.words)]
    sections = [each for each in SECTIONS if _wanted(each.title, asked.words)]
    if asked.list:
        print("\n".join([each.what for each in measures] + [each.title for each in sections]))
        return 0
    with Ground(asked.quick) as ground:
        print(f"{machine()}; {ground.material}", flush=True)
        found = [_run(ground, each) for each in measures]
        texts = [(each.title, _text(ground, each)) for each in sections]
    _show(found, texts)
    how = " ".join(["python -m bench", *["--quick"] * asked.quick, *[f'"{word}"' for word in asked.words]])
    if not asked.words:
        RESULTS.write_text(markdown(found, texts, f"{how}` on `{ground.material}"), "utf-8")
    elif asked.renew:
        RESULTS.write_text(renewed(RESULTS.read_text("utf-8"), found, how), "utf-8")
    return int(any(row.verdict == "NOT MET" for row in found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, seven minutes in place of forty")
    parser.add_argument("--renew", action="store_true", help="put the rows of these words into bench/results.md")
    parser.add_argument("--list", action="store_true", help="say what there is and run nothing")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only what holds one of these words")
    return parser.parse_args()


def _wanted(title: str, words: Sequence[str]) -> bool:
    return not words or any(word.lower() in title.lower() for word in words)


def _run(ground: Ground, measure: Measure) -> Row:
    if ground.quick and measure.long:
        return Row(measure, missing="takes long: run without --quick")
    begun = time.perf_counter()
    # What the measures before it hold would be looked through before every figure of this one: half a second each.
    gc.collect()
    gc.freeze()
    try:
        row = Row(measure, measure.run(ground))
    except Missing as missing:
        row = Row(measure, missing=str(missing))
    ours, ratio = row.cells()[1], row.cells()[3]
    print(f"{row.verdict:8}{measure.what}: {ours}, {ratio} ({time.perf_counter() - begun:.0f} s)", flush=True)
    return row


def _text(ground: Ground, section: Section) -> str:
    try:
        return section.run(ground)
    except Missing as missing:
        return str(missing)


def _show(rows: Sequence[Row], texts: Sequence[tuple[str, str]]) -> None:
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*row.cells())
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    for title, text in texts:
        console.print(f"\n{title}\n", style="bold")
        console.print(text, markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
