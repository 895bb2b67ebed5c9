"""One open SMTP connection: greeting, TLS, AUTH, and single commands.

Comes in: a relay and the watch that bounds every wait. Goes out: replies. Refuses to know: what is sent, and what a
refusal means for it.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl

from service.deadlines import Watch
from service.deliveries.relay import Relay
from service.deliveries.replies import CLOSING, Reply, Step
from service.errors import RelayUnavailable


class Refused(Exception):
    """The server answered a step with a reply that ends it."""

    def __init__(self, step: Step, reply: Reply) -> None:
        super().__init__(step, reply)
        self.step = step
        self.reply = reply


class _Client(smtplib.SMTP):
    """smtplib's client over a socket that a watch can cut, with TLS from the first byte where the relay wants it."""

    def __init__(self, relay: Relay, context: ssl.SSLContext, watch: Watch) -> None:
        self._relay = relay
        self._context = context
        self._watch = watch
        super().__init__(relay.host, relay.port, relay.helo, timeout=watch.remaining())

    def _get_socket(self, host: str, port: int, timeout: float | None) -> socket.socket:
        connection = self._connected(host, port)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._watch.hold(connection)
            connection.settimeout(self._watch.backstop())
            if self._relay.implicit_tls:
                return self._context.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self, host: str, port: int) -> socket.socket:
        found = self._watch.within(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        failure: OSError | None = None
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self._watch.remaining())
                connection.connect(address)
            except OSError as error:
                connection.close()
                failure = error
            else:
                return connection
        raise failure or OSError("the name has no address")


class Wire:
    """An open connection. Every method raises Refused, smtplib's or the socket's errors; its owner translates them."""

    def __init__(self, relay: Relay, context: ssl.SSLContext, watch: Watch) -> None:
        self._relay = relay
        self._context = context
        try:
            self._client = _Client(relay, context, watch)
        except smtplib.SMTPConnectError as error:
            raise Refused(Step.GREETING, _reply(error.smtp_code, error.smtp_error)) from error
        try:
            self._introduce()
        except BaseException:
            self.drop()
            raise

    def _introduce(self) -> None:
        self._greet()
        if not self._relay.implicit_tls:
            self._start_tls()
        if self._relay.account:
            self._authenticate()

    def _greet(self) -> None:
        reply = _reply(*self._client.ehlo())
        if reply.code == CLOSING or (not reply.good and not _reply(*self._client.helo()).good):
            raise Refused(Step.GREETING, reply)

    def _start_tls(self) -> None:
        if self.offers("starttls"):
            try:
                self._client.starttls(context=self._context)
            except smtplib.SMTPResponseException as error:
                if error.smtp_code == CLOSING:
                    raise Refused(Step.GREETING, _reply(error.smtp_code, error.smtp_error)) from error
            else:
                self._greet()
                return
        if self._relay.demand_tls:
            raise RelayUnavailable(f"The mail server {self._relay.name} offers no TLS, and the settings demand it.")

    def _authenticate(self) -> None:
        relay = self._relay
        encrypted = isinstance(self._client.sock, ssl.SSLSocket)
        if not encrypted and not relay.cleartext_password:
            raise RelayUnavailable(
                f"The mail server {relay.name} offers no TLS, and the password is not sent in the clear; "
                "the SMTP URL may allow it with cleartext=yes."
            )
        try:
            self._log_in()
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(Step.AUTH, Reply(504, "it offers no way to log in that this service knows")) from error
        except smtplib.SMTPAuthenticationError as error:
            raise Refused(Step.AUTH, _reply(error.smtp_code, error.smtp_error)) from error

    def _log_in(self) -> None:
        account, password = self._relay.account, self._relay.password
        if (account + password).isascii():
            self._client.login(account, password)
            return
        # smtplib knows only ASCII; PLAIN carries UTF-8 (RFC 4616).
        secret = base64.b64encode(f"\0{account}\0{password}".encode()).decode("ascii")
        reply = self.command(f"AUTH PLAIN {secret}")
        if not reply.good:
            raise Refused(Step.AUTH, reply)

    @property
    def socket(self) -> socket.socket:
        """What the connection runs over, under TLS where that was agreed."""
        if self._client.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        return self._client.sock

    def watch(self, watch: Watch) -> None:
        """Let another watch bound what follows."""
        self.socket.settimeout(watch.backstop())
        watch.hold(self.socket)

    def offers(self, extension: str) -> bool:
        """Whether the server named this extension in its greeting."""
        return bool(self._client.has_extn(extension))

    def command(self, line: str) -> Reply:
        """Send one command line and read the reply; `line` may hold UTF-8 where SMTPUTF8 was agreed."""
        self._client.send(line.encode() + b"\r\n")
        return self.reply()

    def reply(self) -> Reply:
        """Read one reply."""
        return _reply(*self._client.getreply())

    def drop(self) -> None:
        """Close at once, without a word."""
        with contextlib.suppress(OSError):
            self._client.close()

    def quit(self, watch: Watch) -> None:
        """Take leave politely, as far as the server lets us."""
        self.leave(watch)
        self.gone()

    def leave(self, watch: Watch, owed: int = 0) -> None:
        """Say that we leave, once the server has given so many answers that it owes."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.watch(watch)
            for _ in range(owed):
                self.reply()
            self._client.send(b"QUIT\r\n")

    def gone(self) -> None:
        """Let the server say its word to that, and close."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if self._client.sock is not None:
                self.reply()
        self.drop()


def _reply(code: int, text: bytes | str) -> Reply:
    return Reply(code, text.decode("utf-8", "replace") if isinstance(text, bytes) else text)


def unavailable(relay: Relay, seconds: float, error: Exception) -> RelayUnavailable:
    """Say in one sentence why the relay could not be spoken to; `seconds` is how long it had."""
    name = relay.name
    if isinstance(error, TimeoutError):
        return RelayUnavailable(f"The mail server {name} did not finish within {seconds:g} s.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return RelayUnavailable(
            f"The mail server {name} shows a certificate that does not hold: {error.verify_message.rstrip('.')}."
        )
    if isinstance(error, ssl.SSLError):
        return RelayUnavailable(f"The mail server {name} and this service could not agree on TLS.")
    if isinstance(error, socket.gaierror):
        return RelayUnavailable(f"The mail server {relay.host} could not be found: no such host, or no network.")
    if isinstance(error, ConnectionRefusedError):
        return RelayUnavailable(f"The mail server {name} refused the connection: nothing listens there.")
    return RelayUnavailable(f"The mail server {name} broke the connection off, or did not answer in SMTP.")
