"""The client that hands mails to a relay, beside Postfix's own test client and beside smtplib; no state is kept.

Beside smtp-source both have the same number of sessions, kept open, into the same smtp-sink. With 20 ms until each
answer both have 32 connections; smtplib, which waits for the answer to every command, has a thread for each.
"""

from __future__ import annotations

import shutil
import smtplib
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bench.ground import Ground
from bench.mails import mails
from bench.measure import PAIRS, AtLeast, Measure, Missing, Pair, interleaved, register
from bench.sinks import Pile, far, sink
from service.deliveries.smtp import SmtpCarrier

SIZE, SMALL, DELAY, MANY = 46_000, 12_000, 0.02, 32


def _carried(port: int, bodies: list[bytes], count: int, connections: int) -> None:
    """Send so many mails as a worker's carrier does."""
    pile = Pile(bodies, count)
    carrier = SmtpCarrier([f"smtp://127.0.0.1:{port}"], connections)
    carrier.carry(pile)
    carrier.close()
    assert pile.accepted == count


def beside_source(ground: Ground, sessions: int) -> Sequence[Pair]:
    """Seconds for the same number of mails of the same size."""
    program = shutil.which("smtp-source", path="/usr/sbin:/usr/bin:/bin:/usr/local/sbin")
    if program is None:
        raise Missing("smtp-source of Postfix is not installed")
    bodies, count = mails(ground, 50, SIZE), ground.size(6000, 2000)
    size = sum(map(len, bodies)) // len(bodies)
    with sink() as port:
        command = [program, "-d", "-s", str(sessions), "-m", str(count), "-l", str(size), f"127.0.0.1:{port}"]
        theirs = partial(subprocess.run, command, check=True, capture_output=True)
        return interleaved(partial(_carried, port, bodies, count, sessions), theirs, PAIRS)


def beside_smtplib(ground: Ground) -> Sequence[Pair]:
    """Seconds for the same mails, 20 ms away."""
    bodies, count = mails(ground, 50, SMALL), ground.size(9600, 3200)
    with sink() as near, far(near, DELAY) as port:
        return interleaved(
            partial(_carried, port, bodies, count, MANY), partial(_by_smtplib, port, bodies, count), PAIRS
        )


def _by_smtplib(port: int, bodies: list[bytes], count: int) -> None:
    def session(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            for at in range(number, count, MANY):
                server.sendmail("digest@papers.example.org", f"reader{at}@example.org", bodies[at % len(bodies)])

    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(session, range(MANY)))


for _sessions in (1, 16):
    register(
        Measure(
            f"SMTP client, 46 KB mails into smtp-sink, sessions: {_sessions}",
            "smtp-source",
            AtLeast(0.9),
            partial(beside_source, sessions=_sessions),
        )
    )
register(
    Measure(
        "SMTP client, 12 KB mails, 20 ms until each answer, 32 connections",
        "smtplib, 32 threads",
        AtLeast(3.5),
        beside_smtplib,
    )
)
