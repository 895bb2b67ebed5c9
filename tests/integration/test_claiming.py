"""Who of those that wait goes out next, and how many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from service.deliveries import Outcome
from service.errors import TemporaryRefusal
from service.model import Schedule
from service.pipeline.health import Health
from service.pipeline.pacing import Limits
from service.pipeline.tray import LOOKS, Tray
from service.store import Store
from tests.integration.stores import paper
from tests.integration.worlds import House, house
from tests.relays import Relay, relay


@contextmanager
def morning(folder: Path, readers: int, **options: str) -> Iterator[House]:
    """Digests for so many readers of one domain wait."""
    with house(folder, **options) as home:
        home.people((f"r{number}@one.example" for number in range(readers)), "orchids", Schedule("UTC", 7))
        home.world.pipeline.compose(home.clock())
        yield home


@contextmanager
def given_back(store: Store) -> Iterator[list[int]]:
    """How many rows each statement gave back that were claimed in vain."""
    rows: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE delivery SET state=CASE"):
            rows.append(cursor.rowcount)

    event.listen(store.engine, "after_cursor_execute", note)
    try:
        yield rows
    finally:
        event.remove(store.engine, "after_cursor_execute", note)


def test_a_letter_goes_out_before_the_digests_that_wait(tmp_path: Path) -> None:
    with morning(tmp_path, 60, smtp_rate="60") as home:
        home.clock.at += timedelta(minutes=5)
        home.world.subscriptions.subscribe("ada@example.org", "orchids", Schedule(), home.clock())
        end = time.monotonic() + 0.5
        home.world.pipeline.deliver(home.clock(), lambda: time.monotonic() > end)
        assert home.subjects("ada@example.org")


def test_a_letter_does_not_wait_until_all_that_is_claimed_is_out(tmp_path: Path) -> None:
    with busy(tmp_path, 100) as (home, server):

        def subscribe() -> None:
            home.world.subscriptions.subscribe("ada@example.org", "orchids", Schedule(), home.clock())
            time.sleep(LOOKS)

        home.world.pipeline.deliver(home.clock(), after_some(server, subscribe))
        (place,) = (number for number, body in enumerate(server.bodies) if b"To: ada@example.org" in body)
        assert place < 16, "a batch is of 25 mails at least"


def test_one_run_sends_to_a_domain_as_fast_as_the_limit_allows(tmp_path: Path) -> None:
    with morning(tmp_path, 60, smtp_per_domain="1200") as home, given_back(home.world.store) as rows:
        begun = time.monotonic()
        assert home.world.pipeline.deliver(home.clock()).sent == 60
        # Two seconds' worth are saved up at the start, the other twenty mails take a second.
        assert 0.8 <= time.monotonic() - begun < 6
        assert sum(rows) <= 60, "each mail that finds its domain full is told when its turn comes"


def test_letters_to_a_full_domain_do_not_stand_behind_its_digests(tmp_path: Path) -> None:
    with morning(tmp_path, 100, smtp_per_domain="120") as home:
        begun, later = time.monotonic(), iter([True])

        def stop() -> bool:
            if time.monotonic() > begun + 0.5 and next(later, False):
                home.world.subscriptions.subscribe("ada@one.example", "roses", Schedule(), home.clock())
            return bool(home.subjects("ada@one.example")) or time.monotonic() > begun + 8

        home.world.pipeline.deliver(home.clock(), stop)
        assert home.subjects("ada@one.example")


def test_no_more_is_claimed_than_the_rate_allows(tmp_path: Path) -> None:
    with morning(tmp_path, 100, smtp_rate="600") as home, given_back(home.world.store) as rows:
        end = time.monotonic() + 2
        done = home.world.pipeline.deliver(home.clock(), lambda: time.monotonic() > end)
        assert done.sent >= 30
        assert sum(rows) <= 10, "what is left of the last claim"


def test_what_is_in_hand_while_the_machine_sleeps_is_not_claimed_anew(tmp_path: Path) -> None:
    with morning(tmp_path, 3) as home:
        pipeline, health = home.world.pipeline, Health(["relay"])
        with home.world.store.read() as unit:
            health.read(unit)
        tray = Tray(home.world.store, health, Limits(), "mine", -1.0, home.clock(), lambda: False, pipeline.desk)
        shown = [tray.reserve() for _ in range(3)]
        assert pipeline.sweep(home.clock())["released"] == 3
        # It looks again when the others' mails have had time.
        time.sleep(0.1)
        assert None not in shown
        assert tray.reserve() is None
        mails = [mail for mail in shown if mail]
        assert list(tray.exchange([], mails[:1])) == []
        assert list(tray.exchange([Outcome(mails[1], 0, TemporaryRefusal("later", 451))], [])) == []
        assert list(tray.exchange([], mails[2:])) == []
        assert pipeline.deliver(home.clock()).sent == 3


def begun(home: House) -> int:
    """How many mails have been begun, sent or not."""
    with home.world.store.read() as unit:
        states = unit.deliveries.states()
    return states.get("sending", 0) + states.get("sent", 0)


@contextmanager
def busy(folder: Path, readers: int) -> Iterator[tuple[House, Relay]]:
    """A morning of digests with a paper each, and a real mail server."""
    keys = {"secret_keys": "k" * 40, "suppression_key": "s" * 40}
    with relay() as server, morning(folder, readers, smtp_url=server.url, smtp_connections="4", **keys) as home:
        yield home, server


def after_some(server: Relay, act: Callable[[], None]) -> Callable[[], bool]:
    """Never stops a run, and acts once when five mails are out."""
    waiting = iter([True])

    def stop() -> bool:
        if len(server.bodies) >= 5 and next(waiting, False):
            act()
        return False

    return stop


def test_nothing_is_begun_once_a_hold_has_been_answered(tmp_path: Path) -> None:
    before: list[int] = []
    with busy(tmp_path, 60) as (home, server):

        def hold() -> None:
            home.world.operations.hold("a wrong mail", home.clock())
            before.append(begun(home))

        home.world.pipeline.deliver(home.clock(), after_some(server, hold))
        assert [begun(home)] == before
        home.world.operations.release(home.clock())
        home.world.pipeline.deliver(home.clock())
        assert len(server.bodies) == 60


def test_what_is_claimed_while_a_hold_begins_is_taken_back(either: House) -> None:
    home = either
    home.world.subscriptions.subscribe("ada@example.org", "orchids", Schedule(), home.clock())
    with home.world.store.write() as unit:
        assert not unit.journal.is_braked(), "a sender has looked before"
    hold = threading.Thread(target=home.world.operations.hold, args=("a wrong mail", home.clock()))
    with home.world.store.write() as unit:
        assert not unit.journal.is_braked()
        hold.start()
        time.sleep(0.3)
        (row,) = unit.deliveries.claim("mine", home.clock(), 10, 60.0)
    hold.join()
    with home.world.store.write() as unit:
        assert unit.journal.is_braked()
        assert unit.deliveries.begin("mine", [], [row.id], home.clock()) == set()
        assert unit.deliveries.states() == {"ready": 1}


def test_no_mail_that_is_begun_after_it_was_hidden_holds_a_paper(tmp_path: Path) -> None:
    before: list[int] = []
    with busy(tmp_path, 60) as (home, server):
        kept, hidden = (paper(f"Orchids {word}", arxiv_id=f"2611.1000{len(word)}") for word in ("Kept", "Hidden"))
        home.arrive(kept, hidden)
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())

        def hide() -> None:
            home.world.operations.hide_paper("arxiv:2611.10006", home.clock())
            before.append(begun(home))

        assert home.world.pipeline.deliver(home.clock(), after_some(server, hide)).sent == 60
        assert sum(b"Orchids Kept" in body for body in server.bodies) == 60
        assert 5 <= sum(b"Orchids Hidden" in body for body in server.bodies) <= before[0] < 60
