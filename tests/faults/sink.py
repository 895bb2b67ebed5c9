"""A fast SMTP server in a process of its own that writes down every mail it is offered and every mail it takes.

Comes in: a log file, a delay per reply. Goes out: one line per event, written before the reply that tells the client:
time, `offered` (at RCPT) or `taken` (after the dot), recipient, Message-ID. Refuses to know: who sends, and why.

A recipient may ask for faults: `rcpt450x2.17@…` is refused with 450 at RCPT twice and then taken, `dotdropx1.4@…` has
its connection closed after the dot once. Steps are rcpt, data and dot; a word is a reply code or drop.

The whole server may be in a bad mood: `mail550` answers every MAIL so (steps: greet, ehlo, mail, rcpt, data, dot; 421
hangs up as well), `silent` answers nothing, `slow` reads and writes a byte a second, `tls` breaks the handshake off.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.forked import forks
from tests.servers import free_port, wait_for_port

_ID = re.compile(rb"(?im)^message-id:\s*<([^>]+)>")
_FAULT = re.compile(r"(rcpt|data|dot)(\d{3}|drop)x(\d+)\.")
_MOOD = re.compile(r"(greet|ehlo|mail|rcpt|data|dot)(\d{3})")
_ENHANCED = {
    "421": "4.3.2",
    "450": "4.2.1",
    "451": "4.3.0",
    "452": "4.2.2",
    "550": "5.1.1",
    "552": "5.3.4",
    "554": "5.6.0",
}


@dataclass(frozen=True)
class Event:
    """One line of the log; `at` is the machine's monotonic clock, which all its processes share."""

    at: float
    name: str
    recipient: str
    message_id: str


@dataclass(frozen=True)
class Sink:
    """A running sink."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://127.0.0.1:{self.port}"

    def events(self) -> list[Event]:
        """All that has happened, in order; a line still being written is left out."""
        lines = self.log.read_text().split("\n")[:-1]
        return [Event(float(at), *rest) for at, *rest in (line.split("\t") for line in lines)]

    def taken(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(event.message_id for event in self.events() if event.name == "taken")

    def feel(self, mood: str) -> None:
        """Change the server's mood; "" is a good one."""
        fresh = self.log.with_suffix(".next")
        fresh.write_text(mood)
        fresh.replace(self.log.with_suffix(".mood"))

    def count(self) -> int:
        """How many mails were taken."""
        return self.taken().total()


@contextlib.contextmanager
def running(log: Path, delay: float = 0.0, *, pipelining: bool = False, port: int = 0) -> Iterator[Sink]:
    """Start a sink and end it; `delay` is in seconds, for each reply."""
    port = port or free_port()
    server = forks.Process(target=_run, args=(port, log, delay, pipelining), daemon=True)
    server.start()
    try:
        wait_for_port(port)
        yield Sink(port, log)
    finally:
        server.kill()
        server.join()


class _Log:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._mood = Path(path).with_suffix(".mood")
        self._met: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def note(self, name: str, recipient: str, message_id: str = "-") -> None:
        os.write(self._file, f"{time.monotonic():.6f}\t{name}\t{recipient}\t{message_id}\n".encode())

    def mood(self) -> str:
        """How the whole server feels just now."""
        return self._mood.read_text() if self._mood.exists() else ""

    def fault(self, step: str, recipient: str) -> str:
        """The word of a fault at this step, of the whole server or asked for by this recipient; or nothing."""
        felt = _MOOD.fullmatch(self.mood())
        if felt and felt[1] == step:
            return felt[2]
        found = _FAULT.match(recipient)
        if found is None or found[1] != step or self._met[recipient][step] >= int(found[3]):
            return ""
        self._met[recipient][step] += 1
        return found[2]


class _Conversation(asyncio.Protocol):
    def __init__(self, log: _Log, delay: float, offers: str) -> None:
        self._log, self._delay, self._offers = log, delay, offers
        self._buffer = bytearray()
        self._sender = self._body = self._shaking_hands = False
        self._recipient = self._mood = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._mood = self._log.mood()
        self._log.note("called", "-")
        self._answer("greet", "220 sink.test ESMTP")

    def data_received(self, data: bytes) -> None:
        if self._shaking_hands:
            self._write("no handshake", b"")
            self._transport.close()
        elif self._mood == "slow":
            self._sip(data)
        else:
            self._drink(data)

    def _sip(self, data: bytes) -> None:
        for place, byte in enumerate(data):
            asyncio.get_running_loop().call_later(1.0 + place, self._drink, bytes([byte]))

    def _drink(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        mark = b"\r\n.\r\n" if self._body else b"\r\n"
        end = self._buffer.find(mark)
        if end < 0:
            return False
        piece = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        if self._body:
            self._body = False
            self._take(piece)
        else:
            self._command(piece.decode("utf-8", "replace"))
        return True

    def _command(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "RCPT" and not self._sender:
            self._say("503 5.5.1 whose mail?")
        elif verb == "RCPT":
            self._recipient = line.partition("<")[2].partition(">")[0]
            self._log.note("offered", self._recipient)
            if not self._answer("rcpt", "250 2.1.5 ok"):
                self._recipient = ""
        elif verb == "MAIL":
            self._recipient, self._sender = "", self._answer("mail", "250 2.1.0 ok")
        elif verb == "EHLO":
            self._answer("ehlo", self._greeting())
        elif verb == "STAR":
            self._say("220 2.0.0 go on")
            self._shaking_hands = True
        elif verb == "DATA":
            # Asked for in one breath with a recipient that was refused, it is granted all the same, as servers do.
            self._body = self._answer("data", "354 go ahead")
            if self._body:
                # So that a body of nothing but its dot is found, too.
                self._buffer[:0] = b"\r\n"
        elif verb == "QUIT":
            self._say("221 2.0.0 bye")
            self._transport.close()
        else:
            self._say("250 2.0.0 ok")

    def _greeting(self) -> str:
        return self._offers.replace("250 ", "250-STARTTLS\r\n250 ") if self._mood == "tls" else self._offers

    def _take(self, body: bytes) -> None:
        if not self._recipient:
            self._say("554 5.5.1 no valid recipients")
            return
        word = self._log.fault("dot", self._recipient)
        if not word or word == "drop":
            found = _ID.search(body)
            self._log.note("taken", self._recipient, found[1].decode() if found else "none")
        self._refuse(word) if word else self._say("250 2.0.0 taken")

    def _answer(self, step: str, usual: str) -> bool:
        word = self._log.fault(step, self._recipient)
        self._refuse(word) if word else self._say(usual)
        return not word

    def _refuse(self, word: str) -> None:
        if word == "drop":
            self._transport.close()
        else:
            self._say(f"{word} {_ENHANCED[word]} asked for")
            if word == "421":
                asyncio.get_running_loop().call_later(2 * self._delay, self._transport.close)

    def _say(self, reply: str) -> None:
        if self._mood == "silent":
            return
        if self._mood == "slow":
            for place, sign in enumerate(reply + "\r\n"):
                asyncio.get_running_loop().call_later(1.0 + place, self._write, sign, b"")
        elif self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._write, reply)
        else:
            self._write(reply)

    def _write(self, reply: str, end: bytes = b"\r\n") -> None:
        if not self._transport.is_closing():
            self._transport.write(reply.encode() + end)


async def _serve(port: int, log: _Log, delay: float, *, pipelining: bool) -> None:
    loop = asyncio.get_running_loop()
    offers = "250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME" if pipelining else "250-sink.test\r\n250 8BITMIME"
    server = await loop.create_server(lambda: _Conversation(log, delay, offers), "127.0.0.1", port)
    await server.serve_forever()


def _run(port: int, log: Path, delay: float, pipelining: bool) -> None:
    log.touch()
    asyncio.run(_serve(port, _Log(str(log)), delay, pipelining=pipelining))
