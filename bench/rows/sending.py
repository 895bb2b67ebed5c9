"""A whole morning with every promise kept, beside sending ready-made mails that nobody remembers.

Ours composes and delivers for readers that are due: matching, ranking, freezing, claiming, rendering, and for each mail
one durable statement, over 16 connections into Debian's `smtp-sink`. The other side hands the bytes of the same kind of
mails to the same carrier into the same sink and keeps no state; it may also have to compose them from rows that were
claimed: lay them out, which reads addresses and finds what is to be marked, and render them, for readers that it sees
for the first time, as ours does. Both have the same two processes with eight connections each. The naive side asks
the database for each reader and, by FTS5, for the best of what his keywords find, renders with Jinja2 and
`EmailMessage`, speaks `smtplib`, and commits after each mail.
"""

from __future__ import annotations

import smtplib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import create_engine, make_url, text, update

from bench.crew import Crew, Row, lay_out, taken
from bench.ground import Ground
from bench.measure import PAIRS, AtLeast, Measure, Pair, register, seconds
from bench.mornings import Morning as Choosing
from bench.plain_mail import PlainMail
from bench.sinks import sink
from bench.stored import NOW, filled, populate
from service.bootstrap import World, build
from service.model import Paper
from service.settings import load
from service.store import tables

WORKERS, CONNECTIONS = 2, 16
# All groups are due before anybody is for a second time.
APART = timedelta(minutes=30)
# How many papers make a mail of about so many KB.
PAPERS = {12: (500, 4), 40: (850, 60)}


def service(ground: Ground, name: str, port: int, url: str) -> dict[str, str]:
    """The options of a service called `name` that sends to this port; its rows are on SQLite, or where `url` says."""
    there = {"database_url": url} if url else {}
    way = {"smtp_url": f"smtp://127.0.0.1:{port}", "smtp_connections": str(CONNECTIONS // WORKERS), "canary": "0"}
    secrets = {"secret_keys": "k" * 43, "suppression_key": "s" * 43}
    return {"data_dir": str(ground.scratch / name), **there, **way, **secrets}


class Morning:
    """A service in the midst of its morning: many readers have had their mails, and groups are due one after the other.

    A process keeps cards and places of hits, so what the first of a hundred thousand mails costs says little.
    """

    def __init__(self, ground: Ground, port: int, size: int, groups: int, url: str = "") -> None:
        (papers, most), warm, group = PAPERS[size], ground.size(20_000, 4000), ground.size(2000, 1000)
        name = f"sending-{size}-{time.time_ns()}"
        options = service(ground, name, port, url)
        filled(ground, name, ground.papers(papers), url=url).close()
        self.world, self._groups = build(load({}, None, **options)), 0
        populate(self.world, ground.keywords, ground.readers(warm + group * groups), most)
        with self.world.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
            for number in range(1, groups + 1):
                due = update(tables.subscriber).values(next_due_at=NOW + number * APART)
                first = warm + (number - 1) * group
                connection.execute(due.where(tables.subscriber.c.id.between(first + 1, first + group)))
        self.crew = Crew(options, WORKERS)
        self.crew.morning()

    def now(self) -> datetime:
        """The time."""
        return NOW + self._groups * APART

    def ours(self) -> float:
        """Everything for the next group: seconds for each mail."""
        self._groups += 1
        self.crew.tell_all("wake", self.now())
        before = self._sent()
        return seconds(self.crew.morning) / (self._sent() - before)

    def sends(self) -> float:
        """Claiming, rendering, beginning, sending and noting what is ready: seconds for each mail."""
        before = self._sent()
        return seconds(self.crew.deliver) / (self._sent() - before)

    def next_group(self) -> None:
        """The mails of the next group are ready, and nobody sends them."""
        self._groups += 1
        self.crew.tell_all("wake", self.now())
        self.world.pipeline.compose(self.now())

    def theirs(self) -> float:
        """Sending what was taken: seconds for each mail."""
        sent: list[int] = []
        return seconds(lambda: sent.extend(self.crew.tell_all("send"))) / sum(sent)

    def _sent(self) -> int:
        with self.world.store.read() as unit:
            return unit.deliveries.states()["sent"]


def _morning(ground: Ground, size: int, on_postgres: bool = False) -> Morning:
    """The morning that all rows of this size and database share, with groups enough for all of them."""
    url = fresh_database(ground.postgres, size) if on_postgres else ""
    return ground.kept(("morning", size, on_postgres), lambda: _held(ground, size, url))


@contextmanager
def _held(ground: Ground, size: int, url: str) -> Iterator[Morning]:
    with sink() as port:
        morning = Morning(ground, port, size, 5 * PAIRS + 3, url)
        with morning.crew:
            yield morning
        morning.world.close()


def fresh_database(server: str, size: int) -> str:
    """The URL of a fresh database on a server."""
    name = f"sending_{size}_{time.time_ns()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def beside_ready_made(ground: Ground, size: int, on_postgres: bool) -> Sequence[Pair]:
    """Seconds for a mail; the other side sends those of one group again and again."""
    morning = _morning(ground, size, on_postgres)
    morning.next_group()
    morning.crew.tell_all("take")
    morning.crew.tell_all("render")
    return _in_turn(morning.ours, morning.theirs)


def from_ready_editions(ground: Ground, size: int, on_postgres: bool) -> Sequence[Pair]:
    """The same for editions that are composed already, of cards that are known; matching and ranking are added."""
    morning = _morning(ground, size, on_postgres)
    choosing, readers = Choosing(morning.world), 20_000
    choosing.index()

    def ours() -> float:
        morning.next_group()
        morning.crew.tell_all("rehearse")
        return morning.sends() + seconds(partial(choosing.choose, readers)) / readers

    morning.next_group()
    morning.crew.tell_all("take")
    morning.crew.tell_all("render")
    return _in_turn(ours, morning.theirs)


def beside_composing(ground: Ground, size: int, on_postgres: bool) -> Sequence[Pair]:
    """Seconds for a mail; both sides have mails that they have never rendered, and caches alike."""
    morning = _morning(ground, size, on_postgres)

    def theirs() -> float:
        morning.next_group()
        morning.crew.tell_all("take")
        return morning.theirs()

    return _in_turn(morning.ours, theirs)


def _in_turn(ours: Callable[[], float], theirs: Callable[[], float]) -> list[Pair]:
    taken = []
    for number in range(PAIRS):
        first = theirs() if number % 2 else 0.0
        mine = ours()
        taken.append(Pair(mine, first or theirs()))
    return taken


def naively(ground: Ground) -> Sequence[Pair]:
    """Seconds for a mail; the other side's from the first few of a group."""
    morning = _morning(ground, 40)
    morning.next_group()
    rows = taken(morning.world, morning.now())[: ground.size(200, 60)]
    lay_out(rows, morning.now())
    plain = PlainMail(morning.world.templates, morning.world.identity)
    with (
        sink() as port,
        smtplib.SMTP("127.0.0.1", port) as relay,
        _searchable(ground.papers(PAPERS[40][0])) as words,
    ):
        theirs = partial(_plainly, morning.world, plain, relay, words, rows)
        return _in_turn(morning.ours, lambda: seconds(theirs) / len(rows))


@contextmanager
def _searchable(papers: Sequence[Paper]) -> Iterator[sqlite3.Connection]:
    """The words of papers, numbered from 1, in a table of FTS5 in memory, which costs least."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (said, tokenize = 'porter unicode61')")
        said = ((n, f"{each.title}\n{each.abstract}") for n, each in enumerate(papers, 1))
        connection.executemany("INSERT INTO words (rowid, said) VALUES (?, ?)", said)
        yield connection


def _plainly(
    world: World, plain: PlainMail, relay: smtplib.SMTP, words: sqlite3.Connection, rows: Sequence[Row]
) -> None:
    for desk, row in rows:
        any_of = " OR ".join(f'"{keyword}"' for keyword in row.payload["keywords"])
        words.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 60", (any_of,)).fetchall()
        with world.store.read() as unit:
            unit.subscribers.some([row.subscriber_id])
            unit.papers.at_revision((each[0], each[1]) for each in row.payload["papers"])
        relay.send_message(plain.digest(desk.digest(row), desk.envelope(row)))
        with world.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
            sent = update(tables.delivery).where(tables.delivery.c.id == row.id)
            connection.execute(sent.values(finished_at=NOW))


def _row(
    size: int,
    other: str,
    goal: float,
    run: Callable[..., Sequence[Pair]],
    on_postgres: bool = False,
    what: str = "whole morning",
    long: bool = False,
) -> Measure:
    where = "PostgreSQL" if on_postgres else "SQLite"
    run = partial(run, size=size, on_postgres=on_postgres)
    return Measure(f"{what}, {size} KB, {where}, a mail", other, AtLeast(goal), run, long=long)


_ready = partial(
    _row, other="without state", run=from_ready_editions, what="from ready editions and known cards", long=True
)


register(
    _row(12, "without state", 0.8, beside_ready_made),
    _row(12, "without state", 0.5, beside_ready_made, on_postgres=True),
    _row(40, "without state", 0.95, beside_ready_made),
    _row(40, "without state", 0.65, beside_ready_made, on_postgres=True),
    _ready(12, goal=0.8),
    _ready(12, goal=0.5, on_postgres=True),
    _ready(40, goal=0.95),
    _ready(40, goal=0.65, on_postgres=True),
    _row(40, "without state, composing", 0.75, beside_composing),
    _row(40, "without state, composing", 0.55, beside_composing, on_postgres=True),
    Measure("whole morning, 40 KB, SQLite, a mail", "naive", AtLeast(20), naively),
)
