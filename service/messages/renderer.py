"""Digests and letters → messages.

Comes in: a Digest or the kind of a letter, and the Envelope that addresses it. Goes out: a Message, the same bytes for
the same values within one release. Refuses to know: how papers were chosen, who sends, what time it is. Every word
that a reader sees stands in the templates: one folder per mail with subject.txt, body.txt and body.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined

from service.messages.feeds import Feed, atom
from service.messages.frames import Memo
from service.messages.headers import block, line, mailbox, named, phrase, unstructured
from service.messages.mime import assemble, quoted_printable
from service.messages.press import Press
from service.messages.typesetting import install, settled
from service.messages.visible import clean
from service.model import DeliveryKind, Digest, Envelope, Identity, Message

_WITHDRAWABLE = frozenset({DeliveryKind.DIGEST, DeliveryKind.QUIET})
_NO_FACTS: Mapping[str, object] = {}


class Renderer:
    """Renders every mail of one installation; keeps compiled templates, so make one and keep it."""

    def __init__(self, environment: Environment, identity: Identity) -> None:
        self._templates = environment.overlay(
            trim_blocks=True, lstrip_blocks=True, autoescape=_is_html, undefined=StrictUndefined
        )
        install(self._templates)
        self._identity = identity
        self._shown = replace(
            identity, **{field.name: clean(getattr(identity, field.name)) for field in fields(identity)}
        )
        self._press = Press(self._templates, self._shown)
        self._heads: Memo[tuple[str, ...]] = Memo(64)

    def digest(self, digest: Digest, envelope: Envelope) -> Message:
        """Render a digest; where its HTML would grow too large, papers move from its end behind "and N more"."""
        return self.digests([(digest, envelope)])[0]

    def digests(self, mails: Sequence[tuple[Digest, Envelope]]) -> list[Message]:
        """Render several, which takes less time for each of them."""
        printed = self._press.printed([(digest, envelope.links) for digest, envelope in mails])
        return [
            self._message(DeliveryKind.DIGEST, envelope, each.subject, (each.text, each.html), str(digest.edition))
            for (digest, envelope), each in zip(mails, printed, strict=True)
        ]

    def letter(self, kind: DeliveryKind, envelope: Envelope, facts: Mapping[str, object] = _NO_FACTS) -> Message:
        """Render any other mail; `facts` are for its templates: `read` and `days` of a quiet note, `what` of a link."""
        shown = {name: clean(value) if isinstance(value, str) else value for name, value in facts.items()}
        usual = {"read": 0, "days": 7, "near": (), "what": "export", "invited": False, "list": ""}
        subject, *sides = self._parts(kind, envelope, usual | shown)
        return self._message(kind, envelope, subject, [[quoted_printable(side)] for side in sides])

    def page(self, digest: Digest, facts: Mapping[str, object]) -> str:
        """Render a digest as a page for whoever has its link: every paper, and nothing that is its reader's own.

        `facts` are for the template alone: `bibtex`, `ris` and the links to them as files.
        """
        return self._press.page(digest, facts)

    def feed(self, feed: Feed) -> str:
        """Render an Atom feed (RFC 4287)."""
        return atom(feed, self._templates, self._shown)

    def _parts(self, kind: DeliveryKind, envelope: Envelope, facts: Mapping[str, object]) -> tuple[str, str, str]:
        """The subject of a letter as one line, its text and its HTML."""
        context = {**facts, "identity": self._shown, "links": envelope.links, "recipient": clean(envelope.recipient)}
        subject = clean(self._rendered(kind, "subject.txt", context))
        context["subject"] = subject
        text = settled(self._rendered(kind, "body.txt", context))
        return subject, text, settled(self._rendered(kind, "body.html", context))

    def _rendered(self, kind: DeliveryKind, name: str, context: Mapping[str, object]) -> str:
        return self._templates.get_template(f"{kind.value}/{name}").render(context)

    def _message(
        self, kind: DeliveryKind, envelope: Envelope, subject: str, sides: Sequence[Sequence[bytes]], edition: str = ""
    ) -> Message:
        recipient, date = mailbox(envelope.recipient), envelope.date
        listed, click = kind in _WITHDRAWABLE, bool(envelope.links.unsubscribe)
        key = (kind, date, edition, click)
        first, second, third, fourth, last = self._heads.get(key, lambda: self._head(kind, date, edition, click))
        lines = (
            first,
            line("To", recipient),
            second,
            line("Subject", unstructured(subject)),
            third,
            line("Message-ID", f"<{envelope.message_id}>"),
            fourth,
            line("List-Unsubscribe", self._ways_out(envelope.links.unsubscribe)) if listed else "",
            last,
        )
        return Message(self._sender, recipient, assemble("".join(lines), envelope.message_id, *sides))

    def _head(self, kind: DeliveryKind, date: datetime, edition: str, click: bool) -> tuple[str, ...]:
        """The header lines that the mails of a morning share, in the runs in which they stand between one's own.

        List-* as in RFC 2919 and RFC 8058; these fields belong into a DKIM signature's h=.
        """
        reply_to, listed = self._identity.reply_to, kind in _WITHDRAWABLE
        runs = (
            [("From", self._from)],
            [("Reply-To", mailbox(reply_to) if reply_to else "")],
            [("Date", format_datetime(date))],
            [("Auto-Submitted", "auto-generated"), ("List-Id", self._list_id if listed else "")],
            [
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if listed and click else ""),
                ("Feedback-ID", f"{edition or date.date()}:{kind.value}:{self._host}:paperround"),
            ],
        )
        return tuple(map(block, runs))

    def _ways_out(self, unsubscribe: str) -> str:
        """The link and the mail that end a subscription, where there are such (RFC 2369)."""
        mailto = self._identity.unsubscribe_mailto and mailbox(self._identity.unsubscribe_mailto)
        # The subject says who asks: a mail program sends this mail by itself, from whatever address.
        asking = f"?subject=unsubscribe%20{unsubscribe.rpartition('/')[2]}" if unsubscribe else ""
        ways = [f"<{unsubscribe}>"] * bool(unsubscribe) + [f"<mailto:{mailto}{asking}>"] * bool(mailto)
        return ",\r\n ".join(ways)

    @cached_property
    def _sender(self) -> str:
        return mailbox(self._identity.mail_from)

    @cached_property
    def _from(self) -> str:
        return named(self._identity.name, self._sender)

    @cached_property
    def _list_id(self) -> str:
        return f"{phrase(self._identity.name)} <digest.{self._host}>"

    @cached_property
    def _host(self) -> str:
        host = urlsplit(self._identity.base_url).hostname or "localhost"
        return "".join(letter if letter.isascii() and (letter.isalnum() or letter in ".-") else "-" for letter in host)


def _is_html(name: str | None) -> bool:
    """Whether a template writes HTML or XML, in which every value is escaped."""
    return name is None or name.endswith((".html", ".xml"))
