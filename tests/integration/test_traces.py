"""What was deleted is gone from SQLite's files too, whoever else is at work, and large files are left in peace."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from service.store.traces import scrub
from tests.integration.stores import paper
from tests.integration.worlds import house


@pytest.mark.parametrize("size", ["small", "large"])
def test_what_is_left_of_an_erased_text_goes_with_the_whole_file(tmp_path: Path, size: str) -> None:
    file, left = tmp_path / "paperround.sqlite3", b"left in the slack of a page"
    with house(tmp_path) as home:
        with closing(sqlite3.connect(file)) as careless:
            careless.execute("PRAGMA secure_delete=OFF")
            careless.execute("INSERT INTO keyword (canonical) VALUES (?)", (left.decode(),))
            careless.commit()
            careless.execute("DELETE FROM keyword")
            careless.commit()
        engine = home.world.store.engine
        for nobodys in ([], ["something else"], ["as well"]):
            scrub(engine, nobodys, small=0)
            assert left in file.read_bytes(), "nobody waits for a large file without a trace, or for what others hold"
            home.arrive(paper("Left in Peace", "It stays as well, whoever goes."))
        if size == "large":
            scrub(engine, [left.decode()], small=0)
        else:
            home.world.store.scrub()
        assert left not in file.read_bytes()
        assert home.join("ada@uni.example", "mamba")


def test_what_is_deleted_is_zeroed_where_it_stood(tmp_path: Path) -> None:
    file = tmp_path / "paperround.sqlite3"
    with house(tmp_path) as home:
        home.join("ada@uni.example", "private topic")
        scrub(home.world.store.engine, [], small=0)
        assert b"private topic" in file.read_bytes()
        reader = home.world.subscriptions.find("ada@uni.example")
        assert reader is not None
        with home.world.store.write() as unit:
            unit.subscribers.erase(reader.id)
        scrub(home.world.store.engine, [], small=0)
        assert b"private topic" not in file.read_bytes()


def test_an_erasure_waits_for_the_moment_between_two_who_write(tmp_path: Path) -> None:
    file, writing, done = tmp_path / "paperround.sqlite3", threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as busy:
            while not done.is_set():
                busy.execute("BEGIN IMMEDIATE")
                busy.execute("UPDATE counter SET value = value + 1")
                writing.set()
                time.sleep(0.4)
                busy.execute("COMMIT")
                time.sleep(0.01)

    with house(tmp_path) as home:
        home.join("ada@uni.example", "private topic")
        reader = home.world.subscriptions.find("ada@uni.example")
        assert reader is not None
        with home.world.store.write() as unit:
            unit.subscribers.erase(reader.id)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        assert writing.wait(20)
        home.world.store.scrub(["private topic"])
        files = [Path(f"{file}{ending}") for ending in ("", "-wal")]
        left = [each.name for each in files if each.is_file() and b"private topic" in each.read_bytes()]
        done.set()
        writer.join()
    assert left == []


@pytest.mark.parametrize("plain", [True, False])
def test_a_text_is_found_as_json_writes_it_too(tmp_path: Path, plain: bool) -> None:
    file, topic = tmp_path / "paperround.sqlite3", '"Größe"'
    with house(tmp_path) as home:
        engine, written = home.world.store.engine, json.dumps({"keywords": [topic]}, ensure_ascii=plain)
        trace = json.dumps(topic, ensure_ascii=plain)[1:-1].encode()
        with closing(sqlite3.connect(file)) as careless:
            careless.execute("PRAGMA secure_delete=OFF")
            careless.execute("INSERT INTO heartbeat VALUES (?, '')", (written,))
            careless.execute("INSERT INTO flag VALUES ('x', ?)", (written,))
            careless.commit()
            careless.execute("DELETE FROM heartbeat")
            careless.commit()
        scrub(engine, [topic], small=0)
        left = file.read_bytes().count(trace)
        assert left > 1, "somebody else has said so too"
        with closing(sqlite3.connect(file)) as careful:
            careful.execute("DELETE FROM flag WHERE name = 'x'")
            careful.commit()
        scrub(engine, [topic], small=0)
        assert trace not in file.read_bytes()
