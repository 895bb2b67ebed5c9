"""Topics from papers that a reader names: paste what you liked, get what to ask for.

Comes in: lines with links, ids or titles. Goes out: topics with their volumes, and which lines are not known here.
Refuses to know: pages, readers. A title that is not known here is itself read for topics.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from service.model import Paper
from service.pipeline.naming import paper_named
from service.pipeline.preview import Advice
from service.pipeline.selection import read_keyword
from service.pipeline.suggesting import Suggester, shown
from service.store import Unit
from service.words.acronyms import pairs
from service.words.phrases import key, phrases, telling_words

MOST_PAPERS, MOST_TOPICS = 10, 8
# So many phrases of the papers are counted; a topic that finds more than this share of all papers says too little.
_TRIED, _COMMON = 80, 0.15
_IN_TITLE = 3
# What finds none but the papers it was taken from is a topic too, though a lesser one.
_ALONE = 0.4
# What a title is named by: `Mamba: Linear-Time Sequence Modeling`. A topic only where others speak of it.
_NAME = re.compile(r"([A-Z][\w-]{2,20}): ")
_WORD = re.compile(r"[^\W\d_]{2,}")
# What says where a paper stands, beside its title or alone.
_PLACE = re.compile(
    r"https?://\S+|(?<!\S)(?=[^\s/]+\.)[^\s/]+/\S+|(?:arxiv:\s*)?(?:\d{4}\.\d{4,5}|[a-z-]{2,12}(?:\.[a-z]{2})?/\d{7})(?:v\d+)?|arxiv:",
    re.IGNORECASE,
)
_EDGES = " \t-–—:·|,.;•*()[]{}\"“”'"


@dataclass(frozen=True, slots=True)
class Named:
    """What the lines name: papers to read for topics, and lines that name a paper no source has brought."""

    papers: tuple[Paper, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """`topics` with their volumes, the `titles` they were taken from, and lines that name no paper known here."""

    topics: tuple[Advice, ...] = ()
    titles: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """How much each phrase says of the papers, how it is written, and in which of them it stands."""

    weight: Counter[str] = field(default_factory=Counter)
    written: dict[str, str] = field(default_factory=dict)
    places: dict[str, set[int]] = field(default_factory=dict)


def lines(typed: str) -> tuple[str, ...]:
    """The lines of a field that name papers, each once and ten at most."""
    return tuple(dict.fromkeys(line.strip()[:500] for line in typed.splitlines() if line.strip()))[:MOST_PAPERS]


def read_lines(unit: Unit, suggester: Suggester, named: Sequence[str]) -> Named:
    """Look the lines up."""
    papers, unknown = [], []
    for line in named:
        stored = paper_named(unit, suggester.view, line)
        title = _PLACE.sub(" ", line).strip(_EDGES)
        if stored is not None:
            papers.append(stored.paper)
        elif _WORD.search(title):
            papers.append(Paper(" ".join(title.split())))
        else:
            unknown.append(line)
    return Named(tuple(papers), tuple(unknown))


def topics(suggester: Suggester, papers: Sequence[Paper]) -> tuple[str, ...]:
    """The topics that say most of these papers; every paper has one before any has many."""
    tally, total = _tally(papers), max(suggester.total, 1)
    tried = {each: shown(tally.written[each]) for each, _ in tally.weight.most_common(_TRIED)}
    # A title may hold a lone quotation mark, or a star after one letter, which are no keywords.
    counts = {each: suggester.count(topic) for each, topic in tried.items() if read_keyword(topic)}
    scored: list[tuple[float, str]] = []
    for phrase in _whole(counts):
        count, places = counts[phrase], len(tally.places[phrase])
        # Only a title was pasted of a paper that is not kept here: it is none of those that are counted.
        others = count > sum(bool(papers[place].abstract) for place in tally.places[phrase])
        # A name, or a long phrase, is a topic where others speak of it too.
        known = 1 <= phrase.count(" ") <= 2 or others
        if known and count <= max(_COMMON * total, 3):
            rare = math.log((total + 1) / (count + 1))
            scored.append((tally.weight[phrase] * rare * places * (1.0 if others else _ALONE), phrase))
    chosen = _spread(tally, [phrase for _, phrase in sorted(scored)[::-1]])
    covered = {place for phrase in chosen for place in tally.places[phrase]}
    alone = [_one_word(suggester, paper.title) for place, paper in enumerate(papers) if place not in covered]
    found = [*(shown(tally.written[phrase]) for phrase in chosen), *filter(None, alone)]
    return tuple(dict.fromkeys(found))[:MOST_TOPICS]


def _whole(counts: Mapping[str, int]) -> Iterator[str]:
    """The phrases but for those that only ever stand inside a longer one: no *tangent kernel* beside *neural …*."""
    for phrase, count in counts.items():
        longer = (each for each in counts if each.count(" ") <= 2 and f" {phrase} " in f" {each} " and each != phrase)
        if not any(counts[each] >= count > 0 for each in longer):
            yield phrase


def _one_word(suggester: Suggester, title: str) -> str:
    """What a title without a topic is about: a name in it, else the rarest word known here, else what is too common.

    The name that the paper gives itself is none that others need to speak of.
    """
    words = [word for word in map(shown, telling_words(_NAME.sub("", title, count=1))) if read_keyword(word)]
    named = (word for word in words if any(map(str.isupper, word[1:])))
    known = sorted(filter(suggester.count, words), key=suggester.count)
    few = (word for word in known if suggester.count(word) <= max(_COMMON * suggester.total, 3))
    common = (shown(each.text) for each in phrases(title) if suggester.count(shown(each.text)))
    in_titles = (f"ti:{word}" for word in known if suggester.count(f"ti:{word}"))
    return next(chain(named, few, common, in_titles), "")


def _tally(papers: Sequence[Paper]) -> _Tally:
    tally = _Tally()
    for number, paper in enumerate(papers):
        counts = Counter(dict.fromkeys((each.key for each in phrases(paper.title)), _IN_TITLE))
        for each in (*phrases(paper.title), *phrases(paper.abstract)):
            counts[each.key] += 1
            tally.written.setdefault(each.key, each.text)
        if name := _NAME.match(paper.title):
            counts[key(name[1])] += 2 * _IN_TITLE
            tally.written[key(name[1])] = name[1]
        for short, long in (*pairs(paper.title), *pairs(paper.abstract)):
            counts[key(long)] += _IN_TITLE
            tally.written[key(long)] = long
            if short.casefold() in paper.title.casefold().split():
                counts[key(short)] += _IN_TITLE
                tally.written[key(short)] = short
        for phrase, count in counts.items():
            tally.places.setdefault(phrase, set()).add(number)
            # Once in an abstract says nothing of what a paper is about.
            tally.weight[phrase] += min(count, 2 * _IN_TITLE) if count > 1 else 0
    tally.weight += Counter()
    return tally


def _spread(tally: _Tally, ranked: Sequence[str]) -> list[str]:
    """The best phrases, none within another, first one for each paper that has any."""
    chosen: list[str] = []
    covered: set[int] = set()
    for first in (True, False):
        for phrase in ranked:
            new = not any(_within(phrase, other) for other in chosen)
            if new and len(chosen) < MOST_TOPICS and (not first or tally.places[phrase] - covered):
                chosen.append(phrase)
                covered |= tally.places[phrase]
    return sorted(chosen, key=list(ranked).index)


def _within(one: str, other: str) -> bool:
    words, others = set(one.split()), set(other.split())
    return words <= others or others <= words or len(words & others) > 1
