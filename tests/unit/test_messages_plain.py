"""What is joined from shared pieces says the same as a mail that was rendered and encoded for one reader alone."""

from __future__ import annotations

import email
import random
from dataclasses import replace
from datetime import date, timedelta
from email import policy
from email.message import EmailMessage

import jinja2
import pytest

from bench import text
from bench.plain_mail import PlainMail
from service.messages import Renderer
from service.model import Digest, Envelope, Paper, ReaderLinks, Section
from tests import mails

RENDERER = mails.renderer()
SEED = 20261121
NAMES = ("Ada Lind", "Bao Tran", "Chidi Okafor", "Dana Ruiz", "Elif Kaya")


def papers(chance: random.Random, count: int) -> list[Paper]:
    """Papers with all that a card may show; every sixth has text that resists."""
    made = text.recombined(text.generated(chance, 60), count, chance)
    odd = ("Ünïcödé & <tags>", "a" * 90, "=_ . From\u2028me", "naïve\u00adly", "שיטות גרעין", "$\\mu$P {\\it so}")
    return [
        replace(
            each,
            title=each.title + " " + odd[number % len(odd)] if number % 6 == 0 else each.title,
            authors=tuple(
                chance.sample(("Ada Lind", "Bao Tran", "Chidi Okafor", "Dana Ruiz", "Elif Kaya"), number % 5)
            ),
            categories=("cs.LG", "stat.ML")[: number % 3],
            links=mails.PAPERS[number % len(mails.PAPERS)].links,
            stars=number % 7,
        )
        for number, each in enumerate(made)
    ]


def digest(stock: list[Paper], chance: random.Random) -> Digest:
    """A digest of any form."""
    chosen = chance.sample(stock, chance.choice((0, 1, 4, 10, 10, 25, 60)))
    words = sorted({word for paper in chosen for word in paper.abstract.split()[:30] if word.isalpha()})
    keywords = (*chance.sample(words, min(3, len(words))), "au:okafor", "-survey")
    cut = chance.randint(0, len(chosen))
    more: dict[str, object] = {
        "more": chance.choice((0, 0, 3, 1200)),
        "trending": chance.random() < 0.15,
        "first": chance.random() < 0.2,
        "since": mails.EDITION - timedelta(days=chance.choice((0, 2, 9))) if chance.random() < 0.3 else None,
        "weekly": chance.random() < 0.2,
        "best": chance.randrange(max(len(chosen), 1)),
        "sections": (Section("One & <two>", cut, 2), Section("Rest", len(chosen) - cut)) if cut else (),
        "per_day": tuple((date(2026, 11, 14 + n), n) for n in range(7)) if chance.random() < 0.2 else (),
        "counts": tuple(range(len(keywords))),
    }
    foot = mails.FOOT if chance.random() < 0.5 else {}
    return mails.digest(chosen, keywords, **{**more, **foot})


def envelope(number: int, chance: random.Random) -> Envelope:
    base, token = "https://papers.example.org", f"{number}=={chance.random()}"
    view = chance.choice(("", f"{base}/v?k={number}&x=1"))
    links = mails.ENVELOPE.links._replace(manage=f"{base}/m/{token}", unsubscribe=f"{base}/u/{token}", view=view)
    recipient, message_id = f"r{number}@example.org", f"{number}@x.example"
    return replace(mails.ENVELOPE, recipient=recipient, message_id=message_id, links=links)


def parsed(body: bytes) -> EmailMessage:
    mail = email.message_from_bytes(body, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def texts(mail: EmailMessage) -> list[str]:
    """Both parts, decoded."""
    return [part.get_content().replace("\r\n", "\n") for part in mail.iter_parts()]


def fields(mail: EmailMessage) -> list[str]:
    """The header fields that both ways write."""
    return [str(mail[name]) for name in ("From", "To", "Subject", "Date", "Message-ID")]


@pytest.fixture(scope="module")
def templates() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(mails.TEMPLATES))


def test_shared_pieces_give_what_rendering_for_one_reader_gives(full: bool, templates: jinja2.Environment) -> None:
    chance = random.Random(SEED)
    stock = papers(chance, 80)
    fast, plain = Renderer(templates, mails.IDENTITY), PlainMail(templates, mails.IDENTITY)
    for number in range(1000 if full else 50):
        one, to = digest(stock, chance), envelope(number, chance)
        joined, whole = parsed(fast.digest(one, to).body), plain.digest(one, to)
        # Where `EmailMessage` folds encoded words it may lose a space, so its fields are compared before it does.
        assert texts(joined) == texts(parsed(whole.as_bytes())), f"digest {number} of {SEED}"
        assert fields(joined) == fields(whole), f"digest {number} of {SEED}"


@pytest.mark.parametrize("longer", range(76))
def test_links_are_whole_wherever_their_lines_break(longer: int) -> None:
    host = "papers." + "x" * longer + "y.example"
    token = "66f0a1b2.reader-1.Zm9v-YmFy_cXV4Zm9vYmFy"
    links = ReaderLinks(**{name: f"https://{host}/{name}/{token}" for name in ("manage", "pause", "unsubscribe")})
    mail = mails.read(RENDERER.digest(mails.digest(), replace(mails.ENVELOPE, links=links)))
    shown = [links.manage, links.pause, links.unsubscribe]
    assert [link for link in mail.html_links if host in link] == shown
    assert [link for link in mail.text_links if host in link] == shown
