"""What every command shares: opening the World, and rows as a table for people or JSON lines for programs.

Comes in: dictionaries. Goes out: lines on standard output. Refuses to know: what the rows mean.
"""

from __future__ import annotations

import json as jsonlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.bootstrap import World, build
from service.errors import InputError
from service.model import Subscriber, Witness
from service.settings import Settings, load

Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


@contextmanager
def world(migrated: bool = True) -> Iterator[World]:
    """The World of this machine's settings, its database brought up to date first."""
    settings = load()
    # What a command did is what it prints; the log is for processes that stay.
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s")
    here = build(settings, witness=_witness(settings))
    try:
        if migrated:
            here.store.migrate()
        yield here
    finally:
        here.close()


def _witness(settings: Settings) -> Witness | None:
    """What the workers keep with their broker, where they have one of their own."""
    return None if settings.broker_url.startswith("memory") else import_module("workers.witness").witness(settings)


def known(here: World, email: str) -> Subscriber:
    """Who has this address. Raises AddressError or InputError."""
    reader = here.subscriptions.find(email)
    if reader is None:
        raise InputError(f"{email} does not subscribe here")
    return reader


def rows(found: Sequence[Mapping[str, Any]], json: bool, empty: str, colours: Mapping[str, str] | None = None) -> None:
    """Print rows; for people a table, or the sentence `empty` where there are none.

    A cell that holds one of the words of `colours`, and nothing else, is shown in its colour.
    """
    if json:
        for row in found:
            sys.stdout.write(jsonlib.dumps(row, ensure_ascii=False, default=str) + "\n")
    elif found:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in found[0]:
            table.add_column(name, overflow="fold")
        for row in found:
            table.add_row(*(_coloured(_cell(value), colours or {}) for value in row.values()))
        Console().print(table)
    elif empty:
        say(empty[0].upper() + empty[1:] + ".")


def say(sentence: str) -> None:
    """One sentence for people."""
    Console(highlight=False, soft_wrap=True).print(escape(sentence))


def _coloured(cell: str, colours: Mapping[str, str]) -> str:
    return f"[{colours[cell]}]{cell}[/]" if cell in colours else escape(cell)


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
