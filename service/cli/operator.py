"""`paperround hold|release|paper hide|backup|restore|doctor|dkim`: the hands of whoever runs the service.

Comes in: reasons, ids, files. Goes out: a sentence, or one line per finding. Refuses to know: how anything is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from service.bootstrap import World, host, mailer
from service.cli.output import Json, rows, say, world
from service.cli.screen import Screen, takes_unicode
from service.errors import StoreError
from service.operations.doctor import Finding, examine, send_test

paper = typer.Typer(
    no_args_is_help=True, add_completion=False, help="What is read of: `paper hide ID` keeps one out of every mail."
)


def hold(why: Annotated[str, typer.Argument(help="What the others shall read as the reason.")] = "") -> None:
    """Begin no mail, on any machine, until `release`."""
    with world() as here:
        # The reason stands in tables and in the log, where a line is a row.
        why = here.operations.hold(" ".join(why.split()), here.now())
    say(f"On hold ({why}): no mail is begun until `paperround release`. What is composed meanwhile waits.")


def release() -> None:
    """End a hold: what waited is sent."""
    with world() as here:
        # Whoever releases has seen what a first look at a database that was put back would stop for.
        here.pipeline.copies.look(here.now())
        held = here.operations.release(here.now())
    say("The hold is over; what waited is sent with the next tick." if held else "There was no hold.")


@paper.command()
def hide(
    number: Annotated[str, typer.Argument(help="An id such as arxiv:2501.12345, or a link to the paper.")],
) -> None:
    """Keep one paper out of every mail that is not begun yet."""
    with world() as here:
        title = here.operations.hide_paper(number, here.now())
    say(f"Hidden: {title}")


@paper.callback()
def _papers() -> None:
    """What is read of: `paper hide ID` keeps one out of every mail."""


def backup(file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]) -> None:
    """Copy the database while it is in use; a restored copy starts on hold."""
    # Also before `migrate`, since the copy is what brings the release before this one back.
    with world(migrated=False) as here:
        here.operations.backup(file, here.now())
    say(f"Copied to {file}. `paperround restore` brings it back; it sends nothing until `paperround release`.")


def restore(file: Annotated[Path, typer.Argument(help="What `paperround backup` made.")]) -> None:
    """Bring a backup back where no database is; it starts on hold."""
    with world(migrated=False) as here:
        here.operations.restore(file, here.now())
    say("Restored, and on hold: look at `paperround status`, then `paperround release`.")


def doctor(
    mail: Annotated[str | None, typer.Option(help="Send a real mail to this address, too.")] = None,
    json: Json = False,
) -> None:
    """Look at every part and say what is wrong, with its mend."""
    with world(migrated=False) as here:
        with suppress(StoreError):
            # What cannot be looked at now is a finding of its own.
            if here.store.ready():
                here.pipeline.copies.look(here.now())
        findings = [*examine(here.store, here.settings, here.now()), _broker(here)]
        if mail:
            own = here.settings
            findings.append(send_test(mail, here.pipeline.renderer, mailer(own), host(own), here.now()))
    if json:
        rows([asdict(finding) for finding in findings], json, empty="")
    else:
        _show(findings)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def dkim(json: Json = False) -> None:
    """Show what the DNS must hold, so that others can check the signatures of mails."""
    with world(migrated=False) as here:
        signing = here.pipeline.seal
    if not signing:
        say("No key is set, so mails are not signed here; PAPERROUND_DKIM_KEY_FILE names the file of one.")
        raise typer.Exit(3)
    records = [(key.name(signing.domain), key.record()) for key in signing.keys]
    if json:
        rows([{"name": name, "type": "TXT", "value": record} for name, record in records], json, empty="")
    for name, record in () if json else records:
        say(f"{name}. IN TXT ( {' '.join(_strings(record))} )")


def _strings(record: str) -> Iterator[str]:
    """A record as a zone file holds it: no string of more than 255 letters (RFC 1035)."""
    return (f'"{record[at : at + 250]}"' for at in range(0, len(record), 250))


def _broker(here: World) -> Finding:
    """Celery lives with the workers, so they are asked; a broker inside one process is always there."""
    url = here.settings.broker_url
    if url.startswith("memory"):
        return Finding("broker", True, "inside one process")
    problem = import_module("workers.bell").unheard(url)
    return Finding("broker", not problem, problem or "answers", "start it, or mend PAPERROUND_BROKER_URL")


def _show(findings: list[Finding]) -> None:
    console = Screen(highlight=False, soft_wrap=True)
    good, bad, arrow = ("✓", "✗", "→") if takes_unicode() else ("+", "-", "->")
    for each in findings:
        mark = f"[green]{good}[/]" if each.well else f"[red]{bad}[/]"
        mend = f"  {arrow} {escape(each.mend)}" if each.mend and not each.well else ""
        console.print(f"{mark} {each.what:<12}{escape(each.seen)}{mend}")
