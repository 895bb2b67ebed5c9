"""A whole service in a folder, with a clock that tests turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.bootstrap import World, build
from service.keywords import parse
from service.links import Purpose
from service.model import Choice, Paper, Profile, Schedule
from service.settings import load
from tests import databases

DATABASE = "paperround.sqlite3"
MORNING = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)

# The links that speak of any reader alone; the others speak of an address, a digest, a profile or a list too.
_OTHERS = (Purpose.ADDRESS, Purpose.VIEW, Purpose.FEED, Purpose.OWNER)
PLAIN = [purpose for purpose in Purpose if purpose not in _OTHERS]


@dataclass
class Clock:
    """The only clock of a world."""

    at: datetime = MORNING

    def __call__(self) -> datetime:
        return self.at

    def tomorrow(self) -> datetime:
        """Turn to the next morning."""
        self.at = (self.at + DAY).replace(hour=7, minute=0, second=1)
        return self.at


@dataclass
class House:
    """A world and what tests do with it."""

    world: World
    clock: Clock

    def arrive(self, *papers: Paper, source: str = "https://papers.example/daily") -> int:
        """Let papers arrive as a poll of this source would."""
        with self.world.store.write() as unit:
            row = unit.sources.add(source, "feed", self.clock())
            return unit.papers.add(row.id, source, papers, self.clock())

    def join(self, email: str, *keywords: str, schedule: Schedule | None = None) -> str:
        """Subscribe and confirm as a person does; returns the token for managing."""
        schedule = schedule or Schedule()
        self.world.subscriptions.subscribe(email, "\n".join(keywords), schedule, self.clock())
        reader = self.world.subscriptions.find(email)
        assert reader is not None
        self.world.subscriptions.confirm(self.token(email, Purpose.CONFIRM), self.clock())
        return self.token(email, Purpose.MANAGE)

    def people(self, emails: Iterable[str], keyword: str, schedule: Schedule) -> None:
        """Active readers of one keyword whose first digest is due, all in one transaction."""
        profile, now = (Profile((keyword,)), [parse(keyword).canonical]), self.clock()
        with self.world.store.write() as unit:
            for email in emails:
                row = unit.subscribers.add(email.partition("@")[0], email, email, schedule, 10, now)
                unit.subscribers.set_profiles(row, [profile], now)
                unit.subscribers.activate(row, now, now, welcome=True)

    def change(self, token: str, *keywords: str, max_papers: int = 10) -> None:
        """Save these keywords, with the schedule everybody begins with."""
        choice = Choice((Profile(keywords),), Schedule(), max_papers)
        self.world.subscriptions.change(token, choice, self.clock())

    def token(self, email: str, purpose: Purpose) -> str:
        """The token a mail to this reader would carry."""
        reader = self.world.subscriptions.find(email)
        assert reader is not None
        return self.world.signer.sign(purpose, reader.public_id, self.clock())

    def morning(self) -> None:
        """Compose and send what is due."""
        self.world.pipeline.compose(self.clock())
        self.world.pipeline.deliver(self.clock())

    def digests(self, email: str = "") -> list[str]:
        """The text parts of all digests in the mailbox, oldest first."""
        found = []
        for summary in reversed(self.world.operations.mailbox()):
            letter = self.world.operations.mail(summary.name)
            assert letter is not None
            if b"List-Unsubscribe-Post" in letter.raw and email in letter.raw.decode("ascii"):
                found.append(letter.text)
        return found

    def subjects(self, email: str = "") -> list[str]:
        """The subjects of all mails in the mailbox, oldest first."""
        mails = reversed(self.world.operations.mailbox())
        return [each.subject for each in mails if email in each.recipient]

    def titles(self, email: str, among: Sequence[str]) -> list[list[str]]:
        """Which of these titles each digest holds for its reader, oldest digest first; not what else is trending."""
        folded = [re.sub(r"\s+", " ", text.partition("Also trending")[0]) for text in self.digests(email)]
        return [[title for title in among if title in text] for text in folded]


@contextmanager
def house(folder: Path, **options: str) -> Iterator[House]:
    """A fresh service that lives in `folder`."""
    clock = Clock()
    if "database_url" not in options:
        databases.sqlite(folder / DATABASE)
    world = build(load({}, None, data_dir=str(folder), **options), clock=clock)
    world.store.migrate()
    try:
        yield House(world, clock)
    finally:
        world.close()
