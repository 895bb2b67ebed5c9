"""The mails of a fortnight, composed, stored and rendered as they are sent: to the byte those in `golden/sent`.

`--rewrite-golden` writes them anew; look at what has changed before you keep it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from service.links import Purpose
from service.messages import LARGEST_HTML
from service.model import DeliveryKind, Message, Paper, Schedule
from service.store.deliveries import new_delivery
from service.store.mailboxes import Proposed
from tests import mails
from tests.integration.stores import paper
from tests.integration.worlds import House, house

SENT = Path(__file__).resolve().parents[1] / "golden" / "sent"
ADA, BOB, CEM = "ada@uni.example", "bob@uni.example", "cem@uni.example"
DAILY = Schedule("Europe/Berlin", 8)
WEEKLY = Schedule("Europe/Berlin", 8, frozenset({5}))
SETTINGS = {
    "secret_keys": "golden-mails-are-signed-with-this",
    "suppression_key": "golden-mails-are-kept-with-this",
    "base_url": "https://papers.example.org",
    "contact": "hello@papers.example.org",
    "imprint": "Example Institute, 1 Sample Street, 10115 Berlin",
    "privacy": "https://papers.example.org/privacy",
    "bounce_address": "bounces@papers.example.org",
    "reply_to": "people@papers.example.org",
}


@dataclass
class Fortnight:
    """A house whose random names are made the same each time, and the mails that it has sent."""

    home: House
    sent: dict[str, bytes] = field(default_factory=dict)

    def join(self, email: str, *keywords: str, schedule: Schedule) -> None:
        """Ask to subscribe."""
        self.home.world.subscriptions.subscribe(email, "\n".join(keywords), schedule, self.home.clock())
        self._run("UPDATE subscriber SET public_id = 'reader-' || id")

    def confirm(self, email: str) -> None:
        """Press the button of the confirmation mail."""
        self.home.world.subscriptions.confirm(self.home.token(email, Purpose.CONFIRM), self.home.clock())

    def post(self, *names: str) -> None:
        """Compose and send what is due, and keep each mail under its name."""
        known = {each.name for each in self.home.world.operations.mailbox()}
        self.home.world.pipeline.compose(self.home.clock())
        self._run("UPDATE delivery SET uid = printf('%024d', id)")
        self.home.world.pipeline.deliver(self.home.clock())
        new = [each for each in self.home.world.operations.mailbox() if each.name not in known]
        bodies = [letter.raw for each in new if (letter := self.home.world.operations.mail(each.name)) is not None]
        assert len(bodies) == len(names), [each.subject for each in new]
        self.sent |= dict(zip(names, sorted(bodies, key=_number), strict=True))

    def _run(self, statement: str) -> None:
        with self.home.world.store.engine.begin() as connection:
            connection.execute(text(statement))


def _number(body: bytes) -> bytes:
    """The Message-ID, which is the number of the row here."""
    return body.partition(b"Message-ID: <")[2]


def reading(fortnight: Fortnight) -> None:
    """A reader's first days, one missed."""
    home = fortnight.home
    fortnight.join(ADA, *mails.KEYWORDS, schedule=DAILY)
    fortnight.post("confirm")
    home.arrive(*mails.PAPERS)
    fortnight.confirm(ADA)
    fortnight.post("digest-first")
    home.clock.tomorrow()
    home.arrive(*PAPERS[:2], *ALSO)
    fortnight.post("digest")
    home.clock.tomorrow()
    home.clock.tomorrow()
    home.arrive(*PAPERS[2:])
    fortnight.post("digest-catch-up")


def managing(fortnight: Fortnight) -> None:
    """Links, and another address."""
    home, now = fortnight.home, fortnight.home.clock()
    home.world.subscriptions.send_manage_link(ADA, now)
    home.world.records.ask(home.token(ADA, Purpose.MANAGE), Purpose.EXPORT, now)
    fortnight.post("manage", "fresh")
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    with home.world.store.write() as unit:
        # As the use case does, but for the random name.
        unit.mailboxes.propose(reader.id, Proposed("new.ada@home.example", "new.ada@home.example", "nonce"), now)
        facts = {"to": "new.ada@home.example", "nonce": "nonce"}
        unit.deliveries.add([new_delivery(DeliveryKind.ADDRESS, reader.id, "nonce", now, facts)])
    fortnight.post("address")
    home.world.records.move(home.world.signer.sign(Purpose.ADDRESS, f"{reader.public_id}~nonce", now), now)
    fortnight.post("moved")


def others(fortnight: Fortnight) -> None:
    """One who has no topics, and one who reads once a week."""
    fortnight.join(BOB, schedule=WEEKLY)
    fortnight.join(CEM, "attention", "kernel methods", schedule=WEEKLY)
    fortnight.post("confirm-bob", "confirm-cem")
    fortnight.confirm(BOB)
    fortnight.confirm(CEM)
    fortnight.post("digest-trending", "digest-first-weekly")


def leaving(fortnight: Fortnight) -> None:
    """A quiet week, a weekly digest, and goodbye."""
    home = fortnight.home
    home.arrive(*NEAR)
    while "quiet" not in fortnight.sent:
        home.clock.tomorrow()
        quiet, friday = home.clock().day == 30, home.clock().isoweekday() == 5
        if friday:
            home.arrive(*WEEK)
        fortnight.post(*["digest-trending-weekly", "digest-weekly"] * friday, *["quiet"] * quiet)
    home.world.subscriptions.leave(home.token("new.ada@home.example", Purpose.UNSUBSCRIBE), home.clock(), by_hand=True)
    fortnight.post("goodbye")


PAPERS = [
    paper(
        "Kernel Methods in the Rain", "Kernel methods are tried outdoors. They hold.", arxiv_id="2611.02001", upvotes=7
    ),
    paper("What Okafor Found", "Sparse attention was found.", arxiv_id="2611.02002", authors=("Chidi Okafor",)),
    paper("Sparse Attention, Once More", "We look again.", arxiv_id="2611.02003", stars=12),
]
ALSO = [paper(f"A Popular Study of Towels, Part {n}", arxiv_id=f"2611.0300{n}", upvotes=50 - n) for n in range(4)]
NEAR = [paper("Methods for Kernels of Maize", "They are harvested.", arxiv_id="2611.04001")]
WEEK: list[Paper] = [paper(f"Attention at {n} O'Clock", arxiv_id=f"2611.0500{n}", upvotes=n) for n in range(5)]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    with house(tmp_path_factory.mktemp("fortnight"), **SETTINGS) as home:
        fortnight = Fortnight(home)
        for chapter in (reading, managing, others, leaving):
            chapter(fortnight)
        yield fortnight.sent


def test_each_mail_is_sent_as_it_was_kept(sent: dict[str, bytes], rewrite_golden: bool) -> None:
    if rewrite_golden:
        SENT.mkdir(exist_ok=True)
        for name, body in sent.items():
            (SENT / f"{name}.eml").write_bytes(body)
    kept = {file.stem: file.read_bytes() for file in SENT.glob("*.eml")}
    assert sorted(sent) == sorted(kept)
    assert [name for name in sent if sent[name] != kept[name]] == []


def test_each_mail_stands_alone_and_says_who_sends_it(sent: dict[str, bytes]) -> None:
    read = {name: mails.read(Message("", "", body)) for name, body in sent.items()}
    for name, each in read.items():
        assert each.mail["From"].addresses[0].display_name == "Paper Round", name
        assert each.mail["Reply-To"] == "people@papers.example.org"
        assert each.mail["Auto-Submitted"] == "auto-generated"
        assert each.mail["Feedback-ID"].endswith(":papers.example.org:paperround")
        assert (each.mail["In-Reply-To"], each.mail["References"], each.mail["Thread-Index"]) == (None, None, None)
        edition = name.startswith(("digest", "quiet"))
        assert (each.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click") == edition
        assert (each.mail["List-Id"] is not None) == edition
        assert len(sent[name].partition(b"text/html")[2]) < LARGEST_HTML
    digests = [each.mail for name, each in read.items() if name.startswith("digest") and "ada" in each.mail["To"]]
    assert len({each["Subject"] for each in digests}) == len(digests) > 2, "one subject would make one thread"
    assert len({each.mail["Message-ID"] for each in read.values()}) == len(read)
