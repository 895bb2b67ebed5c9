"""The plain way to make a digest: Jinja2 renders it whole, `EmailMessage` encodes it, for each reader anew.

Comes in: a Digest and an Envelope. Goes out: an EmailMessage with the same words as the service's own. Nothing is kept
between two mails but compiled templates and, in favour of this side, what the cards say (`service.messages.cards`).
"""

from __future__ import annotations

from collections.abc import Sequence
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from service.messages import LARGEST_HTML, layout, press
from service.messages.cards import Card, card
from service.messages.typesetting import breakable, hang, install, settled
from service.messages.visible import clean, shorten
from service.model import Digest, Envelope, Identity, ReaderLinks, Selected

_CARDS = 99


class PlainMail:
    """Makes mails one by one from the service's own templates."""

    def __init__(self, environment: Environment, identity: Identity) -> None:
        self._templates = environment.overlay(
            trim_blocks=True, lstrip_blocks=True, autoescape=lambda name: bool(name and name.endswith(".html"))
        )
        install(self._templates)
        self._identity = identity

    def digest(self, digest: Digest, envelope: Envelope) -> EmailMessage:
        """A digest as a reader gets it; papers are left out one by one until it is small enough."""
        cards = [card(each, digest.edition) for each in digest.papers[:_CARDS]]
        while True:
            mail = self._mail(digest, envelope, cards)
            html = list(mail.iter_parts())[-1].as_bytes().partition(b"\r\n\r\n")[2]
            if len(html) <= LARGEST_HTML or not cards:
                return mail
            cards = cards[:-1]

    def _mail(self, digest: Digest, envelope: Envelope, cards: Sequence[Card]) -> EmailMessage:
        total, weeks = len(digest.papers) + digest.more, layout.weeks(digest.edition, digest.since)
        ahead = layout.ahead(cards, digest.best)
        about = {"digest": digest, "cards": ahead, "total": total, "weeks": weeks}
        subject = clean(self._templates.get_template("digest/subject.txt").render(about))
        mail = EmailMessage(policy.SMTP)
        mail["From"] = Address(self._identity.name, addr_spec=self._identity.mail_from)
        mail["To"], mail["Subject"], mail["Date"] = envelope.recipient, subject, format_datetime(envelope.date)
        mail["Message-ID"] = f"<{envelope.message_id}>"
        for side, subtype in (("txt", "plain"), ("html", "html")):
            places = self._places(side, digest, cards, envelope.links)
            if side == "html":
                others = ahead[:2] if digest.first else ahead[1:3]
                said = " · ".join(each.title.text for each in others) or (ahead[0].sentence.text if ahead else "")
                places |= {"subject": subject, "preheader": shorten(said, 140)}
            body = settled(self._templates.get_template(f"digest/body.{side}").render(places, identity=self._identity))
            mail.add_alternative(body, subtype=subtype, cte="quoted-printable")
        return mail

    def _places(self, side: str, digest: Digest, cards: Sequence[Card], links: ReaderLinks) -> dict[str, str]:
        words, forms = self._module("words.txt"), self._module(f"forms.{side}")
        total, weeks = len(digest.papers) + digest.more, layout.weeks(digest.edition, digest.since)
        said = {"headline": words.headline(digest, total, weeks)}
        said["opening"] = words.opening(digest, self._identity) if digest.first or digest.trending else ""
        said["per_day"] = words.by_day(digest.per_day) if digest.per_day else ""
        read = words.reading(digest, press.origins(digest), press.hidden(digest))
        said["reading"] = read if digest.origins or digest.hidden else ""
        made: list[str] = []
        for group in layout.groups(len(cards), digest.sections):
            made += [settled(forms.section(group.name))] if group.name else []
            for number in range(group.start, group.end):
                whole = settled((forms.full if number < group.full else forms.compact)(cards[number]))
                made.append(whole if side == "html" else f"{number + 1}. ".rjust(4) + whole[4:])
        also = [forms.also(card(Selected(each), digest.edition)) for each in digest.also[:3]]
        counted = press.counted(digest)
        more = 0 if digest.trending else total - len(cards)
        blocks = {
            "cards": ("" if side == "html" else "\n").join(made),
            "also": "".join(map(settled, also)),
            "counted": forms.counted(counted) if counted else "",
            "more": forms.more(links, more) if more else "",
            "ways": forms.ways(links),
        }
        lines = {place: _line(side, text) for place, text in said.items()}
        return {place: Markup(settled(text).strip("\n")) for place, text in (lines | blocks).items()}

    def _module(self, name: str) -> Any:
        return self._templates.get_template(f"mail/{name}").module


def _line(side: str, text: str) -> str:
    return hang(text) if side == "txt" else str(breakable(" ".join(text.split())))
