"""A frozen delivery row → the message it stands for.

Comes in: claimed rows. Goes out: messages, the same bytes for the same row whenever they are asked for.
Refuses to know: leases, mail servers, the clock: every time in a mail comes from its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import accumulate, compress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from service.keywords import Keyword
from service.links import Purpose, Signer, link, reader_links, view_link
from service.matching import Index
from service.messages import Renderer, near_miss
from service.model import (
    ArrivalKind,
    DeliveryKind,
    Digest,
    Envelope,
    Hit,
    Identity,
    Message,
    Origin,
    Paper,
    ReaderLinks,
    Section,
    Selected,
    StoredPaper,
    Subscriber,
    Why,
)
from service.pipeline.selection import read_keyword
from service.pipeline.window import View, Window
from service.store import Store
from service.store.deliveries import Delivery

# What of a frozen row begins with the number of a paper and the revision of its text.
NAMING = ("papers", "also", "near")
# Mails that carry the links of a running subscription.
LINKED = (DeliveryKind.DIGEST, DeliveryKind.QUIET, DeliveryKind.GOODBYE, DeliveryKind.TEST)

# What a process keeps: a few mornings' papers, where the keywords of many readers stand in them, and which of these
# keywords stand together.
_MOST_TEXTS, _MOST_HITS, _MOST_SELECTED = 20_000, 500_000, 250_000
# What makes a paper of one digest: its id, revision, upvotes and stars, whether it is revised, and its keywords.
Chosen = tuple[Any, ...]


class Kept(NamedTuple):
    """Texts of revisions, which never change; papers as rows froze them; where keywords hit them; all this together."""

    texts: dict[tuple[int, int], Paper]
    papers: dict[tuple[int | None, ...], StoredPaper]
    hits: dict[tuple[int, int, str], tuple[Hit, ...]]
    selected: dict[Chosen, Selected]

    @classmethod
    def nothing(cls) -> Kept:
        """What a process begins with."""
        return cls({}, {}, {}, {})

    @property
    def full(self) -> bool:
        """Whether it has grown past a few mornings."""
        return len(self.texts) > _MOST_TEXTS or len(self.hits) > _MOST_HITS or len(self.selected) > _MOST_SELECTED


class Stock:
    """What one process has read and found for earlier batches.

    Who asks twice gets the very same objects, by which the renderer knows the cards it has printed.
    """

    def __init__(self) -> None:
        self._kept = Kept.nothing()

    def kept(self) -> Kept:
        """What there is, empty again once it is full; a batch holds on to what it was given."""
        if self._kept.full:
            self._kept = Kept.nothing()
        return self._kept


@dataclass(slots=True)
class Desk:
    """Everything one claimed batch needs, read from the store once."""

    store: Store
    window: Window
    renderer: Renderer
    signer: Signer
    identity: Identity
    stock: Stock
    readers: dict[int, Subscriber] = field(default_factory=dict)
    _hidden: set[int] = field(default_factory=set)
    _chosen: dict[int, list[Chosen]] = field(default_factory=dict)
    _kept: Kept = field(init=False)

    def __post_init__(self) -> None:
        self._kept = self.stock.kept()

    def lay_out(self, rows: Sequence[Delivery], now: datetime) -> None:
        """Read the subscribers and the texts these rows name; where keywords hit is found once for all who share it."""
        wanted = {(entry[0], entry[1]) for row in rows for name in NAMING for entry in row.payload.get(name, ())}
        with self.store.read() as unit:
            self.readers = unit.subscribers.some([row.subscriber_id for row in rows])
            self._hidden = unit.papers.hidden(paper_id for paper_id, _ in wanted)
            texts = self._kept.texts
            texts |= unit.papers.at_revision(pair for pair in wanted if pair not in texts)
            self._chosen |= {row.id: _chosen(row.payload) for row in rows}
            with self.window.open(unit, now) as view:
                for row in rows:
                    self._select(row, view)

    def addresses(self, row: Delivery) -> tuple[str, str]:
        """Who a mail comes from and goes to, as its envelope says; nobody where the reader is gone."""
        reader = self.readers.get(row.subscriber_id)
        return self._return_path(row), _recipient(row, reader) if reader else ""

    def _return_path(self, row: Delivery) -> str:
        """Where the mail comes back to: with a signed name of its row, where such mail is read (VERP)."""
        name, _, domain = self.identity.bounce_address.partition("@")
        return f"{name}+{self.signer.stamp(returned(row))}@{domain}" if name else self.identity.mail_from

    def message(self, row: Delivery) -> Message:
        """Render one row. Raises KeyError for a row whose subscriber or papers are gone."""
        if row.kind == DeliveryKind.DIGEST:
            return self.renderer.digest(self.digest(row), self.envelope(row))
        return self.renderer.letter(row.kind, self.envelope(row), self._facts(row))

    def envelope(self, row: Delivery) -> Envelope:
        """Whom a row is for, and the reader's links. Raises KeyError for a reader who is gone."""
        reader = self.readers[row.subscriber_id]
        host = urlsplit(self.identity.base_url).hostname or "localhost"
        return Envelope(_recipient(row, reader), f"{row.uid}@{host}", row.composed_at, self._links(row, reader))

    def _links(self, row: Delivery, reader: Subscriber) -> ReaderLinks:
        """The links that a mail may show, and no others."""
        signer, base_url, issued = self.signer, self.identity.base_url, row.composed_at
        if row.kind == DeliveryKind.CONFIRM:
            return ReaderLinks(confirm=link(signer, base_url, Purpose.CONFIRM, reader.public_id, issued))
        if row.kind == DeliveryKind.MANAGE:
            return ReaderLinks(manage=link(signer, base_url, Purpose.MANAGE, reader.public_id, issued))
        if row.kind in (DeliveryKind.FRESH, DeliveryKind.ADDRESS, DeliveryKind.OWNER):
            return ReaderLinks(fresh=self._fresh(row, reader))
        if row.kind not in LINKED:
            return ReaderLinks()
        is_digest = row.kind == DeliveryKind.DIGEST
        view = view_link(signer, base_url, row.id, row.uid, issued) if is_digest else ""
        links = reader_links(signer, base_url, reader.public_id, issued, view)
        # What everybody on a list gets must not let anyone of them decide for all: that page mails the owner.
        return replace(links, manage=f"{base_url}/manage", pause="") if reader.owner else links

    def _fresh(self, row: Delivery, reader: Subscriber) -> str:
        """The link for the one thing that was asked for; one to a new address holds for this very address alone."""
        if row.kind == DeliveryKind.ADDRESS:
            purpose, subject = Purpose.ADDRESS, f"{reader.public_id}~{row.payload['nonce']}"
        elif row.kind == DeliveryKind.OWNER:
            purpose, subject = Purpose.OWNER, reader.public_id
        else:
            purpose, subject = Purpose(row.payload["what"]), reader.public_id
        return link(self.signer, self.identity.base_url, purpose, subject, row.composed_at)

    def _facts(self, row: Delivery) -> Mapping[str, object]:
        """What a letter says; a quiet note shows its near misses with the places that the change would have found."""
        if row.kind != DeliveryKind.QUIET:
            return row.payload
        near = [
            near_miss(self._stored(*pair), self._kept.hits[*pair, instead], change, keyword, instead, lacking)
            for *pair, change, keyword, instead, lacking in row.payload.get("near", ())
            if self._is_known(*pair)
        ]
        return row.payload | {"near": near}

    def digest(self, row: Delivery) -> Digest:
        """The digest a row was frozen to; papers that are hidden by now are left out."""
        frozen, selected = row.payload, self._kept.selected
        # A paper that was hidden since, or merged into a hidden one, has no text here.
        known = [self._is_known(chosen[0], chosen[1]) for chosen in self._chosen[row.id]]
        since = frozen.get("since")
        return Digest(
            edition=date.fromisoformat(frozen["edition"]),
            keywords=tuple(frozen["keywords"]),
            papers=tuple(selected[chosen] for chosen in compress(self._chosen[row.id], known)),
            more=frozen["more"],
            read=frozen["read"],
            days=frozen.get("days", 0),
            trending=frozen["trending"],
            first=frozen["first"],
            next_edition=datetime.fromisoformat(frozen["next"]),
            timezone=frozen["timezone"],
            language=frozen["language"],
            counts=tuple(frozen["counts"]),
            best=_best(known, frozen.get("best", 0)),
            since=date.fromisoformat(since) if since else None,
            weekly=frozen.get("weekly", False),
            sections=_sections(known, frozen.get("sections", ())),
            per_day=tuple((date.fromisoformat(day), count) for day, count in frozen.get("per_day", ())),
            also=tuple(self._stored(*pair) for pair in frozen.get("also", ()) if self._is_known(*pair)),
            origins=tuple(Origin(*each) for each in frozen.get("origins", ())),
            hidden=tuple((text, count) for text, count in frozen.get("hidden", ())),
        )

    def emptied(self, row: Delivery) -> bool:
        """Whether a digest had papers when it was frozen, and shows none of them any more."""
        frozen = row.payload.get("papers") if row.kind == DeliveryKind.DIGEST else ()
        return bool(frozen) and not any(self._is_known(entry[0], entry[1]) for entry in frozen or ())

    def _is_known(self, paper_id: int, revision: int) -> bool:
        return paper_id not in self._hidden and (paper_id, revision) in self._kept.texts

    def _stored(
        self,
        paper_id: int,
        revision: int,
        upvotes: int | None = None,
        stars: int | None = None,
        revised: bool = False,
    ) -> StoredPaper:
        """The paper as it stood when the row was frozen."""
        papers, key = self._kept.papers, (paper_id, revision, upvotes, stars, revised)
        if key not in papers:
            paper = replace(self._kept.texts[paper_id, revision], upvotes=upvotes, stars=stars)
            paper = replace(paper, kind=ArrivalKind.REPLACE) if revised else paper
            papers[key] = StoredPaper(paper_id, revision, paper)
        return papers[key]

    def _select(self, row: Delivery, view: View) -> None:
        """Find what of a row nobody before had alike."""
        selected = self._kept.selected
        for chosen in self._chosen[row.id]:
            if chosen not in selected and chosen[:2] in self._kept.texts:
                paper_id, revision, *_ = chosen
                why = tuple(Why(text, self._hits(view, paper_id, revision, text)) for text in chosen[5:])
                selected[chosen] = Selected(self._stored(*chosen[:5]), why)
        for paper_id, revision, _, _, instead, _ in row.payload.get("near", ()):
            if (paper_id, revision) in self._kept.texts:
                self._hits(view, paper_id, revision, instead)

    def _hits(self, view: View, paper_id: int, revision: int, text: str) -> tuple[Hit, ...]:
        hits, place = self._kept.hits, (paper_id, revision, text)
        if place not in hits:
            keyword = read_keyword(text)
            hits[place] = self._where(view, paper_id, revision, keyword) if keyword else ()
        return hits[place]

    def _where(self, view: View, paper_id: int, revision: int, keyword: Keyword) -> tuple[Hit, ...]:
        """Ask the shared index where it holds this very text, else one made for this paper alone."""
        at = view.position.get(paper_id)
        if at is not None and view.papers[at].revision == revision:
            return view.hits(keyword, at)
        return Index((self._kept.texts[paper_id, revision],)).hits(keyword, 0)


def _chosen(frozen: Mapping[str, Any]) -> list[Chosen]:
    """The papers of a frozen row."""
    keywords, revised = frozen.get("keywords", ()), frozen.get("revised", ())
    return [
        (paper_id, revision, upvotes, stars, place in revised, *[keywords[number] for number in positions])
        for place, (paper_id, revision, upvotes, stars, positions) in enumerate(frozen.get("papers", ()))
    ]


def returned(row: Delivery) -> str:
    """What an envelope calls its row; a database that was restored may give a number again, so its name stands by."""
    return f"{row.id:x}.{row.uid[:6]}"


def _recipient(row: Delivery, reader: Subscriber) -> str:
    """A mail about an address may go to another one than the reader's, and the keys of a list go to its owner."""
    keys = reader.owner if row.kind in (DeliveryKind.MANAGE, DeliveryKind.FRESH) else ""
    return str(row.payload.get("to") or keys or reader.email)


def _best(known: Sequence[bool], best: int) -> int:
    """The place of the best paper among those that are left; the first, where it is gone itself."""
    return sum(known[:best]) if best < len(known) and known[best] else 0


def _sections(known: Sequence[bool], frozen: Sequence[tuple[str, int, int]]) -> tuple[Section, ...]:
    """The sections without the papers that are gone."""
    ends = accumulate(papers for _, papers, _ in frozen)
    return tuple(
        Section(name, sum(known[end - papers : end]), full)
        for (name, papers, full), end in zip(frozen, ends, strict=True)
    )
