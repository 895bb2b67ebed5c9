"""Pages named on the command line, and the papers on them.

Comes in: file names, URLs, `-` for standard input. Goes out: listings, with a sentence on standard error for whatever
cannot be read. Refuses to know: the store, and settings but for the proxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from service.cli.piped import standard_input
from service.cli.screen import complain
from service.errors import FetchError, InputError, ParseError
from service.model import Listing, Page
from service.settings import way_out
from service.settings.values import LOOPBACK, agent
from service.sources import kinds, parse, saved
from service.sources.http import Client

LARGEST = 8_000_000


@dataclass(slots=True)
class Reading:
    """Reads pages one by one and keeps count; one that cannot be read does not stop the others."""

    papers: int = 0
    pages: int = 0
    faults: int = 0

    def listings(self, places: Sequence[str]) -> Iterator[tuple[str, Listing]]:
        """Yield each readable place with its listing, in order."""
        for place in places:
            try:
                listing = _listing(place)
            except (FetchError, InputError, ParseError) as error:
                self.faults += 1
                self.pages += isinstance(error, ParseError)
                complain(f"{place}: {error}")
            else:
                self._count(place, listing)
                yield place, listing

    def end(self) -> None:
        """Leave with 1 if a page could not be read, unless all there was to read held no paper: then with 3."""
        if self.pages and not self.papers:
            raise typer.Exit(3)
        if self.faults:
            raise typer.Exit(1)

    def _count(self, place: str, listing: Listing) -> None:
        self.pages += 1
        self.papers += len(listing.papers)
        if not listing.papers:
            complain(f"{place}: the page is a listing without papers")
        if listing.skipped:
            entries = "1 entry" if listing.skipped == 1 else f"{listing.skipped} entries"
            complain(f"{place}: skipped {entries} without a title")


def _listing(place: str) -> Listing:
    if place == "-" or saved.stands(place) or kinds.recognise(place) == "capture":
        return parse(_file(place))
    return _fetched(place)


def _fetched(url: str) -> Listing:
    """Read a URL as a source does: the first of its addresses with papers, or what the address as given answers."""
    problem: FetchError | ParseError | None = None
    # Whoever types a loopback address into a shell of this machine may read it; a stored source may not.
    client = Client(agent(""), LOOPBACK, proxy=way_out())
    for address in kinds.pages(url):
        try:
            return parse(client.visit(address))
        except (FetchError, ParseError) as error:
            problem = error
    assert problem is not None, "a source has at least one address"
    raise problem


def _file(name: str) -> Page:
    try:
        body = standard_input(LARGEST + 1) if name == "-" else _bytes(Path(name))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(body) > LARGEST:
        raise InputError(f"is larger than {LARGEST // 1_000_000} MB, so it is no page of papers")
    return Page(body, "", "")


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)
