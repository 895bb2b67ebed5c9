"""The store keeps its promises on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from service.errors import StoreError
from service.model import ArrivalKind, DeliveryKind, DeliveryState, Profile, SubscriberState
from service.store import Store, Unit, migrations
from service.store.deliveries import new_delivery
from service.store.tables import metadata
from tests import databases
from tests.integration.stores import HOUR, NOW, SOURCE, add_reader, add_source, paper
from tests.servers import free_port


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_database"))
    return databases.sqlite(tmp_path / "paperround.sqlite3")


@pytest.fixture(params=["sqlite", "postgres"])
def unbuilt(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_unbuilt"))
    return f"sqlite:///{tmp_path / 'paperround.sqlite3'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    store.migrate()
    yield store
    store.close()


def test_what_a_statement_was_given_is_in_no_error(store: Store) -> None:
    given = {"name": "@".join(("ada", "uni.example"))}
    with pytest.raises(StoreError) as caught, store.write() as unit:
        unit.subscribers.connection.execute(text("SELECT 1 FROM nowhere WHERE name = :name"), given)
    told = "".join(traceback.format_exception(caught.value))
    assert "nowhere" in told
    assert given["name"] not in told


def test_a_new_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'data' / 'paperround.sqlite3'}")
    store.migrate()
    with store.write() as unit:
        add_source(unit)
        modes = {each.name: each.stat().st_mode & 0o077 for each in (tmp_path / "data").iterdir()}
    store.close()
    assert modes == dict.fromkeys([f"paperround.sqlite3{end}" for end in ("", "-shm", "-wal")], 0)
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def add_digests(store: Store, reader: int, count: int) -> None:
    with store.write() as unit:
        rows = [new_delivery(DeliveryKind.DIGEST, reader, f"day {n}", NOW, upto=n) for n in range(count)]
        unit.deliveries.add(rows)
    with store.read() as unit:
        assert [row.kind for row in unit.deliveries.of(reader)] == [DeliveryKind.DIGEST] * count


def test_the_migrations_build_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_two_migrations_that_start_at_once_both_end_well(unbuilt: str) -> None:
    stores = [Store(unbuilt) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda each: each.migrate(), stores)) == [None] * 4
    assert all(each.ready() for each in stores)
    for each in stores:
        each.close()


def test_who_opens_a_new_file_at_once_with_others_is_not_refused(tmp_path: Path) -> None:
    # One of some twenty files was refused to somebody, before that was tried again.
    for number in range(100):
        stores = [Store(f"sqlite:///{tmp_path / str(number)}") for _ in range(6)]
        together = Barrier(len(stores))

        def opened(store: Store, together: Barrier = together) -> float:
            together.wait(10)
            return store.clock()

        with ThreadPoolExecutor(len(stores)) as pool:
            assert all(pool.map(opened, stores))
        for each in stores:
            each.close()


def test_a_database_of_a_newer_release_is_named(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="of a newer release; start that one"):
        store.migrate()


def test_a_paper_seen_again_is_not_new_again(store: Store) -> None:
    with store.write() as unit:
        source = add_source(unit)
        once = paper("A Study of Sparse Gates", arxiv_id="2611.00001")
        assert unit.papers.add(source, SOURCE, [once, once], NOW) == 1
        assert unit.papers.add(source, SOURCE, [once], NOW + HOUR) == 0
        assert unit.papers.count() == 1
        assert unit.papers.last_arrival() == 1


def test_a_paper_seen_first_without_an_id_is_the_same_paper_later(store: Store) -> None:
    title = "Sparse Gates for Very Long Context Windows"
    with store.write() as unit:
        capture, live = add_source(unit), add_source(unit, "https://live.example/papers")
        unit.papers.add(capture, SOURCE, [paper(title)], NOW)
        full = paper(title, arxiv_id="2611.00002", authors=("Ada Novak",))
        assert unit.papers.add(live, "https://live.example/papers", [full], NOW + HOUR) == 1
        arrivals = unit.papers.arrivals(NOW)
        assert {each.paper_id for each in arrivals} == {arrivals[0].paper_id}
        assert unit.papers.get([arrivals[0].paper_id])[arrivals[0].paper_id].paper.arxiv_id == "2611.00002"


def test_two_rows_that_turn_out_to_be_one_paper_are_joined(store: Store) -> None:
    title = "Sparse Gates for Very Long Context Windows"
    with store.write() as unit:
        source = add_source(unit)
        unit.papers.add(source, SOURCE, [paper(title, doi="10.1000/xyz1")], NOW)
        unit.papers.add(source, SOURCE, [paper("Gates, Revisited", arxiv_id="2611.00003")], NOW)
        both = paper("Gates, Revisited", arxiv_id="2611.00003", doi="10.1000/xyz1")
        unit.papers.add(source, SOURCE, [both], NOW)
        assert unit.papers.count() == 1
        assert len(unit.papers.merged()) == 1
        assert len({each.paper_id for each in unit.papers.arrivals(NOW)}) == 1


def test_a_paper_without_an_abstract_arrives_when_it_has_one(store: Store) -> None:
    with store.write() as unit:
        source = add_source(unit)
        bare = paper("A Study of Sparse Gates", "", arxiv_id="2611.00004")
        assert unit.papers.add(source, SOURCE, [bare], NOW) == 0
        full = paper("A Study of Sparse Gates", "Gates are sparse.", arxiv_id="2611.00004")
        assert unit.papers.add(source, SOURCE, [full], NOW + HOUR) == 1
        assert unit.papers.release(NOW + 48 * HOUR) == 0


def test_a_paper_that_never_gets_an_abstract_arrives_after_a_day(store: Store) -> None:
    with store.write() as unit:
        unit.papers.add(add_source(unit), SOURCE, [paper("A Study of Sparse Gates", "", arxiv_id="2611.00105")], NOW)
        assert unit.papers.release(NOW + 23 * HOUR) == 0
        assert unit.papers.release(NOW + 24 * HOUR) == 1


def test_arrival_numbers_have_no_gap_however_many_collect_at_once(store: Store) -> None:
    with store.write() as unit:
        source = add_source(unit)

    def collect(worker: int) -> None:
        for n in range(5):
            with store.write() as unit:
                found = [paper(f"Paper {worker} {n} {k}", arxiv_id=f"2611.{worker}{n}{k}00") for k in range(3)]
                unit.papers.add(source, SOURCE, [*found, paper("Shared", arxiv_id="2611.00107")], NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(collect, range(4)))
    with store.read() as unit:
        assert [each.number for each in unit.papers.arrivals(NOW)] == list(range(1, 62))
        assert unit.papers.last_arrival() == 61


def test_a_replacement_is_an_arrival_of_its_own_kind(store: Store) -> None:
    with store.write() as unit:
        source = add_source(unit)
        unit.papers.add(source, SOURCE, [paper("Gates", arxiv_id="2611.00108")], NOW)
        again = paper("Gates", arxiv_id="2611.00108", version=2, kind=ArrivalKind.REPLACE)
        assert unit.papers.add(source, SOURCE, [again], NOW) == 1
        assert [each.kind for each in unit.papers.arrivals(NOW)] == ["new", "replace"]


def test_what_a_row_was_frozen_to_is_still_there_after_the_text_changed(store: Store) -> None:
    with store.write() as unit:
        source = add_source(unit)
        unit.papers.add(source, SOURCE, [paper("Gates", "Short.", arxiv_id="2611.00109")], NOW)
        first = next(iter(unit.papers.get([1]).values()))
        longer = paper("Gates", "A far longer abstract that says more.", arxiv_id="2611.00109", categories=("cs.LG",))
        unit.papers.add(source, SOURCE, [longer], NOW)
        assert unit.papers.get([1])[1].revision == 2
        assert unit.papers.at_revision([(1, first.revision)])[1, first.revision].abstract == "Short."


def test_no_delivery_is_claimed_twice(store: Store) -> None:
    add_digests(store, add_reader(store), 300)
    claimed: list[int] = []
    lock = threading.Lock()

    def claim(worker: int) -> None:
        while True:
            with store.write() as unit:
                rows = unit.deliveries.claim(f"worker {worker}", NOW, 7, 60)
            if not rows:
                return
            with lock:
                claimed.extend(row.id for row in rows)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(claim, range(6)))
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 300


def test_what_waits_is_counted_as_far_as_is_asked(store: Store) -> None:
    add_digests(store, add_reader(store), 5)
    with store.write() as unit:
        assert (unit.deliveries.waiting(NOW, 3), unit.deliveries.waiting(NOW, 9)) == (3, 5)
        unit.deliveries.claim("mine", NOW, 2, 60)
        assert unit.deliveries.waiting(NOW, 9) == 3
        assert unit.deliveries.waiting(NOW - timedelta(seconds=1), 9) == 0


def test_one_step_notes_the_last_mail_and_begins_the_next(store: Store) -> None:
    add_digests(store, add_reader(store), 2)
    with store.write() as unit:
        first, second = unit.deliveries.claim("mine", NOW, 10, 60)
        assert unit.deliveries.begin("mine", [], [first.id], NOW) == {first.id}
    with store.write() as unit:
        assert unit.deliveries.begin("mine", [first.id], [second.id], NOW) == {second.id}
        assert unit.deliveries.states() == {DeliveryState.SENT: 1, DeliveryState.SENDING: 1}


def test_what_a_database_file_refuses_of_a_step_is_told_and_nothing_of_it_is_done(tmp_path: Path) -> None:
    store = Store(databases.sqlite(tmp_path / "paperround.sqlite3"))
    store.migrate()
    add_digests(store, add_reader(store), 2)
    with store.write() as unit:
        first, second = unit.deliveries.claim("mine", NOW, 10, 60)
        unit.deliveries.begin("mine", [], [first.id], NOW)
        refuses = "CREATE TRIGGER refuses BEFORE UPDATE ON delivery WHEN NEW.state = 'sending'"
        unit.deliveries.connection.execute(text(f"{refuses} BEGIN SELECT RAISE(ABORT, 'not today'); END"))
    with pytest.raises(StoreError, match="answered: not today") as caught, store.step() as unit:
        unit.deliveries.begin("mine", [first.id], [second.id], NOW)
    assert not caught.value.transient
    with store.read() as unit:
        assert unit.deliveries.states() == {DeliveryState.SENDING: 1, DeliveryState.CLAIMED: 1}
    store.close()


def test_nothing_is_begun_or_noted_with_a_lease_that_is_not_ours(store: Store) -> None:
    add_digests(store, add_reader(store), 1)
    with store.write() as unit:
        (row,) = unit.deliveries.claim("mine", NOW, 10, 60)
        assert unit.deliveries.begin("another", [], [row.id], NOW) == set()
        unit.deliveries.begin("mine", [], [row.id], NOW)
        unit.deliveries.begin("another", [row.id], [], NOW)
        assert unit.deliveries.states() == {DeliveryState.SENDING: 1}


def test_nothing_is_begun_for_a_reader_who_has_left(store: Store) -> None:
    reader = add_reader(store)
    add_digests(store, reader, 2)
    with store.write() as unit:
        rows = unit.deliveries.claim("mine", NOW, 1, 60)
        unit.subscribers.set_state(reader, SubscriberState.LEFT)
        assert unit.deliveries.cancel(reader) == 2
        assert unit.deliveries.begin("mine", [], [row.id for row in rows], NOW) == set()
        assert unit.deliveries.states() == {DeliveryState.CANCELLED: 2}


def test_an_expired_claim_goes_back_and_a_mail_in_doubt_is_tried_three_times(store: Store) -> None:
    add_digests(store, add_reader(store), 2)
    for attempt in range(3):
        now = NOW + attempt * HOUR
        with store.write() as unit:
            rows = unit.deliveries.claim(f"dead {attempt}", now, 10, -1)
            # What is in doubt is claimed alone.
            rows = [*unit.deliveries.claim_doubtful(f"dead {attempt}", now, -1), *rows]
            assert len(rows) == 2
            doomed = min(row.id for row in rows)
            unit.deliveries.begin(f"dead {attempt}", [], [doomed], now)
        with store.write() as unit:
            swept = unit.deliveries.sweep(now)
            # What was in doubt comes back behind the mails that wait.
            assert doomed not in {row.id for row in unit.deliveries.claim("next", now, 10, -1)}
            unit.deliveries.release("next")
        assert swept["released"] == 1
        assert (swept["recovered"], swept["quarantined"]) == ((1, 0) if attempt < 2 else (0, 1))
    with store.read() as unit:
        assert unit.deliveries.states() == {DeliveryState.QUARANTINED: 1, DeliveryState.READY: 1}


def test_a_live_lease_is_left_alone_by_the_sweep(store: Store) -> None:
    add_digests(store, add_reader(store), 1)
    with store.write() as unit:
        unit.deliveries.claim("alive", NOW, 10, 60)
        assert set(unit.deliveries.sweep(NOW).values()) == {0}


def test_a_pace_gives_away_no_more_than_its_rate_whoever_asks(url: str) -> None:
    stores = [Store(url) for _ in range(4)]
    stores[0].migrate()

    def take(each: Store) -> int:
        with each.write() as unit:
            return unit.paces.reserve("relays", 600, 15)[0]

    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(take, stores * 10))
    passed = time.monotonic() - begun
    for each in stores:
        each.close()
    # Ten a second, with two seconds saved up at the start.
    assert 20 <= taken <= 20 + 10 * (passed + 0.2)


def test_a_full_pace_says_when_there_is_room(store: Store) -> None:
    with store.write() as unit:
        assert unit.paces.reserve("slow", 6, 5)[0] == 1
        count, wait = unit.paces.reserve("slow", 6, 5)
        assert count == 0
        assert 5 < wait <= 10
        assert unit.paces.reserve("another", 6, 5)[0] == 1


def test_the_database_of_an_earlier_release_is_brought_up_with_what_it_holds(unbuilt: str) -> None:
    old = Store(unbuilt)
    migrations.upgrade(old.engine, "0001")
    with pytest.raises(StoreError, match="of an earlier release; stop what works on it"):
        old.check()
    reader, moment = add_reader(old), f"{NOW:%Y-%m-%d %H:%M:%S.%f}"
    frozen = {"edition": "2026-11-20", "keywords": ["Tee\u0301", "🫖"]}
    with old.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for number, payload in enumerate((frozen, {}, frozen)):
            row = new_delivery(DeliveryKind.DIGEST, reader, str(number), NOW) | {"payload": json.dumps(payload)}
            row |= {"papers": "[4, 7]", "not_before": moment, "composed_at": moment}
            places = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO delivery ({', '.join(row)}) VALUES ({places})"), row)
    old.migrate()
    old.check()
    with old.read() as unit:
        assert [row.payload for row in unit.deliveries.of(reader)] == [frozen, {}, frozen]
    old.close()


def test_one_edition_has_one_row_whoever_adds_it(store: Store) -> None:
    reader = add_reader(store)
    rows = [new_delivery(DeliveryKind.DIGEST, reader, "2026-11-20", NOW, {"read": read}) for read in (7, 8)]
    for row in (rows[0], *rows):
        with store.write() as unit:
            unit.deliveries.add([row])
    with store.read() as unit:
        assert [(each.uid, each.payload) for each in unit.deliveries.of(reader)] == [(rows[0]["uid"], {"read": 7})]


def test_a_row_that_was_there_for_nothing_keeps_its_nothing(store: Store) -> None:
    reader = add_reader(store)
    nothing: dict[str, Any] = {}
    late = {"read": 8}
    with store.write() as unit:
        rows = [new_delivery(DeliveryKind.DIGEST, reader, "2026-11-20", NOW, each) for each in (nothing, late)]
        unit.deliveries.add(rows)
    with store.read() as unit:
        assert [each.payload for each in unit.deliveries.of(reader)] == [{}]


def test_what_past_digests_cover_is_summed_up_for_each_reader(store: Store) -> None:
    ada, grace = add_reader(store, "ada"), add_reader(store, "grace")
    days = [(ada, 3, [4, 7]), (ada, 2, []), (grace, 2, [7]), (ada, 1, [])]
    with store.write() as unit:
        unit.deliveries.add(
            [
                new_delivery(
                    DeliveryKind.DIGEST, reader, str(ago), NOW - 24 * ago * HOUR, papers=papers, upto=9 - len(papers)
                )
                | {"state": DeliveryState.NONE if ago > 1 else DeliveryState.READY}
                for reader, ago, papers in days
            ]
        )
    with store.read() as unit:
        found = unit.deliveries.covered([ada, grace], NOW - 96 * HOUR, NOW)
        newest = unit.deliveries.of(ada)[0].id
    assert (found[ada].upto, found[ada].at) == (9, NOW - 48 * HOUR)
    assert (set(found[ada].papers), set(found[grace].papers)) == ({4, 7}, {7})
    assert (set(found[ada].editions), set(found[ada].ready), found[ada].newest) == ({"3", "2", "1"}, {newest}, newest)
    assert (found[ada].heard, found[grace].heard) == (NOW - 24 * HOUR, NOW - 48 * HOUR)


def test_of_two_digests_that_cover_as_much_the_later_one_counts(store: Store) -> None:
    reader = add_reader(store)
    quiet = {"state": DeliveryState.NONE}
    rows = [new_delivery(DeliveryKind.DIGEST, reader, str(n), NOW + n * HOUR, upto=5) | quiet for n in (0, 24)]
    with store.write() as unit:
        unit.deliveries.add(rows)
    with store.read() as unit:
        assert unit.deliveries.covered([reader], NOW, NOW)[reader].at == NOW + 24 * HOUR


def test_a_digest_that_a_sender_took_is_not_superseded(store: Store) -> None:
    reader = add_reader(store)
    add_digests(store, reader, 2)
    with store.write() as unit:
        taken, waiting = sorted(unit.deliveries.covered([reader], NOW, NOW)[reader].ready)
        unit.deliveries.claim("mine", NOW, 1, 60)
        assert unit.deliveries.supersede([taken, waiting]) == {waiting}
        assert unit.deliveries.newest_digests([reader], NOW) == {reader: waiting}
        assert unit.deliveries.newest_digests([reader], NOW + HOUR) == {}


def test_a_row_that_nobody_may_be_sent_any_more_is_cancelled_when_given_back(store: Store) -> None:
    left, stays = add_reader(store, "left"), add_reader(store, "stays")
    for reader in (left, stays):
        add_digests(store, reader, 1)
    with store.write() as unit:
        unit.deliveries.claim("mine", NOW, 10, 60)
        unit.subscribers.set_state(left, SubscriberState.LEFT)
        unit.deliveries.release("mine")
        assert [row.state for row in unit.deliveries.of(left)] == [DeliveryState.CANCELLED]
        assert [row.state for row in unit.deliveries.of(stays)] == [DeliveryState.READY]


def test_only_one_of_many_moves_a_due_time(store: Store) -> None:
    reader = add_reader(store)

    def move(_: int) -> int:
        with store.write() as unit:
            return len(unit.subscribers.schedule_next([(reader, NOW, NOW + 24 * HOUR)]))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(move, range(8))) == 1


def test_erasing_a_reader_takes_profiles_and_deliveries_along(store: Store) -> None:
    reader = add_reader(store)
    add_digests(store, reader, 1)
    with store.write() as unit:
        unit.journal.note(reader, "asked", NOW)
        unit.journal.forget(reader)
        unit.subscribers.erase(reader)
    with store.engine.connect() as connection:
        for table in ("subscriber", "profile", "delivery"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
        assert connection.execute(text("SELECT subscriber_id FROM event")).scalars().all() == [None]


@pytest.mark.parametrize("erased_first", [True, False])
def test_a_keyword_may_be_taken_up_while_its_last_holder_is_erased(store: Store, erased_first: bool) -> None:
    lora = [(Profile(("lora",)), ["lora"])]
    gone, kept = add_reader(store, "gone"), add_reader(store, "kept")

    def erase(unit: Unit) -> None:
        unit.subscribers.erase(gone)

    def take_up(unit: Unit) -> None:
        unit.subscribers.set_profiles(kept, lora, NOW)

    def meanwhile(act: Callable[[Unit], None]) -> None:
        with store.write() as unit:
            act(unit)

    with store.write() as unit:
        unit.subscribers.set_profiles(gone, lora, NOW)
    first, second = (erase, take_up) if erased_first else (take_up, erase)
    with ThreadPoolExecutor(1) as pool:
        with store.write() as unit:
            first(unit)
            done = pool.submit(meanwhile, second)
            time.sleep(0.1)
        done.result(5)
    with store.read() as unit:
        assert unit.subscribers.get(gone) is None
        assert unit.subscribers.profiles([kept]) == {kept: (Profile(("lora",)),)}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://localhost/papers", "not a database this service knows"),
        ("postgresql://nobody@127.0.0.1:1/none", "the database answered"),
        ("sqlite:////dev/null/papers.sqlite3", "cannot be made"),
        ("sqlite:////proc", "the database /proc cannot be opened: is its folder there"),
    ],
)
def test_a_wrong_database_is_named_in_one_sentence(wrong: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence) as caught, Store(wrong).read():
        pass
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_named_and_so_is_one_that_may_only_be_read(tmp_path: Path) -> None:
    other, kept = tmp_path / "notes.txt", tmp_path / "kept"
    other.write_text("no database, but long enough to be looked at as if it were one\n" * 20)
    with pytest.raises(StoreError, match=f"^the database {other} is no file of SQLite$"):
        Store(f"sqlite:///{other}").ready()
    store = Store(f"sqlite:///{kept}")
    store.migrate()
    store.close()
    event.listen(store.engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    told = pytest.raises(StoreError, match=f"^the database {kept} cannot be written to: may this user")
    with told as caught, store.write() as unit:
        unit.journal.beat("doctor", NOW)
    assert caught.value.transient, "a disk that is mounted anew lets others go on"


def test_papers_are_counted_by_the_day_they_arrived_in_utc(url: str) -> None:
    # A session east of Greenwich would count the late evening to the next day.
    there = f"{url}?options=-c%20TimeZone%3DPacific/Auckland" if url.startswith("postgres") else url
    store = Store(there)
    store.migrate()
    with store.write() as unit:
        source, other = add_source(unit), add_source(unit, "https://other.example/feed")
        unit.sources.remove(other)
        for day, hour, count in ((18, 23, 3), (19, 0, 2), (19, 22, 1)):
            at = NOW.replace(day=day, hour=hour, minute=30)
            found = [paper(f"On the kettles of hour {hour} of day {day}, number {n}") for n in range(count)]
            unit.papers.add(source, SOURCE, found, at)
    with store.read() as unit:
        counts = {NOW.date().replace(day=18): 3, NOW.date().replace(day=19): 3}
        assert unit.sources.daily(NOW - HOUR * 72) == {source: counts}
        assert unit.sources.daily(NOW.replace(day=19, hour=1)) == {source: {NOW.date().replace(day=19): 1}}
        assert [(each.id, found) for each, found in unit.sources.watched(NOW - HOUR * 72)] == [(source, counts)]
    store.close()


def test_json_that_the_fast_library_refuses_is_kept_all_the_same(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'paperround.sqlite3'}")
    store.migrate()
    kept = {"half a pair": "\ud83d"}
    with store.write() as unit:
        unit.journal.set_flag("odd", {**kept, 5: None})
    with store.read() as unit:
        assert unit.journal.flag("odd") == {**kept, "5": None}
    store.close()


@pytest.mark.parametrize("odd", ["\ud800", "a\0b", 2**70, {"2": 1}, "\\u0000 % %s :x \u2028"], ids=ascii)
def test_a_row_holds_whatever_json_may_hold(store: Store, odd: object) -> None:
    ada = add_reader(store)
    with store.write() as unit:
        unit.deliveries.add([new_delivery(DeliveryKind.TEST, ada, "odd", NOW, {"said": odd})])
    with store.read() as unit:
        assert unit.deliveries.of(ada)[0].payload["said"] == odd


@pytest.mark.parametrize("unit", ["read", "write", "step"])
def test_a_server_that_is_not_there_is_an_error_of_the_store(unit: str) -> None:
    store = Store(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    with pytest.raises(StoreError, match="refused") as away, getattr(store, unit)():
        pass
    assert away.value.transient


def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = Store(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing?connect_timeout=2")
        begun = time.monotonic()
        with pytest.raises(StoreError, match="timeout expired") as away:
            store.check()
        assert away.value.transient
        assert time.monotonic() - begun < 5


def test_a_server_that_vanishes_is_given_up_unless_the_url_says_otherwise(postgres_database: str) -> None:
    for query, first in (("", "10"), ("?connect_timeout=7", "7")):
        store = Store(postgres_database + query)
        with store.engine.connect() as connection:
            said: Any = connection.connection.dbapi_connection
            known = said.info.get_parameters()
        store.close()
        names = ("connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
        assert [known.get(name) for name in names] == [first, "30", "10", "3", "60000"]
