"""Every link of five hundred mails of every kind: looking changes nothing, and afterwards each still does its work."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import select

from service.links import Purpose
from service.model import DeliveryKind, Schedule, SubscriberState
from service.operations.alarms import OPENED
from service.store.tables import delivery, metadata
from tests.integration.sites import Site, form, site
from tests.integration.stores import paper
from tests.integration.worlds import DAY, MORNING

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
NOISE = [paper(f"Counting Cats from Above {n}", "Cats are counted.", arxiv_id=f"2611.07{n:03}") for n in range(20)]
TOPIC = "low-rank adaptation"
ONE_CLICK: dict[str, object] = {"List-Unsubscribe": "One-Click"}
# The kinds that no delivery row owns.
BESIDE = {DeliveryKind.ALARM, DeliveryKind.TEST}

# What each link is for, sent as its page would send it, in an order in which none takes the next one's ground away.
USES: dict[Purpose, dict[str, object]] = {
    Purpose.ADDRESS: {},
    Purpose.CONFIRM: {},
    Purpose.OWNER: {"action": "keep"},
    Purpose.EXPORT: {},
    Purpose.MOVE: {"email": "elsewhere@uni.example"},
    Purpose.MANAGE: form("", TOPIC),
    Purpose.PAUSE: {"days": "7"},
    Purpose.UNSUBSCRIBE: ONE_CLICK,
    Purpose.ERASE: {},
}


class Post:
    """Who writes to whom, until there are mails of every kind."""

    def __init__(self, pages: Site, groups: int) -> None:
        self.pages, self.house, self.world, self.groups = pages, pages.house, pages.house.world, groups

    def fill(self) -> None:
        """A week without news for some, with an alarm each day; then a morning with everything there is."""
        self.house.clock.at = MORNING - 8 * DAY
        self.house.arrive(LORA)
        self._enrol("quiet")
        self.house.morning()
        with self.world.store.write() as unit:
            unit.journal.set_flag("relay mx.example", {"opened": OPENED, "why": "550 no"})
        for day in range(7):
            self.house.clock.tomorrow()
            self.house.arrive(*NOISE if not day else ())
            if day in (1, 3, 5, 6):  # The fewest mornings that still count as punctual.
                self.house.morning()
            self.world.alarms.sound(self.house.clock())
        self.house.clock.tomorrow()
        for name in ("reader", "mover", "moved", "leaver"):
            self._enrol(name)
        for number in range(self.groups):
            self._list(f"list{number}-lab@uni.example")
            self.world.subscriptions.subscribe(f"asked{number}@uni.example", TOPIC, Schedule(), self.house.clock())
            self.world.subscriptions.invite(f"invited{number}@uni.example", TOPIC, Schedule(), self.house.clock())
        self.house.morning()
        for number in range(self.groups):
            self._letters(f"{number}@uni.example")
        self.world.pipeline.deliver(self.house.clock())

    def _enrol(self, name: str) -> None:
        for number in range(self.groups):
            self.world.subscriptions.enrol(f"{name}{number}@uni.example", TOPIC, Schedule(), self.house.clock())

    def _list(self, address: str) -> None:
        now = self.house.clock()
        self.world.subscriptions.subscribe(address, TOPIC, Schedule(), now)
        token = self.pages.token(address, Purpose.CONFIRM)
        self.world.owners.name(token, f"owner.{address}", now)
        self.world.subscriptions.confirm(token, now)
        self.world.owners.leave(self.pages.token(address, Purpose.UNSUBSCRIBE), now)

    def _letters(self, ending: str) -> None:
        now, records, token = self.house.clock(), self.world.records, self.pages.token
        self.world.subscriptions.send_manage_link(f"reader{ending}", now)
        for what in (Purpose.EXPORT, Purpose.ERASE, Purpose.MOVE):
            records.ask(token(f"reader{ending}", Purpose.MANAGE), what, now)
        for name in ("mover", "moved"):
            records.propose(token(f"{name}{ending}", Purpose.MOVE), f"new.{name}{ending}", now)
        with self.world.store.read() as unit:
            wanted = unit.mailboxes.proposed(self.pages.reader(f"moved{ending}").id)
        assert wanted is not None
        subject = f"{self.pages.reader(f'moved{ending}').public_id}~{wanted.nonce}"
        self.world.pipeline.deliver(now)
        records.move(self.world.signer.sign(Purpose.ADDRESS, subject, now), now)
        self.world.subscriptions.leave(token(f"leaver{ending}", Purpose.UNSUBSCRIBE), now, by_hand=True)


def letters(pages: Site) -> list[EmailMessage]:
    """Every mail that was sent."""
    folder = pages.house.world.settings.mailbox_dir / "new"
    mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in folder.iterdir()]
    return [mail for mail in mails if isinstance(mail, EmailMessage)]


def links(pages: Site) -> list[str]:
    """Path and query of every link to the service itself, in both parts and the headers of every mail."""
    own, found = urlsplit(pages.house.world.identity.base_url).netloc, set()
    for mail in letters(pages):
        parts = [str(part.get_content()) for part in mail.walk() if not part.is_multipart()]
        for url in re.findall(r"https?://[^\s\"'<>]+", " ".join([*map(str, mail.values()), *parts])):
            split = urlsplit(url.replace("&amp;", "&"))
            if split.netloc == own:
                found.add((split.path or "/") + (f"?{split.query}" if split.query else ""))
    return sorted(found)


def state(pages: Site) -> str:
    """All that is stored, in every table, as one hash."""
    whole = hashlib.sha256()
    with pages.house.world.store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in sorted(map(repr, connection.execute(select(table)).all())):
                whole.update(f"{table.name} {row}".encode())
    return whole.hexdigest()


def looked_at(pages: Site, paths: Iterable[str]) -> dict[tuple[str, str], int]:
    """What GET and HEAD answer."""
    jobs = [(method, path) for path in paths for method in ("GET", "HEAD")]
    with ThreadPoolExecutor(4) as crowd, requests.Session() as session:
        looks = crowd.map(lambda job: session.request(job[0], pages.url + job[1], timeout=60).status_code, jobs)
        return dict(zip(jobs, looks, strict=True))


def visited_with_scripts(pages: Site, paths: Iterable[str]) -> Counter[str]:
    """Open links as a scanner with a browser does, in several tabs, so that their scripts have time; what was asked."""
    from playwright.sync_api import sync_playwright

    from tests import outside

    asked: Counter[str] = Counter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=outside.browser(), args=["--no-sandbox"])
        tabs = [browser.new_page() for _ in range(8)]
        for tab in tabs:
            tab.on("request", lambda request: asked.update([f"{request.method} {request.resource_type}"]))
        for tab, path in zip(cycle(tabs), paths, strict=False):
            tab.goto(pages.url + path, wait_until="load")
        for tab in tabs:
            tab.wait_for_load_state("networkidle")
        browser.close()
    return asked


def used(pages: Site, paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Press the button behind each link; paused and managed is only what runs."""
    paths = list(paths)
    for purpose, body in USES.items():
        for token in (path.split("/")[2] for path in paths if path.startswith(f"/{purpose}/")):
            if purpose in (Purpose.MANAGE, Purpose.PAUSE):
                reader = pages.house.world.subscriptions.reader(token, purpose, pages.house.clock())
                if reader.state not in (SubscriberState.ACTIVE, SubscriberState.PAUSED) or reader.owner:
                    continue
            yield purpose, pages.post(f"/{purpose}/{token}", body).status_code


@pytest.mark.timeout(1800)
def test_looking_at_every_link_of_every_mail_changes_nothing(
    tmp_path: Path, full: bool, figure: Callable[[str], None]
) -> None:
    groups = 28 if full else 1
    with site(tmp_path, operator="ops@papers.example") as pages:
        Post(pages, groups).fill()
        count, paths, before = len(letters(pages)), links(pages), state(pages)
        assert count >= 18 * groups
        assert _kinds(pages) == set(DeliveryKind) - BESIDE
        looks = [looked_at(pages, paths) for _ in range(2)]
        asked = visited_with_scripts(pages, paths * 2) if full else Counter[str]()
        assert state(pages) == before
        assert looks[0] == looks[1]
        good = [path for path in paths if looks[0]["GET", path] == looks[0]["HEAD", path] == 200]
        assert len(paths) - len(good) == groups, "the wishes that came true are the only links that are used up"
        assert set(used(pages, good)) == {(purpose, 303 if purpose == Purpose.MANAGE else 200) for purpose in USES}
        assert state(pages) != before
    if full:
        assert set(asked) == {"GET document", "GET stylesheet", "GET script", "GET other"}
        figure(
            f"{len(paths):,} links of {count} mails: GET and HEAD twice, "
            f"{asked['GET document']:,} visits with scripts, 0 changes of state, all still good"
        )


def _kinds(pages: Site) -> set[str]:
    """The kinds of the mails that were sent."""
    with pages.house.world.store.engine.connect() as connection:
        return set(connection.scalars(select(delivery.c.kind).where(delivery.c.state == "sent")))
