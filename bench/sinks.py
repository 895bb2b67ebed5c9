"""Mail servers that take everything: Postfix's smtp-sink, near or far away.

Comes in: how many connections at once, a delay. Goes out: a port while a `with` block lasts. Refuses to know: what
is sent.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

from bench.measure import Missing
from service.deliveries import Mail, Outcome
from service.errors import DeliveryError
from tests.servers import free_port, stop, wait_for_port

_MOST = 256


@contextmanager
def sink() -> Iterator[int]:
    """The port of an smtp-sink. Raises Missing."""
    program, port = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/bin:/usr/local/sbin"), free_port()
    if program is None:
        raise Missing("smtp-sink of Postfix is not installed")
    process = subprocess.Popen(
        [program, "-u", "nobody", "-c", f"127.0.0.1:{port}", str(_MOST)], stdout=subprocess.DEVNULL
    )
    try:
        wait_for_port(port, process)
        yield port
    finally:
        stop(process)


@contextmanager
def far(port: int, seconds: float) -> Iterator[int]:
    """A port behind which that one lies, and every answer of it comes so much later."""
    own = free_port()
    process = multiprocessing.get_context("spawn").Process(target=_relay, args=(own, port, seconds), daemon=True)
    process.start()
    try:
        wait_for_port(own)
        yield own
    finally:
        process.terminate()
        process.join()


def _relay(own: int, port: int, seconds: float) -> None:
    async def serve() -> None:
        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answers, commands = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pass(reader, commands, 0.0), _pass(answers, writer, seconds))

        async with await asyncio.start_server(meet, "127.0.0.1", own, backlog=_MOST) as server:
            await server.serve_forever()

    asyncio.run(serve())


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    while chunk := await reader.read(1 << 18):
        if seconds:
            loop.call_later(seconds, writer.write, chunk)
        else:
            writer.write(chunk)
    loop.call_later(seconds, writer.close)


class Pile:
    """An outbox of so many mails whose state nobody keeps; all have bodies of a few."""

    def __init__(self, bodies: list[bytes], count: int) -> None:
        self._mails = iter(
            [Mail(n, "digest@papers.example.org", f"reader{n}@example.org", as_is=True) for n in range(count)]
        )
        self._bodies = cycle(bodies)
        self.accepted = 0

    def usable(self) -> Sequence[int]:
        """The one relay."""
        return [0]

    def unusable(self, relay: int, error: DeliveryError) -> None:
        """Nothing may go wrong here."""
        raise error

    def reserve(self) -> Mail | None:
        """The next one."""
        return next(self._mails, None)

    def wait(self) -> None:
        """No other will come."""

    def prepare(self) -> None:
        """It is there."""

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterator[tuple[Mail, bytes]]:
        """Count what was accepted."""
        self.accepted += sum(each.error is None for each in done)
        return ((mail, next(self._bodies)) for mail in begin)
