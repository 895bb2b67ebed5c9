"""Papers → an Atom feed.

Comes in: entries. Goes out: the feed as text. Refuses to know: whose it is. The XML stands in the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from jinja2 import Environment

from service.messages.cards import card
from service.messages.visible import clean
from service.model import Identity, Selected
from service.tex import readable

MOST_AUTHORS = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of one digest; `updated` is when it was chosen. `id` is an IRI that never changes (RFC 4287, 4.2.6)."""

    id: str
    selected: Selected
    edition: date
    updated: datetime

    @property
    def authors(self) -> tuple[str, ...]:
        """The names of the authors as they may be shown."""
        names = (clean(readable(author)) for author in self.selected.paper.paper.authors[:MOST_AUTHORS])
        return tuple(name for name in names if name)


@dataclass(frozen=True, slots=True)
class Feed:
    """A reader's feed: `name` is the profile's own, `address` the feed's URL."""

    id: str
    name: str
    address: str
    updated: datetime
    entries: Sequence[Entry]


def atom(feed: Feed, templates: Environment, identity: Identity) -> str:
    """Render a feed (RFC 4287); each entry shows its paper as the mail did."""
    entries = [(each, card(each.selected, each.edition)) for each in feed.entries]
    feed = replace(feed, name=clean(feed.name))
    return templates.get_template("view/feed.xml").render(feed=feed, entries=entries, identity=identity)
