"""`paperround subscriber add|list|show|pause|resend|remove|reasons`: who reads.

Comes in: addresses and keywords from the operator. Goes out: rows as a table or as JSON lines.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from service import editions
from service.bootstrap import World
from service.cli.output import Json, known, rows, say, world
from service.errors import InputError
from service.links import Purpose
from service.model import RUNNING, Schedule, Subscriber
from service.subscriptions import ASKED, INVITED_NOW, READS

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Who reads.")

Keywords = Annotated[list[str] | None, typer.Option("--keyword", "-k", help="A keyword; none: trending papers.")]

OUTCOMES = {
    INVITED_NOW: "A confirmation mail is on its way.",
    ASKED: "They were asked before and have not confirmed yet; no mail goes out, and nothing is changed.",
    READS: "They subscribe already; no mail goes out, and nothing is changed.",
}


@app.command()
def add(
    email: str,
    keywords: Keywords = None,
    timezone: Annotated[str, typer.Option(help="An IANA time zone.")] = "UTC",
    hour: Annotated[int, typer.Option(help="The local hour of the digest.", min=0, max=23)] = 7,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="They have agreed already: send no confirmation mail.")
    ] = False,
    json: Json = False,
) -> None:
    """Ask someone to confirm, with these keywords filled in."""
    with world(begins=True) as here:
        schedule = Schedule(editions.check_timezone(timezone), hour)
        typed = "\n".join(keywords or ())
        if confirmed:
            here.subscriptions.enrol(email, typed, schedule, here.now())
        else:
            outcome = here.subscriptions.invite(email, typed, schedule, here.now())
            here.bell.deliver()
        rows([_one(here, known(here, email))], json, empty="")
    if not json:
        say("The first digest is on its way." if confirmed else OUTCOMES[outcome])


@app.command(name="list")
def show_all(json: Json = False) -> None:
    """Show every subscriber."""
    with world() as here:
        rows([_row(*each) for each in here.operations.subscribers()], json, empty="nobody subscribes yet")


@app.command()
def show(email: str, json: Json = False) -> None:
    """Show one subscriber with keywords and the latest deliveries."""
    with world() as here:
        reader = known(here, email)
        deliveries, _ = here.operations.history(reader)
        rows([_one(here, reader)], json, empty="")
        recent = [
            {"kind": each.kind, "key": each.key, "state": each.state, "attempts": each.attempts, "error": each.error}
            for each in deliveries[:10]
        ]
        rows(recent, json, empty="nothing has been sent yet")


@app.command()
def pause(email: str) -> None:
    """Send nothing until the reader resumes."""
    with world() as here:
        reader = known(here, email)
        here.subscriptions.pause(here.signer.sign(Purpose.MANAGE, reader.public_id, here.now()), None, here.now())
    say(f"{reader.email} is paused.")


@app.command()
def resend(email: str) -> None:
    """Mail a reader the link to their own page again."""
    with world() as here:
        reader = known(here, email)
        if reader.state not in RUNNING:
            raise InputError(f"{reader.email} is {reader.state} and has no page; `subscriber add` asks to confirm")
        here.subscriptions.send_manage_link(reader.email, here.now())
    say("The link is on its way.")


@app.command()
def remove(email: str, erase: Annotated[bool, typer.Option("--erase", help="Forget all about them.")] = False) -> None:
    """End a subscription."""
    with world() as here:
        reader = known(here, email)
        here.subscriptions.end(reader, here.now())
        if erase:
            here.subscriptions.erase(reader, here.now())
    say(f"{reader.email} gets no more mail." + (" Everything about them is erased." if erase else ""))


@app.command()
def reasons(json: Json = False) -> None:
    """Show what people said when they left; it is kept without their names."""
    with world() as here:
        said = [{"at": f"{at:%Y-%m-%d}", "said": words} for at, words in here.wishes.reasons()]
    rows(said, json, empty="nobody has said why they left")


def _one(here: World, reader: Subscriber) -> dict[str, Any]:
    return _row(reader, here.subscriptions.next_due(reader))


def _row(reader: Subscriber, due: datetime | None) -> dict[str, Any]:
    return {
        "email": reader.email,
        "state": str(reader.state),
        "keywords": [keyword for profile in reader.profiles for keyword in profile.keywords],
        "timezone": reader.schedule.timezone,
        "hour": reader.schedule.hour,
        "next": due.isoformat(timespec="minutes") if due else "",
    }
