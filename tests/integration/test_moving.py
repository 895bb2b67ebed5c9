"""Composers that move the due times of the same readers at once wait for each other, and none for ever."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from service.store import Store
from service.store.moving import move
from service.store.tables import subscriber
from tests.integration.stores import NOW, add_readers

READERS, ROUNDS = 300, 25


def test_composers_of_the_same_readers_never_lock_each_other_out(postgres_database: str) -> None:
    store = Store(postgres_database)
    store.migrate()
    ids = add_readers(store, (f"r{number}" for number in range(READERS)))

    # Those who only rewrite rows take them in one order, too.
    held = select(subscriber.c.id).order_by(subscriber.c.id).with_for_update()

    def compose(number: int) -> int:
        chance, moved = random.Random(number), 0
        for hour in range(ROUNDS):
            with store.write() as unit:
                some = chance.sample(ids, 40)
                unit.subscribers.connection.execute(held.where(subscriber.c.id.in_(some)))
                # Rows lie in another order from now on.
                unit.subscribers.set_welcomed(some)
            with store.write() as unit:
                old, new = NOW + timedelta(hours=hour), NOW + timedelta(hours=hour + 1)
                moved += len(move(unit.subscribers.connection, [(each, old, new) for each in ids]))
        return moved

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(compose, range(6))) == READERS * ROUNDS
    with store.read() as unit:
        last = unit.subscribers.connection.scalar(select(func.min(subscriber.c.next_due_at)))
    assert last == NOW + timedelta(hours=ROUNDS)
    store.close()
