"""Several relays as one: the first that can take mail takes it.

Comes in: ways to open a mailer each, in order of preference. Goes out: a Mailer. Refuses to know: SMTP.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.errors import PolicyRefused, RelayUnavailable
from service.model import Mailer, Message

LOG = logging.getLogger(__name__)

# A relay that gave out is passed over this long, so that a dead one costs its time-out once and not with every mail.
REST_SECONDS = 60.0


@dataclass
class Relays:
    """The relays of one process; `open` begins a run over them, and what it learns of a relay the next run knows."""

    openers: Sequence[Callable[[], Mailer]]
    rest: float = REST_SECONDS
    resting: dict[int, float] = field(default_factory=dict)

    def open(self) -> FailOver:
        """A Mailer over all of them."""
        return FailOver(self)

    def order(self) -> list[int]:
        """Every relay, those that gave out a moment ago last."""
        now = time.monotonic()
        return sorted(range(len(self.openers)), key=lambda at: (self.resting.get(at, 0.0) > now, at))


class FailOver:
    """A Mailer that turns to the next relay where one cannot take a message.

    A message whose fate is in doubt never goes to another relay at once: the first may have accepted it.
    """

    def __init__(self, relays: Relays) -> None:
        self._relays = relays
        self._open: dict[int, Mailer] = {}

    def send(self, message: Message) -> None:
        """Hand over one message. Raises what the last relay said where none takes it."""
        *others, last = self._relays.order()
        for at in others:
            try:
                return self._hand(at, message)
            except (RelayUnavailable, PolicyRefused) as error:
                if error.in_doubt:
                    raise
                LOG.warning("turning to the next mail server: %s", error)
        return self._hand(last, message)

    def close(self) -> None:
        """End every connection."""
        for mailer in self._open.values():
            mailer.close()
        self._open.clear()

    def _hand(self, at: int, message: Message) -> None:
        if at not in self._open:
            self._open[at] = self._relays.openers[at]()
        try:
            self._open[at].send(message)
        except (RelayUnavailable, PolicyRefused):
            self._relays.resting[at] = time.monotonic() + self._relays.rest
            raise
        self._relays.resting.pop(at, None)
