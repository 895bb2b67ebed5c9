"""Topics that a reader may have meant besides, or instead: what the page offers with one click.

Comes in: a view of the window, keywords. Goes out: suggestions, each with the number of papers it finds in 30 days.
Refuses to know: pages, readers. Nothing is ever added by itself: `RF` stands for too many things.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from service.keywords import Keyword, Or, Phrase, parse
from service.keywords.advice import apart, broad, either, titles_only
from service.keywords.expression import leaves
from service.model import Field
from service.pipeline.firsts import Mask
from service.pipeline.mornings import News
from service.pipeline.preview import LOOK_BACK
from service.pipeline.selection import read_keyword
from service.pipeline.window import View
from service.words.phrases import Written, key, phrases

# So many of each kind for one topic, and in all.
PER_TOPIC = 3
MOST = 12
# What goes together with the topics typed last is looked for: a preview must not wait for it.
NEWEST = 3
# Titles of so many papers are read for words that go together; so many of their phrases are counted.
_TITLES, _TRIED = 100, 8
_LEAST_TOGETHER, _LIFT, _COMMON = 2, 3.0, 0.1
# One in so many of a topic's papers at least.
_OFTEN = 12
_WORD = re.compile(r"[^\W_]+")


class Kind(StrEnum):
    """Why something is suggested, the most useful first."""

    EITHER = "either"
    AUTHOR = "author"
    CATEGORY = "category"
    APART = "apart"
    TITLES = "titles"
    LONG_FORM = "long form"
    ACRONYM = "acronym"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`keyword` finds `count` papers; it is added beside `topic`, or with `instead` takes its place."""

    keyword: str
    kind: Kind
    topic: str
    count: int

    @property
    def instead(self) -> bool:
        """Whether it takes the place of the topic."""
        return self.kind in (Kind.EITHER, Kind.AUTHOR, Kind.CATEGORY, Kind.APART, Kind.TITLES)


@dataclass(frozen=True, slots=True)
class Suggester:
    """Suggests from one view; `recent` says which of its papers count."""

    view: View
    recent: Mask

    @classmethod
    def of(cls, view: View, now: datetime) -> Suggester:
        """Count what came in the last 30 days through any common source, as advice does."""
        age = now.timestamp() - News.of(view).times(view.firsts(None))
        return cls(view, (age >= 0) & (age < LOOK_BACK.total_seconds()))

    @property
    def total(self) -> int:
        """How many papers count."""
        return int(self.recent.sum())

    def suggest(self, keywords: Sequence[Keyword]) -> tuple[Suggestion, ...]:
        """What to add or change, for the topics in their order; nothing that is among them already."""
        taken = set(map(_name, keywords))
        found: list[Suggestion] = []
        wanted = [keyword for keyword in keywords if not keyword.exclusion]
        for keyword in wanted:
            for each in self._of(keyword, together=keyword in wanted[-NEWEST:]):
                name = _name(parse(each.keyword))
                if name not in taken:
                    taken.add(name)
                    found.append(each)
        return tuple(sorted(found, key=lambda each: list(Kind).index(each.kind))[:MOST])

    def count(self, keyword: str) -> int:
        """How many recent papers a keyword finds; none for what is no keyword."""
        return len(self.papers(keyword))

    def papers(self, keyword: str) -> set[int]:
        """The positions of those papers."""
        parsed = read_keyword(keyword)
        if parsed is None:
            return set()
        positions = self.view.find(parsed).papers
        return set(positions[self.recent[positions]].tolist())

    def _of(self, keyword: Keyword, together: bool) -> Iterator[Suggestion]:
        found, total = self.papers(keyword.text), self.total
        yield from self._instead(keyword, len(found), total)
        if isinstance(keyword.expression, Phrase | Or):
            for leaf in leaves(keyword.expression):
                if isinstance(leaf, Phrase) and leaf.field in (None, Field.TITLE):
                    yield from self._other_names(keyword, leaf.text.removesuffix("*"))
        if together:
            yield from self._together(keyword, found, total)

    def _instead(self, keyword: Keyword, count: int, total: int) -> Iterator[Suggestion]:
        loose, narrow = apart(keyword.expression, keyword.text), titles_only(keyword.expression)
        yield from self._known(keyword, Kind.EITHER, either(keyword.text, keyword.expression))
        if not count:
            if narrow:
                typed = keyword.text.strip('"')
                yield from self._known(keyword, Kind.AUTHOR, f'au:"{typed}"')
                yield from self._known(keyword, Kind.CATEGORY, f"cat:{typed}")
            yield from self._known(keyword, Kind.APART, loose)
        if narrow and broad(count, total):
            yield Suggestion(narrow, Kind.TITLES, keyword.text, self.count(narrow))

    def _known(self, keyword: Keyword, kind: Kind, other: str) -> Iterator[Suggestion]:
        """Another form of a topic, where it finds something."""
        if count := self.count(other):
            yield Suggestion(other, kind, keyword.text, count)

    def _other_names(self, keyword: Keyword, text: str) -> Iterator[Suggestion]:
        for kind, names in (
            (Kind.LONG_FORM, self.view.glossary().long_forms(text)),
            (Kind.ACRONYM, self.view.glossary().short_forms(text)),
        ):
            offered = 0
            for name, _ in names:
                form = self._exact(name) if kind is Kind.ACRONYM else name
                count = self.count(form)
                if count and offered < PER_TOPIC:
                    offered += 1
                    yield Suggestion(form, kind, keyword.text, count)

    def _exact(self, short: str) -> str:
        """The acronym, in quotes where it is also a word: `RAG` is, `LoRA` is not."""
        quoted = f'"{short}"'
        return short if self.count(short) <= 1.1 * self.count(quoted) else quoted

    def _together(self, keyword: Keyword, found: set[int], total: int) -> Iterator[Suggestion]:
        """Phrases from the titles of what a topic finds that stand far more often there than elsewhere."""
        scored = []
        for phrase in self._candidates(keyword, found):
            papers = self.papers(phrase)
            both = len(papers & found)
            lift = both * total / (len(papers) * len(found)) if papers else 0.0
            if (
                both >= max(_LEAST_TOGETHER, len(found) // _OFTEN)
                and lift >= _LIFT
                and len(papers) <= max(_COMMON * total, _LEAST_TOGETHER)
            ):
                scored.append((both * math.log(lift), phrase, len(papers)))
        for _, phrase, count in sorted(scored, reverse=True)[:PER_TOPIC]:
            yield Suggestion(phrase, Kind.TOGETHER, keyword.text, count)

    def _candidates(self, keyword: Keyword, found: set[int]) -> list[str]:
        counts: Counter[str] = Counter()
        written: dict[str, str] = {}
        for position in sorted(found, reverse=True)[:_TITLES]:
            for phrase in _titled(self.view.papers[position].paper.title):
                counts[phrase.key] += 1
                written.setdefault(phrase.key, phrase.text)
        own = {word for phrase in phrases_of(keyword) for word in phrase.split()}
        new = [each for each, _ in counts.most_common() if not own & set(each.split())]
        return [shown(written[each]) for each in new[:_TRIED]]


def _name(keyword: Keyword) -> str:
    """What all spellings of a topic share."""
    plain = isinstance(keyword.expression, Phrase) and keyword.expression.field is None and not keyword.exclusion
    return key(keyword.text) if plain else keyword.canonical


def phrases_of(keyword: Keyword) -> Iterator[str]:
    """The keys of a keyword's phrases."""
    for leaf in leaves(keyword.expression):
        if isinstance(leaf, Phrase):
            yield key(leaf.text)


def shown(phrase: str) -> str:
    """A phrase of a title as one would type it: small letters, but for names that are written large inside, or `A*`."""

    def typed(word: re.Match[str]) -> str:
        starred = len(word[0]) == 1 and phrase.startswith("*", word.end())
        return word[0] if starred or any(map(str.isupper, word[0][1:])) else word[0].lower()

    return _WORD.sub(typed, phrase)


@lru_cache(maxsize=1 << 15)
def _titled(title: str) -> tuple[Written, ...]:
    return tuple(dict.fromkeys(phrases(title)))
