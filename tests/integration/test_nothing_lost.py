"""Random interleavings of arrivals, edits, sends and failures: every matching paper exactly once."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from service.links import Purpose
from tests.integration.stores import paper
from tests.integration.worlds import House, house

WORDS = ("lantern", "magnet", "orchid", "quarry")
ADA = "ada@example.org"


class Story:
    """One reader, told what happens; remembers what must and must not have been delivered."""

    def __init__(self, home: House, chance: random.Random) -> None:
        self.home, self.chance = home, chance
        self.keywords: set[str] = {WORDS[0]}
        self.count = 0
        # Title → the words of the paper that have stood in the profile ever since it arrived.
        self.owed: dict[str, set[str]] = {}
        self.must: set[str] = set()
        self.token = home.join(ADA, *self.keywords)
        home.morning()

    def arrive(self) -> None:
        words = self.chance.sample(WORDS, self.chance.randint(1, 2))
        title = f"On the {' and the '.join(words)} number {self.count:04}"
        self.count += 1
        identity = f"2611.{self.count:05}"
        self.home.arrive(paper(title, arxiv_id=identity), source=f"https://{self.chance.choice('abc')}.example/feed")
        self.owed[title] = set(words) & self.keywords

    def edit(self) -> None:
        self.keywords = set(self.chance.sample(WORDS, self.chance.randint(1, 3)))
        self.token = self.home.token(ADA, Purpose.MANAGE)
        self.home.change(self.token, *sorted(self.keywords), max_papers=50)
        self.owed = {title: words & self.keywords for title, words in self.owed.items()}

    def wait(self) -> None:
        self.home.clock.at += timedelta(hours=self.chance.randint(1, 9))

    def compose(self) -> None:
        self.home.world.pipeline.compose(self.home.clock())

    def fail(self) -> None:
        box = self.home.world.settings.mailbox_dir
        away = box.with_name("away")
        box.rename(away)
        box.write_text("in the way")
        self.home.morning()
        box.unlink()
        away.rename(box)

    def morning(self) -> None:
        """A morning on which everything works; what the reader was owed until now must have come."""
        self.home.clock.tomorrow()
        self.home.clock.at += timedelta(hours=6)
        self.home.world.pipeline.sweep(self.home.clock())
        self.home.morning()
        self.must |= {title for title, words in self.owed.items() if words}
        self.owed = {}


STEPS = st.lists(st.sampled_from(["arrive", "arrive", "edit", "wait", "compose", "fail", "morning"]), max_size=25)


def test_every_matching_paper_comes_exactly_once(full: bool) -> None:
    @given(seed=st.integers(0, 2**32), steps=STEPS)
    @settings(max_examples=500 if full else 8, deadline=None)
    def tell(seed: int, steps: list[str]) -> None:
        check(seed, steps)

    tell()


def check(seed: int, steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as home:
        story = Story(home, random.Random(seed))
        for step in (*steps, "morning"):
            getattr(story, step)()
        titles = [f"number {n:04}" for n in range(story.count)]
        came = Counter(title for digest in home.titles(ADA, titles) for title in digest)
    assert not {title: count for title, count in came.items() if count > 1}
    assert {title[-11:] for title in story.must} <= set(came)
