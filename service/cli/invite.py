"""`paperround invite FILE.csv`: everybody in a table is asked to confirm, with topics filled in.

Comes in: a CSV file. Goes out: a sentence for each row that has to be mended, progress for whoever watches, a count.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from service import editions
from service.cli.output import Json, bytes_of, rows, say, world
from service.cli.screen import Screen, tell
from service.model import Schedule
from service.subscriptions import INVITED_NOW
from service.subscriptions.invitations import Invited, read
from service.subscriptions.invitations import invite as invited


def invite(
    file: Annotated[Path, typer.Argument(help="A CSV file: email, topics, and where wanted timezone and hour.")],
    timezone: Annotated[str, typer.Option(help="For rows that name no time zone.")] = "UTC",
    hour: Annotated[int, typer.Option(help="For rows that name no hour.", min=0, max=23)] = 7,
    json: Json = False,
) -> None:
    """Ask the people of a CSV file to confirm, with their topics filled in."""
    people = read(bytes_of(file))
    with world(begins=True) as here:
        usual = Schedule(editions.check_timezone(timezone), hour)
        done = list(_watched(invited(here.subscriptions, people, usual, here.now()), len(people)))
    wrong = [each for each in done if each.problem]
    if json:
        rows([_row(each) for each in done], json, empty="")
    for each in () if json else wrong:
        tell(f"{file.name}, line {each.line}: {each.email or 'no address'}: {each.problem}")
    if not json:
        say(_summary(done))
    if wrong:
        raise typer.Exit(1)


def _watched(done: Iterable[Invited], total: int) -> Iterator[Invited]:
    """A bar on standard error, where somebody looks at it."""
    return iter(
        track(done, "Inviting", total, console=Screen(stderr=True), disable=not sys.stderr.isatty(), transient=True)
    )


def _row(each: Invited) -> dict[str, object]:
    return {"line": each.line, "email": each.email, "outcome": each.outcome, "problem": each.problem}


def _summary(done: Iterable[Invited]) -> str:
    counts = Counter("to be mended" if each.problem else each.outcome for each in done)
    invited_now = counts.pop(INVITED_NOW, 0)
    rest = "".join(f", {count} {outcome}" for outcome, count in sorted(counts.items()))
    return f"{invited_now} invited{rest}."
