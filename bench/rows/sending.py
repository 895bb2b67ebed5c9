"""A whole morning with every promise kept, beside sending ready-made mails that nobody remembers.

Ours composes and delivers for readers that are due: matching, ranking, freezing, claiming, rendering, and for each mail
one durable statement, over 16 connections into Debian's `smtp-sink`. The other side hands the bytes of the same kind of
mails to the same carrier into the same sink and keeps no state; it may also have to render them. The naive side asks
the database for each reader, renders with Jinja2 and `EmailMessage`, speaks `smtplib`, and commits after each mail.
"""

from __future__ import annotations

import shutil
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from sqlalchemy import create_engine, make_url, text, update

from bench.ground import Ground
from bench.measure import PAIRS, AtLeast, Measure, Missing, Pair, register, seconds
from bench.plain_mail import PlainMail
from bench.rows.composing import batches
from bench.stored import NOW, filled, populate
from service.bootstrap import build, carrier
from service.deliveries import Mail, Outcome
from service.errors import DeliveryError
from service.model import DeliveryState
from service.pipeline.rendering import Desk
from service.settings import load
from service.store import tables
from service.store.deliveries import Delivery
from workers.tasks import Workshop

CONNECTIONS = 16
# How many papers make a mail of about so many KB.
PAPERS = {12: (500, 4), 40: (850, 60)}


@contextmanager
def sink() -> Iterator[int]:
    """Debian's `smtp-sink` on a free port of the loopback interface. Raises Missing."""
    program = shutil.which("smtp-sink")
    if program is None:
        raise Missing("smtp-sink is not installed (Debian: postfix)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    as_user = ("-u", "nobody")
    process = subprocess.Popen([program, *as_user, f"127.0.0.1:{port}", "500"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(50):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@dataclass(slots=True)
class Stateless:
    """An outbox of rows that were claimed long ago: it begins whatever is asked for and forgets what became of it."""

    rows: Sequence[tuple[Desk, Delivery]]
    bodies: Sequence[bytes] = ()
    _next: int = 0
    sent: int = field(default=0)

    def usable(self) -> Sequence[int]:
        """The one relay there is."""
        return [0]

    def unusable(self, relay: int, error: DeliveryError) -> None:
        """Nothing makes up for it."""
        raise error

    def reserve(self) -> Mail | None:
        """The next mail."""
        if self._next == len(self.rows):
            return None
        number, self._next = self._next, self._next + 1
        return Mail(number, *self.rows[number][0].addresses(self.rows[number][1]))

    def wait(self) -> float | None:
        """Nothing comes later."""
        return None

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterable[tuple[Mail, bytes]]:
        """Forget what is done."""
        self.sent += len(done)
        return [(mail, self._body(mail.id)) for mail in begin]

    def _body(self, number: int) -> bytes:
        desk, row = self.rows[number]
        return self.bodies[number] if self.bodies else desk.message(row).body


class Morning:
    """A service in the midst of its morning: many readers have had their mails, and groups are due an hour apart.

    A process keeps cards and places of hits, so what the first of a hundred thousand mails costs says little.
    """

    def __init__(self, ground: Ground, port: int, size: int, url: str = "") -> None:
        self.group, (papers, most) = ground.size(2000, 400), PAPERS[size]
        warm = ground.size(20_000, 3000)
        self.port, self.rows = port, list[tuple[Desk, Delivery]]()
        name = f"sending-{size}-{time.time_ns()}"
        world = filled(ground, name, ground.papers(papers), url=url)
        populate(world, ground.keywords, ground.readers(warm + self.group * PAIRS), most)
        with world.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
            for number in range(1, PAIRS + 1):
                due = update(tables.subscriber).values(next_due_at=NOW + timedelta(hours=number))
                first = warm + (number - 1) * self.group
                connection.execute(due.where(tables.subscriber.c.id.between(first + 1, first + self.group)))
        world.close()
        there = {"database_url": url} if url else {}
        way = {"smtp_url": f"smtp://127.0.0.1:{port}", "smtp_connections": str(CONNECTIONS), "canary": "0"}
        secrets = {"secret_keys": "k" * 43, "suppression_key": "s" * 43}
        settings = load({}, None, data_dir=str(ground.scratch / name), **there, **way, **secrets)
        self.world = Workshop(partial(build, settings)).world()
        self.world.pipeline.compose(NOW)
        bodies: list[bytes] = []
        for desk, rows in batches(self.world):
            bodies = [*bodies, *(desk.message(row).body for row in rows)][-self.group :]
            self.rows = [*self.rows, *((desk, row) for row in rows)][-self.group :]
            self._note_as_sent([row.id for row in rows])
        self.bodies = bodies

    def _note_as_sent(self, ids: Sequence[int]) -> None:
        with self.world.store.write() as unit:
            unit.deliveries.begin("bench", [], ids, NOW)
            unit.deliveries.begin("bench", ids, [], NOW)

    def run(self, number: int) -> None:
        """Everything for one group."""
        now = NOW + timedelta(hours=number)
        self.world.pipeline.compose(now)
        delivered = self.world.pipeline.deliver(now)
        if delivered.sent < self.group * 0.9:
            raise RuntimeError(f"only {delivered} of {self.group} mails went out")

    def stateless(self, bodies: Sequence[bytes]) -> None:
        """The mails of the first group, without state."""
        carries, outbox = carrier(self.world.settings), Stateless(self.rows, bodies)
        carries.carry(outbox)
        carries.close()
        if outbox.sent != len(self.rows):
            raise RuntimeError(f"only {outbox.sent} of {len(self.rows)} mails went out")

    def naive(self, most: int) -> float:
        """Seconds for one group in the plain way, from the first few of it."""
        plain = PlainMail(self.world.templates, self.world.identity)
        some = self.rows[:most]
        with smtplib.SMTP("127.0.0.1", self.port) as relay:
            return seconds(partial(self._plainly, plain, relay, some)) * self.group / len(some)

    def _plainly(self, plain: PlainMail, relay: smtplib.SMTP, some: Sequence[tuple[Desk, Delivery]]) -> None:
        for desk, row in some:
            self._one(plain, relay, desk, row)

    def _one(self, plain: PlainMail, relay: smtplib.SMTP, desk: Desk, row: Delivery) -> None:
        with self.world.store.read() as unit:
            unit.subscribers.some([row.subscriber_id])
            unit.papers.at_revision((each[0], each[1]) for each in row.payload["papers"])
        relay.send_message(plain.digest(desk.digest(row), desk.envelope(row)))
        with self.world.store.write() as unit:
            unit.deliveries.end("bench", row.id, DeliveryState.FAILED, NOW, "")


def _pairs(ground: Ground, size: int, composing: bool = False, on_postgres: bool = False) -> Sequence[Pair]:
    with sink() as port:
        morning = Morning(ground, port, size, _database(ground.postgres, size) if on_postgres else "")
        bodies = () if composing else morning.bodies
        taken = []
        for number in range(1, PAIRS + 1):
            first = seconds(partial(morning.stateless, bodies)) if number % 2 else 0.0
            ours = seconds(partial(morning.run, number))
            taken.append(Pair(ours, first or seconds(partial(morning.stateless, bodies))))
        morning.world.close()
    return taken


def _database(server: str, size: int) -> str:
    """A fresh database on a server."""
    name = f"sending_{size}_{time.time_ns()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _naively(ground: Ground) -> Sequence[Pair]:
    with sink() as port:
        morning = Morning(ground, port, 40)
        return [
            Pair(seconds(partial(morning.run, number)), morning.naive(ground.size(200, 60)))
            for number in range(1, PAIRS + 1)
        ]


def _row(size: int, other: str, goal: float, composing: bool = False, on_postgres: bool = False) -> Measure:
    where = "PostgreSQL" if on_postgres else "SQLite"
    run = partial(_pairs, size=size, composing=composing, on_postgres=on_postgres)
    return Measure(f"whole morning, {size} KB, {where}", other, AtLeast(goal), run)


register(
    _row(12, "without state", 0.8),
    _row(12, "without state", 0.5, on_postgres=True),
    _row(40, "without state", 0.95),
    _row(40, "without state", 0.65, on_postgres=True),
    _row(40, "without state, composing", 0.75, composing=True),
    _row(40, "without state, composing", 0.55, composing=True, on_postgres=True),
    Measure("whole morning, 40 KB, SQLite", "naive", AtLeast(20), _naively),
)
