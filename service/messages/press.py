"""A digest → its subject and its two parts, in lines that the readers of a morning share.

Comes in: a Digest and its reader's links. Goes out: the encoded lines of its text part and its HTML part. Refuses to
know: addresses, headers, stores. Every word stands in the templates; here is what is made once for all and what is not.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, cast

from jinja2 import Environment
from markupsafe import escape

from service.messages import layout
from service.messages.card_press import HTML, TEXT, CardPress, PrintedCard
from service.messages.frames import BLANK_LINE, Frame, Memo, decoded, encoded, mark
from service.messages.layout import Place
from service.messages.mime import quoted_printable
from service.messages.typesetting import breakable, hang, settled
from service.messages.visible import clean, shorten, web_link
from service.model import Digest, Identity, Origin, ReaderLinks, Selected

# Gmail clips a mail above about 102 KB; with room for what relays add, the encoded HTML part stays below this.
LARGEST_HTML = 80_000
# Two digits number them all, in the four columns that a card of the text part leaves free.
_MOST_CARDS, _ROOM = 99, 4
_MOST_COUNTS = 20
_MOST_ALSO, _MOST_HIDDEN, _MOST_ORIGINS, _LONGEST_NAME, _LONGEST_PREHEADER = 3, 5, 6, 60, 140
# What begins with a dash keeps papers away: it found none, and the welcome does not count it.
_DASHES = tuple("-‐‑‒–—−")
_KEPT_LINES = 8192
# Where a reader's link will stand in lines that are kept; no host has such a name (RFC 6761).
_SLOT = "https://{}.slot.invalid/"
_LINKS = tuple(each.name for each in fields(ReaderLinks))
_TOLD = ("headline", "opening", "counted", "per_day", "reading")
Places = dict[str, Sequence[bytes]]


class Printed(NamedTuple):
    """A digest before it is addressed: its subject as one line, and the lines of both parts."""

    subject: str
    text: Sequence[bytes]
    html: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class _Edition:
    """One reader's digest as far as it is shown: its papers, and of how many they are."""

    digest: Digest
    papers: Sequence[PrintedCard]
    total: int
    weeks: tuple[int, ...]
    links: Mapping[str, str]

    @property
    def more(self) -> int:
        """How many papers are only counted."""
        return 0 if self.digest.trending else self.total - len(self.papers)

    def ahead(self) -> tuple[PrintedCard, ...]:
        """The papers with the best one first."""
        return layout.ahead(self.papers, self.digest.best)

    def preheader(self) -> str:
        """What inboxes show behind the subject: the titles that it does not name."""
        ahead = [each.card for each in self.ahead()[:3]]
        others = ahead[:2] if self.digest.first else ahead[1:]
        said = " · ".join(each.title.text for each in others) if others else ahead[0].sentence.text if ahead else ""
        return shorten(said, _LONGEST_PREHEADER)


class Press:
    """Prints the digests of one installation; what it keeps makes it fast, so make one and keep it."""

    def __init__(self, templates: Environment, identity: Identity) -> None:
        self._templates, self._identity = templates, identity
        self._words = self._module("words.txt")
        self._forms = {HTML: self._module("forms.html"), TEXT: self._module("forms.txt")}
        self._cards = CardPress(self._forms)
        self._lines: Memo[Any] = Memo(_KEPT_LINES)

    def printed(self, digest: Digest, links: ReaderLinks) -> Printed:
        """Print a digest; where its HTML would grow too large, papers move from its end behind "and N more"."""
        papers: Sequence[PrintedCard] = [self._cards.card(each, digest) for each in digest.papers[:_MOST_CARDS]]
        urls = {name: url for name in _LINKS if (url := web_link(getattr(links, name)))}
        while True:
            one = _edition(digest, papers, urls)
            subject, _ = self._subject(one)
            html = self._part(HTML, one)
            over = sum(len(each) for each in html) - LARGEST_HTML
            if over <= 0 or not papers:
                return Printed(subject, self._part(TEXT, one), html)
            papers = self._without(papers, over)

    def page(self, digest: Digest, facts: Mapping[str, object]) -> str:
        """The HTML part as a page of its own, with every paper and no reader's link; `facts` are for its template."""
        one = _edition(digest, [self._cards.card(each, digest) for each in digest.papers], {})
        filled = self._filled(HTML, one)
        frame = self._frame("view/page.html", filled, [place for place, inside in filled.items() if inside], **facts)
        return decoded(b"".join(frame.filled(filled)))

    def _part(self, side: str, one: _Edition) -> list[bytes]:
        """One side of the mail: its frame with everything in its place."""
        filled = self._filled(side, one)
        present = tuple(place for place, inside in filled.items() if inside)
        frame: Frame = self._lines.get((side, present), lambda: self._frame(f"digest/body.{side}", filled, present))
        return frame.filled(filled)

    def _filled(self, side: str, one: _Edition) -> Places:
        """What stands in each place of a side."""
        also = [self._cards.card(Selected(each), one.digest) for each in one.digest.also[:_MOST_ALSO]]
        head = {"subject": self._subject(one)[1], "preheader": _lines(str(escape(one.preheader())))}
        return {
            **(head if side == HTML else {}),
            **self._told(side, one),
            "cards": self._papers(side, one),
            "more": self._personal(side, "more", one.links, one.more) if one.more else (),
            "also": [self._cards.title(each, side) for each in also],
            "ways": self._personal(side, "ways", one.links),
        }

    def _frame(self, name: str, places: Iterable[str], present: Container[str], **facts: object) -> Frame:
        marks = {place: mark(place) if place in present else "" for place in places}
        return Frame(self._templates.get_template(name).render(marks, identity=self._identity, **facts))

    def _subject(self, one: _Edition) -> tuple[str, Sequence[bytes]]:
        """The subject as one line, and as the lines of the title."""
        digest, ahead = one.digest, one.ahead()
        facts = (digest.first, digest.trending, digest.weekly, digest.edition, digest.since, one.total, len(ahead))

        def made() -> tuple[str, Sequence[bytes]]:
            subject = clean(
                self._templates.get_template("digest/subject.txt").render(
                    digest=digest, cards=[each.card for each in ahead], total=one.total, weeks=one.weeks
                )
            )
            return subject, _lines(str(escape(subject)))

        return cast("tuple[str, Sequence[bytes]]", self._lines.get(("subject", *ahead[:1], *facts), made))

    def _told(self, side: str, one: _Edition) -> Places:
        """What is said around the papers; nearly all of it to everybody alike."""
        digest, words = one.digest, self._words
        days = (digest.edition, digest.since, digest.weekly)
        counts = (digest.trending, len(digest.papers), digest.read, one.total)
        told = {"headline": self._line(side, (days, counts), lambda: words.headline(digest, one.total, one.weeks))}
        if digest.first or digest.trending:
            known = (
                digest.first,
                digest.trending,
                not digest.papers,
                digest.days,
                digest.next_edition,
                digest.timezone,
            )
            told["opening"] = self._line(side, known, lambda: words.opening(digest, self._identity))
        found = counted(digest)
        told["counted"] = _lines(self._forms[side].counted(found)) if found else ()
        if digest.per_day:
            told["per_day"] = self._line(side, digest.per_day, lambda: words.by_day(digest.per_day))
        if digest.origins or digest.hidden:
            read = (digest.read, digest.origins, digest.hidden)
            told["reading"] = self._line(side, read, lambda: words.reading(digest, origins(digest), hidden(digest)))
        return {place: told.get(place, ()) for place in _TOLD}

    def _line(self, side: str, key: Hashable, said: Callable[[], str]) -> Sequence[bytes]:
        """A paragraph that is the same wherever its key is."""

        def made() -> Sequence[bytes]:
            return _lines(hang(said()) if side == TEXT else str(breakable(" ".join(said().split()))))

        return cast("Sequence[bytes]", self._lines.get((side, key), made))

    def _personal(self, side: str, name: str, links: Mapping[str, str], *values: object) -> Sequence[bytes]:
        """Lines that hold the reader's own links and nothing else of theirs."""

        def made() -> str:
            slots = ReaderLinks(**{each: _SLOT.format(each) for each in links})
            return settled(getattr(self._forms[side], name)(slots, *values))

        text: str = self._lines.get((side, name, tuple(links), values), made)
        for each, url in links.items():
            text = text.replace(_SLOT.format(each), str(escape(url)) if side == HTML else url)
        return [quoted_printable(text)] if text.strip() else []

    def _papers(self, side: str, one: _Edition) -> list[bytes]:
        """The papers, under the names of their profiles where there are several."""
        printed: list[bytes] = []
        for group in layout.groups(one.papers, one.digest.sections):
            if group.name:
                printed += self._section(side, group.name)
            printed += [self._card(side, place) for place in group.places]
        return [BLANK_LINE.join(printed)] if side == TEXT and printed else printed

    def _section(self, side: str, name: str) -> Sequence[bytes]:
        key = (side, "section", name)
        return cast("Sequence[bytes]", self._lines.get(key, lambda: _lines(self._forms[side].section(name))))

    def _card(self, side: str, place: Place[PrintedCard]) -> bytes:
        lines = self._cards.form(place.paper, side, place.full)
        return lines if side == HTML else _numbered(lines, place.number)

    def _without(self, papers: Sequence[PrintedCard], over: int) -> Sequence[PrintedCard]:
        """The papers but the last few, which took so many octets."""
        left = len(papers)
        while over > 0 and left:
            left -= 1
            over -= min(len(lines) for (side, _), lines in papers[left].forms.items() if side == HTML)
        return papers[:left]

    def _module(self, name: str) -> Any:
        return self._templates.get_template(f"mail/{name}").module


def _edition(digest: Digest, papers: Sequence[PrintedCard], links: Mapping[str, str]) -> _Edition:
    total, weeks = len(digest.papers) + digest.more, layout.weeks(digest.edition, digest.since)
    return _Edition(digest, papers, total, weeks, links)


def _lines(text: str) -> Sequence[bytes]:
    lines = encoded(text)
    return [lines] if lines else []


def _numbered(card: bytes, number: int) -> bytes:
    """A card is printed behind room for its number: four columns, which quoted-printable leaves as they are."""
    return f"{number}. ".rjust(_ROOM).encode("ascii") + card[_ROOM:]


def counted(digest: Digest) -> list[tuple[str, int]]:
    """What the welcome says of each topic."""
    if digest.trending or not digest.first:
        return []
    pairs = zip(map(clean, digest.keywords), digest.counts, strict=False)
    return [pair for pair in pairs if pair[0][:1] not in _DASHES][:_MOST_COUNTS]


def hidden(digest: Digest) -> list[tuple[str, int]]:
    """The exclusions that left papers out, as far as they are named."""
    return [(shorten(clean(text), _LONGEST_NAME), count) for text, count in digest.hidden[:_MOST_HIDDEN]]


def origins(digest: Digest) -> tuple[Origin, ...]:
    """The sources, those that gave most first; where they are too many, a late one is not left out."""
    named = [replace(each, name=shorten(clean(each.name), _LONGEST_NAME)) for each in digest.origins]
    kept = sorted(named, key=lambda each: (not each.late, -each.papers))[:_MOST_ORIGINS]
    return tuple(sorted(kept, key=lambda each: -each.papers))
