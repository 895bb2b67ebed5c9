"""The command line `paperround`: one table of commands, one way to fail.

Comes in: arguments. Goes out: exit codes (0 good, 1 failed, 2 wrong usage, 3 nothing found) and, for every error of the
house, one clear sentence. Refuses to know: what any command does; its module is imported when it is called, so that
`--help` costs nothing.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.errors import InputError, PaperRoundError

# name, where it lives, what it does
COMMANDS = (
    (
        "demo",
        "service.cli.demo:demo",
        "Show the whole job: fetch, match, subscribe, compose, send and read, on this machine alone.",
    ),
    ("up", "service.cli.up:up", "Run everything in this one process: pages, worker and timetable."),
    ("parse", "service.cli.parse:parse", "Print the papers of saved or live pages, one by one and in page order."),
    (
        "match",
        "service.cli.match:match",
        "Print the papers that fit the keywords, best first, with the places where they hit.",
    ),
    ("source", "service.cli.source:app", "What the service reads."),
    ("subscriber", "service.cli.subscriber:app", "Who reads."),
    ("why", "service.cli.why:why", "Say when a paper came, what it matched, and why a reader did or did not get it."),
    ("invite", "service.cli.invite:invite", "Ask the people of a CSV file to confirm, with their topics filled in."),
    ("collect", "service.cli.work:collect", "Fetch every source now; exit code 1 where one fails."),
    (
        "backfill",
        "service.cli.backfill:backfill",
        "Read past days of a source; days that were read are not asked for again.",
    ),
    ("send", "service.cli.work:send", "Compose the digests that are due and send what is ready."),
    (
        "preview",
        "service.cli.preview:preview",
        "Write mails as their reader would see them into a folder, with pictures; nothing is sent.",
    ),
    ("hold", "service.cli.operator:hold", "Begin no mail, on any machine, until `release`."),
    ("release", "service.cli.operator:release", "End a hold: what waited is sent."),
    ("paper", "service.cli.operator:paper", "What is read of: `paper hide ID` keeps one out of every mail."),
    ("backup", "service.cli.operator:backup", "Copy the database while it is in use; a restored copy starts on hold."),
    ("restore", "service.cli.operator:restore", "Bring a backup back where no database is; it starts on hold."),
    (
        "doctor",
        "service.cli.operator:doctor",
        "Look at every part and say what is wrong, with its mend.",
    ),
    (
        "dkim",
        "service.cli.operator:dkim",
        "Show what the DNS must hold, so that others can check the signatures of mails.",
    ),
    (
        "bounces",
        "service.cli.bounces:bounces",
        "Read what came back: bounces and complaints from files, a Maildir or standard input.",
    ),
    (
        "status",
        "service.cli.work:status",
        "Say how things stand; exit code 1 where a source fails or nothing can be written.",
    ),
    (
        "settings",
        "service.cli.settings_command:settings",
        "Show every setting, its value with secrets hidden, and where it comes from.",
    ),
    ("migrate", "service.cli.work:migrate", "Bring the database to this release."),
    ("web", "service.cli.up:web", "Run the pages alone; workers run elsewhere."),
)


# Whoever reads has gone, or there is no more room.
_CUT_OFF = (errno.EPIPE, errno.ENOSPC)


class _Commands(TyperGroup):
    """Loads a command when it is called, and turns the house's errors into a sentence and an exit code."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, _load(name) if command and name else command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PaperRoundError as error:
            import_module("service.cli.screen").complain(str(error))
            raise typer.Exit(2 if isinstance(error, InputError) else 1) from error


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command line."""
    if sys.stdout is None:
        # The next file that is opened would stand in its place, and a stray line would be written into that.
        if sys.stderr is not None:
            import_module("service.cli.screen").complain("standard output is closed; send it to /dev/null instead")
        raise SystemExit(1)
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal of another encoding than UTF-8 shows a question mark for a tick, not a traceback.
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            app(prog_name="paperround")
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in _CUT_OFF:
            raise
        # What is left is not tried once more at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno != errno.EPIPE:
            import_module("service.cli.screen").complain(f"standard output cannot be written: {error.strerror}")
        raise SystemExit(1) from None


def _load(name: str) -> Any:
    module, _, attribute = next(target for known, target, _ in COMMANDS if known == name).partition(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        single = typer.Typer(add_completion=False)
        single.command(name)(found)
        found = single
    return typer.main.get_command(found)


def _listed() -> None:
    """Stands in the list of commands for one that is loaded when it is called."""


for _name, _, _help in COMMANDS:
    app.command(_name, help=_help)(_listed)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"paperround {version('paperround')}")
        raise typer.Exit


@app.callback()
def _paperround(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the release.")] = False,
) -> None:
    """Send the day's new papers that match your keywords, each morning."""
