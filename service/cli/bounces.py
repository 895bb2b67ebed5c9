"""`paperround bounces`: what came back, from files, a Maildir or standard input.

Comes in: paths; none: one mail on standard input, as a mail server hands it to a program. Goes out: how many mails led
to what. Refuses to know: what a bounce is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from service.bootstrap import World
from service.cli.output import Json, bytes_of, rows, say, world
from service.cli.piped import standard_input
from service.cli.screen import complain
from service.errors import InputError, SettingsError, StoreError
from service.subscriptions.returns import Outcome

# sysexits.h: a mail server keeps the mail and tries again.
TRY_AGAIN = 75
_MEANING = {
    Outcome.ENDED: "complaints: the subscription has ended",
    Outcome.LEFT: "asked to leave by mail: the subscription has ended",
    Outcome.ASKED: "of a list: its owner was asked",
    Outcome.RESTING: "addresses that are gone: nothing more is sent there",
    Outcome.COUNTED: "bounces for good: counted",
    Outcome.IGNORED: "nothing to do: delays, answers of people, known already",
    Outcome.UNKNOWN: "of no mail of ours",
}


def bounces(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Mail files, folders of them, Maildirs; none: standard input.")
    ] = None,
    json: Json = False,
) -> None:
    """Read what came back: bounces and complaints from files, a Maildir or standard input."""
    try:
        with world() as here:
            stuck: list[str] = []
            counts = Counter(_taken(here, paths or [], stuck))
    except (SettingsError, StoreError) as error:
        if paths:
            raise
        say(str(error))
        raise typer.Exit(TRY_AGAIN) from error
    told = [
        {"outcome": str(each), "mails": counts[each], "meaning": _MEANING[each]} for each in Outcome if counts[each]
    ]
    if paths:
        rows(told, json, empty="no mail there")
    if stuck:
        complain(f"{len(stuck)} of them could not be moved from new to cur and will be read again: {stuck[0]}")
        raise typer.Exit(1)


def _taken(here: World, paths: list[Path], stuck: list[str]) -> Iterable[Outcome]:
    """What each mail came to; `stuck` gets what kept one from being moved, once it was taken."""
    if not paths:
        yield here.returns.take(standard_input(), here.now())
    for file in (file for path in paths for file in _files(path)):
        yield here.returns.take(bytes_of(file), here.now())
        if file.parent.name == "new":
            # A Maildir's way of saying that a mail has been seen.
            try:
                file.rename(file.parent.parent / "cur" / f"{file.name}:2,S")
            except OSError as error:
                stuck.append(f"{file}: {error.strerror}")


def _files(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        folder = path / "new" if (path / "new").is_dir() and (path / "cur").is_dir() else path
        return sorted(file for file in folder.iterdir() if file.is_file())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
