"""`paperround migrate|collect|send|status`: the steps of the pipe by hand.

Comes in: a day. Goes out: counts. Refuses to know: how any step is done.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.progress import Progress

from service.cli.output import Json, day_of, rows, say, world
from service.cli.screen import Screen, complain
from service.editions import FURTHEST_EAST
from service.errors import InputError, StoreError
from service.operations import Status


def migrate() -> None:
    """Bring the database to this release."""
    with world(migrated=False, begins=True) as here:
        here.store.migrate()
    say("The database is up to date.")


def collect(json: Json = False) -> None:
    """Fetch every source now; exit code 1 where one fails."""
    with world(begins=True) as here:
        here.operations.ensure_sources(here.now())
        due = here.operations.wake(here.now())
        with Progress(console=Screen(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
            collected = [
                here.pipeline.collect(each, here.now()) for each in progress.track(due, description="fetching")
            ]
    rows([asdict(each) for each in collected], json, empty="there are no sources")
    if any(each.error for each in collected):
        raise typer.Exit(1)


def send(
    day: Annotated[str | None, typer.Option(help="Make the edition of this day, YYYY-MM-DD, for every reader.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Make what was due over 48 hours ago, too.")] = False,
    json: Json = False,
) -> None:
    """Compose the digests that are due and send what is ready."""
    edition = day_of(day) if day else None
    with world() as here:
        composed = here.pipeline.compose(here.now(), _begun(edition, here.now()), overdue)
        delivered = here.pipeline.deliver(here.now())
        held = here.operations.held()
    rows([{"composed": composed.ready, "quiet": composed.quiet} | asdict(delivered)], json, empty="")
    if held:
        complain(f"on hold {held}; no mail is begun until `paperround release`")
    if composed.failed:
        complain(f"{composed.failed} could not be composed and wait; the log names each of them")
    if delivered.relay or delivered.failed or composed.failed:
        raise typer.Exit(1)


def _begun(day: date | None, now: datetime) -> date | None:
    """A day that has begun somewhere: after the edition of a later one, nobody would get a mail until then."""
    if day and day > (now + FURTHEST_EAST).date():
        raise InputError(f"{day} has not begun anywhere; its edition is made when it comes")
    return day


def status(json: Json = False) -> None:
    """Say how things stand; exit code 1 where a source fails or nothing can be written."""
    unwritten = ""
    with world() as here:
        try:
            here.pipeline.copies.look(here.now())
        except StoreError as error:
            # A full disk and a stand-by let one read as ever.
            unwritten = f"nothing can be written: {error}; see `paperround doctor`"
        now = here.operations.status(here.now())
    rows(_status_rows(now), json, empty="")
    if unwritten:
        complain(unwritten)
    if now.failing or unwritten:
        raise typer.Exit(1)


def _status_rows(now: Status) -> list[dict[str, Any]]:
    facts: dict[str, object] = {"papers": now.papers, "arrivals": now.arrivals}
    facts |= {f"subscribers {state}": count for state, count in now.subscribers.items()}
    facts |= {f"deliveries {state}, within a day": count for state, count in now.deliveries.items()}
    facts |= {f"last {name}": at.isoformat(timespec="seconds") for name, at in now.beats.items()}
    facts |= {"hold": f"since {now.hold['since']}: {now.hold['why']}"} if now.hold else {}
    facts |= {"overdue editions": now.overdue} if now.overdue else {}
    facts |= {f"source {source.url}": source.last_error for source in now.failing}
    facts |= {f"source {url}": sentence for url, sentence in now.concerns}
    return [{"what": what, "value": value} for what, value in facts.items()]
