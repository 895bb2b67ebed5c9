"""`paperround demo`: the whole job in front of your eyes, with nothing but this machine.

Comes in: captures, keywords, a day. Goes out: one digest in a local mailbox, and an account of each step on the way.
Everything is real: pages are served on loopback and fetched by the client, the reader signs up through the web pages
and follows the link of the confirmation mail. Only the reader is invented.
"""

from __future__ import annotations

import logging
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import requests
import typer

from service import editions
from service.bootstrap import World, build
from service.cli import demo_pages
from service.cli.account import Account
from service.cli.output import bytes_of, day_of
from service.cli.screen import log
from service.cli.web_server import WebServer, listen
from service.deliveries.maildir import links_of
from service.errors import PaperRoundError, ParseError
from service.keywords import parse_all
from service.links import Purpose
from service.model import Page, Schedule, Subscriber, SubscriberState
from service.settings import Settings, load
from service.sources import parse

READER = "reader@demo.example"
SCHEDULE = Schedule("UTC", 7)
LOOK_BACK = timedelta(days=7)
KEYWORDS = ("low-rank adaptation", "neural tangent kernel", "protein", "-survey")


def demo(
    files: Annotated[list[Path] | None, typer.Argument(help="Saved pages to read instead of the sample pages.")] = None,
    keywords: Annotated[list[str] | None, typer.Option("--keyword", "-k", help="A keyword of the reader.")] = None,
    day: Annotated[
        str | None,
        typer.Option(help="The day whose edition is made, YYYY-MM-DD; by default today, or the day of old pages."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when the digest is in the mailbox.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="Keep everything in this folder, which is the demo's alone.")
    ] = None,
) -> None:
    """Show the whole job: fetch, match, subscribe, compose, send and read, on this machine alone."""
    # What fails is said step by step; the log is for services that stay.
    log(logging.ERROR)
    account, moment = Account(), _moment(day)
    parse_all(keywords or ())
    if day is None and (old := _day_of(files or (), moment.date())):
        moment = _moment(old.isoformat())
        account.old(old)
    with ExitStack() as stack:
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Whoever closes the terminal ends the demo as Ctrl-C does, and its folder goes with it.
            stack.callback(signal.signal, number, signal.signal(number, signal.default_int_handler))
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paperround-")))
        listener = stack.enter_context(_listen())
        settings = _settings(folder, listener.getsockname()[1])
        chosen, kept = tuple(keywords or KEYWORDS), data is not None or not once
        Demo(settings, _clock(moment), files or (), chosen, bool(keywords), stack, listener, account, kept).run(once)


def _listen() -> socket.socket:
    """The port that `paperround up` takes, so that links in the mails work there too; any other when it is taken."""
    try:
        return listen("127.0.0.1", 8080)
    except PaperRoundError:
        return listen("127.0.0.1", 0)


def _settings(folder: Path, port: int) -> Settings:
    """Settings of the demo alone: a demo must never write to a real mail server that the environment names."""
    return load({}, data_dir=str(folder), port=str(port), contact="demo@demo.example")


def _moment(day: str | None) -> datetime:
    if day is None:
        return datetime.now(UTC)
    return editions.due_at(SCHEDULE, day_of(day)) + timedelta(seconds=1)


def _day_of(files: Sequence[Path], today: date) -> date | None:
    """The newest day that pages are of, where today's edition would not look so far back."""
    days = set()
    for path in files:
        # A page that cannot be read is named when it is fetched.
        with suppress(ParseError):
            listing = parse(Page(bytes_of(path), "", ""))
            days.add(
                listing.day or max((each.published.date() for each in listing.papers if each.published), default=None)
            )
    newest = max((each for each in days if each), default=today)
    return newest if today - newest > LOOK_BACK else None


def _clock(start: datetime) -> Callable[[], datetime]:
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


@dataclass
class Demo:
    """One run of the demo."""

    settings: Settings
    clock: Callable[[], datetime]
    files: Sequence[Path]
    keywords: tuple[str, ...]
    chosen: bool
    stack: ExitStack
    listener: socket.socket
    account: Account
    kept: bool
    world: World = field(init=False)

    def run(self, once: bool) -> None:
        """Tell each step as it is done."""
        self.world = build(self.settings, clock=self.clock, allow_loopback=True)
        self.stack.callback(self.world.close)
        self.world.operations.lend()
        pages = self.stack.enter_context(demo_pages.serve(self._pages()))
        server = self.stack.enter_context(WebServer(self.world, self.listener))
        self._collect(pages)
        reader = self._subscribe(server.url)
        self._edition(reader)
        if not once:
            self.account.where(f"{server.url}/mailbox", server.url)
            self._stay()

    def _pages(self) -> dict[str, tuple[str, bytes]]:
        if not self.files:
            return demo_pages.pages(self.clock().date())
        return {
            f"/{number}/{_name(path)}": (_media_type(path), bytes_of(path)) for number, path in enumerate(self.files)
        }

    def _collect(self, base: str) -> None:
        """Poll every page as a source; those of an earlier run are no longer served and are put away first."""
        for old in self.world.operations.sources():
            self.world.operations.remove_source(old.url)
        for path in self._pages():
            with self.account.step(f"fetch {Path(path).name}") as say:
                source = self.world.operations.add_source(base + quote(path), self.clock())
                self.world.operations.wake(self.clock())
                collected = self.world.pipeline.collect(source.id, self.clock())
                if collected.error:
                    raise PaperRoundError(f"{Path(path).name}: {collected.error}")
                papers = "1 paper" if collected.papers == 1 else f"{collected.papers} papers"
                found = f"{papers}, {collected.arrived} new"
                say(found if collected.papers else "not changed since the last run")
            self.world.operations.remove_source(source.url)

    def _subscribe(self, base: str) -> Subscriber | None:
        """Sign the reader up through the pages, once; someone who has left is left in peace."""
        with self.account.step(f"subscribe {READER}") as say:
            known = self.world.subscriptions.find(READER)
            if known is not None and known.state == SubscriberState.LEFT:
                say("has left: not signed up again")
                return None
            if known is None or known.state == SubscriberState.PENDING:
                self._sign_up(base)
                say("signed up and confirmed by the link in the mail")
            else:
                self._change(base, known)
                say(f"subscribes already ({known.state})")
        return self.world.subscriptions.find(READER)

    def _form(self) -> dict[str, object]:
        fields: dict[str, object] = {"keywords": "\n".join(self.keywords), "timezone": SCHEDULE.timezone}
        return fields | {"hour": str(SCHEDULE.hour), "weekdays": [str(n) for n in sorted(SCHEDULE.weekdays)]}

    def _sign_up(self, base: str) -> None:
        _post(f"{base}/subscribe", {"email": READER} | self._form())
        self.world.pipeline.deliver(self.clock())
        token = self._confirmation()
        requests.get(f"{base}/confirm/{token}", timeout=10).raise_for_status()
        _post(f"{base}/confirm/{token}", {})

    def _confirmation(self) -> str:
        """The token of the newest confirmation mail, read from the mailbox as a person would."""
        for summary in self.world.operations.mailbox():
            letter = self.world.operations.mail(summary.name)
            for link in links_of(letter) if letter else ():
                if "/confirm/" in link:
                    return link.rsplit("/", 1)[1]
        raise PaperRoundError("no confirmation mail is in the mailbox; start again with another --data folder")

    def _change(self, base: str, known: Subscriber) -> None:
        """Keywords named on the command line replace the reader's, through the manage page."""
        if not self.chosen or (known.profiles and known.profiles[0].keywords == self.keywords):
            return
        token = self.world.signer.sign(Purpose.MANAGE, known.public_id, self.clock())
        _post(f"{base}/manage/{token}", self._form() | {"max_papers": str(known.max_papers)})

    def _edition(self, reader: Subscriber | None) -> None:
        with self.account.step("compose the digest") as say:
            composed = self.world.pipeline.compose(self.clock())
            say(f"{composed.ready} to send" + (f", {composed.quiet} with nothing new" if composed.quiet else ""))
        with self.account.step("send it") as say:
            delivered = self.world.pipeline.deliver(self.clock())
            say(f"{delivered.sent} sent" + (f" to {self.settings.mailbox_dir}" if self.kept else ""))
        if delivered.sent:
            self.account.letter(self.world.operations.mail(self.world.operations.mailbox()[0].name))
        elif reader is not None:
            self.account.nothing(self.world.subscriptions.next_due(reader))

    def _stay(self) -> None:
        """Go on as a small service: who signs up on the page gets a digest too."""
        try:
            self.account.staying()
            while True:
                now = self.clock()
                self.world.pipeline.compose(now)
                self.world.pipeline.deliver(now)
                time.sleep(1)
        except KeyboardInterrupt:
            self.account.goodbye()


def _post(url: str, form: dict[str, object]) -> None:
    answer = requests.post(url, data=form, timeout=10)
    if not answer.ok:
        raise PaperRoundError(f"the page answered {answer.status_code}: the keywords or the form are not accepted")


def _name(path: Path) -> str:
    """Its name as an address can hold it: with a question mark for what is no text in UTF-8."""
    return path.name.encode(errors="replace").decode()


def _media_type(path: Path) -> str:
    types = {".html": "text/html", ".json": "application/json", ".xml": "application/xml", ".md": "text/markdown"}
    return types.get(path.suffix.lower(), "text/plain")
