"""`paperround backfill`: past days of one source.

Comes in: a source, two days. Goes out: a progress bar, then what the days brought. Refuses to know: how a day is read.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date
from typing import Annotated

import typer
from rich.progress import Progress

from service.bootstrap import World
from service.cli.output import Json, day_of, rows, say, world
from service.cli.screen import Screen, complain
from service.errors import FetchError, ParseError
from service.pipeline import Day, past_days
from service.store.sources import Source


def backfill(
    source: Annotated[str, typer.Argument(help="Its URL or its number, as `paperround source list` shows it.")],
    first: Annotated[str, typer.Option("--from", help="The first day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="The last day, this one included.")],
    json: Json = False,
) -> None:
    """Read past days of a source; days that were read are not asked for again.

    Papers that come by it are never new to readers who have had the digest of their day.
    """
    begin, end = day_of(first), day_of(last)
    with world() as here:
        found = here.operations.source(source)
        days = past_days(found, begin, end, here.now().astimezone(UTC).date())
        done, problem = _read(here, found, days)
    _report(done, json)
    if problem is not None:
        complain(f"stopped at {days[len(done)]}: {str(problem).rstrip('.')}. Run it again to go on.")
        raise typer.Exit(1)


def _read(here: World, source: Source, days: Sequence[date]) -> tuple[list[Day], FetchError | ParseError | None]:
    """Read day by day; who breaks off keeps the days that are done."""
    done: list[Day] = []
    with Progress(console=Screen(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task(f"reading {days[0]}", total=len(days))
        try:
            for each in here.pipeline.backfill(source, days, here.now()):
                done.append(each)
                progress.update(bar, advance=1, description=f"read {each.day}")
        except (FetchError, ParseError) as error:
            return done, error
    return done, None


def _report(done: Sequence[Day], json: bool) -> None:
    if json:
        rows([_row(each) for each in done], json, empty="")
        return
    read = [each.collected for each in done if not each.known]
    papers, new = sum(each.papers for each in read), sum(each.arrived for each in read)
    say(f"{len(read)} days read, {len(done) - len(read)} known before; {papers} papers, {new} of them not seen before.")


def _row(each: Day) -> dict[str, object]:
    return {
        "day": each.day.isoformat(),
        "papers": each.collected.papers,
        "new": each.collected.arrived,
        "known": each.known,
    }
