"""A mail server that may do anything at any step, and knows what it took.

Comes in: a seed, whether it offers PIPELINING. Goes out: a running server and its record. Refuses to know: who speaks
to it; it tells mails apart by the number in their recipient.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.origins import raw
from tests.relays import usual

GOOD = usual("fickle.test")
BAD = {
    "GREETING": ("421 4.3.2 not now", "DROP"),
    "MAIL": ("451 4.3.0 later", "550 5.7.1 not you", "421 4.3.2 no more", "DROP"),
    "RCPT": ("450 4.2.1 busy", "550 5.1.1 nobody", "550 nobody", "421 4.3.2 no more", "DROP"),
    "DATA": ("451 4.3.0 later", "554 5.6.0 no", "421 4.3.2 no more", "DROP"),
    "DOT": ("451 4.3.0 later", "554 5.6.0 no", "421 4.3.2 no more", "DROP", "TAKE AND DROP"),
    "RSET": ("500 5.5.1 what", "DROP"),
    "QUIT": ("DROP",),
}

# The line that ends a mail.
_END = b".\r\n"


class Gone(Exception):
    """The conversation is over."""


@dataclass
class Record:
    """What the server saw. `taken` counts the bodies it will deliver, `refused` holds the code of the last refusal,
    `answered` whether the end of a mail had an answer, when it last came.

    `wrong` names what no client may do; `noted` says which mails the client has settled durably.
    """

    noted: Callable[[int], bool]
    faults: float
    pipelining: bool
    port: int = 0
    taken: Counter[int] = field(default_factory=Counter)
    refused: dict[int, int] = field(default_factory=dict)
    answered: dict[int, bool] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextlib.contextmanager
def fickle(seed: int, faults: float, *, pipelining: bool, noted: Callable[[int], bool]) -> Iterator[Record]:
    """Run a server that does something bad at so large a share of its steps."""
    record, numbers = Record(noted, faults, pipelining), count(seed * 100_003)

    def behave(connection: socket.socket) -> None:
        with contextlib.suppress(Gone, OSError):
            _Talk(connection, record, random.Random(next(numbers))).run()

    with raw(behave) as server:
        record.port = server.port
        yield record


@dataclass
class _Talk:
    """One connection. Answers to commands that came together leave together, now and then in two pieces."""

    connection: socket.socket
    record: Record
    chance: random.Random
    heard: bytearray = field(default_factory=bytearray)
    owed: bytes = b""
    mail: int = -1
    before: int = -1
    refused: bool = False

    def run(self) -> None:
        self._say("GREETING")
        while True:
            line = self._line().decode()
            self._heard_out()
            verb = re.split(r"[ :\r]", line)[0].upper()
            if verb not in BAD.keys() | {"EHLO"}:
                self._is_wrong(f"{verb!r} is no command")
                raise Gone
            if verb == "EHLO":
                self.owed += (
                    b"250-fickle.test\r\n250 PIPELINING\r\n" if self.record.pipelining else b"250 fickle.test\r\n"
                )
            elif verb == "DATA":
                self._data()
            else:
                if verb == "MAIL":
                    self.mail, self.refused = int(re.findall(r"\d+", line)[0]), False
                self._say(verb)
                if verb == "QUIT":
                    self._pay()
                    return

    def _data(self) -> None:
        if self.refused and self.chance.random() < 0.5:
            self.owed += b"503 5.5.1 no recipient\r\n"
        elif self._say("DATA"):
            if self.chance.random() < self.record.faults / 4:
                self._line()
                raise Gone
            body = self._body()
            self._heard_out()
            self._judge(body)
            self._say("DOT")

    def _heard_out(self) -> None:
        """Who was not offered PIPELINING waits for each answer."""
        if self.heard and not self.record.pipelining:
            self._is_wrong(f"{bytes(self.heard[:20])!r} came before the answer to what was before it")

    def _is_wrong(self, what: str) -> None:
        with self.record.lock:
            self.record.wrong.append(what)

    def _judge(self, body: list[bytes]) -> None:
        """Is it the body of this mail, and was the mail before it noted?"""
        with self.record.lock:
            if self.refused:
                # Its end is a dot alone, which hands nothing over.
                self.record.wrong += [f"{self.mail} was refused, and its body came"] if body else []
                return
            if body[:3] != [f"N: {self.mail}\r\n".encode(), b"\r\n", b"..\r\n"] or set(body[3:]) != {b"text\r\n"}:
                self.record.wrong.append(f"another body came for {self.mail}")
            if self.before >= 0 and not self.record.noted(self.before):
                self.record.wrong.append(f"{self.mail} was handed over before {self.before} was noted")
            self.before = self.mail

    def _say(self, step: str) -> bool:
        said = self.chance.choice(BAD[step]) if self.chance.random() < self.record.faults else GOOD[step]
        if step == "DOT" and self.refused:
            said = "554 5.5.1 no recipient"
        with self.record.lock:
            self.record.said[f"{step} {said}"] += 1
            if step in ("MAIL", "DOT"):
                self.record.answered[self.mail] = step == "DOT" and not said.endswith("DROP")
            self.record.taken[self.mail] += said == "TAKE AND DROP" or (step == "DOT" and said[0] == "2")
            if said[0] in "45" and not self.refused and step in {"MAIL", "RCPT", "DATA", "DOT"}:
                self.refused, self.record.refused[self.mail] = True, int(said[:3])
        if said.endswith("DROP"):
            raise Gone
        self.owed += said.encode() + b"\r\n"
        if said.startswith("421"):
            self._pay()
            raise Gone
        return said[0] in "23"

    def _line(self) -> bytes:
        while (at := self.heard.find(b"\n")) < 0:
            self._hear()
        return self._take(at + 1)

    def _body(self) -> list[bytes]:
        """The lines up to the dot alone that ends them; to take them one by one, long mails would take seconds."""
        while len(self.heard) < len(_END):
            self._hear()
        if self.heard.startswith(_END):
            self._take(len(_END))
            return []
        seen = 0
        while (at := self.heard.find(b"\n" + _END, seen)) < 0:
            seen = max(len(self.heard) - len(_END), 0)
            self._hear()
        lines = self._take(at + 1 + len(_END))[: -len(_END)].split(b"\n")
        return [line + b"\n" for line in lines[:-1]]

    def _hear(self) -> None:
        self._pay()
        data = self.connection.recv(65536)
        if not data:
            raise Gone
        self.heard += data

    def _take(self, length: int) -> bytes:
        taken = bytes(self.heard[:length])
        del self.heard[:length]
        return taken

    def _pay(self) -> None:
        if self.owed and self.chance.random() < 0.1:
            cut = self.chance.randrange(len(self.owed))
            self.connection.sendall(self.owed[:cut])
            self.owed = self.owed[cut:]
            time.sleep(0.001)
        self.connection.sendall(self.owed)
        self.owed = b""
