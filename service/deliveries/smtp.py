"""Hand messages to a relay over SMTP (RFC 5321), one connection for many messages.

Comes in: messages. Goes out: the relay has accepted them, or a DeliveryError that says whose fault it is. Refuses to
know: retries, rates and back-off, which are the database's and the pipeline's.
"""

from __future__ import annotations

import re
import smtplib

import idna

from service.deadlines import Watch
from service.deliveries import relay as relays
from service.deliveries.replies import CLOSING, Reply, Step, refusal
from service.deliveries.wire import Refused, Wire, unavailable
from service.errors import AddressRefused, DeliveryError, RelayUnavailable
from service.model import Message

_LINE_END = re.compile(rb"\r\n|\r|\n")
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")
_FAREWELL = 2.0
_GO_AHEAD = 354


class SmtpMailer:
    """A Mailer over one kept-open connection to the relay of a URL (see `relay` for its forms).

    `timeout` bounds one whole message in seconds, connecting included: a server that takes a byte a second is cut.
    `open_wire` opens a connection.
    """

    def __init__(self, url: str, timeout: float = 30.0, open_wire: type[Wire] = Wire) -> None:
        self._relay = relays.read(url)
        self._context = self._relay.tls_context()
        self._timeout = timeout
        self._open_wire = open_wire
        self._wire: Wire | None = None

    def send(self, message: Message) -> None:
        """Hand over one message, durably accepted by the relay when this returns. Raises DeliveryError only.

        A connection that the relay closed while it was idle is opened again once, unnoticed.
        """
        sender, recipient = _envelope_address(message.sender), _envelope_address(message.recipient)
        with Watch(self._timeout) as watch:
            handing = _Handing(message, sender, recipient)
            try:
                self._attempt(handing, watch)
            except Refused as error:
                raise self._refused(error, recipient) from error
            except DeliveryError:
                raise
            except (OSError, smtplib.SMTPException, ValueError) as error:
                self._drop()
                raise self._lost(handing, watch, error) from error

    def greet(self) -> None:
        """Connect, agree on TLS and sign in, and send nothing. Raises DeliveryError."""
        with Watch(self._timeout) as watch:
            try:
                self._wire = self._open_wire(self._relay, self._context, watch)
            except Refused as error:
                raise refusal(error.step, error.reply, self._relay.name, "") from error
            except (OSError, smtplib.SMTPException, ValueError) as error:
                raise unavailable(self._relay, watch, error) from error

    def close(self) -> None:
        """End the connection; never raises."""
        if self._wire is not None:
            with Watch(_FAREWELL) as watch:
                self._wire.quit(watch)
            self._wire = None

    def _attempt(self, handing: _Handing, watch: Watch) -> None:
        if self._wire is None or not _still_open(self._wire, handing, watch):
            self._drop()
            self._wire = self._open_wire(self._relay, self._context, watch)
            handing.begin(self._wire)
        handing.finish(self._wire)

    def _refused(self, error: Refused, recipient: str) -> DeliveryError:
        """Name the refusal, and leave the connection ready for the next message, or closed."""
        problem = refusal(error.step, error.reply, self._relay.name, recipient)
        if isinstance(problem, RelayUnavailable) or not self._reset():
            self._drop()
        return problem

    def _reset(self) -> bool:
        if self._wire is None:
            return False
        try:
            return self._wire.command("RSET").good
        except (OSError, smtplib.SMTPException):
            return False

    def _lost(self, handing: _Handing, watch: Watch, error: Exception) -> RelayUnavailable:
        problem = unavailable(self._relay, watch, error)
        if not handing.in_doubt:
            return problem
        return RelayUnavailable(f"{problem} It had the whole message and gave no answer: it may go out.", in_doubt=True)

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.drop()
            self._wire = None


def _still_open(wire: Wire, handing: _Handing, watch: Watch) -> bool:
    """Begin the message over a kept connection; no, where the relay closed it while it was idle."""
    try:
        wire.watch(watch)
        handing.begin(wire)
    except Refused as error:
        if error.reply.code != CLOSING:
            raise
        return False
    except (OSError, smtplib.SMTPException):
        if watch.expired:
            raise
        return False
    return True


class _Handing:
    """One message on its way: MAIL, RCPT, DATA, the dot. `in_doubt` once the dot may have reached the relay."""

    def __init__(self, message: Message, sender: str, recipient: str) -> None:
        self._sender = sender
        self._recipient = recipient
        self._body = _wire_form(message.body)
        self.in_doubt = False

    def begin(self, wire: Wire) -> None:
        """Name the sender: the first command of a message, which meets a connection closed while idle."""
        reply = wire.command(f"MAIL FROM:<{self._sender}>{self._options(wire)}")
        if not reply.good:
            raise Refused(Step.MAIL, reply)

    def finish(self, wire: Wire) -> None:
        """Name the recipient and give the message, up to the relay's last word on it."""
        reply = wire.command(f"RCPT TO:<{self._recipient}>")
        if not reply.good:
            raise Refused(Step.RCPT, reply)
        reply = _sane(wire.command("DATA"))
        if reply.code != _GO_AHEAD:
            raise Refused(Step.DATA, reply)
        wire.write(self._body)
        self.in_doubt = True
        wire.write(b".\r\n")
        reply = _sane(wire.reply())
        self.in_doubt = False
        if not reply.good:
            raise Refused(Step.DATA, reply)

    def _options(self, wire: Wire) -> str:
        options = "" if self._body.isascii() or not wire.offers("8bitmime") else " BODY=8BITMIME"
        if self._sender.isascii() and self._recipient.isascii():
            return options
        if wire.offers("smtputf8"):
            return f"{options} SMTPUTF8"
        raise AddressRefused(
            "The mail server takes no addresses with signs beyond ASCII (SMTPUTF8), and this has some."
        )


def _sane(reply: Reply) -> Reply:
    """A reply that cannot stand at its step means that the two sides no longer follow each other."""
    if reply.code == _GO_AHEAD or reply.good or 400 <= reply.code < 600:
        return reply
    raise smtplib.SMTPServerDisconnected("the reply is none")


def _envelope_address(address: str) -> str:
    """Write an address as the envelope needs it: an international domain in its ASCII form (RFC 5890)."""
    if _UNSAFE.search(address) or address.count("@") < 1:
        raise AddressRefused("The address cannot stand in a mail's envelope.")
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise AddressRefused("The address has a domain that cannot exist.") from error


def _wire_form(body: bytes) -> bytes:
    """End every line with CRLF and double the leading dots (RFC 5321, section 4.5.2).

    A bare CR or LF is how one mail smuggles in another; none leaves this house.
    """
    ends = body.count(b"\r\n")
    lines = body if ends == body.count(b"\n") == body.count(b"\r") else _LINE_END.sub(b"\r\n", body)
    stuffed = lines.replace(b"\r\n.", b"\r\n..")
    whole = b"." + stuffed if stuffed.startswith(b".") else stuffed
    return whole if whole.endswith(b"\r\n") else whole + b"\r\n"
