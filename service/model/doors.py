"""What other rooms hand in: the doors through which mails leave and workers are rung.

Comes in: nothing. Goes out: the types every room shares. Refuses to know: clocks, networks, databases, templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from service.model.mails import Message


class Mailer(Protocol):
    """Takes messages over one kept-open connection; not shared between threads."""

    def send(self, message: Message) -> None:
        """Hand over one message, durably accepted when this returns. Raises DeliveryError and nothing else."""

    def close(self) -> None:
        """End the connection; never raises."""


class Bell(Protocol):
    """Rings the worker: a hint that rows are waiting. A lost ring loses nothing; the sweep rings again."""

    def collect(self, source_id: int) -> None:
        """A source is due."""

    def compose(self) -> None:
        """Editions may be due."""

    def deliver(self) -> None:
        """Deliveries are ready."""


class Witness(Protocol):
    """Keeps, outside of the database, how far it has come: one that was put back has not come so far."""

    def told(self) -> Mapping[str, int]:
        """The counts last told, by the names of databases; never raises, and what is not known is not there."""

    def tell(self, name: str, count: int) -> None:
        """Note how far a database has come, once that is durable; never raises."""
