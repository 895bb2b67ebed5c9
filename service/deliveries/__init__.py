"""message → delivery: the wet end that hands mails over.

Comes in: an outbox of claimed mails. Goes out: each is accepted durably, or a DeliveryError says who refused and why.
Refuses to know: subscribers, digests, the database. `smtp` speaks to relays over several connections at once, `maildir`
writes into a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Mail:
    """A claimed mail as its envelope shows it; the body is handed out when it is begun.

    `eight_bit` says that the body will hold signs beyond ASCII. `as_is` says that it may be written as it is: all its
    lines will end in CRLF, neither CR nor LF will stand elsewhere, and no line begin with a dot.
    """

    id: int
    sender: str
    recipient: str
    eight_bit: bool = False
    as_is: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a begun mail: accepted where there is no error. `relay` is the number of the one that spoke."""

    mail: Mail
    relay: int
    error: DeliveryError | None = None


class Outbox(Protocol):
    """Where a carrier gets its mails, and where it brings back what became of them. Asked from one thread."""

    def usable(self) -> Sequence[int]:
        """The numbers of the relays that may be used now, the preferred one first; none ends the carrying."""

    def unusable(self, relay: int, error: DeliveryError) -> None:
        """A relay could not be spoken to, or broke off."""

    def reserve(self) -> Mail | None:
        """The next mail, not begun yet: its envelope may be shown to a server, its body not. None: none just now."""

    def wait(self) -> float | None:
        """After None: the seconds until it is worth asking again, or None where the carrying is over."""

    def prepare(self) -> None:
        """There is nothing to do but wait: whatever takes time may be done for what is reserved. Raises nothing.

        A carrier need not call it.
        """

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterable[tuple[Mail, bytes]]:
        """Note what is done and begin what is reserved, in one durable step; returns the bodies of those begun.

        It is durable when this returns, and the bodies come one by one. A mail that is not among them is not to be
        sent: its reader has left, or it cannot be rendered.
        """


class Carrier(Protocol):
    """Carries what an outbox hands out; keeps its connections from one call to the next; not shared by threads."""

    @property
    def names(self) -> Sequence[str]:
        """What each relay is called, by its number."""

    def carry(self, outbox: Outbox) -> None:
        """Carry until the outbox is empty or no relay can be used. Raises only what the outbox raises."""

    def close(self) -> None:
        """End the connections; never raises."""
