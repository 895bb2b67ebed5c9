"""What the morning's choice for 100,000 readers (`--quick`: a tenth) costs beside databases that search themselves.

All sides begin with 500 papers indexed and every keyword parsed. Ours packs the profiles of all readers from their
rows, looks for every keyword and ranks for each reader, in the batches that composing takes. PostgreSQL has the words
of the papers in a column with a GIN index (as they stand, which costs it least), each keyword, and for each reader the
alternatives, as a stored query, and 512 MB for each sort and hash; FTS5 has them in its table. What these choose stays
in the database. A query per reader is asked for a sample of readers, and the time of all is in proportion; the best
form asks for each distinct keyword once and joins.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache, partial

from sqlalchemy import text

from bench.ground import Ground
from bench.measure import PAIRS, AtLeast, Measure, Pair, register, seconds
from bench.mornings import Morning, unfold
from bench.stored import filled, populate
from service.bootstrap import World
from service.model import Paper

PAPERS, SAMPLE = 500, 500

_PREPARE = """
    CREATE TABLE words (id bigint PRIMARY KEY, said tsvector);
    CREATE INDEX ON words USING gin (said);
    CREATE TABLE query AS SELECT id, phraseto_tsquery('simple', canonical) AS asked FROM keyword;
    CREATE TABLE reader AS SELECT p.subscriber_id AS id, string_agg('(' || q.asked::text || ')', '|')::tsquery AS asked
      FROM profile p JOIN profile_keyword k ON k.profile_id = p.id JOIN query q ON q.id = k.keyword_id
      WHERE numnode(q.asked) > 0 GROUP BY p.subscriber_id;
    ANALYZE
"""
_EACH = """
    SELECT count(*) FROM (SELECT * FROM reader WHERE id <= :sample) r CROSS JOIN LATERAL (
      SELECT w.id FROM words w WHERE w.said @@ r.asked ORDER BY ts_rank(w.said, r.asked) DESC, w.id LIMIT 10) best
"""
# The window function ranks by how many keywords hit and how rare they are; FTS5 runs it in the same words.
_JOINED = """
    SELECT count(*) FROM (
      SELECT row_number() OVER (PARTITION BY reader ORDER BY hits DESC, rarity DESC, paper) AS place FROM (
        SELECT p.subscriber_id AS reader, hit.paper, count(*) AS hits, sum(hit.rarity) AS rarity
        FROM profile p JOIN profile_keyword k ON k.profile_id = p.id JOIN hit ON hit.keyword = k.keyword_id
        GROUP BY p.subscriber_id, hit.paper) AS worth) AS best WHERE place <= 10
"""
_FOUND = """
    CREATE TEMP TABLE found ON COMMIT DROP AS
    SELECT q.id AS keyword, w.id AS paper FROM query q JOIN words w ON w.said @@ q.asked
"""
_RARITY = """
    CREATE {kind} TABLE hit AS
    SELECT keyword, paper, ln({papers}.0 / count(*) OVER (PARTITION BY keyword)) AS rarity FROM found
"""


def _many(ground: Ground) -> int:
    return ground.size(100_000, 10_000)


@cache
def _readers(ground: Ground, url: str) -> tuple[World, list[Paper]]:
    """A service whose readers stand in rows."""
    papers = ground.papers(PAPERS)
    world = filled(ground, "match", papers, url=url)
    populate(world, ground.keywords, ground.readers(_many(ground)))
    return world, papers


def _pairs(world: World, readers: int, other: Callable[[], float]) -> Sequence[Pair]:
    book, taken = Morning(world).book, []
    for _ in range(PAIRS):
        unfold(world)
        morning = Morning(world, book)
        morning.index()
        taken.append(Pair(seconds(partial(_whole, morning, readers)), other()))
    return taken


def _whole(morning: Morning, readers: int) -> None:
    morning.fold()
    morning.choose(readers)


@cache
def _postgres(ground: Ground) -> World:
    world, papers = _readers(ground, ground.postgres)
    with world.store.engine.begin() as connection:
        for statement in _PREPARE.split(";"):
            connection.execute(text(statement))
        rows = [{"id": n + 1, "words": f"{each.title}\n{each.abstract}"} for n, each in enumerate(papers)]
        connection.execute(text("INSERT INTO words (id, said) VALUES (:id, to_tsvector('simple', :words))"), rows)
        connection.execute(text("ANALYZE words"))
    return world


def _asked_each(world: World) -> float:
    with world.store.engine.begin() as connection:
        connection.execute(text("SET LOCAL work_mem = '512MB'"))
        return seconds(lambda: connection.execute(text(_EACH), {"sample": SAMPLE}).all())


def _joined(world: World) -> float:
    """The planner takes 500 papers for too few to use their index, and does not know how many rows a step leaves."""
    steps = (
        "SET LOCAL work_mem = '512MB'",
        "SET LOCAL enable_seqscan = off",
        _FOUND,
        "SET LOCAL enable_seqscan = on",
        _RARITY.format(kind="TEMP", papers=PAPERS),
        "ANALYZE hit",
        _JOINED,
        "DROP TABLE hit",
    )
    with world.store.engine.begin() as connection:
        return seconds(lambda: [connection.execute(text(step)) for step in steps])


def each_reader(ground: Ground) -> Sequence[Pair]:
    """Seconds, PostgreSQL's in proportion from its sample."""
    world, readers = _postgres(ground), _many(ground)
    return _pairs(world, readers, lambda: _asked_each(world) * readers / SAMPLE)


def distinct(ground: Ground) -> Sequence[Pair]:
    """Seconds."""
    world = _postgres(ground)
    return _pairs(world, _many(ground), lambda: _joined(world))


def fts(ground: Ground) -> Sequence[Pair]:
    """Seconds, beside FTS5 in the same SQLite file."""
    world, papers = _readers(ground, "")
    with sqlite3.connect(world.store.engine.url.database or "") as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (said, tokenize = 'porter unicode61')")
        rows = [(n + 1, f"{each.title}\n{each.abstract}") for n, each in enumerate(papers)]
        connection.executemany("INSERT INTO words (rowid, said) VALUES (?, ?)", rows)
        connection.commit()
        return _pairs(world, _many(ground), lambda: seconds(lambda: _searched(connection)))


def _searched(connection: sqlite3.Connection) -> None:
    connection.executescript("DROP TABLE IF EXISTS hit; DROP TABLE IF EXISTS found;")
    connection.execute("CREATE TABLE found (keyword INTEGER, paper INTEGER)")
    keywords = connection.execute("SELECT id, canonical FROM keyword").fetchall()
    asked = "INSERT INTO found SELECT ?, rowid FROM words WHERE words MATCH ?"
    connection.executemany(asked, [(number, f'"{keyword}"') for number, keyword in keywords])
    connection.execute(_RARITY.format(kind="", papers=PAPERS))
    connection.execute("CREATE INDEX hit_keyword ON hit (keyword)")
    assert connection.execute(_JOINED).fetchone()[0]
    connection.commit()


_WHAT = "match and rank, 100,000 readers (--quick: a tenth) × 500 papers, from rows"
register(
    Measure(f"{_WHAT}, beside a query per reader", "PostgreSQL, tsquery per reader, GIN", AtLeast(40), each_reader),
    Measure(f"{_WHAT}, beside the best SQL", "PostgreSQL, distinct keywords, GIN, join", AtLeast(4), distinct),
    Measure(f"{_WHAT}, beside FTS5", "SQLite FTS5, distinct keywords, join", AtLeast(2), fts, long=True),
)
