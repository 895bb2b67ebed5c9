"""The compact form of all profiles says what their rows say, and a batch is chosen for as each reader alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from service.keywords import parse
from service.model import Profile, Schedule, Subscriber, SubscriberState
from service.pipeline.book import Book
from service.pipeline.choosing import Asked, choose_all
from service.pipeline.frozen import Cover, Told, freeze
from service.pipeline.origins import origins
from service.pipeline.selection import Selection, Span, select
from service.pipeline.window import View, Window
from service.store import Store, Unit
from service.store.covered import Covered
from service.store.rosters import BLOCK, Roster
from service.store.statements import chunks
from service.store.tables import keyword as keyword_table
from service.store.tables import subscriber
from tests import databases
from tests.integration.stores import HOUR, NOW, add_reader, add_readers, add_source, paper
from tests.integration.worlds import House, house

WORDS = (
    *("graph", "graphs", "neural", "network", "vision", "survey"),
    *("attention", "kernel", "bias", "planning", "speech", "flow"),
)
FORMS = ("{}", "{}", "{} {}", "{} OR {}", "{} AND NOT {}", "ti:{}", "-{}", "-{}", '"{}"')

EVERY_DAY = frozenset(range(1, 8))


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    file = databases.sqlite(tmp_path / "paperround.sqlite3")
    store = Store(file if request.param == "sqlite" else str(request.getfixturevalue("postgres_database")))
    store.migrate()
    yield store
    store.close()


def keywords(chance: random.Random, most: int) -> tuple[str, ...]:
    """Different keywords of several forms, in random order."""
    texts = (chance.choice(FORMS).format(*chance.choices(WORDS, k=2)) for _ in range(chance.randint(0, most)))
    return tuple({parse(text).canonical: text for text in texts}.values())


def edit(store: Store, reader: int, profiles: Sequence[Profile]) -> None:
    with store.write() as unit:
        canonical = [(each, [parse(text).canonical for text in each.keywords]) for each in profiles]
        unit.subscribers.set_profiles(reader, canonical, NOW)


def profile(chance: random.Random) -> Profile:
    sources = chance.choice((None, None, frozenset({1}), frozenset({2, 3})))
    return Profile(keywords(chance, 4), sources=sources, replacements=chance.random() < 0.1)


# For each reader the keywords, sources and whether replacements are wanted, profile by profile.
Said = dict[int, list[tuple[set[str], frozenset[int] | None, bool]]]


def said(book: Book, unit: Unit) -> Said:
    """What a book says of every reader."""
    ids = [each.id for each in unit.subscribers.all()]
    read = book.read(unit, np.array(ids, np.int64))
    found: Said = {each: [] for each in ids}
    places = zip(read.readers.tolist(), read.looked.tolist(), read.replacements.tolist(), strict=True)
    for number, (place, looked, renewed) in enumerate(places):
        mine = read.keywords[slice(*read.starts[number : number + 2])]
        found[ids[place]].append(({book.keywords[each].canonical for each in mine}, read.sources[looked], renewed))
    return found


def stored(unit: Unit) -> Said:
    """What the rows say of every reader."""
    return {
        reader.id: [
            ({parse(text).canonical for text in each.keywords}, each.sources, each.replacements)
            for each in reader.profiles
        ]
        for reader in unit.subscribers.all()
    }


def add_far(store: Store, name: str, block: int) -> int:
    """A reader whose row stands in another block of the compact form."""
    reader = add_reader(store, name)
    with store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(update(subscriber).where(subscriber.c.id == reader).values(id=reader + block * BLOCK))
    return reader + block * BLOCK


def test_the_compact_form_says_what_the_rows_say_whatever_is_edited(store: Store, full: bool) -> None:
    chance, old = random.Random(8), Book()
    readers = [add_far(store, f"reader{n}", n % 3) for n in range(9)]
    for step in range(200 if full else 20):
        for reader in chance.sample(readers, 2):
            edit(store, reader, [profile(chance) for _ in range(chance.randint(0, 2))])
        if chance.random() < 0.3:
            with store.write() as unit:
                unit.rosters.fold()
                assert not unit.rosters.state().marks
        if step % 6 == 5:
            with store.write() as unit:
                unit.subscribers.erase(readers.pop(chance.randrange(len(readers))))
            readers.append(add_far(store, f"later{step}", 1))
        with store.read() as unit:
            assert said(old, unit) == said(Book(), unit) == stored(unit)


def test_an_edit_that_commits_after_the_fold_is_not_lost(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("only one writes at a time")
    reader, other = add_reader(store, "ada"), add_reader(store, "grace")
    with store.write() as late:
        late.subscribers.set_profiles(reader, [(Profile(("graph",)), ["graph"])], NOW)
        edit(store, other, [Profile(("speech",))])
        with store.write() as unit:
            assert unit.rosters.fold() == 1
    with store.read() as unit:
        assert said(Book(), unit) == stored(unit) != {}
        assert list(unit.rosters.state().marks.values()) == [reader]


def test_an_edit_is_seen_whose_mark_has_the_number_of_one_that_was_folded(store: Store) -> None:
    """SQLite gives numbers again; another process folds."""
    ada, book = add_reader(store, "ada"), Book()
    for word in ("graph", "speech"):
        edit(store, ada, [Profile((word,))])
        with store.read() as unit:
            assert said(book, unit) == stored(unit)
        with store.write() as unit:
            unit.rosters.fold()


def test_an_erased_reader_is_in_no_compact_form(store: Store) -> None:
    readers = [add_reader(store, name) for name in ("ada", "grace")]
    for reader in readers:
        edit(store, reader, [Profile(("graph", "speech"))])
    with store.write() as unit:
        unit.rosters.fold()
    with store.write() as unit:
        unit.subscribers.erase(readers[0])
    with store.read() as unit:
        assert unit.rosters.block(0).readers.tolist() == [readers[1]]
        assert not unit.rosters.state().marks


def test_a_keyword_that_takes_the_row_of_a_deleted_one_is_not_taken_for_it(store: Store) -> None:
    readers, book = [add_reader(store, name) for name in ("ada", "grace")], Book()
    edit(store, readers[0], [Profile(("graph",))])
    edit(store, readers[1], [Profile(("speech",))])
    with store.read() as unit:
        assert said(book, unit) == stored(unit)
    with store.write() as unit:
        unit.subscribers.erase(readers[1])
    edit(store, readers[0], [Profile(("vision",))])
    with store.read() as unit:
        assert said(book, unit) == stored(unit)


def test_a_roster_is_the_same_after_packing() -> None:
    profiles = (np.array([4, 3, 1]), np.array([9, 1, 1]), np.array([0, 0, 1]))
    other = ((2, 3), True)
    roster = Roster.of_columns(profiles, {1: other, 4: other}, (np.array([4, 3, 3]), np.array([7, 5, 6])))
    assert (roster.readers.tolist(), roster.chosen.tolist()) == ([1, 1, 9], [0, 1, 1])
    assert (roster.starts.tolist(), roster.keywords.tolist()) == ([0, 2, 2, 3], [5, 6, 7])
    again = Roster.unpacked(roster.packed())
    for name in ("readers", "chosen", "starts", "keywords"):
        assert getattr(again, name).tolist() == getattr(roster, name).tolist()
    assert again.choices == roster.choices == ((None, False), ((2, 3), True))


def same(one: Selection, other: Selection) -> bool:
    """Whether two selections choose, count and explain alike."""
    looks = zip(one.looks, other.looks, strict=True)
    said = ((each.keywords, each.ranked, each.found, each.read, each.trending, each.counts()) for each in (one, other))
    return next(said) == next(said) and all(
        (a.profile, a.wanted, a.unwanted, a.read.tolist()) == (b.profile, b.wanted, b.unwanted, b.read.tolist())
        for a, b in looks
    )


def written(chance: random.Random, store: Store) -> None:
    """Papers of random words through three sources, the third one read only by choice."""
    texts = [" ".join(chance.choices(WORDS, k=8)) for _ in range(90)]
    with store.write() as unit:
        sources = [add_source(unit, f"https://papers.example/{n}") for n in range(3)]
        for n, source in enumerate(sources):
            some = [
                paper(f"{n} {text[:20]} {at}", text, upvotes=at % 5, url=f"https://a.example/{n}/{at}")
                for at, text in enumerate(texts[n * 30 : n * 30 + 30])
            ]
            unit.papers.add(source, f"https://papers.example/{n}", some, NOW - (n + 1) * HOUR)


def span(chance: random.Random, view: View) -> Span:
    after = chance.choice((0, 0, view.upto // 2))
    again = NOW - 2 * HOUR if chance.random() < 0.2 else None
    return Span(after, view.upto, NOW - chance.choice((2, 9)) * HOUR, again)


def past(chance: random.Random, view: View) -> Covered:
    """What was delivered: papers that had arrived by then."""
    upto = chance.choice((0, view.upto // 3, view.upto))
    there = [paper.id for paper, born in zip(view.papers, view.born.tolist(), strict=True) if born <= upto]
    return Covered(upto, listed=str(chance.sample(there, min(5, len(there)))))


def matched(home: House) -> int:
    """Look for every keyword in use, as a large morning does; returns how many there are."""
    pipeline = home.world.pipeline
    with pipeline.store.read() as unit, pipeline.window.open(unit, home.clock()) as view:
        count = pipeline.window.book.learn_all(unit)
        pipeline.window.book.found(view)
    return count


def test_matching_looks_for_every_keyword_once_and_for_new_ones_later(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.arrive(paper("Graphs of Speech", "We study graphs."))
        home.join("ada@uni.example", "graph", "speech")
        home.join("grace@uni.example", "graphs", "-survey")
        assert matched(home) == 4
        home.join("alan@uni.example", "kernel")
        home.arrive(paper("Kernels of Speech", "We study kernels."))
        assert matched(home) == 5
        home.morning()
        assert len(home.digests()) == 3


def test_a_keyword_that_another_release_wrote_otherwise_stops_nobodys_digest(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        home.join("ada@example.org", "Graph Networks", "vision")
        home.join("bob@example.org", "graph networks for speech")
        home.morning()
        with home.world.store.engine.begin() as connection:
            connection.execute(
                update(keyword_table)
                .where(keyword_table.c.canonical == "graph networks")
                .values(canonical="deep graphs")
            )
    with house(tmp_path) as home:
        home.clock.tomorrow()
        title = "Deep Graph Networks for Speech and Vision"
        home.arrive(paper(title))
        home.morning()
        for email in ("ada@example.org", "bob@example.org"):
            assert home.titles(email, [title])[-1] == [title]


def test_a_batch_is_chosen_for_as_each_reader_alone(store: Store) -> None:
    chance = random.Random(3)
    written(chance, store)
    readers = add_readers(store, (f"reader{n}" for n in range(60)))
    for reader in readers:
        edit(store, reader, [profile(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 3)))])
    window, together = Window(store), 0
    with store.read() as unit, window.open(unit, NOW) as view:
        # Each batch reads other papers than the one before it.
        for rows in chunks(unit.subscribers.all(), 6):
            mine = [Asked(span(chance, view), past(chance, view)) for _ in rows]
            ids = np.array([row.id for row in rows], np.int64)
            chosen = choose_all(view, window.book, window.book.read(unit, ids), mine)
            for place, (row, asked) in enumerate(zip(rows, mine, strict=True)):
                alone = select(view, row.profiles, asked.span, asked.past.papers)
                renewed = any(each.replacements for each in row.profiles)
                assert chosen.is_alone(place) == (alone.trending or renewed)
                if not chosen.is_alone(place):
                    together += 1
                    assert chosen.count(place) == len(alone.ranked)
                    assert same(chosen.selection(place, row.profiles), alone)
    assert 20 < together < 60


def anyone(chance: random.Random, unit: Unit, number: int) -> Subscriber:
    """A reader of some kind, as composing reads them, with keywords in several spellings."""
    schedule = Schedule(chance.choice(("UTC", "Asia/Tokyo")), 7, chance.choice((EVERY_DAY, EVERY_DAY, frozenset({5}))))
    profiles = [profile(chance) for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 3)))]
    own = [replace(each, keywords=tuple(spelt(chance, text) for text in each.keywords)) for each in profiles]
    row = unit.subscribers.add(f"reader{number}", "", f"reader{number}", schedule, 4, NOW)
    canonical = [(each, [parse(text).canonical for text in each.keywords]) for each in own]
    unit.subscribers.set_profiles(row, canonical, NOW)
    reader = Subscriber(row, f"reader{number}", "", SubscriberState.ACTIVE, schedule, tuple(own))
    return replace(reader, max_papers=chance.choice((1, 4, 50)))


def spelt(chance: random.Random, text: str) -> str:
    plain = text.replace(" ", "").isalpha() and text.islower()
    return text.capitalize() if plain and chance.random() < 0.3 else text


def test_a_thousand_readers_of_every_kind_freeze_alike_alone_and_together(tmp_path: Path) -> None:
    chance, store = random.Random(4), Store(databases.sqlite(tmp_path / "paperround.sqlite3"))
    store.migrate()
    written(chance, store)
    with store.write() as unit:
        readers = [anyone(chance, unit, number) for number in range(1_000)]
    window, alone = Window(store), list[bool]()
    with store.read() as unit, window.open(unit, NOW) as view:
        spans = [span(chance, view) for _ in range(20)]
        asked = [Asked(chance.choice(spans), past(chance, view)) for _ in readers]
        rows = np.array([each.id for each in readers], np.int64)
        chosen = choose_all(view, window.book, window.book.read(unit, rows), asked)
        one, other = (Told(view, origins(unit.sources.all(), NOW)) for _ in range(2))
        cover = Cover(NOW.date(), NOW + 24 * HOUR)
        for place, (reader, mine) in enumerate(zip(readers, asked, strict=True)):
            alone.append(chosen.is_alone(place))
            if not alone[-1]:
                selection = select(view, reader.profiles, mine.span, mine.past.papers)
                frozen = freeze(reader, chosen.selection(place, reader.profiles), cover, one, first=False)
                assert frozen == freeze(reader, selection, cover, other, first=False)
    assert 500 < alone.count(False) < 1_000
    store.close()
