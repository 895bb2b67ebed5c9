"""Whatever is kept of a reader is in the export, and after the erasure it is nowhere: found by looking everywhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import inspect, select

from service.links import FRESH, Purpose
from service.model import Choice, Profile, Schedule, Subscriber, SubscriberState
from service.store.tables import metadata
from tests.integration.sites import Site, form, site
from tests.integration.stores import paper
from tests.integration.worlds import house

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)

# Every table that knows no reader; one that is added later belongs here, or into the export.
NOBODYS = {
    "alembic_version", "arrival", "counter", "flag", "heartbeat", "pace", "page", "paper", "paper_key", "paper_text",
    "source", "waiting",
}  # fmt: skip
# What is told in other words: rows by their place, keywords as typed, papers and sources by name.
RETOLD = {
    ("subscriber", "id"), ("profile", "id"), ("profile", "position"), ("profile", "sources"), ("keyword", "id"),
    ("keyword", "canonical"), ("profile_keyword", "profile_id"), ("profile_keyword", "keyword_id"),
    ("profile_keyword", "position"), ("delivery", "id"), ("delivery", "papers"), ("delivery_payload", "delivery_id"),
    ("event", "id"),
    # The keywords of everybody as numbers, and marks that those of a reader have changed.
    ("roster", "block"), ("roster", "number"), ("roster", "body"), ("profile_change", "id"),
}  # fmt: skip
RENAMED = {"text": "keywords"}


class Person:
    """A reader of whom everything is kept that can be kept; whatever they say of themselves holds their mark."""

    def __init__(self, pages: Site, number: int) -> None:
        self.pages, self.number, self.world = pages, number, pages.house.world
        self.mark, self.network = f"zq{number:04}", f"198.51.{100 + number // 100}.{100 + number % 100}"
        self.email = f"reader-{self.mark}@uni.example"

    def joins(self) -> None:
        """Sign up and confirm by the pages, some as the owner of a list."""
        topics = ("low-rank adaptation", f"private topic {self.mark}")
        headers = {"X-Forwarded-For": self.network}
        assert self.pages.post("/subscribe", form(self.email, *topics), headers=headers).status_code == 200
        owner = f"owner-{self.mark}@uni.example" if self.number % 4 == 1 else ""
        self._press(Purpose.CONFIRM, {"owner": owner})

    def lives(self) -> None:
        """Two profiles, a letter of each kind, another address, a pause; some leave, and some cannot be reached."""
        now, reader = self.pages.house.clock(), self.reader
        profiles = (*reader.profiles, Profile((f"other topic {self.mark}",), f"Own {self.mark}", frozenset({1})))
        manage = self.pages.token(self.email, Purpose.MANAGE)
        self.world.subscriptions.change(manage, Choice(profiles, Schedule("Europe/Paris"), 7), now)
        for what in FRESH:
            self.world.records.ask(manage, what, now)
        for name in ("first", "second")[: 1 + self.number % 2]:
            self._press(Purpose.MOVE, {"email": f"{name}-{self.mark}@uni.example"})
            if name == "second":
                continue
            if self.number % 3:
                self._moves(f"{name}-{self.mark}@uni.example")
        self._press(Purpose.PAUSE, {"days": "7"})
        if self.number % 5 == 1:
            self._press(Purpose.UNSUBSCRIBE, {})
        if self.number % 5 == 2:
            with self.world.store.write() as unit:
                self.world.subscriptions.door.hold_against(unit, self.email, "bounced", now)
                unit.subscribers.set_state(reader.id, SubscriberState.SUPPRESSED)

    @property
    def reader(self) -> Subscriber:
        return self.pages.reader(self.email)

    def _press(self, purpose: Purpose, fields: Mapping[str, str]) -> None:
        headers = {"X-Forwarded-For": self.network}
        answer = self.pages.post(f"/{purpose}/{self.pages.token(self.email, purpose)}", fields, headers=headers)
        assert answer.status_code in (200, 422), answer.text

    def _moves(self, email: str) -> None:
        with self.world.store.read() as unit:
            wanted = unit.mailboxes.proposed(self.reader.id)
        assert wanted is not None
        now = self.pages.house.clock()
        self.world.records.move(
            self.world.signer.sign(Purpose.ADDRESS, f"{self.reader.public_id}~{wanted.nonce}", now), now
        )
        self.email = email


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each single value with the name it stands under."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, str(key))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves(each, name)
    else:
        yield name, value.isoformat() if hasattr(value, "isoformat") else str(value)


def rows(pages: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row of every table that is really there."""
    engine = pages.house.world.store.engine
    names = set(inspect(engine).get_table_names())
    assert names - {"alembic_version"} == set(metadata.tables)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            yield from ((table.name, dict(row._mapping)) for row in connection.execute(select(table)))


def about(pages: Site, person: Person) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that speak of a person: by their number, by that of their profiles, by a hash, or by what they said."""
    found, reader = list(rows(pages)), person.reader
    hashes = pages.house.world.subscriptions.door.hashes(reader.email, reader.owner)
    profiles = {row["id"] for name, row in found if name == "profile" and row["subscriber_id"] == reader.id}
    for name, row in found:
        own = (name == "subscriber" and row["id"] == reader.id) or row.get("subscriber_id") == reader.id
        known = row.get("profile_id") in profiles or row.get("hash") in hashes
        if own or known or any(person.mark in text for _, text in leaves(row)):
            yield name, row


def untold(record: dict[str, Any], found: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """What of these rows the export does not tell under its name."""
    told = set(leaves(record))
    return [
        f"{table}.{column}: {name} {value}"
        for table, row in found
        for column, whole in row.items()
        if (table, column) not in RETOLD and column != "subscriber_id"
        for name, value in leaves(whole, RENAMED.get(column, column))
        if (name, value) not in told
    ]


@pytest.fixture
def everywhere(tmp_path: Path, redis_url: str, caplog: pytest.LogCaptureFixture) -> Callable[..., list[str]]:
    """Where any of some texts can still be found: in the database's files, in Redis, in the log."""

    def found(*traces: str) -> list[str]:
        files = {file.name: file.read_bytes() for file in tmp_path.glob("*/paperround.sqlite3*")}
        places = [name for name, body in files.items() for trace in traces if trace.encode() in body]
        # The test's own client writes its log here too.
        own = [each.getMessage() for each in caplog.records if not each.name.startswith(("urllib3", "redis"))]
        return places + [each for each in (*in_redis(redis_url), *own) for trace in traces if trace in each]

    caplog.set_level(logging.DEBUG)
    return found


def in_redis(url: str) -> list[str]:
    """Every key with its value, in plain."""
    read = {b"string": "get", b"hash": "hgetall", b"set": "smembers"}
    ranges = {b"list": "lrange", b"zset": "zrange"}
    with redis.Redis.from_url(url) as client:
        found = []
        for key in client.keys("*"):
            kind = client.type(key)
            bounds = (0, -1) if kind in ranges else ()
            found.append(repr((key, getattr(client, (read | ranges)[kind])(key, *bounds))))
    return found


@pytest.mark.timeout(1800)
def test_every_export_is_complete_and_no_erasure_leaves_a_trace(
    tmp_path: Path,
    redis_url: str,
    request: pytest.FixtureRequest,
    everywhere: Callable[..., list[str]],
    full: bool,
    figure: Callable[[str], None],
) -> None:
    databases: dict[str, dict[str, str]] = {"SQLite": {}}
    if full:
        databases["PostgreSQL"] = {"database_url": request.getfixturevalue("postgres_database")}
    count = 200 if full else 3
    for name, options in databases.items():
        with site(tmp_path / name, broker_url=redis_url, **options) as pages:
            erased(pages, count, everywhere)
        figure(f"{count} exports and erasures, {name}: every column told; no trace in database, Redis or log")


def erased(pages: Site, count: int, everywhere: Callable[..., list[str]]) -> None:
    """Let so many people live here, and each of them take everything and be forgotten."""
    people = [Person(pages, number) for number in range(count)]
    pages.house.arrive(LORA)
    for person in people:
        person.joins()
    pages.house.morning()
    for person in people:
        person.lives()
    pages.house.world.pipeline.deliver(pages.house.clock())
    pages.house.world.pipeline.compose(pages.house.clock() + timedelta(seconds=1))
    for person in people:
        row, public_id, kept = person.reader.id, person.reader.public_id, list(about(pages, person))
        record = pages.post(f"/export/{pages.token(person.email, Purpose.EXPORT)}").json()
        assert untold(record, kept) == []
        assert {name for name, _ in kept} & NOBODYS == set()
        assert all(text in json.dumps(record) for text in (person.mark, LORA.title, "confirmed"))
        assert pages.post(f"/erase/{pages.token(person.email, Purpose.ERASE)}").status_code == 200
        assert everywhere(person.mark, public_id, person.network) == []
        left = [(name, each) for name, each in rows(pages) if person.mark in repr(each) or public_id in repr(each)]
        assert left == []
        assert not [name for name, each in rows(pages) if each.get("subscriber_id") == row]


def test_every_table_is_somebodys_or_nobodys(tmp_path: Path) -> None:
    with site(tmp_path) as pages, pages.house.world.store.read() as unit:
        known = set(unit.mailboxes.kept(1)) | set(unit.mailboxes.remembered(["x"]))
    assert known >= {"subscriber", "profile", "profile_keyword", "new_address", "delivery", "event", "asked"}
    assert set(metadata.tables) | {"alembic_version"} == known | NOBODYS | {"keyword", "roster"}
    assert not known & NOBODYS


def test_only_the_words_of_a_reader_are_looked_for(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        manage = home.join("ada@uni.example", "low-rank adaptation", "-survey", "Größe")
        home.arrive(LORA, paper("A Survey of Low-Rank Adaptation", arxiv_id="2611.01002"))
        home.morning()
        home.change(manage, "world model")
        reader = home.world.subscriptions.find("ada@uni.example")
        assert reader is not None
        with home.world.store.read() as unit:
            words = unit.mailboxes.words(reader.id)
    mailed = {"low-rank adaptation", "-survey", "Größe"}
    assert words == {"ada@uni.example", reader.public_id, "world model"} | mailed
