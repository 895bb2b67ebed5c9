"""One SMTP connection that never waits: it says what can be said and takes in what was answered.

Comes in: mails to hand over, bytes from the server. Goes out: bytes to the server, mails that are finished. Refuses to
know: other connections, the outbox, what a refusal means for a row.

Where the server offers PIPELINING (RFC 2920) the envelope of the next mail travels behind the body of this one, so a
mail costs one round trip. The next body stays here until it is begun: a body is what makes a mail.

    take ─▶ MAIL RCPT DATA ─▶ 354 ─▶ (give) body and dot, and the next MAIL RCPT DATA ─▶ 250 ─▶ finished
"""

from __future__ import annotations

import contextlib
import math
import smtplib
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.deadlines import Watch
from service.deliveries import Mail, envelope
from service.deliveries.replies import Reply, Step, refusal
from service.deliveries.wire import Wire
from service.errors import DeliveryError, RelayUnavailable

_GO_AHEAD = 354
_CHUNK = 65536
# A reply longer than this is none.
_LONGEST_REPLY = 65536
# What would block, on a plain socket and under TLS.
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Closing(Exception):
    """The server has said that it ends the connection, or that it will not follow us; `problem` is what it said."""

    def __init__(self, problem: DeliveryError) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(slots=True, eq=False)
class Handing:
    """One mail on its way over one line. `in_doubt` once the dot may have reached the server."""

    mail: Mail
    sender: str
    recipient: str
    deadline: float = math.inf
    body: bytes = b""
    begun: bool = False
    answered: bool = False
    going: bool = False
    in_doubt: bool = False
    dot_at: int = 0
    problem: DeliveryError | None = None

    def anew(self) -> Handing:
        """The same mail, as if no server had seen it yet."""
        return Handing(self.mail, self.sender, self.recipient, self.deadline, self.body, self.begun)


class Line:
    """An open connection. `front` is the mail in hand, `ahead` the one whose envelope is under way behind it.

    `called` is when its opening began, on the monotonic clock: the first mail's time counts from there. `more` is asked
    for the next mail as soon as a body is on its way. Its methods raise Closing, smtplib's or the
    socket's errors where the connection is of no more use; `served` counts the mails it has dealt with. From the dot of
    a mail on the server has at least `answer` seconds.
    """

    answer = 0.0

    def __init__(self, wire: Wire, relay: int, name: str, called: float) -> None:
        self.wire = wire
        self.relay = relay
        self._called: float | None = called
        self.more: Callable[[Line], None] = _nothing
        self.front: Handing | None = None
        self.ahead: Handing | None = None
        self.finished: deque[Handing] = deque()
        self.served = 0
        self.pipelining, self._eight_bit, self._utf8 = map(wire.offers, ("pipelining", "8bitmime", "smtputf8"))
        self.socket = wire.socket
        self.socket.setblocking(False)
        self._name = name
        self._due: deque[tuple[Step, Handing | None]] = deque()
        self._later: deque[tuple[Sequence[bytes], Step, Handing | None]] = deque()
        self._out: deque[bytes | memoryview] = deque()
        self._in = bytearray()
        self._queued = self._written = 0

    @property
    def writing(self) -> bool:
        """Bytes wait for the server to take more."""
        return bool(self._out)

    def since(self) -> float:
        """From when the time of the next mail counts."""
        called, self._called = self._called, None
        return time.monotonic() if called is None else called

    def rest(self) -> None:
        """There was nothing to do when it opened: the time that took is nobody's."""
        self._called = None

    def take(self, handing: Handing) -> None:
        """Show a mail's envelope to the server. Raises MessageRefused where the server cannot take such an address."""
        said = envelope.options(
            handing.sender,
            handing.recipient,
            eight_bit=handing.mail.eight_bit or not handing.body.isascii(),
            knows_eight_bit=self._eight_bit,
            knows_utf8=self._utf8,
        )
        if self.front is None:
            self.front = handing
        else:
            self.ahead = handing
        self._later.append(([f"MAIL FROM:<{handing.sender}>{said}\r\n".encode()], Step.MAIL, handing))
        self._later.append(([f"RCPT TO:<{handing.recipient}>\r\n".encode()], Step.RCPT, handing))
        self._say([b"DATA\r\n"], Step.DATA, handing)

    def give(self) -> None:
        """The mail in hand is begun: its body is written as soon as the server is ready for it."""
        if self.front and self.front.begun and self.front.going and not self.front.dot_at:
            self._hand_over(self.front)

    def flush(self) -> None:
        """Write what the server takes now."""
        self._pump()
        while self._out:
            try:
                sent = self._send()
            except _NOT_NOW:
                return
            self._written += sent
            self._forget(sent)
            if self.front and self.front.dot_at and self._written >= self.front.dot_at and not self.front.in_doubt:
                self.front.in_doubt = True
                self.front.deadline = max(self.front.deadline, time.monotonic() + self.answer)

    def _send(self) -> int:
        """Write what waits, in one go; a plain socket takes the pieces as they are."""
        if not isinstance(self.socket, ssl.SSLSocket):
            return self.socket.sendmsg(self._out)
        if len(self._out) > 1:
            self._out = deque([b"".join(self._out)])
        # TLS writes all of this, or does not say how much: what follows a dot waits until that is out.
        left = self.front.dot_at - self._written if self.front else 0
        return self.socket.send(memoryview(self._out[0])[:left] if left > 0 else self._out[0])

    def _forget(self, sent: int) -> None:
        """So many octets are written."""
        while self._out and sent >= len(self._out[0]):
            sent -= len(self._out.popleft())
        if sent:
            self._out[0] = memoryview(self._out[0])[sent:]

    def hear(self) -> None:
        """Take in what the server has said."""
        while True:
            try:
                data = self.socket.recv(_CHUNK)
            except _NOT_NOW:
                return
            if not data:
                raise smtplib.SMTPServerDisconnected("the connection was closed")
            self._in += data
            self._read()
            if len(data) < _CHUNK and not isinstance(self.socket, ssl.SSLSocket):
                return

    def drop(self) -> None:
        """Close at once: what was not ended by its dot is no mail."""
        self.wire.drop()

    def leave(self, watch: Watch) -> None:
        """Say that we leave; the wire hears the answer."""
        with contextlib.suppress(OSError):
            self.socket.setblocking(True)
        self.wire.leave(watch, len(self._due))

    def _read(self) -> None:
        start = at = 0
        while (end := self._in.find(b"\n", at)) >= 0:
            last = self._in[at + 3 : at + 4] != b"-"
            at = end + 1
            if last:
                self._answered(_reply(bytes(self._in[start:at])))
                start = at
        del self._in[:start]
        if len(self._in) > _LONGEST_REPLY:
            raise smtplib.SMTPServerDisconnected("the reply has no end")

    def _answered(self, reply: Reply) -> None:
        if not self._due:
            # A server may take leave at any time; anything else means that the two sides no longer follow each other.
            raise Closing(refusal(Step.GREETING, reply, self._name, ""))
        step, handing = self._due.popleft()
        if handing is None:
            self._reset_answered(step, reply)
            return
        if step is Step.DOT:
            self._accepted_or_not(handing, reply)
            return
        if step is Step.DATA:
            self._go_ahead(handing, reply)
        elif reply.good:
            handing.answered = True
        elif not handing.problem:
            handing.problem = self._refusal(step, reply, handing)
        if handing.problem and not any(each is handing for _, each in self._due):
            self._finish(handing, reset=True)

    def _reset_answered(self, step: Step, reply: Reply) -> None:
        if step is Step.RSET and not reply.good:
            raise Closing(refusal(Step.MAIL, reply, self._name, ""))

    def _go_ahead(self, handing: Handing, reply: Reply) -> None:
        """What comes after DATA: the body; a dot where the envelope was refused and the server waits all the same."""
        if _sane(reply).code == _GO_AHEAD:
            if handing.problem:
                self._later.appendleft(([b".\r\n"], Step.DOT, None))
                self._pump()
                return
            handing.going = True
            if handing.begun:
                self._hand_over(handing)
        elif not handing.problem:
            handing.problem = self._refusal(Step.DATA, reply, handing)

    def _hand_over(self, handing: Handing) -> None:
        self._say(envelope.wire_form(handing.body, as_is=handing.mail.as_is), Step.DOT, handing)
        if self.pipelining:
            self.more(self)

    def _accepted_or_not(self, handing: Handing, reply: Reply) -> None:
        reply = _sane(reply)
        handing.in_doubt = False
        if not reply.good:
            handing.problem = self._refusal(Step.DATA, reply, handing)
        self._finish(handing, reset=not reply.good)

    def _refusal(self, step: Step, reply: Reply, handing: Handing) -> DeliveryError:
        problem = refusal(step, reply, self._name, handing.recipient)
        if isinstance(problem, RelayUnavailable):
            raise Closing(problem)
        return problem

    def _finish(self, handing: Handing, *, reset: bool) -> None:
        """The mail is over; the connection is left ready for the next one."""
        self.served += 1
        self.finished.append(handing)
        self.front, self.ahead = self.ahead, None
        self._later = deque(each for each in self._later if each[2] is not handing)
        if reset and self.front is None:
            self._say([b"RSET\r\n"], Step.RSET, None)

    def _say(self, octets: Sequence[bytes], step: Step, handing: Handing | None) -> None:
        self._later.append((octets, step, handing))
        self._pump()

    def _pump(self) -> None:
        """Say what may be said: everything with PIPELINING, else one command at a time."""
        while self._later and (self.pipelining or not self._due):
            octets, step, handing = self._later.popleft()
            self._out += octets
            self._queued += sum(map(len, octets))
            self._due.append((step, handing))
            if step is Step.DOT and handing:
                handing.dot_at = self._queued


def _nothing(_: Line) -> None:
    """No more mails."""


@lru_cache(maxsize=64)
def _reply(octets: bytes) -> Reply:
    # A line feed alone ends a line: by any other sign a mail that was accepted would seem to be unanswered.
    lines = octets.decode("utf-8", "replace").rstrip("\r\n").split("\n")
    if not (len(lines[-1]) >= 3 and lines[-1][:3].isdecimal() and lines[-1][:3].isascii()):
        raise smtplib.SMTPServerDisconnected("the reply is none")
    return Reply(int(lines[-1][:3]), "\n".join(line[4:].strip() for line in lines))


def _sane(reply: Reply) -> Reply:
    """A reply that cannot stand at its step means that the two sides no longer follow each other."""
    if reply.code == _GO_AHEAD or reply.good or 400 <= reply.code < 600:
        return reply
    raise smtplib.SMTPServerDisconnected("the reply is none")
