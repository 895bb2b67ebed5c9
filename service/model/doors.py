"""What other rooms hand in: the doors through which mails leave and workers are rung.

Comes in: nothing. Goes out: the types every room shares. Refuses to know: clocks, networks, databases, templates.
"""

from __future__ import annotations

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
