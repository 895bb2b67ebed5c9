"""A mail whose dot has left under TLS may have come, however much of what follows it has not left yet."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import trustme

from service.deliveries import Mail, Outcome
from service.deliveries.line import Line
from service.deliveries.smtp import SmtpCarrier
from service.deliveries.wire import Wire
from service.errors import DeliveryError

NARROW = 4096
TEXT = b"text\r\n" * 10_000
# The envelope behind the body stands for a connection that takes no more just then.
LONG = f"{'a' * 400_000}@papers.test"


class NarrowLine(Line):
    """A line whose socket holds little that the server has not read."""

    def __init__(self, wire: Wire, relay: int, name: str, called: float) -> None:
        super().__init__(wire, relay, name, called)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW)


@dataclass
class Two:
    """An outbox of two mails."""

    left: list[Mail] = field(
        default_factory=lambda: [Mail(2, "b@papers.test", LONG), Mail(1, "b@papers.test", "ada@papers.test")]
    )
    outcomes: list[Outcome] = field(default_factory=list)

    def usable(self) -> Sequence[int]:
        return [0] if self.left or not self.outcomes else []

    def unusable(self, relay: int, error: DeliveryError) -> None:
        """It goes on with the same one."""

    def reserve(self) -> Mail | None:
        return self.left.pop() if self.left else None

    def wait(self) -> None:
        """No other will come."""

    def prepare(self) -> None:
        """It is there."""

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterator[tuple[Mail, bytes]]:
        self.outcomes += done
        return iter([(mail, f"Number: {mail.id}\r\n\r\n".encode() + TEXT) for mail in begin])


@contextlib.contextmanager
def hanging_up(context: ssl.SSLContext, taken: list[bytes]) -> Iterator[int]:
    """A server under TLS that reads the first mail of a connection up to its dot, keeps it, and hangs up."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with contextlib.suppress(ConnectionError), context.wrap_socket(plain, server_side=True) as server:
                        taken.append(first_mail(server))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def first_mail(server: ssl.SSLSocket) -> bytes:
    """Ask for one mail as a server does; returns its text."""
    hear = reader(server)
    server.sendall(b"220 relay.test\r\n")
    hear(b"\r\n")
    server.sendall(b"250-relay.test\r\n250 PIPELINING\r\n")
    hear(b"DATA\r\n")
    server.sendall(b"250 ok\r\n250 ok\r\n354 go ahead\r\n")
    return hear(b"\r\n.\r\n")


def reader(server: ssl.SSLSocket) -> Callable[[bytes], bytes]:
    """What reads up to a mark, and no further than it must."""
    heard = bytearray()

    def hear(mark: bytes) -> bytes:
        while mark not in heard:
            piece = server.recv(1024)
            if not piece:
                raise ConnectionResetError
            heard.extend(piece)
        end = heard.find(mark) + len(mark)
        found = bytes(heard[:end])
        del heard[:end]
        return found

    return hear


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.timeout(60)
def test_a_mail_whose_dot_has_left_is_in_doubt_although_what_follows_it_has_not(tls: ssl.SSLContext) -> None:
    taken: list[bytes] = []
    with hanging_up(tls, taken) as port:
        box = Two()
        carrier = SmtpCarrier([f"smtps://127.0.0.1:{port}?verify=no"], timeout=10, line=NarrowLine)
        carrier.carry(box)
        carrier.close()
    first = [outcome.error for outcome in box.outcomes if outcome.mail.id == 1]
    assert [error.in_doubt for error in first if error] == [True]
    assert [each[:9] for each in taken].count(b"Number: 1") == 1
