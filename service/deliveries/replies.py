"""What a mail server's reply means.

Comes in: the step it answers and the reply. Goes out: the DeliveryError it stands for. Refuses to know: connections.

The reply code says how bad it is (RFC 5321, section 4.2), the enhanced status code who is meant (RFC 3463): x.1 and x.2
the address and its mailbox, x.7 policy, x.5 the protocol, x.3 and x.4 the relay and its routes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from service.errors import (
    AddressRefused,
    DeliveryError,
    MessageRefused,
    PolicyRefused,
    RecipientBarred,
    RelayUnavailable,
    TemporaryRefusal,
)

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
# The server is about to close the connection; it may come at any step.
CLOSING = 421
# Words that servers without enhanced codes use when they refuse us rather than the address.
_ABOUT_US = re.compile(
    r"relay|authenti|blocked|blacklist|blocklist|reputation|spamhaus|policy|too many|rate limit", re.IGNORECASE
)
# Codes that speak of the command, not of the address in it.
_ABOUT_COMMANDS = frozenset({500, 502, 503, 504, 521, 530, 534, 535, 538, 555})


class Step(StrEnum):
    """What was being done when the reply came; the words complete "the mail server refused …"."""

    GREETING = "the connection"
    AUTH = "the name and password"
    MAIL = "the sender"
    RCPT = "the address"
    DATA = "the message"
    DOT = "the end of the message"
    RSET = "a fresh start"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code, and its text with the lines joined."""

    code: int
    text: str = ""

    @property
    def good(self) -> bool:
        """The command was carried out."""
        return 200 <= self.code < 300

    @property
    def enhanced(self) -> str:
        """The enhanced status code, or nothing where the server gives none, or one of another class than its reply."""
        found = _ENHANCED.match(self.text)
        return found[1] if found and found[1][0] == str(self.code)[:1] else ""

    @property
    def subject(self) -> str:
        """The second number of the enhanced code: who is meant."""
        return self.enhanced.split(".")[1] if self.enhanced else ""


def refusal(step: Step, reply: Reply, relay: str, recipient: str) -> DeliveryError:
    """Build the error for a reply that is not the one hoped for. The reader's address is left out of its text."""
    kind = _kind(step, reply)
    words = "cannot take" if kind is RelayUnavailable else "put off" if kind is TemporaryRefusal else "refused"
    said = f"{reply.code} {_without(recipient, reply.text)}".strip()
    return kind(f"The mail server {relay} {words} {step}: {said}", reply.code, reply.enhanced)


def _without(recipient: str, text: str) -> str:
    """The server's words on one line, with the address they often repeat left out: errors are logged."""
    folded = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return (re.sub(re.escape(recipient), "…", folded, flags=re.IGNORECASE) if recipient else folded)[:300]


def _kind(step: Step, reply: Reply) -> type[DeliveryError]:
    if reply.code == CLOSING or not 400 <= reply.code < 600:
        return RelayUnavailable
    if reply.code < 500:
        return RelayUnavailable if step in (Step.GREETING, Step.AUTH) else TemporaryRefusal
    if step is Step.RCPT:
        return _of_address(reply)
    return PolicyRefused if step in (Step.GREETING, Step.AUTH, Step.MAIL) or reply.subject == "7" else _of_data(reply)


def _of_address(reply: Reply) -> type[DeliveryError]:
    """A 5xx at RCPT: a bounce only where it speaks of the address, since a bounce is never tried again."""
    if reply.subject == "7":
        return PolicyRefused if reply.code in _ABOUT_COMMANDS else RecipientBarred
    if reply.enhanced:
        return AddressRefused if reply.subject in ("0", "1", "2", "4") else PolicyRefused
    if reply.code == 552:
        # RFC 5321, section 4.5.3.1.10: an old way of saying "too many recipients", to be read as 452.
        return TemporaryRefusal
    if reply.code in _ABOUT_COMMANDS:
        return PolicyRefused
    return RecipientBarred if _ABOUT_US.search(reply.text) else AddressRefused


def _of_data(reply: Reply) -> type[DeliveryError]:
    """Some servers judge the address only after the message: the mailbox is unknown, disabled or full."""
    about_mailbox = reply.subject == "1" or reply.enhanced in ("5.2.0", "5.2.1", "5.2.2")
    return AddressRefused if about_mailbox else MessageRefused
