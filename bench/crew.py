"""Worker processes of one service, as `docker-compose.yml` runs them: two, that ring for each other.

Comes in: options of a service. Goes out: processes that do the workers' tasks when they are told to, and those of the
other side of a measure: claimed mails that are sent without state, ready-made or rendered. Refuses to know: what is
timed.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from multiprocessing.connection import Connection
from multiprocessing.queues import SimpleQueue
from typing import Any

from bench.stored import NOW
from service.bootstrap import SilentBell, World, build, carrier
from service.deliveries import Mail, Outcome
from service.errors import DeliveryError
from service.model import DeliveryState
from service.pipeline.bodies import Bodies
from service.pipeline.rendering import Desk
from service.settings import load
from service.store.deliveries import Delivery, as_delivery
from service.store.payloads import with_payload
from service.store.tables import delivery
from workers import tasks

# As many as a sender claims at once.
BATCH = 200
_CONTEXT = multiprocessing.get_context("spawn")
_Queue = SimpleQueue[Any]
Row = tuple[Desk, Delivery]


@dataclass(slots=True)
class Stateless:
    """An outbox of rows that were claimed long ago: it begins whatever is asked for and forgets what became of it.

    Bodies are ready-made, or composed as the service does it: laid out for a batch, which finds the places to be
    marked, and rendered a few at a time, the next ones while the servers take in those before.
    """

    rows: Sequence[Row]
    bodies: Sequence[bytes] = ()
    now: datetime = NOW
    _next: int = 0
    sent: int = field(default=0)
    _hand: Bodies = field(default_factory=Bodies)

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
        desk, row = self.rows[number]
        if not desk.readers:
            batch = [row for own, row in self.rows[number : number + BATCH] if own is desk]
            desk.lay_out(batch, self.now)
            self._hand.add(batch, desk)
        if not self.bodies:
            self._hand.announce(row.id)
        return Mail(number if self.bodies else row.id, *desk.addresses(row), as_is=True)

    def wait(self) -> float | None:
        """Nothing comes later."""
        return None

    def prepare(self) -> None:
        """Render what comes next, where it is to be rendered."""
        self._hand.make_ahead()

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterable[tuple[Mail, bytes]]:
        """Forget what is done."""
        self.sent += len(done)
        if self.bodies:
            return ((mail, self.bodies[mail.id]) for mail in begin)
        self._hand.drop(outcome.mail.id for outcome in done)
        mails = {mail.id: mail for mail in begin}
        return ((mails[number], self._hand.take(number)) for number in self._hand.begun(list(mails)))


class _Bell(SilentBell):
    """Rings the other workers, over the queues that their orders come through."""

    def __init__(self, others: Sequence[_Queue]) -> None:
        self._others, self.rung = others, False

    def deliver(self) -> None:
        """Some mails are ready, and more will be."""
        self.rung = True
        for each in self._others:
            each.put(("deliver", ()))


class _Worker:
    """What one process can be told to do."""

    def __init__(self, options: dict[str, str], others: Sequence[_Queue]) -> None:
        self._now, self._rows, self._bodies = NOW, list[Row](), list[bytes]()
        self._bell = _Bell(others)
        open_world = partial(build, load({}, None, **options), bell=self._bell, clock=lambda: self._now)
        self._world: World = tasks.Workshop(open_world).world()

    def wake(self, now: datetime) -> None:
        """It is later."""
        self._now = now

    def compose(self) -> None:
        """Compose what is due; the others deliver as they are rung for."""
        tasks.compose(self._world)

    def deliver(self) -> None:
        """Send what is ready; a run ends after a while and rings, this worker too."""
        self._bell.rung = True
        while self._bell.rung:
            self._bell.rung = False
            tasks.deliver(self._world)

    def rehearse(self) -> None:
        """Render what is ready, and leave it as it is: then every card is known here."""
        with self._world.store.read() as unit:
            found = unit.deliveries.connection.execute(with_payload().where(delivery.c.state == DeliveryState.READY))
            ready = [as_delivery(row) for row in found]
        for at in range(0, len(ready), BATCH):
            desk, rows = self._world.pipeline.desk(), ready[at : at + BATCH]
            desk.lay_out(rows, self._now)
            desk.messages(rows)

    def rest(self) -> None:
        """Nothing; but the answer comes after all that was asked before."""

    def take(self) -> None:
        """Claim mails for the other side."""
        self._rows, self._bodies = taken(self._world, self._now), []

    def render(self) -> None:
        """Make the mails that were taken, to be sent ready-made."""
        lay_out(self._rows, self._now)
        self._bodies = [desk.message(row).body for desk, row in self._rows]

    def send(self) -> int:
        """Send what was taken, without state, composed on the way if not before; returns how many mails it was."""
        carries, outbox = carrier(self._world.settings), Stateless(self._rows, self._bodies, self._now)
        carries.carry(outbox)
        carries.close()
        if outbox.sent != len(self._rows):
            raise RuntimeError(f"only {outbox.sent} of {len(self._rows)} mails went out")
        return outbox.sent


def taken(world: World, now: datetime) -> list[Row]:
    """Claim what is ready, each batch with a desk of its own; to the database it is sent."""
    found, token = list[Row](), f"bench-{os.getpid()}"
    while True:
        with world.store.write() as unit:
            rows = unit.deliveries.claim(token, now, BATCH, 3600.0)
            ids = [row.id for row in rows]
            unit.deliveries.begin(token, [], ids, now)
            unit.deliveries.begin(token, ids, [], now)
        if not rows:
            return found
        desk = world.pipeline.desk()
        found += [(desk, row) for row in rows]


def lay_out(taken: Sequence[Row], now: datetime) -> None:
    """Have each desk read what rendering its rows needs."""
    for _, batch in groupby(taken, key=lambda each: id(each[0])):
        desks, rows = zip(*batch, strict=True)
        desks[0].lay_out(rows, now)


def _serve(options: dict[str, str], own: int, orders: Sequence[_Queue], answers: Connection) -> None:
    worker = _Worker(options, [each for number, each in enumerate(orders) if number != own])
    while order := orders[own].get():
        name, arguments = order
        answer = getattr(worker, name)(*arguments)
        # A ring waits for no answer.
        if name != "deliver":
            answers.send(answer)


class Crew:
    """So many worker processes of the service that these options describe."""

    def __init__(self, options: dict[str, str], workers: int) -> None:
        self._orders: list[_Queue] = [_CONTEXT.SimpleQueue() for _ in range(workers)]
        self._answers: list[Connection] = []
        self._processes = []
        for number in range(workers):
            mine, theirs = _CONTEXT.Pipe(duplex=False)
            process = _CONTEXT.Process(target=_serve, args=(options, number, self._orders, theirs), daemon=True)
            process.start()
            # So that its end is noticed here.
            theirs.close()
            self._answers.append(mine)
            self._processes.append(process)

    def morning(self) -> None:
        """One of them composes what is due and rings for the others; then all deliver until nothing is ready."""
        self._orders[0].put(("compose", ()))
        self._heard(0)
        self.deliver()

    def deliver(self) -> None:
        """All deliver until nothing is ready."""
        for orders in self._orders:
            orders.put(("deliver", ()))
        self.tell_all("rest")

    def tell_all(self, name: str, *arguments: object) -> list[Any]:
        """Have all of them do something at once; returns what they answer."""
        for orders in self._orders:
            orders.put((name, arguments))
        return [self._heard(number) for number in range(len(self._orders))]

    def _heard(self, number: int) -> Any:
        try:
            return self._answers[number].recv()
        except EOFError as error:
            raise RuntimeError("a worker has died; it has said of what") from error

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for orders in self._orders:
            orders.put(None)
        for process in self._processes:
            process.join(10)
            process.terminate()
