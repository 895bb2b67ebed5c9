"""What every command shares: opening the World, and rows as a table for people or JSON lines for programs.

Comes in: dictionaries. Goes out: lines on standard output. Refuses to know: what the rows mean.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from service.bootstrap import World, build
from service.cli.screen import Screen, log, write
from service.errors import InputError
from service.model import Subscriber, Witness
from service.settings import Settings, load, look
from service.store import Store

Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


ENDLESS = 10_000  # letters: wider than any row
YEARS = range(1900, 2200)
NARROW = 4  # columns that a narrow terminal still shows beside each other


@contextmanager
def world(migrated: bool = True, begins: bool = False) -> Iterator[World]:
    """The World of this machine's settings; with `migrated` its database is there and of this release.

    One that is not there yet is made where the command `begins` something; whoever looks, or runs a command without
    the settings of the service, is told that there is none, and no file is made.
    Only `up` and `migrate` change the schema of a database that is there: others may be at work on it.
    """
    # What a command did is what it prints; the log is for processes that stay.
    log(logging.ERROR)
    settings = load() if begins else look()
    if migrated and not begins:
        _check(settings)
        settings = load()
    here = build(settings, witness=_witness(settings))
    try:
        if migrated and begins:
            here.store.prepare()
        yield here
    finally:
        here.close()


def _check(settings: Settings) -> None:
    """Raise StoreError where the database is not there, or not of this release."""
    with closing(Store(settings.database_url)) as store:
        store.check()


def _witness(settings: Settings) -> Witness | None:
    """What the workers keep with their broker, where they have one of their own."""
    return None if settings.broker_url.startswith("memory") else import_module("workers.witness").witness(settings)


def known(here: World, email: str) -> Subscriber:
    """Who has this address. Raises AddressError or InputError."""
    reader = here.subscriptions.find(email)
    if reader is None:
        raise InputError(f"{email} does not subscribe here")
    return reader


def bytes_of(file: Path) -> bytes:
    """What a file holds. Raises InputError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error


def day_of(text: str) -> date:
    """A day as it is typed, of a year that papers may be of. Raises InputError."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f'"{text}" is not a day; write it as YYYY-MM-DD') from error
    if day.year not in YEARS:
        raise InputError(f"{day} is out of reach; days are those of {YEARS[0]} to {YEARS[-1]}")
    return day


def rows(found: Sequence[Mapping[str, Any]], json: bool, empty: str, colours: Mapping[str, str] | None = None) -> None:
    """Print rows; for people a table, or the sentence `empty` where there are none.

    A cell that holds one of the words of `colours`, and nothing else, is shown in its colour.
    """
    if json:
        for row in found:
            write(row)
    elif found:
        _show(found, colours or {})
    elif empty:
        say(empty[0].upper() + empty[1:] + ".")


def say(sentence: str) -> None:
    """One sentence for people."""
    Screen(highlight=False, soft_wrap=True).print(escape(sentence))


def _show(found: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    """A table without the columns that hold nothing; a pipe gets each row whole, on one line."""
    names = [name for name in found[0] if any(_cell(row[name]) for row in found)]
    console = Screen() if sys.stdout.isatty() else Screen(width=ENDLESS)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in found:
        table.add_row(*(_coloured(_cell(row[name]), colours) for name in names))
    wanted = console.measure(table, options=console.options.update(max_width=ENDLESS)).maximum
    if wanted <= console.width or len(names) <= NARROW:
        console.print(table)
        return
    for row in found:
        _list(console, {name: _coloured(_cell(row[name]), colours) for name in names if _cell(row[name])})


def _list(console: Screen, row: Mapping[str, str]) -> None:
    """One row, a line for each cell: where many columns stand in a narrow terminal, no word of them stays whole."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, cell in row.items():
        table.add_row(name, cell)
    console.print(table)
    console.print()


def _coloured(cell: str, colours: Mapping[str, str]) -> str:
    return f"[{colours[cell]}]{cell}[/]" if cell in colours else escape(cell)


def _cell(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return " ".join(text.splitlines())
