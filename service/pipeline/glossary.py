"""The acronyms of the window with their long forms, as the abstracts define them.

Comes in: papers. Goes out: for a short form its long forms, for a long form its short ones, the most used first.
Refuses to know: keywords, readers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from service.model import Paper
from service.words.acronyms import pairs
from service.words.phrases import key

_Forms = defaultdict[str, Counter[str]]


def _empty() -> _Forms:
    return defaultdict(Counter)


@dataclass(slots=True)
class Glossary:
    """Spellings that differ in case, hyphens or plural are one; each is shown as most papers write it."""

    read: int = 0
    _longs: _Forms = field(default_factory=_empty)
    _shorts: _Forms = field(default_factory=_empty)
    _written: _Forms = field(default_factory=_empty)

    def add(self, papers: Iterable[Paper]) -> None:
        """Read what these papers define."""
        for paper in papers:
            self.read += 1
            for short, long in set(pairs(paper.abstract)) | set(pairs(paper.title)):
                self._longs[short.casefold()][key(long)] += 1
                self._shorts[key(long)][short] += 1
                self._written[key(long)][long] += 1

    def long_forms(self, short: str) -> Iterator[tuple[str, int]]:
        """What an acronym stands for, and in how many papers."""
        for long, count in self._longs.get(short.casefold(), Counter()).most_common():
            yield self._shown(long), count

    def short_forms(self, long: str) -> Iterator[tuple[str, int]]:
        """The acronyms that stand for a phrase, and in how many papers."""
        yield from self._shorts.get(key(long), Counter()).most_common()

    def _shown(self, long: str) -> str:
        """The most frequent spelling in lower case: that of a sentence, not of a title."""
        spellings: Counter[str] = Counter()
        for text, count in self._written[long].items():
            spellings[text.lower() if text.istitle() or text[0].isupper() else text] += count
        return spellings.most_common(1)[0][0]
