"""Rows of mails go once they are old, a few with each sweep, and nothing that is still to be done goes with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from service.errors import LinkError
from service.links import view_link
from service.model import DeliveryKind
from service.store import Store
from service.store.deliveries import new_delivery
from tests import databases
from tests.integration.stores import HOUR, NOW, add_reader, paper
from tests.integration.worlds import House, house

LORA = paper("Low-Rank Adaptation of Kettles", "We adapt kettles.", arxiv_id="2611.01001")
LATER = paper("Low-Rank Adaptation of Pots", "We adapt pots.", arxiv_id="2611.01002")


def rows(home: House) -> int:
    """How many digests there are, each with what it was frozen to."""
    with home.world.store.engine.connect() as connection:
        both = "SELECT count(*) FROM delivery JOIN delivery_payload ON delivery_id = id WHERE kind = 'digest'"
        count = connection.execute(text(both)).scalar_one()
        assert connection.execute(text("SELECT count(*) FROM delivery_payload")).scalar_one() >= count
        return int(count)


@pytest.mark.parametrize(("keep", "left"), [("400", 1), ("401", 2)])
def test_a_mail_goes_with_its_page_once_it_is_old(tmp_path: Path, keep: str, left: int) -> None:
    with house(tmp_path, keep_days=keep) as home:
        home.arrive(LORA)
        home.join("ada@example.org", "low-rank adaptation")
        home.morning()
        world = home.world
        with world.store.read() as unit:
            (reader,) = unit.subscribers.due(None, 1, 0)
            (sent,) = (row for row in unit.deliveries.of(reader.subscriber.id) if row.kind is DeliveryKind.DIGEST)
        link = view_link(world.signer, "", sent.id, sent.uid, sent.composed_at).rpartition("/")[2]
        home.arrive(LATER)
        home.clock.tomorrow()
        home.morning()
        home.clock.at += timedelta(days=398)
        world.pipeline.sweep(home.clock())
        assert world.pipeline.reading.copy(link, home.clock())
        home.clock.at += timedelta(days=1.5)
        world.pipeline.sweep(home.clock())
        assert rows(home) == left
        if left == 1:
            with pytest.raises(LinkError, match="no longer kept"):
                world.pipeline.reading.copy(link, home.clock())


@pytest.fixture
def store(database: dict[str, str], tmp_path: Path) -> Iterator[Store]:
    store = Store(database.get("database_url") or databases.sqlite(tmp_path / "paperround.sqlite3"))
    store.migrate()
    yield store
    store.close()


def test_only_what_is_over_is_deleted_and_not_all_at_once(store: Store) -> None:
    reader = add_reader(store)
    rows = [new_delivery(DeliveryKind.DIGEST, reader, str(number), NOW, {"number": number}) for number in range(9)]
    with store.write() as unit:
        unit.deliveries.add(rows)
        sent = [row.id for row in unit.deliveries.claim("token", NOW, 5, 60.0)]
        assert unit.deliveries.begin("token", [], sent, NOW) == set(sent)
    with store.write() as unit:
        assert unit.deliveries.forget(NOW + HOUR) == 0
        unit.deliveries.begin("token", sent, [], NOW)
    with store.write() as unit:
        assert unit.deliveries.forget(NOW) == 0
        assert [unit.deliveries.forget(NOW + HOUR, 3) for _ in range(3)] == [3, 2, 0]
        left = unit.deliveries.of(reader)
    assert len(left) == 4
    assert not {row.id for row in left} & set(sent)
