"""Digests and letters → messages.

Comes in: a Digest or the kind of a letter, and the Envelope that addresses it. Goes out: a Message, the same bytes for
the same values within one release. Refuses to know: how papers were chosen, who sends, what time it is. Every word
that a reader sees stands in the templates: one folder per mail with subject.txt, body.txt and body.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined

from service.messages import layout
from service.messages.cards import card
from service.messages.headers import block, mailbox, named, phrase, unstructured
from service.messages.mime import assemble, quoted_printable
from service.messages.typesetting import install, settled
from service.messages.visible import clean, shorten
from service.model import DeliveryKind, Digest, Envelope, Identity, Message, Origin, Selected

# Gmail clips a mail above about 102 KB; with room for what relays add, the encoded HTML part stays below this.
LARGEST_HTML = 80_000
_MOST_CARDS = 100
_MOST_COUNTS = 20
_MOST_ALSO, _MOST_HIDDEN, _MOST_ORIGINS, _LONGEST_NAME = 3, 5, 6, 60
# What begins with a dash keeps papers away: it found none, and the welcome does not count it.
_DASHES = tuple("-‐‑‒–—−")
_WITHDRAWABLE = frozenset({DeliveryKind.DIGEST, DeliveryKind.QUIET})
_NO_FACTS: Mapping[str, object] = {}


class Parts(NamedTuple):
    """A rendered mail before it is addressed: the subject as one line, and both bodies."""

    subject: str
    text: str
    html: str


class Renderer:
    """Renders every mail of one installation; keeps compiled templates, so make one and keep it."""

    def __init__(self, environment: Environment, identity: Identity) -> None:
        self._templates = environment.overlay(
            trim_blocks=True, lstrip_blocks=True, autoescape=_is_html, undefined=StrictUndefined
        )
        install(self._templates)
        # A card is the same for every reader whose keywords hit alike, so it is written once for all of them.
        self._full_card, self._compact_card, self._text_card = (
            lru_cache(maxsize=2048)(self._macro(name, macro))
            for name, macro in (("forms.html", "full"), ("forms.html", "compact"), ("forms.txt", "card"))
        )
        self._identity = identity
        self._shown = replace(
            identity, **{field.name: clean(getattr(identity, field.name)) for field in fields(identity)}
        )

    def digest(self, digest: Digest, envelope: Envelope) -> Message:
        """Render a digest; where its HTML would grow too large, papers move from its end behind "and N more"."""
        return self._message(DeliveryKind.DIGEST, envelope, self.digest_parts(digest, envelope), str(digest.edition))

    def letter(self, kind: DeliveryKind, envelope: Envelope, facts: Mapping[str, object] = _NO_FACTS) -> Message:
        """Render any other mail; `facts` are for its templates: `read` and `days` of a quiet note, `what` of a link."""
        return self._message(kind, envelope, self.letter_parts(kind, envelope, facts))

    def digest_parts(self, digest: Digest, envelope: Envelope) -> Parts:
        """Render a digest without addressing it, as a page may show it."""
        cards = [card(selected, digest.keywords, digest.edition) for selected in digest.papers[:_MOST_CARDS]]
        total, shown = len(digest.papers) + digest.more, len(cards)
        keywords = [clean(keyword) for keyword in digest.keywords]
        found = [pair for pair in zip(keywords, digest.counts, strict=False) if pair[0][:1] not in _DASHES]
        facts = {
            "digest": digest, "total": total, "counted": found[:_MOST_COUNTS],
            "weeks": layout.weeks(digest.edition, digest.since), "origins": _origins(digest),
            "hidden": [(shorten(clean(text), _LONGEST_NAME), count) for text, count in digest.hidden[:_MOST_HIDDEN]],
            "also": [card(Selected(stored), (), digest.edition) for stored in digest.also[:_MOST_ALSO]],
            "full_card": self._full_card, "compact_card": self._compact_card, "text_card": self._text_card,
        }  # fmt: skip
        while True:
            kept = cards[:shown]
            groups, ahead = layout.groups(kept, digest.sections), layout.ahead(kept, digest.best)
            changing = {"cards": ahead, "groups": groups, "more": total - shown}
            parts = self._parts(DeliveryKind.DIGEST, envelope, {**facts, **changing})
            size = len(quoted_printable(parts.html))
            if size <= LARGEST_HTML or not shown:
                return parts
            shown = min(shown - 1, shown * LARGEST_HTML // size)

    def letter_parts(self, kind: DeliveryKind, envelope: Envelope, facts: Mapping[str, object] = _NO_FACTS) -> Parts:
        """Render a letter without addressing it."""
        shown = {name: clean(value) if isinstance(value, str) else value for name, value in facts.items()}
        return self._parts(kind, envelope, {"read": 0, "days": 7, "what": "export", **shown})

    def _parts(self, kind: DeliveryKind, envelope: Envelope, facts: Mapping[str, object]) -> Parts:
        context = {**facts, "identity": self._shown, "links": envelope.links, "recipient": clean(envelope.recipient)}
        subject = clean(self._rendered(kind, "subject.txt", context))
        context["subject"] = subject
        text = settled(self._rendered(kind, "body.txt", context))
        return Parts(subject, text, settled(self._rendered(kind, "body.html", context)))

    def _macro(self, name: str, macro: str) -> Callable[..., str]:
        """A macro of the mails' forms, which knows nothing of any one reader."""
        form = getattr(self._templates.get_template(f"mail/{name}").module, macro)
        return lambda *values: cast("str", form(*values))

    def _rendered(self, kind: DeliveryKind, name: str, context: Mapping[str, object]) -> str:
        return self._templates.get_template(f"{kind.value}/{name}").render(context)

    def _message(self, kind: DeliveryKind, envelope: Envelope, parts: Parts, edition: str = "") -> Message:
        sender, recipient = mailbox(self._identity.mail_from), mailbox(envelope.recipient)
        head = block([
            ("From", named(self._identity.name, sender)),
            ("To", recipient),
            ("Subject", unstructured(parts.subject)),
            ("Date", format_datetime(envelope.date)),
            ("Message-ID", f"<{envelope.message_id}>"),
            ("Auto-Submitted", "auto-generated"),
            *(self._list_fields(envelope) if kind in _WITHDRAWABLE else ()),
            ("Feedback-ID", f"{edition}:{kind.value}:{self._host()}:paperround" if edition else ""),
        ])  # fmt: skip
        body = assemble(head, envelope.message_id, quoted_printable(parts.text), quoted_printable(parts.html))
        return Message(sender, recipient, body)

    def _list_fields(self, envelope: Envelope) -> list[tuple[str, str]]:
        """RFC 2919 and RFC 8058; these fields belong into a DKIM signature's h=."""
        unsubscribe, mailto = envelope.links.unsubscribe, self._identity.unsubscribe_mailto
        ways = [f"<{unsubscribe}>"] * bool(unsubscribe) + [f"<mailto:{mailto}>"] * bool(mailto)
        return [
            ("List-Id", f"{phrase(self._identity.name)} <digest.{self._host()}>"),
            ("List-Unsubscribe", ",\r\n ".join(ways)),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if unsubscribe else ""),
        ]

    def _host(self) -> str:
        host = urlsplit(self._identity.base_url).hostname or "localhost"
        return "".join(letter if letter.isascii() and (letter.isalnum() or letter in ".-") else "-" for letter in host)


def _origins(digest: Digest) -> tuple[Origin, ...]:
    """The sources, those that gave most first; where they are too many, a late one is not left out."""
    named = [replace(each, name=shorten(clean(each.name), _LONGEST_NAME)) for each in digest.origins]
    kept = sorted(named, key=lambda each: (not each.late, -each.papers))[:_MOST_ORIGINS]
    return tuple(sorted(kept, key=lambda each: -each.papers))


def _is_html(name: str | None) -> bool:
    """Whether a template writes HTML, in which every value is escaped."""
    return name is None or name.endswith(".html")
