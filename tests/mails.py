"""Invented papers and one fixed reader, the renderer over the real templates, and eyes for both parts of a mail."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from service.bootstrap import environment
from service.deliveries.envelope import wire_form
from service.messages import Renderer, near_miss
from service.model import (
    ArrivalKind,
    DeliveryKind,
    Digest,
    Envelope,
    Field,
    Fit,
    Hit,
    Identity,
    Links,
    Message,
    Origin,
    Paper,
    ReaderLinks,
    Section,
    Selected,
    StoredPaper,
)
from tests.servers import Received

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
EDITION = date(2026, 11, 20)
IDENTITY = Identity(
    name="Paper Round",
    base_url="https://papers.example.org",
    mail_from="digest@papers.example.org",
    contact="hello@papers.example.org",
    imprint="Example Institute, 1 Sample Street, 10115 Berlin",
    privacy="https://papers.example.org/privacy",
)
ENVELOPE = Envelope(
    recipient="reader@example.org",
    message_id="5f0c.2026-11-20@papers.example.org",
    date=datetime(2026, 11, 20, 6, 0, tzinfo=UTC),
    links=ReaderLinks(
        confirm="https://papers.example.org/confirm/c0nf1rm",
        manage="https://papers.example.org/manage/m4n4ge",
        pause="https://papers.example.org/pause/p4use",
        unsubscribe="https://papers.example.org/unsubscribe/unsubscr1be",
        view="https://papers.example.org/view/v1ew",
        fresh="https://papers.example.org/export/fr3sh",
    ),
)
ALSO = tuple(
    StoredPaper(number, 1, Paper(title, url=f"https://example.org/also/{number}"))
    for number, title in enumerate(
        ("A Very Popular Model That Nobody Asked For", "Benchmarks Down & Up", "Learning to Fold Towels"),
        90,
    )
)
# What the foot of a digest says when everything is known.
FOOT: dict[str, Any] = {
    "origins": (Origin("arXiv", 22, late=True), Origin("Hugging Face", 41)),
    "hidden": (("-ti:survey", 2),),
    "also": ALSO,
}
SECTIONS = (Section("Attention", 2, 1), Section("Kernels & <co>", 3))
PER_DAY = tuple((date(2026, 11, 14 + n), count) for n, count in enumerate((4, 0, 1, 13, 0, 0, 2)))
KEYWORDS = ("kernel methods", "sparse attention", "au:okafor", "-survey")
PAPERS = (
    Paper(
        title="Sparse Attention Is Enough: Reading Long Scores with a Short Memory",
        abstract="Long inputs are slow to read. Nobody reads all of them, e.g. Fig. 2 shows that most are skimmed. We "
        "propose sparse attention with a memory of fixed size. Training takes one afternoon. On three tasks sparse "
        "attention loses nothing against the dense model, while its cost grows with $O(n \\log n)$ only.",
        authors=("Ada Lind", "Bao Tran", "Chidi Okafor", "Dana Ruiz", "Elif Kaya", "Femi Adeyemi"),
        url="https://huggingface.co/papers/2611.00001",
        published=datetime(2026, 11, 18, tzinfo=UTC),
        categories=("cs.LG", "cs.CL"),
        upvotes=41,
        stars=1310,
        links=Links(
            arxiv="https://arxiv.org/abs/2611.00001",
            pdf="https://arxiv.org/pdf/2611.00001",
            huggingface="https://huggingface.co/papers/2611.00001",
            code="https://github.com/example/sparse",
            project="https://example.org/sparse",
        ),
        arxiv_id="2611.00001",
    ),
    Paper(
        title="Kernel Methods for $\\mu$P: what Poincar\\'e would have asked",
        abstract="Kernel methods are old. They are not done.",
        authors=("Gro Hagen",),
        links=Links(arxiv="https://arxiv.org/abs/2611.00002"),
        kind=ArrivalKind.REPLACE,
    ),
    Paper(
        title="A paper of a capture that came without any link",
        abstract="It says much of kernel methods & little of <tags>.",
    ),
    Paper(
        title="שיטות גרעין לזיכרון ארוך",
        abstract="An old paper on kernel methods, found again.",
        authors=("נועה לוי", "Chidi Okafor"),
        url="https://example.org/papers/4?a=1&b=2",
        published=datetime(2023, 5, 1, tzinfo=UTC),
        kind=ArrivalKind.CROSS,
    ),
    Paper(
        title="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        abstract="One sentence on sparse attention.",
        links=Links(arxiv="javascript:alert(1)", pdf="https://example.org/five.pdf"),
    ),
)


def hits(paper: Paper, words: str) -> tuple[Hit, ...]:
    """Where plain words stand in a paper: a stand-in for the matcher, so that these tests know only their room."""
    fields = [(Field.TITLE, 0, paper.title), (Field.ABSTRACT, 0, paper.abstract)]
    fields += [(Field.AUTHOR, number, name) for number, name in enumerate(paper.authors)]
    pattern = re.compile(re.escape(words.removeprefix("au:")), re.IGNORECASE)
    return tuple(
        Hit(field, found.start(), found.end(), number)
        for field, number, text in fields
        for found in pattern.finditer(text)
    )


def selected(number: int, paper: Paper, keywords: Sequence[str]) -> Selected:
    """A paper with every keyword that stands in it as plain words."""
    found = (Fit(keyword, hits(paper, keyword)) for keyword in keywords)
    return Selected(StoredPaper(number, 1, paper), tuple(fit for fit in found if fit.hits))


def digest(
    papers: Sequence[Paper] = PAPERS, keywords: Sequence[str] = KEYWORDS, max_papers: int = 10, **more: Any
) -> Digest:
    """A digest of these papers in this order; what a test says wins over the defaults."""
    shown = tuple(selected(number, paper, keywords) for number, paper in enumerate(papers[:max_papers], 1))
    usual: dict[str, Any] = {"edition": EDITION, "more": len(papers) - len(shown), "read": 63}
    return Digest(keywords=tuple(keywords), papers=shown, **(usual | more))


def facts(kind: DeliveryKind) -> dict[str, Any]:
    """What a letter of this kind says when everything is known."""
    near = [
        near_miss(StoredPaper(7, 1, PAPERS[0]), hits(PAPERS[0], "sparse"), "form", '"Sparse"', "sparse", ""),
        near_miss(StoredPaper(8, 1, PAPERS[2]), hits(PAPERS[2], "kernel"), "missing", "a AND pruning", "a", "pruning"),
        near_miss(StoredPaper(9, 1, PAPERS[3]), hits(PAPERS[3], "old"), "apart", "old paper", "old AND paper", ""),
    ]
    alarm = {"what": "sources", "lines": ("https://feeds.example.org/new: it did not answer for 30 seconds",)}
    known: dict[DeliveryKind, dict[str, Any]] = {
        DeliveryKind.QUIET: {"read": 214, "near": near},
        DeliveryKind.ALARM: alarm,
        DeliveryKind.MOVED: {"new": "n…@…"},
    }
    return known.get(kind, {})


def renderer(identity: Identity = IDENTITY) -> Renderer:
    """A renderer over the real templates."""
    return Renderer(environment(), identity)


@dataclass(frozen=True)
class Read:
    """A mail as a strict parser and a browser read it."""

    mail: EmailMessage
    text: str
    html: str

    @property
    def flat_text(self) -> str:
        """The text part on one line."""
        return " ".join(self.text.split())

    @property
    def seen(self) -> str:
        """What the HTML part shows, on one line; head and preheader left out."""
        return " ".join(self._body().text().split())

    @property
    def titles(self) -> list[str]:
        """The titles of the cards, in order."""
        return [" ".join(node.text().split()) for node in self._body().css("h2[dir=auto]")]

    @property
    def html_links(self) -> list[str]:
        return [node.attributes["href"] or "" for node in self._body().css("a")]

    @property
    def text_links(self) -> list[str]:
        return re.findall(r"https?://[^\s]+", self.text)

    def _body(self) -> LexborHTMLParser:
        tree = LexborHTMLParser(self.html)
        tree.strip_tags(["head"])
        for hidden in tree.css('div[style^="display:none"]'):
            hidden.decompose()
        return tree


def read(message: Message) -> Read:
    """Parse strictly: any defect raises, and so does a line that a mail server would not take as it is."""
    assert wire_form(message.body) == wire_form(message.body, as_is=True)
    mail = email.message_from_bytes(message.body, policy=email.policy.strict.clone(linesep="\r\n"))
    assert isinstance(mail, EmailMessage)
    text, html = mail.iter_parts()
    return Read(mail, text.get_content(), html.get_content())


def read_received(received: Received) -> Read:
    """The same of what came to a mail server."""
    return read(Message(received.sender, received.recipients[0], received.body))
