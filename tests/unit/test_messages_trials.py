"""Mails of whatever may come: random text, hostile text, every number of papers, both parts beside each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from itertools import islice
from pathlib import Path

import feedparser
from selectolax.lexbor import LexborHTMLParser

from service.messages import LARGEST_HTML, Entry, Feed, bibtex, ris
from service.messages.mime import quoted_printable
from service.messages.visible import clean
from service.model import (
    DeliveryKind,
    Digest,
    Field,
    Fit,
    Hit,
    Identity,
    Links,
    Message,
    Origin,
    Paper,
    Section,
    Selected,
    StoredPaper,
)
from tests import corpus, mails, payloads
from tests.unit.test_messages_hostile import assert_inert

RENDERER = mails.renderer()
HEADERS = {
    "from", "to", "subject", "date", "message-id", "auto-submitted", "list-id", "list-unsubscribe",
    "list-unsubscribe-post", "feedback-id", "mime-version", "content-type",
}  # fmt: skip
LETTERS = [kind for kind in DeliveryKind if kind is not DeliveryKind.DIGEST]
# Sizes of a morning: dense where the mail is full, then ever wider.
SIZES = [*range(26), *range(28, 101, 6), 120, 150, 200, 300, 500, 800, 1200, 2000, 3000, 4000, 5000]


def paper(texts: Iterator[str], number: int, links: Callable[[str], str] = str) -> Paper:
    """A paper in whose every field stands the next text."""
    urls = [links(next(texts)) for _ in range(6)]
    return Paper(
        next(texts),
        next(texts) + " sparse attention. " + next(texts),
        (next(texts), next(texts), next(texts), next(texts)),
        urls[0],
        datetime(2026, 11, 1, tzinfo=UTC) - timedelta(days=number * 40),
        categories=(next(texts), next(texts)),
        upvotes=number,
        stars=number,
        links=Links(*urls[1:]),
        comment=next(texts),
        doi=next(texts),
        arxiv_id=next(texts),
    )


def digest(texts: Iterator[str], draw: random.Random, papers: int = 6, links: Callable[[str], str] = str) -> Digest:
    """A digest that says a text wherever it can say one, with hits anywhere."""
    keywords = tuple(next(texts) for _ in range(4))
    selected = tuple(
        Selected(StoredPaper(number, 1, paper(texts, number, links)), tuple(why(draw, keywords)))
        for number in range(papers)
    )
    return Digest(
        date(2026, 11, 20), keywords, selected, draw.choice((0, 0, 7)), 63, first=draw.random() < 0.3,
        counts=(3, 2, 1, 0), days=7, best=draw.randint(0, papers), weekly=draw.random() < 0.3,
        since=draw.choice((None, date(2026, 11, 18))), timezone=next(texts),
        next_edition=datetime(2026, 11, 21, tzinfo=UTC),
        sections=draw.choice(((), (Section(next(texts), 2), Section(next(texts), papers)))),
        also=(StoredPaper(99, 1, paper(texts, 1, links)),),
        origins=(Origin(next(texts), 41), Origin(next(texts), 0, True)),
        hidden=((next(texts), 2),),
    )  # fmt: skip


def why(draw: random.Random, keywords: Sequence[str]) -> Iterator[Fit]:
    for keyword in draw.sample(keywords, draw.randint(0, 3)):
        yield Fit(keyword, tuple(hit(draw) for _ in range(draw.randint(0, 3))))


def hit(draw: random.Random) -> Hit:
    start, end = sorted((draw.randint(-3, 90), draw.randint(-3, 90)))
    return Hit(draw.choice(list(Field)), start, end, draw.randint(0, 5))


def random_texts(draw: random.Random) -> Iterator[str]:
    while True:
        yield payloads.unicode(draw)


def identity(texts: Iterator[str]) -> Identity:
    own = [next(texts) for _ in range(4)]
    return Identity("N" + own[0], "https://papers.example.org", "digest@papers.example.org", *own[1:])


def assert_well_formed(message: Message) -> mails.Read:
    """Strictly parsed without a defect; 7-bit clean, short lines ended by CRLF; only our own headers, each once."""
    read = mails.read(message)
    body = message.body
    assert body.isascii()
    assert b"\0" not in body
    assert body.count(b"\r\n") == body.count(b"\n") == body.count(b"\r")
    assert max(map(len, body.split(b"\r\n"))) <= 998
    names = [name.lower() for name in read.mail]
    assert len(names) == len(set(names))
    assert set(names) <= HEADERS
    for part in (read.mail, *read.mail.iter_parts()):
        assert isinstance(part, EmailMessage)
        assert not part.defects
        assert not any(set(str(value)) & set("\r\n\x85\u2028\u2029\0") for value in part.values())
    return read


def test_mails_with_any_characters_in_every_field_parse_strictly(full: bool, figure: Callable[[str], None]) -> None:
    rounds, draw = 2000 if full else 30, random.Random(5)
    texts, renderer = random_texts(draw), RENDERER
    for number in range(rounds):
        if number % 20 == 0:  # not each time: a renderer is dear to make
            renderer = mails.renderer(identity(texts))
        if number % 4:
            message = renderer.digest(digest(texts, draw), mails.ENVELOPE)
        else:
            kind = draw.choice(LETTERS)
            message = renderer.letter(kind, mails.ENVELOPE, mails.facts(kind))
        assert_well_formed(message)
    figure(f"strict re-parse: {rounds:,} mails with random Unicode in every field, no defect, no foreign header")


def batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(texts)
    while batch := list(islice(rest, size)):
        yield batch


def assert_harmless(batch: list[str], draw: random.Random) -> None:
    """The texts stand in every field in turn; the mail is sent, holds all its papers, and nothing in it acts."""
    made = digest(chosen(batch, draw), draw, links=lambda text: draw.choice((text, "https://example.org/" + text)))
    message = RENDERER.digest(made, mails.ENVELOPE)
    mail = assert_well_formed(message)
    assert_inert(mail)
    shown = len(mail.titles)
    assert shown == len(made.papers) or len(quoted_printable(mail.html)) > LARGEST_HTML * 0.5
    assert mail.text_links == [link for link in mail.text_links if link.startswith(("https://", "http://"))]
    assert [link for link in mail.text_links if link in mail.html_links] == mail.html_links
    assert mail.text.isprintable() or not any(set(line) & CONTROLS for line in mail.text.splitlines())


CONTROLS = {
    chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x202F))
}


def test_hostile_text_in_every_field_makes_harmless_mails(full: bool, figure: Callable[[str], None]) -> None:
    draw, known = random.Random(6), payloads.payloads()
    tried = known if full else known[::23]
    for text in tried:
        assert_harmless([text], draw)
    count = 50_000 if full else 300
    for batch in batches(payloads.generated(count, 7), 20):
        assert_harmless(batch, draw)
    figure(f"hostile text: {len(tried)} payloads and {count:,} generated, no active content, every mail made")


def test_every_number_of_matches_fits_and_is_counted(full: bool, figure: Callable[[str], None]) -> None:
    sizes, largest, abstract = SIZES if full else (0, 1, 4, 40, 1200), 0, "Sparse attention について。" * 40
    wide = Paper("大規模言語モデル " * 12, abstract, ("山田太郎",) * 5)
    for count in sizes:
        papers = [
            replace(wide, title=f"{number} {wide.title}", url=f"https://example.org/{number}")
            for number in range(count)
        ]
        for most in (10, 100, count):
            mail = mails.read(RENDERER.digest(mails.digest(papers, max_papers=most, read=count), mails.ENVELOPE))
            largest = max(largest, len(quoted_printable(mail.html)))
            hidden = count - len(mail.titles)
            assert len(mail.titles) == min(count, most) or len(mail.titles) >= 15
            assert (f"and {hidden:,} more" in mail.seen) == (f"and {hidden:,} more" in mail.flat_text) == (hidden > 0)
            assert f"{count:,} of {count:,} paper" in mail.seen or not count
            assert mails.ENVELOPE.links.unsubscribe in mail.html_links
            assert mails.ENVELOPE.links.unsubscribe in mail.text_links
    assert largest <= LARGEST_HTML
    figure(f"matches: {len(sizes)} sizes from 0 to {sizes[-1]:,}; the largest HTML part took {largest:,} bytes")


def test_a_title_of_any_length_leaves_room_for_the_way_out() -> None:
    for text in payloads.LONG:
        selected = Selected(StoredPaper(1, 1, Paper(text, text, (text,) * 9, categories=(text,) * 9)))
        mail = mails.read(RENDERER.digest(mails.digest([], (text,))._replace(papers=(selected,) * 50), mails.ENVELOPE))
        assert len(quoted_printable(mail.html)) <= LARGEST_HTML
        assert mails.ENVELOPE.links.unsubscribe in mail.html_links
        assert len(clean(str(mail.mail["Subject"]))) < 200


def test_a_page_of_hostile_papers_holds_nothing_that_acts(full: bool) -> None:
    draw = random.Random(8)
    for batch in batches(payloads.generated(4000 if full else 100, 9), 50):
        made = digest(chosen(batch, draw), draw)
        papers = [each.paper.paper for each in made.papers]
        records = {"bibtex": bibtex(papers), "ris": ris(papers), "bib_link": "t.bib", "ris_link": "t.ris"}
        page = LexborHTMLParser(RENDERER.page(made, records))
        tags = {node.tag for node in page.css("body *")}
        assert not tags & {"script", "img", "iframe", "form", "object", "embed", "link", "svg", "style", "base", "meta"}
        assert not [name for node in page.css("body *") for name in node.attributes if name.startswith("on")]
        for node in page.css("[href]"):
            assert (node.attributes["href"] or "").startswith(("https://", "http://", "t."))


def chosen(batch: list[str], draw: random.Random) -> Iterator[str]:
    while True:
        yield draw.choice(batch)


def test_both_parts_of_real_digests_say_the_same(shared: Path, full: bool, figure: Callable[[str], None]) -> None:
    count, papers, links = 200 if full else 12, 0, 0
    for made in corpus.digests(shared, count, 11):
        mail = assert_well_formed(RENDERER.digest(made, mails.ENVELOPE))
        # A link that stands in an abstract is text in both parts.
        assert [link for link in mail.text_links if link in mail.html_links] == mail.html_links
        text, at = mail.flat_text.replace("*", ""), 0
        for title in mail.titles:
            at = text.index(title.replace("*", ""), at)
        papers, links = papers + len(mail.titles), links + len(mail.html_links)
        words = [word for word in mail.seen.replace("*", "").split() if len(word) > 12 and word.isalpha()]
        assert [word for word in words if word not in text] == []
    figure(f"text part = HTML part: {count} digests of real papers, {papers:,} papers and {links:,} links in one order")


def test_a_feed_of_any_papers_can_be_read(full: bool, figure: Callable[[str], None]) -> None:
    draw, rounds, entries = random.Random(14), 200 if full else 8, 0
    for number in range(rounds):
        texts = random_texts(draw) if number % 2 else payloads.generated(10**6, number)
        made = digest(texts, draw, 10)
        listed = [
            Entry(f"urn:uuid:{number}-{each.paper.id}", each, made.edition, mails.ENVELOPE.date) for each in made.papers
        ]
        feed = Feed("urn:uuid:feed", next(texts), "https://papers.example.org/feed/f", mails.ENVELOPE.date, listed)
        read = feedparser.parse(RENDERER.feed(feed).encode(), response_headers={"content-type": "application/atom+xml"})
        assert not read.bozo, read.bozo_exception
        assert [entry.id for entry in read.entries] == [entry.id for entry in listed]
        assert all(entry.link.startswith(("http://", "https://")) for entry in read.entries)
        bodies = LexborHTMLParser("".join(entry.content[0].value for entry in read.entries))
        assert not bodies.css("script, img, iframe, form, style, svg, object, embed, [onload], [onerror]")
        entries += len(listed)
    figure(f"Atom feeds: {rounds} feeds of any text, {entries:,} entries, no bozo flag")
