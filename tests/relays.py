"""A mail server that misbehaves on purpose, step by step.

Comes in: what to say at each step. Goes out: a running relay with what it was told. Refuses to know: who speaks to it.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.origins import raw

# Words that are no reply: close the connection, or say nothing more.
DROP, HANG = "DROP", "HANG"


def usual(host: str) -> dict[str, str]:
    """What a server of this name says at each step when all goes well."""
    return {
        "GREETING": f"220 {host} ESMTP",
        "EHLO": f"250-{host}\r\n250 8BITMIME",
        "HELO": f"250 {host}",
        "MAIL": "250 2.1.0 ok",
        "RCPT": "250 2.1.5 ok",
        "DATA": "354 go ahead",
        "DOT": "250 2.0.0 taken",
        "RSET": "250 2.0.0 ok",
        "QUIT": "221 2.0.0 bye",
    }


@dataclass
class Relay:
    """What the relay was told. `lines` holds every command, `bodies` every message up to its dot."""

    port: int = 0
    lines: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://127.0.0.1:{self.port}"

    def verbs(self) -> list[str]:
        """The commands without their arguments."""
        return [line.split(" ")[0].split(":")[0].upper() for line in self.lines]


@contextlib.contextmanager
def relay(script: Mapping[str, str | list[str]] | None = None) -> Iterator[Relay]:
    """Run a relay. A list in the script is said in turn, its last entry for ever after; the rest goes as usual."""
    seen = Relay()
    lines = {
        step: [said] if isinstance(said, str) else list(said)
        for step, said in {**usual("relay.test"), **(script or {})}.items()
    }

    def answer(step: str) -> str:
        left = lines.get(step, ["502 5.5.1 unknown"])
        return left.pop(0) if len(left) > 1 else left[0]

    def behave(connection: socket.socket) -> None:
        seen.connections += 1
        _Conversation(connection, seen, answer).run()

    with raw(behave) as server:
        seen.port = server.port
        yield seen


class _Conversation:
    """One client's talk, from the greeting to the end."""

    def __init__(self, connection: socket.socket, seen: Relay, answer: Callable[[str], str]) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self._seen = seen
        self._answer = answer

    def run(self) -> None:
        going = self._say("GREETING")
        while going and (line := self._file.readline()):
            self._seen.lines.append(line.decode().rstrip("\r\n"))
            verb = self._seen.verbs()[-1]
            going = self._say(verb) and verb != "QUIT"

    def _say(self, step: str) -> bool:
        said = self._answer(step)
        if said == HANG:
            time.sleep(30)
        if said in (DROP, HANG):
            return False
        self._connection.sendall(said.encode() + b"\r\n")
        if step == "DATA" and said.startswith("354"):
            return self._take()
        return not said.startswith("421")

    def _take(self) -> bool:
        body = b""
        while not body.endswith(b"\r\n.\r\n"):
            piece = self._file.readline()
            if not piece:
                return False
            body += piece
        self._seen.bodies.append(body)
        return self._say("DOT")
