"""A frozen delivery row → the message it stands for.

Comes in: claimed rows. Goes out: messages, the same bytes for the same row whenever they are asked for.
Refuses to know: leases, mail servers, the clock: every time in a mail comes from its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate, chain, groupby
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

from service.links import Purpose, Signer, link, reader_links, view_link
from service.messages import Renderer, near_miss
from service.model import (
    Addressee,
    DeliveryKind,
    Digest,
    Envelope,
    Identity,
    Message,
    Origin,
    ReaderLinks,
    Section,
    Selected,
)
from service.pipeline.stock import Chosen, Kept, Stock, chosen
from service.pipeline.window import View, Window
from service.store import Store
from service.store.deliveries import Delivery

# What of a frozen row begins with the number of a paper and the revision of its text.
NAMING = ("papers", "also", "near")
_PAIR = itemgetter(0, 1)
# Mails that carry the links of a running subscription.
LINKED = (DeliveryKind.DIGEST, DeliveryKind.QUIET, DeliveryKind.GOODBYE, DeliveryKind.TEST)
# Mails with a link for the one thing that was asked for.
ASKED = (DeliveryKind.FRESH, DeliveryKind.ADDRESS, DeliveryKind.OWNER)

# Readers share a few sources, and the days and hours of a morning.
_origin = lru_cache(maxsize=1024)(Origin)
_date = lru_cache(maxsize=1024)(date.fromisoformat)
_datetime = lru_cache(maxsize=1024)(datetime.fromisoformat)


@dataclass(slots=True)
class Desk:
    """Everything one claimed batch needs, read from the store once."""

    store: Store
    window: Window
    renderer: Renderer
    signer: Signer
    identity: Identity
    stock: Stock
    readers: dict[int, Addressee] = field(default_factory=dict)
    # By row: its papers, None in place of those that are gone; and what a quiet note shows.
    _papers: dict[int, list[Selected | None]] = field(default_factory=dict)
    _near: dict[int, list[Any]] = field(default_factory=dict)
    _hidden: set[int] = field(default_factory=set)
    _kept: Kept = field(init=False)

    def __post_init__(self) -> None:
        self._kept = self.stock.kept()

    def lay_out(self, rows: Sequence[Delivery], now: datetime) -> None:
        """Read the subscribers and the texts these rows name; where keywords hit is found once for all who share it."""
        named = (row.payload[name] for row in rows for name in NAMING if name in row.payload)
        wanted = set(chain.from_iterable(map(_PAIR, entries) for entries in named))
        texts = self._kept.texts
        with self.store.read() as unit:
            self.readers = unit.subscribers.addressees({row.subscriber_id for row in rows})
            texts |= unit.papers.at_revision(pair for pair in wanted if pair not in texts)
            with self.window.open(unit, now) as view:
                # What is in the window is not hidden.
                self._hidden = unit.papers.hidden({number for number, _ in wanted if number not in view.position})
                for row in rows:
                    self._papers[row.id] = self._selected(chosen(row.payload), view)
                    if row.kind == DeliveryKind.QUIET:
                        self._near[row.id] = [self._missed(each, view) for each in self._known(row, "near")]

    def addresses(self, row: Delivery) -> tuple[str, str]:
        """Who a mail comes from and goes to, as its envelope says; nobody where the reader is gone."""
        reader = self.readers.get(row.subscriber_id)
        return self._return_path(row), row.recipient(reader) if reader else ""

    def _return_path(self, row: Delivery) -> str:
        """Where the mail comes back to: with a signed name of its row, where such mail is read (VERP)."""
        name, _, domain = self.identity.bounce_address.partition("@")
        return f"{name}+{self.signer.stamp(returned(row))}@{domain}" if name else self.identity.mail_from

    def message(self, row: Delivery) -> Message:
        """Render one row. Raises KeyError for a row whose subscriber or papers are gone."""
        if row.kind == DeliveryKind.DIGEST:
            return self.renderer.digest(self.digest(row), self.envelope(row))
        return self.renderer.letter(row.kind, self.envelope(row), self._facts(row))

    def messages(self, rows: Sequence[Delivery]) -> list[Message]:
        """Render several, digests together (`Renderer.digests`). Raises KeyError where one has lost its papers."""
        digests = [row for row in rows if row.kind == DeliveryKind.DIGEST]
        papers, envelopes = [self.digest(row) for row in digests], [self.envelope(row) for row in digests]
        made = iter(self.renderer.digests(list(zip(papers, envelopes, strict=True))))
        return [next(made) if row.kind == DeliveryKind.DIGEST else self.message(row) for row in rows]

    def envelope(self, row: Delivery) -> Envelope:
        """Whom a row is for, and the reader's links. Raises KeyError for a reader who is gone."""
        reader = self.readers[row.subscriber_id]
        message_id = f"{row.uid}@{_host(self.identity.base_url)}"
        return Envelope(row.recipient(reader), message_id, row.composed_at, self._links(row, reader))

    def _links(self, row: Delivery, reader: Addressee) -> ReaderLinks:
        """The links that a mail may show, and no others."""
        signer, base_url, issued = self.signer, self.identity.base_url, row.composed_at
        if row.kind in LINKED:
            view = view_link(signer, base_url, row.id, row.uid, issued) if row.kind == DeliveryKind.DIGEST else ""
            links = reader_links(signer, base_url, reader.public_id, issued, view)
            # What everybody on a list gets must not let anyone of them decide for all: that page mails the owner.
            return links._replace(manage=f"{base_url}/manage", pause="") if reader.owner else links
        if row.kind == DeliveryKind.CONFIRM:
            return ReaderLinks(confirm=link(signer, base_url, Purpose.CONFIRM, reader.public_id, issued))
        if row.kind == DeliveryKind.MANAGE:
            return ReaderLinks(manage=link(signer, base_url, Purpose.MANAGE, reader.public_id, issued))
        return ReaderLinks(fresh=self._fresh(row, reader)) if row.kind in ASKED else ReaderLinks()

    def _fresh(self, row: Delivery, reader: Addressee) -> str:
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
        return row.payload | {"near": [near_miss(*each) for each in self._near[row.id]]}

    def digest(self, row: Delivery) -> Digest:
        """The digest a row was frozen to; papers that are hidden by now are left out."""
        frozen, papers = row.payload, self._papers[row.id]
        since = frozen.get("since")
        return Digest(
            edition=_date(frozen["edition"]),
            keywords=tuple(frozen["keywords"]),
            papers=tuple([each for each in papers if each]),
            more=frozen["more"],
            read=frozen["read"],
            days=frozen.get("days", 0),
            trending=frozen["trending"],
            first=frozen["first"],
            next_edition=_datetime(frozen["next"]),
            timezone=frozen["timezone"],
            counts=tuple(frozen["counts"]),
            best=_best(papers, frozen.get("best", 0)),
            since=_date(since) if since else None,
            weekly=frozen.get("weekly", False),
            sections=_sections(papers, frozen.get("sections", ())),
            per_day=tuple([(_date(day), count) for day, count in frozen.get("per_day", ())]),
            also=tuple([self._kept.stored(*pair) for pair in self._known(row, "also")]),
            origins=tuple([_origin(*each) for each in frozen.get("origins", ())]),
            hidden=tuple([(text, count) for text, count in frozen.get("hidden", ())]),
        )

    def emptied(self, row: Delivery) -> bool:
        """Whether a digest had papers when it was frozen, and shows none of them any more."""
        papers = self._papers[row.id]
        return row.kind == DeliveryKind.DIGEST and bool(papers) and not any(papers)

    def _known(self, row: Delivery, name: str) -> list[list[Any]]:
        """What a row names but for what was hidden since, or merged into a hidden one, or has no text here."""
        return [each for each in row.payload.get(name, ()) if self._is_known(each[0], each[1])]

    def _is_known(self, paper_id: int, revision: int) -> bool:
        return paper_id not in self._hidden and (paper_id, revision) in self._kept.texts

    def _selected(self, papers: Sequence[Chosen], view: View) -> list[Selected | None]:
        found, hidden = self._kept.selected(papers, view), self._hidden
        return [None if each and each.paper.id in hidden else each for each in found] if hidden else found

    def _missed(self, frozen: Sequence[Any], view: View) -> tuple[Any, ...]:
        """What is shown of a near miss, with the places that the change would have found."""
        paper_id, revision, change, keyword, instead, lacking = frozen
        hits = self._kept.hits(view, paper_id, revision, instead)
        return self._kept.stored(paper_id, revision), hits, change, keyword, instead, lacking


def rendered(asked: Sequence[tuple[Delivery, Desk]]) -> list[Message | None]:
    """Render rows, those of a desk together; nothing where one of these fails, so that each may be tried by itself."""
    made: list[Message | None] = []
    for _, run in groupby(asked, key=lambda each: id(each[1])):
        few = list(run)
        messages: Sequence[Message | None] = [None] * len(few)
        with suppress(Exception):
            messages = few[0][1].messages([row for row, _ in few])
        made += messages
    return made


@lru_cache(maxsize=8)
def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or "localhost"


def returned(row: Delivery) -> str:
    """What an envelope calls its row; a database that was restored may give a number again, so its name stands by."""
    return f"{row.id:x}.{row.uid[:6]}"


def _best(papers: Sequence[Selected | None], best: int) -> int:
    """The place of the best paper among those that are left; the first, where it is gone itself."""
    return sum(map(bool, papers[:best])) if best < len(papers) and papers[best] else 0


def _sections(papers: Sequence[Selected | None], frozen: Sequence[tuple[str, int, int]]) -> tuple[Section, ...]:
    """The sections without the papers that are gone."""
    if not frozen:
        return ()
    ends = accumulate(count for _, count, _ in frozen)
    return tuple(
        [
            Section(name, sum(map(bool, papers[end - count : end])), full)
            for (name, count, full), end in zip(frozen, ends, strict=True)
        ]
    )
