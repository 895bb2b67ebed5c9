"""`paperround preview`: any mail as its reader will see it, in files.

Comes in: names of mails, a subscriber or nobody. Goes out: for each mail one .eml, .html and .txt, and pictures of it
where Chromium is on this machine. Refuses to know: how mails are made. Nothing is sent and nothing is stored.
"""

from __future__ import annotations

import email
import email.policy
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import typer

from service.bootstrap import World
from service.cli.output import known, say, world
from service.cli.pictures import SCHEMES, WIDTHS, browser, chromium
from service.cli.samples import SAMPLES, Sample, sample
from service.errors import InputError
from service.model import Message, Subscriber
from service.pipeline.drafts import DIGEST, LETTERS, MAILS

_SAMPLES = {each.name: each for each in SAMPLES}
SAMPLED = (*_SAMPLES, *(name for name in LETTERS if name not in _SAMPLES))


@dataclass(frozen=True, slots=True)
class Shown:
    """One mail under its name, in its parts."""

    name: str
    raw: bytes
    html: str
    text: str


def preview(
    mails: Annotated[list[str] | None, typer.Argument(help="Which mails; all of them by default.")] = None,
    reader: Annotated[str, typer.Option("--for", help="A subscriber's address; else an invented reader.")] = "",
    to: Annotated[Path, typer.Option(help="The folder that the files are written into.")] = Path("preview"),
    pictures: Annotated[bool, typer.Option(help="Draw every mail, light and dark, in three widths.")] = True,
) -> None:
    """Write mails as their reader would see them into a folder, with pictures; nothing is sent."""
    names = mails or (MAILS if reader else SAMPLED)
    unknown = [name for name in names if name not in (MAILS if reader else SAMPLED)]
    if unknown:
        raise InputError(f"there is no mail called {unknown[0]}; there are {', '.join(MAILS if reader else SAMPLED)}")
    with world(migrated=bool(reader)) as here:
        shown = list(_of_subscriber(here, reader, names) if reader else _of_samples(here, names))
    try:
        # Who reads a subscriber's mail holds links that work.
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in shown:
            _written(each, to)
    except OSError as error:
        raise InputError(f"{to} cannot be written to: {error.strerror}") from error
    counted = "1 mail stands" if len(shown) == 1 else f"{len(shown)} mails stand"
    say(f"{counted} in {to}, as .eml, .html and .txt.")
    if pictures:
        _draw(shown, to)


def _of_subscriber(here: World, address: str, names: Sequence[str]) -> Iterator[Shown]:
    reader = known(here, address)
    for name in names:
        found = _mail(here, name, reader, here.now())
        if found is None:
            say(f"There is no digest yet for {address}: none was sent, and nothing new matches.")
        else:
            yield found


def _of_samples(here: World, names: Sequence[str]) -> Iterator[Shown]:
    """Each sample in a world of its own; every other letter in the first."""
    wanted = {name: [name] for name in names if name in _SAMPLES}
    letters = [name for name in names if name not in _SAMPLES]
    if letters:
        wanted.setdefault(SAMPLES[0].name, []).extend(letters)
    now = here.now().replace(minute=0, second=0, microsecond=0)
    for name, several in wanted.items():
        with tempfile.TemporaryDirectory(prefix="paperround-") as folder:
            yield from _sampled(_SAMPLES[name], several, here, Path(folder), now)


def _sampled(chosen: Sample, wanted: Sequence[str], here: World, folder: Path, now: datetime) -> Iterator[Shown]:
    with sample(chosen, here.settings, folder, now) as (small, reader):
        for name in wanted:
            found = _mail(small, name if name in LETTERS else DIGEST, reader, now)
            assert found is not None, "a sample always has something to show"
            yield replace(found, name=name)


def _mail(here: World, name: str, reader: Subscriber, now: datetime) -> Shown | None:
    found = here.pipeline.drafts.mail(name, reader, now)
    return _opened(name, found) if found else None


def _opened(name: str, message: Message) -> Shown:
    mail = email.message_from_bytes(message.body, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    return Shown(name, message.body, html, text)


def _written(each: Shown, folder: Path) -> None:
    (folder / f"{each.name}.eml").write_bytes(each.raw)
    (folder / f"{each.name}.html").write_text(each.html, "utf-8")
    (folder / f"{each.name}.txt").write_text(each.text, "utf-8")


def _draw(shown: Sequence[Shown], folder: Path) -> None:
    program = chromium()
    if not program:
        say("No pictures: Chromium is not on this machine.")
        return
    with browser(program) as open_page:
        for each in shown:
            for scheme in SCHEMES:
                for width in WIDTHS:
                    picture = open_page.picture(each.html, scheme, width)
                    (folder / f"{each.name}-{scheme}-{width}.png").write_bytes(picture)
    say(f"Drawn light and dark at {', '.join(map(str, WIDTHS))} pixels, as NAME-light-360.png.")
