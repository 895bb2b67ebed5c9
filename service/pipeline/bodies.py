"""Rows in hand → the bodies of their mails, made when they are begun or, where nothing speaks against it, just before.

Comes in: claimed rows and the desks that render them. Goes out: bodies, the same whenever they are made. Refuses to
know: leases, connections, what becomes of a row whose body cannot be made.

Where servers offer PIPELINING the next mails are rendered while they take in the ones before. So all lines are ready at
once and share one durable step: rendered after it, by fours and fives, a mail of 40 KB took a seventh longer on
SQLite. What kills its sender must still be found out, and only a mail that is begun is in doubt when its sender dies.
So what was in the hands of one that died, or had any other trouble, is rendered once it is begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from service.deliveries.dkim import Seal
from service.model import Message
from service.pipeline.rendering import Desk, rendered
from service.store.deliveries import Delivery

# So many mails are rendered together; with more of them the first would wait for no gain.
TOGETHER = 8


@dataclass(slots=True)
class Bodies:
    """The rows of one sender. `seal` signs each mail."""

    seal: Seal | None = None
    _rows: dict[int, tuple[Delivery, Desk]] = field(default_factory=dict)
    # What is soon to be begun and was not tried yet, and what of it is made.
    _next: dict[int, None] = field(default_factory=dict)
    _made: dict[int, bytes] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __contains__(self, number: int) -> bool:
        return number in self._rows

    def __getitem__(self, number: int) -> tuple[Delivery, Desk]:
        return self._rows[number]

    def add(self, rows: Iterable[Delivery], desk: Desk) -> None:
        """Take in claimed rows, which this desk has been laid out for."""
        for row in rows:
            self._rows[row.id] = (row, desk)

    def drop(self, numbers: Iterable[int]) -> None:
        """These are done with."""
        for number in numbers:
            for each in (self._rows, self._next, self._made):
                each.pop(number, None)

    def announce(self, number: int) -> None:
        """This one is soon to be begun."""
        if not self._rows[number][0].error:
            self._next[number] = None

    def begun(self, numbers: Sequence[int]) -> Iterator[int]:
        """Make the bodies of mails that are begun, a few at a time, and give each number when its turn has come."""
        for number in numbers:
            self._next.pop(number, None)
        for at in range(0, len(numbers), TOGETHER):
            few = numbers[at : at + TOGETHER]
            self._make([number for number in few if number not in self._made])
            yield from few

    def take(self, number: int) -> bytes:
        """The body of one mail, made now where it is not there. Raises whatever rendering or signing it raises."""
        return self._made.pop(number, b"") or self._body(number)

    def make_ahead(self) -> None:
        """Make what was announced."""
        numbers = list(self._next)
        self._next.clear()
        for at in range(0, len(numbers), TOGETHER):
            self._make(numbers[at : at + TOGETHER])

    def _make(self, few: Sequence[int]) -> None:
        """Make bodies together; what cannot be made is left to whoever takes it."""
        for number, message in zip(few, rendered([self._rows[number] for number in few]), strict=True):
            if message is not None:
                # What goes wrong is told by whoever takes it, without a traceback, which may hold an address.
                with suppress(Exception):
                    self._made[number] = self._sealed(message)

    def _body(self, number: int) -> bytes:
        row, desk = self._rows[number]
        return self._sealed(desk.message(row))

    def _sealed(self, message: Message) -> bytes:
        return self.seal.signed(message.body) if self.seal else message.body
