"""A digest → its subject and its two parts, in lines that the readers of a morning share.

Comes in: a Digest and its reader's links. Goes out: the encoded lines of its text part and its HTML part. Refuses to
know: addresses, headers, stores. Every word stands in the templates; here is what is made once for all and what is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from jinja2 import Environment
from markupsafe import escape

from service.messages import layout
from service.messages.card_press import HTML, TEXT, CardPress, PrintedCard
from service.messages.frames import BLANK_LINE, Frame, Memo, Piece, Sheet, decoded, encoded, mark
from service.messages.layout import Group
from service.messages.lines import INDENT, Form
from service.messages.linked import Linked, Links
from service.messages.mime import quoted_printable
from service.messages.subjects import Subjects
from service.messages.typesetting import breakable, hang
from service.messages.visible import clean, shorten
from service.model import Digest, Identity, Origin, ReaderLinks
from service.papers import linked

# Gmail clips a mail above about 102 KB; with room for what relays add, the encoded HTML part stays below this.
LARGEST_HTML = 80_000
# Two digits number them all, in the columns that a card of the text part leaves free behind a blank line.
_MOST_CARDS = 99
_LEADS = tuple(BLANK_LINE + f"{number}. ".rjust(INDENT).encode("ascii") for number in range(1, _MOST_CARDS + 1))
_MOST_COUNTS, _MOST_AHEAD = 20, 3
_MOST_ALSO, _MOST_HIDDEN, _MOST_ORIGINS, _LONGEST_NAME, _LONGEST_PREHEADER = 3, 5, 6, 60, 140
# What begins with a dash keeps papers away: it found none, and the welcome does not count it.
_DASHES = tuple("-‐‑‒–—−")
# A frame takes some 8 KB; its sheets share its lines, and add a few.
_KEPT_FRAMES, _KEPT_SHEETS = 64, 1024
# The places of a template: what is one reader's own, and what many readers share.
_PERSONAL = ("subject", "preheader", "cards")
_PLACES = (*_PERSONAL, "headline", "opening", "counted", "per_day", "more", "also", "reading", "ways")


class Printed(NamedTuple):
    """A digest before it is addressed: its subject as one line, and the lines of both parts."""

    subject: str
    text: Sequence[bytes]
    html: Sequence[bytes]


class _Edition(NamedTuple):
    """One reader's digest as far as it is shown: its papers, and the reader's links."""

    digest: Digest
    papers: Sequence[PrintedCard]
    links: Links

    @property
    def ahead(self) -> tuple[PrintedCard, ...]:
        """What subject and preheader may speak of, the best one first."""
        return layout.ahead(self.papers, self.digest.best)[:_MOST_AHEAD]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Its papers by the profiles that found them."""
        return layout.groups(len(self.papers), self.digest.sections)

    @property
    def total(self) -> int:
        """How many papers matched."""
        return len(self.digest.papers) + self.digest.more

    @property
    def more(self) -> int:
        """How many papers are only counted."""
        return 0 if self.digest.trending else self.total - len(self.papers)

    @property
    def weeks(self) -> tuple[int, ...]:
        """The weeks it speaks of."""
        return layout.weeks(self.digest.edition, self.digest.since)

    def preheader(self) -> str:
        """What inboxes show behind the subject: the titles that it does not name."""
        ahead = self.ahead
        others = ahead[:2] if self.digest.first else ahead[1:]
        said = " · ".join([each.title for each in others]) if others else ahead[0].sentence if ahead else ""
        return shorten(said, _LONGEST_PREHEADER).rstrip()

    def shared(self) -> tuple[object, ...]:
        """All that decides what is said around the papers; nearly the same for everybody."""
        it = self.digest
        said = (it.edition, it.since, it.weekly, it.trending, it.first, it.per_day, it.read, it.origins, it.hidden)
        welcome: tuple[object, ...] = ()
        if it.first or it.trending:
            welcome = (it.keywords, it.counts, it.days, it.next_edition, it.timezone)
        if it.trending:
            welcome += (bool(it.papers and it.papers[0].paper.paper.upvotes),)
        pages = [linked(each.paper) for each in it.also]
        also = [(page.title, page.url, page.links) for page in pages]
        return (*said, len(it.papers), self.total, len(self.papers), *welcome, *also)


class Press:
    """Prints the digests of one installation; what it keeps makes it fast, so make one and keep it."""

    def __init__(self, templates: Environment, identity: Identity) -> None:
        self._templates, self._identity = templates, identity
        self._words, self._subjects = self._module("words.txt"), Subjects(self._module("subject.txt").subject)
        self._forms = {HTML: self._module("forms.html"), TEXT: self._module("forms.txt")}
        self._sections = {side: Form.of(module.section) for side, module in self._forms.items()}
        self._cards = CardPress(self._forms)
        self._frames: Memo[Frame] = Memo(_KEPT_FRAMES)
        self._sheets: Memo[Mapping[str, Sheet]] = Memo(_KEPT_SHEETS)
        self._linked = {
            side: {name: Linked(getattr(module, name)) for name in ("more", "ways")}
            for side, module in self._forms.items()
        }

    def printed(self, mails: Sequence[tuple[Digest, ReaderLinks]]) -> list[Printed]:
        """Print digests; where the HTML of one would grow too large, papers move from its end behind "and N more".

        Each step is done for all of them before the next one: code that has just run is quick to run again, and seven
        mails take a quarter less time together than one by one.
        """
        cards = [self._cards.cards(digest, _MOST_CARDS) for digest, _ in mails]
        urls = [Links.of(links) for _, links in mails]
        editions = list(map(_Edition, [digest for digest, _ in mails], cards, urls))
        return list(map(self._shortened, editions, self._printed(editions)))

    def _printed(self, editions: Sequence[_Edition]) -> list[Printed]:
        """Print as many papers as there are."""
        self._print_cards(editions)
        subjects = list(map(self._subject, editions))
        sheets = list(map(self._shared, editions))
        html = [self._personal(HTML, one, subject) for one, subject in zip(editions, subjects, strict=True)]
        text = [self._personal(TEXT, one, subject) for one, subject in zip(editions, subjects, strict=True)]
        return [
            Printed(subject, sheet[TEXT].filled(below, one.links.octets), sheet[HTML].filled(above, one.links.octets))
            for one, subject, sheet, above, below in zip(editions, subjects, sheets, html, text, strict=True)
        ]

    def _print_cards(self, editions: Sequence[_Edition]) -> None:
        groups = [(one.papers, group) for one in editions for group in one.groups]
        full = [papers[group.start : group.full] for papers, group in groups]
        brief = [papers[group.full : group.end] for papers, group in groups]
        self._cards.print(chain.from_iterable(full), chain.from_iterable(brief))

    def _shortened(self, one: _Edition, printed: Printed) -> Printed:
        """Leave papers out until the mail is small enough."""
        while (over := sum(map(len, printed.html)) - LARGEST_HTML) > 0 and one.papers:
            one = one._replace(papers=self._without(one.papers, over))
            printed = self._printed([one])[0]
        return printed

    def page(self, digest: Digest, facts: Mapping[str, object]) -> str:
        """The HTML part as a page of its own, with every paper and no reader's link; `facts` are for its template."""
        papers = self._cards.cards(digest)
        one = _Edition(digest, papers, Links.of(ReaderLinks()))
        self._print_cards([one])
        said = self._said(HTML, one, self._told(one))
        sheet = self._frame("view/page.html", self._present(one, said), facts).sheet(said)
        return decoded(b"".join(sheet.filled(self._personal(HTML, one, self._subject(one)), b"")))

    def _shared(self, one: _Edition) -> Mapping[str, Sheet]:
        """Both sides of the mail with what its readers share, for links of the same lengths."""
        if not one.links.lengths:
            return self._both(one)
        return self._sheets.get((one.shared(), one.links.lengths), lambda: self._both(one))

    def _both(self, one: _Edition) -> Mapping[str, Sheet]:
        told = self._told(one)
        return {side: self._sheet(side, one, told) for side in (HTML, TEXT)}

    def _sheet(self, side: str, one: _Edition, told: Mapping[str, str]) -> Sheet:
        said = self._said(side, one, told)
        present = self._present(one, said)
        return self._frames.get((side, present), lambda: self._frame(f"digest/body.{side}", present, {})).sheet(said)

    def _frame(self, name: str, present: Sequence[str], facts: Mapping[str, object]) -> Frame:
        """A template with a mark at each of its places that is not left empty."""
        marks = {place: mark(place) if place in present else "" for place in _PLACES}
        return Frame(self._templates.get_template(name).render(marks, identity=self._identity, **facts))

    def _present(self, one: _Edition, said: Mapping[str, Sequence[Piece]]) -> tuple[str, ...]:
        """The places where something stands."""
        personal = _PERSONAL if one.papers else _PERSONAL[:-1]
        return (*personal, *(place for place, pieces in said.items() if any(pieces)))

    def _personal(self, side: str, one: _Edition, subject: str) -> Mapping[str, Sequence[bytes]]:
        """What stands at the marks that are left."""
        if side == TEXT:
            return {"cards": self._text_papers(one)}
        # Each is one clean line: there is nothing to tidy.
        lines = {"subject": subject, "preheader": one.preheader()}
        said = {name: [quoted_printable(str(escape(line)))] for name, line in lines.items()}
        return said | {"cards": self._html_papers(one)}

    def _subject(self, one: _Edition) -> str:
        """The subject as one line."""
        best = next((each.card for each in one.ahead), None)
        return self._subjects.line(one.digest, best, len(one.papers), one.total, one.weeks)

    def _told(self, one: _Edition) -> dict[str, str]:
        """The sentences around the papers, by their places."""
        digest, words = one.digest, self._words
        greeted, read = digest.first or digest.trending, digest.origins or digest.hidden
        return {
            "headline": words.headline(digest, one.total, one.weeks),
            "opening": words.opening(digest, self._identity) if greeted else "",
            "per_day": words.by_day(digest.per_day) if digest.per_day else "",
            "reading": words.reading(digest, origins(digest), hidden(digest)) if read else "",
        }

    def _said(self, side: str, one: _Edition, told: Mapping[str, str]) -> dict[str, Sequence[Piece]]:
        """All that one side says around the papers, by its place."""
        digest, forms, linked = one.digest, self._forms[side], self._linked[side]
        found = counted(digest)
        set_well = hang if side == TEXT else _breakable
        said = {place: str(set_well(line)) for place, line in told.items()}
        said["counted"] = forms.counted(found) if found else ""
        return {place: [encoded(text)] for place, text in said.items()} | {
            "also": [self._cards.also(each.paper, digest.edition, side) for each in digest.also[:_MOST_ALSO]],
            "more": linked["more"].pieces(one.links, one.more) if one.more else (),
            "ways": linked["ways"].pieces(one.links) if one.links else (),
        }

    def _html_papers(self, one: _Edition) -> list[bytes]:
        """The papers, under the names of their profiles where there are several."""
        printed: list[bytes] = []
        for group in one.groups:
            if group.name:
                printed.append(quoted_printable(self._sections[HTML].filled([breakable(group.name)])))
            printed += self._lines(HTML, one, group)
        return printed

    def _text_papers(self, one: _Edition) -> list[bytes]:
        """The papers with their numbers, a blank line before each but the first."""
        printed: list[bytes] = []
        for group in one.groups:
            if group.name:
                printed += BLANK_LINE, quoted_printable(hang(self._sections[TEXT].filled([group.name])))
            leads = _LEADS[group.start : group.end]
            printed += chain.from_iterable(zip(leads, self._lines(TEXT, one, group), strict=True))
        return [printed[0].removeprefix(BLANK_LINE), *printed[1:]] if printed else printed

    def _lines(self, side: str, one: _Edition, group: Group) -> list[bytes]:
        """The cards of a group, the first ones whole."""
        _, start, full, end = group
        papers, lines = one.papers, self._cards.lines
        return lines(papers[start:full], side, True) + lines(papers[full:end], side, False)

    def _without(self, papers: Sequence[PrintedCard], over: int) -> Sequence[PrintedCard]:
        """The papers but the last few, which took so many octets."""
        left = len(papers)
        while over > 0 and left:
            left -= 1
            card = papers[left]
            over -= min(len(lines) for lines in (card.html_full, card.html_brief) if lines)
        return papers[:left]

    def _module(self, name: str) -> Any:
        return self._templates.get_template(f"mail/{name}").module


def _breakable(text: str) -> str:
    return str(breakable(" ".join(text.split())))


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
    named = [each._replace(name=shorten(clean(each.name), _LONGEST_NAME)) for each in digest.origins]
    kept = sorted(named, key=lambda each: (not each.late, -each.papers))[:_MOST_ORIGINS]
    return tuple(sorted(kept, key=lambda each: -each.papers))
