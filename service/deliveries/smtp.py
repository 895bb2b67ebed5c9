"""Hand messages to relays over SMTP (RFC 5321).

Comes in: an outbox of many mails, or one message. Goes out: a relay has accepted them, or a DeliveryError says whose
fault it is. Refuses to know: retries, rates and back-off, which are the database's and the pipeline's.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from functools import lru_cache

from service.deadlines import Watch
from service.deliveries import Mail, Outbox, Outcome
from service.deliveries import relay as relays
from service.deliveries.line import Line
from service.deliveries.opening import open_wire
from service.deliveries.rounds import Round
from service.deliveries.wire import Wire
from service.errors import DeliveryError
from service.model import Message

_FAREWELL = 2.0
# So long may a server look at a whole mail before it answers, in seconds. Whoever hangs up sooner sends what it takes
# all the same, again and again (RFC 5321, section 4.5.3.2.6, which asks for ten minutes: a lease is not much longer).
ANSWER = 120.0


class SmtpCarrier:
    """A Carrier over up to `connections` kept-open connections to the relays of some URLs (see `relay` for the forms).

    `timeout` bounds one whole message in seconds, connecting included: a server that takes a byte a second is cut.
    After its dot the answer may take `answer` seconds, where that is longer. `line` is the kind of line to use.
    """

    def __init__(
        self,
        urls: Sequence[str],
        connections: int = 1,
        timeout: float = 30.0,
        line: type[Line] = Line,
        answer: float = 0.0,
    ) -> None:
        self.relays = [_relay(url) for url in urls]
        self.connections = connections
        self.timeout = timeout
        self.answer = answer
        self.lines: list[Line] = []
        self._line = line

    @property
    def names(self) -> Sequence[str]:
        """Host and port of each relay."""
        return [relay.name for relay, _ in self.relays]

    def line(self, wire: Wire, number: int, at: float) -> Line:
        """A line over a connection to the relay of this number, which was called at `at` on the monotonic clock."""
        line = self._line(wire, number, self.relays[number][0].name, at)
        line.answer = self.answer
        return line

    def carry(self, outbox: Outbox) -> None:
        """Carry until the outbox is empty or no relay can be used. Raises only what the outbox raises."""
        Round(self, outbox).run()

    def close(self) -> None:
        """End the connections; never raises."""
        with Watch(_FAREWELL) as watch:
            # All at once: one after another they took a round trip each, as long as they need for a mail.
            for line in self.lines:
                line.leave(watch)
            for line in self.lines:
                line.wire.gone()
        self.lines.clear()


@lru_cache(maxsize=16)
def _relay(url: str) -> tuple[relays.Relay, ssl.SSLContext]:
    """Read once per process: loading the authorities takes longer than sending a hundred mails."""
    relay = relays.read(url)
    return relay, relay.tls_context()


class SmtpMailer:
    """A Mailer over one kept-open connection; several URLs are several relays, used in their order."""

    def __init__(self, *urls: str, timeout: float = 30.0) -> None:
        self._carrier = SmtpCarrier(urls, timeout=timeout)

    def send(self, message: Message) -> None:
        """Hand over one message, durably accepted by the relay when this returns. Raises DeliveryError only.

        A connection that the relay closed while it was idle is opened again once, unnoticed.
        """
        single = _Single(message, len(self._carrier.relays))
        self._carrier.carry(single)
        if single.error:
            raise single.error

    def greet(self) -> None:
        """Connect to each relay, agree on TLS and sign in, and send nothing. Raises DeliveryError."""
        for relay, context in self._carrier.relays:
            wire = open_wire(relay, context, self._carrier.timeout)
            with Watch(_FAREWELL) as watch:
                wire.quit(watch)

    def takes_utf8(self) -> bool:
        """Whether every relay takes addresses with letters beyond ASCII (RFC 6531). Raises DeliveryError."""
        known = True
        for relay, context in self._carrier.relays:
            wire = open_wire(relay, context, self._carrier.timeout)
            known = known and wire.offers("smtputf8")
            with Watch(_FAREWELL) as watch:
                wire.quit(watch)
        return known

    def close(self) -> None:
        """End the connection; never raises."""
        self._carrier.close()


class _Single:
    """An outbox that holds one message."""

    def __init__(self, message: Message, relays: int) -> None:
        self.error: DeliveryError | None = None
        self._message = message
        self._relays = list(range(relays))
        self._left = [Mail(0, message.sender, message.recipient, not message.body.isascii())]

    def usable(self) -> Sequence[int]:
        """Every relay that has not failed with this message."""
        return self._relays

    def unusable(self, relay: int, error: DeliveryError) -> None:
        """Pass over this relay."""
        self.error = error
        if relay in self._relays:
            self._relays.remove(relay)

    def reserve(self) -> Mail | None:
        """The one mail, once."""
        return self._left.pop() if self._left else None

    def wait(self) -> float | None:
        """There will be no other."""
        return None

    def prepare(self) -> None:
        """It is there."""

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterator[tuple[Mail, bytes]]:
        """Keep what became of it."""
        for outcome in done:
            self.error = outcome.error
        return iter([(mail, self._message.body) for mail in begin])
