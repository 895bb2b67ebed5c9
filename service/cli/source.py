"""`paperround source add|list|check|remove|catalogue`: what the service reads.

Comes in: URLs. Goes out: rows as a table or as JSON lines. Refuses to know: how a source is fetched or parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from service.bootstrap import World
from service.cli.output import Json, rows, say, world
from service.cli.screen import complain
from service.errors import FetchError, InputError, ParseError
from service.model import Listing
from service.sources import saved
from service.sources.advice import advice
from service.sources.health import Standing
from service.store.sources import Source

COLOURS = {"ok": "green", "late": "yellow", "fails": "bold red"}

app = typer.Typer(no_args_is_help=True, add_completion=False, help="What the service reads.")


@app.command()
def add(
    url: Annotated[
        str, typer.Argument(help="An address, as people paste it; arXiv categories (cs.LG+stat.ML); a file or folder.")
    ],
    json: Json = False,
) -> None:
    """Try a source, or the feed that a web page names, say how many papers it holds, and keep it."""
    url = _absolute(url)
    with world(begins=True) as here:
        address, listing = _discovered(here, url)
        source = here.operations.add_source(address, here.now())
        here.bell.collect(source.id)
    found = {"id": source.id, "url": source.url, "kind": source.kind, "papers": len(listing.papers)}
    rows([found], json, empty="")
    if not json:
        example = f', the first of them "{listing.papers[0].title}"' if listing.papers else ""
        papers = "1 paper" if len(listing.papers) == 1 else f"{len(listing.papers)} papers"
        entries = "1 entry or file" if listing.skipped == 1 else f"{listing.skipped} entries or files"
        unread = f"; {entries} could not be read" if listing.skipped else ""
        say(f"{papers} found{example}{unread}. The source is kept.")
        if hint := advice(url):
            say(hint)


@app.command(name="list")
def show(json: Json = False) -> None:
    """Show every source and how its last poll went."""
    with world() as here:
        rows(
            [_row(source) for source in here.operations.sources() if source.active or source.last_error],
            json,
            empty="there are no sources",
        )


@app.command()
def check(json: Json = False) -> None:
    """Fetch every source now, keep nothing, and say what each answered, and which bring less than usual.

    Exit code 1 where one fails.
    """
    with world() as here:
        watched = here.operations.standings(here.now())
        checked = [_checked(here.operations.check, source, standing) for source, standing in watched]
    rows(checked, json, empty="there are no sources", colours=COLOURS)
    if any(row["problem"] for row in checked):
        raise typer.Exit(1)


@app.command()
def remove(source: Annotated[str, typer.Argument(help="Its URL or its number.")]) -> None:
    """Read a source no more; its papers stay."""
    with world() as here:
        removed = here.operations.remove_source(_absolute(source))
    say(f"{removed.url} is no longer read.")


@app.command()
def catalogue(
    words: Annotated[str, typer.Argument(help="Show only what holds this, such as `cs.` or `learning`.")] = "",
    json: Json = False,
) -> None:
    """Show the arXiv categories that readers may pick; one is read once a reader picks it."""
    with world(migrated=False) as here:
        offers = here.operations.catalogue()
    sought = words.casefold()
    shown = [each for each in offers if sought in f"{each.code} {each.name} {each.subject}".casefold()]
    found = [
        {"code": each.code, "name": each.name, "subject": each.subject, "read": "yes" if each.polled else ""}
        for each in shown
    ]
    rows(found, json, empty=f"no category holds {words}")
    if not found:
        raise typer.Exit(3)


def _absolute(place: str) -> str:
    """Name a file or a folder from the root: processes that stay may have another working folder."""
    if place.isdecimal() or not saved.stands(place) or place.startswith("file:"):
        return place
    path = str(Path(place).absolute())
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{path} cannot be kept: its name is no text in UTF-8; give it another one") from error
    return path


def _discovered(here: World, url: str) -> tuple[str, Listing]:
    """Read a source; where it cannot be read, say what to name instead before the fault."""
    try:
        return here.operations.discover(url)
    except (FetchError, ParseError):
        if hint := advice(url):
            complain(hint)
        raise


def _row(source: Source) -> dict[str, Any]:
    last = source.last_ok_at.isoformat(timespec="minutes") if source.last_ok_at else ""
    return {
        "id": source.id,
        "url": source.url,
        "kind": source.kind,
        "for": "all" if source.common else "who picked it",
        "last_ok": last,
        "papers": source.last_count,
        "failures": source.failures,
        "problem": source.last_error,
        "moved_from": source.moved_from,
    }


def _checked(check: Callable[[Source], Listing], source: Source, standing: Standing) -> dict[str, Any]:
    """A source that cannot be read now fails; one that can be read may still be late or short."""
    row: dict[str, Any] = {"id": source.id, "url": source.url, "state": "ok", "papers": 0, "skipped": 0}
    row["problem"] = row["concern"] = ""
    try:
        listing = check(source)
    except (FetchError, ParseError) as error:
        return row | {"state": "fails", "problem": str(error)}
    row |= {"papers": len(listing.papers), "skipped": listing.skipped}
    row["concern"] = f"not read: {listing.unread}" if listing.unread else ""
    return row | ({"state": "late", "concern": standing.why} if standing.why and not source.failures else {})
