"""`paperround parse`: what the service reads from a page.

Comes in: files and URLs. Goes out: every paper on them, in page order, unmerged. Refuses to know: the store.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from service.cli.pages import Reading
from service.cli.records import for_programs, name_of, record, table
from service.cli.screen import write
from service.model import Listing


def parse(
    places: Annotated[list[str], typer.Argument(metavar="FILE|URL...", help="Pages to read; - is standard input.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object per paper and line.")] = False,
) -> None:
    """Print the papers of saved or live pages, one by one and in page order."""
    reading = Reading()
    for place, listing in reading.listings(places):
        if for_programs(json):
            for paper in listing.papers:
                write(record(paper, place))
        elif listing.papers:
            _show(place, listing)
    reading.end()


def _show(place: str, listing: Listing) -> None:
    day = f" of {listing.day:%d %B %Y}" if listing.day else ""
    rows = (Text(paper.title).append(f"  {name_of(paper)}", "dim") for paper in listing.papers)
    table(rows, f"{place}: {len(listing.papers)} papers{day} ({listing.form})")
