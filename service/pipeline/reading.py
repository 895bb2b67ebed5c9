"""Other ways to read what was mailed: one digest as a page, a reader's past digests, an Atom feed.

Comes in: links, readers, the time. Goes out: pages and feeds as text, each with the time it was last new.
Refuses to know: HTTP. All of it is made of the rows the mails were made of, and none of it can change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import islice
from uuid import NAMESPACE_OID, uuid5

from service.errors import LinkError
from service.links import Purpose, Signer, feed_link, view_link, viewed
from service.matching import Index
from service.messages import Entry, Feed, bibtex, clean, ris
from service.model import RUNNING, Digest, Identity, Paper, Profile, Section, StoredPaper, Subscriber
from service.pipeline.frozen import named
from service.pipeline.rendering import Desk
from service.pipeline.selection import read_keyword
from service.store import Store, Unit
from service.store.deliveries import Delivery
from service.store.shelf import Kept
from service.tex import readable

# So many papers a page, a feed or a list shows; beyond that nobody reads.
MOST_SHOWN = 1000
FED, FILED = timedelta(days=31), timedelta(days=400)
_NO_PROFILES = (Profile(),)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Form(StrEnum):
    """What a digest may be read as."""

    PAGE = "page"
    BIBTEX = "bib"
    RIS = "ris"


@dataclass(frozen=True, slots=True)
class Copy:
    """One digest to be read by whoever has its link; `render` makes it a page, or a list for a reference manager.

    Equal stamps, equal content: whoever asks again is answered before anything is rendered.
    """

    edition: date
    composed_at: datetime
    stamp: str
    render: Callable[[Form], str]


@dataclass(frozen=True, slots=True)
class Issue:
    """A past digest in a list: its day, how many papers it had, the first title, and the link that shows it."""

    edition: date
    papers: int
    title: str
    link: str
    composed_at: datetime

    @property
    def month(self) -> str:
        """The month of its day, as YYYY-MM."""
        return f"{self.edition:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Fed:
    """A feed before it is rendered; equal stamps, equal content."""

    stamp: str
    render: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The use cases of reading again."""

    store: Store
    open_desk: Callable[[], Desk]
    signer: Signer
    identity: Identity

    def copy(self, token: str, now: datetime) -> Copy:
        """The digest a link shows. Raises LinkError, also where the digest is no longer kept."""
        row, _, uid = self.signer.verify(Purpose.VIEW, token, now).partition("~")
        with self.store.read() as unit:
            kept = unit.shelf.digest(int(row)) if row.isascii() and row.isdigit() else None
            if kept is None or not uid or viewed(kept.delivery.id, kept.delivery.uid) != f"{row}~{uid}":
                raise LinkError("This digest is no longer kept.")
            hidden = unit.papers.hidden(kept.papers)
        edition, composed = date.fromisoformat(kept.delivery.payload["edition"]), kept.delivery.composed_at
        stamp = repr((self.identity, token, sorted(hidden)))
        return Copy(edition, composed, stamp, partial(self._copied, kept, token, now))

    def _copied(self, kept: Kept, token: str, now: datetime, form: Form) -> str:
        with self.store.read() as unit:
            whole = _whole(unit, kept)
        desk = self._desk([whole], now)
        digest = _shared(desk.digest(whole))
        papers = [each.paper.paper for each in digest.papers]
        if form is not Form.PAGE:
            return bibtex(papers) if form is Form.BIBTEX else ris(papers)
        links = {"bib_link": f"{token}.{Form.BIBTEX}", "ris_link": f"{token}.{Form.RIS}"}
        return desk.renderer.page(digest, {"bibtex": bibtex(papers), "ris": ris(papers), **links})

    def archive(self, reader: Subscriber, now: datetime) -> tuple[Issue, ...]:
        """A reader's past digests, newest first."""
        with self.store.read() as unit:
            kept = unit.shelf.digests(reader.id, now - FILED, MOST_SHOWN)
            first = {(entry[0], entry[1]) for each in kept for entry in each.delivery.payload["papers"][:1]}
            hidden = unit.papers.hidden(paper_id for paper_id, _ in first)
            texts = unit.papers.at_revision(pair for pair in first if pair[0] not in hidden)
        return tuple(self._issue(each, texts) for each in kept)

    def feeds(self, reader: Subscriber) -> tuple[tuple[str, str], ...]:
        """The name and the feed's address of each profile of a reader."""
        with self.store.read() as unit:
            word = unit.shelf.feed_word(reader.id)
        return self._addresses(reader, word)

    def _addresses(self, reader: Subscriber, word: str) -> tuple[tuple[str, str], ...]:
        base, profiles = self.identity.base_url, _profiles(reader)
        return tuple(
            (
                named(profile) if len(profiles) > 1 else profile.name,
                feed_link(self.signer, base, reader.public_id, place, word),
            )
            for place, profile in enumerate(profiles)
        )

    def feed(self, token: str, now: datetime) -> Fed:
        """The Atom feed of a profile. Raises LinkError, also where there is none now."""
        public_id, number, word = (*self.signer.verify(Purpose.FEED, token, now).split("~"), "")[:3]
        with self.store.read() as unit:
            reader = unit.subscribers.by_public_id(public_id)
            position = int(number) if number.isascii() and number.isdigit() else MOST_SHOWN
            if reader is None or reader.state not in RUNNING or position >= len(_profiles(reader)):
                raise LinkError("This feed is no longer kept.")
            if unit.shelf.feed_word(reader.id) != word:
                raise LinkError("This feed has got another address.")
            kept = unit.shelf.digests(reader.id, now - FED, MOST_SHOWN)
            hidden = unit.papers.hidden(paper_id for each in kept for paper_id in each.papers)
        uids = [each.delivery.uid for each in kept]
        updated = max((each.delivery.composed_at for each in kept), default=_NEVER)
        name, address = self._addresses(reader, word)[position]
        stamp = repr((self.identity, name, address, reader.profiles, uids, sorted(hidden)))
        empty = Feed(_name(reader, f"feed/{position}"), name, address, updated, ())
        return Fed(stamp, partial(self._fed, kept, reader, position, empty, now))

    def _fed(self, kept: Sequence[Kept], reader: Subscriber, position: int, empty: Feed, now: datetime) -> str:
        with self.store.read() as unit:
            rows = [_whole(unit, each) for each in kept]
        desk = self._desk(rows, now)
        entries = islice(_entries(desk, rows, reader, position), MOST_SHOWN)
        return desk.renderer.feed(replace(empty, entries=tuple(entries)))

    def _desk(self, rows: Sequence[Delivery], now: datetime) -> Desk:
        desk = self.open_desk()
        desk.lay_out(rows, now)
        return desk

    def _issue(self, kept: Kept, texts: Mapping[tuple[int, int], Paper]) -> Issue:
        row = kept.delivery
        shown = [texts[entry[0], entry[1]] for entry in row.payload["papers"][:1] if (entry[0], entry[1]) in texts]
        title = clean(readable(shown[0].title)) if shown else ""
        link = view_link(self.signer, self.identity.base_url, row.id, row.uid, row.composed_at)
        return Issue(date.fromisoformat(row.payload["edition"]), len(kept.papers), title, link, row.composed_at)


def _profiles(reader: Subscriber) -> tuple[Profile, ...]:
    return reader.profiles or _NO_PROFILES


def _whole(unit: Unit, kept: Kept) -> Delivery:
    """The row with the papers that its mail only counted, in their present text."""
    frozen, shown = kept.delivery.payload, {entry[0] for entry in kept.delivery.payload["papers"]}
    rest = [paper_id for paper_id in kept.papers if paper_id not in shown][: MOST_SHOWN - len(shown)]
    texts = unit.papers.get(rest)
    papers = [texts[paper_id] for paper_id in rest if paper_id in texts]
    if not papers:
        return kept.delivery
    more = [_entry(paper, keywords) for paper, keywords in zip(papers, _found(papers, frozen["keywords"]), strict=True)]
    payload = frozen | {"papers": [*frozen["papers"], *more], "more": max(frozen["more"] - len(more), 0)}
    return replace(kept.delivery, payload=payload)


def _found(papers: Sequence[StoredPaper], texts: Sequence[str]) -> list[list[int]]:
    """The positions of the keywords that fit each paper."""
    index = Index([each.paper for each in papers])
    keywords = [read_keyword(text) for text in texts]
    found = [set(index.find(keyword).papers.tolist()) if keyword else set() for keyword in keywords]
    return [[number for number, positions in enumerate(found) if at in positions] for at in range(len(papers))]


def _entry(stored: StoredPaper, keywords: list[int]) -> list[object]:
    return [stored.id, stored.revision, stored.paper.upvotes, stored.paper.stars, keywords]


def _shared(digest: Digest) -> Digest:
    """The digest without its reader's own plans; what the mail only counted stands behind its sections."""
    behind = len(digest.papers) - sum(section.papers for section in digest.sections)
    # Without a name of their own they would be taken for papers of the last profile.
    sections = (
        (*digest.sections, Section("More papers", behind, 0)) if digest.sections and behind > 0 else digest.sections
    )
    return digest._replace(next_edition=None, sections=sections)


def _entries(desk: Desk, rows: Sequence[Delivery], reader: Subscriber, position: int) -> Iterator[Entry]:
    """Each paper once, newest digest first; one that no profile looks for any more stands in every feed."""
    own = set(_profiles(reader)[position].keywords)
    known = {keyword for profile in reader.profiles for keyword in profile.keywords}
    seen: set[int] = set()
    for row in rows:
        digest = desk.digest(row)
        for selected in digest.papers:
            words = {each.keyword for each in selected.why} & known
            if selected.paper.id not in seen and (not words or words & own):
                seen.add(selected.paper.id)
                number = _name(reader, f"paper/{selected.paper.id}")
                yield Entry(number, selected, digest.edition, row.composed_at)


def _name(reader: Subscriber, what: str) -> str:
    """A name that is never another thing's, and stays when the service moves to another address (RFC 9562)."""
    return uuid5(NAMESPACE_OID, f"{reader.public_id}/{what}").urn
