"""Who wrote the papers and under which categories they stand.

Comes in: author names and categories of each paper. Goes out: the entries that a name or a category fits.
Refuses to know: titles, abstracts, keywords beyond these two leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.keywords.expression import category_key
from service.words import Name, agree, name

Entry = tuple[int, int]  # a paper's position, and the place among its authors or categories


class Authors:
    """All author entries, by every word of their names."""

    def __init__(self) -> None:
        self._names: dict[Entry, Name] = {}
        self._entries: dict[str, list[Entry]] = {}

    def add(self, paper: int, authors: Iterable[str]) -> None:
        """Enter a paper's authors."""
        for place, author in enumerate(authors):
            given = name(author)
            self._names[paper, place] = given
            for word in given.words:
                self._entries.setdefault(word, []).append((paper, place))

    def find(self, text: str) -> list[Entry]:
        """Return the entries that the name asked for fits, in order."""
        asked = name(text)
        near = {entry for words in asked.forms for entry in self._near(max(words, key=_length))}
        return sorted(entry for entry in near if agree(asked, self._names[entry]))

    def _near(self, word: frozenset[str]) -> Iterator[Entry]:
        """Yield the entries that hold the longest word of a name."""
        for spelling in word:
            if spelling.endswith("*"):
                for known, entries in self._entries.items():
                    if known.startswith(spelling[:-1]):
                        yield from entries
            yield from self._entries.get(spelling, ())


def _length(word: frozenset[str]) -> int:
    return max(map(len, word))


class Categories:
    """All category entries; `cs` holds `cs.lg`."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Entry]] = {}

    def add(self, paper: int, categories: Iterable[str]) -> None:
        """Enter a paper's categories."""
        for place, category in enumerate(categories):
            self._entries.setdefault(category_key(category), []).append((paper, place))

    def find(self, text: str) -> list[Entry]:
        """Return the entries of one category, of an archive, or of all that begin with the letters before a star."""
        found = (entries for known, entries in self._entries.items() if _within(known, text))
        return sorted(entry for entries in found for entry in entries)


def _within(known: str, text: str) -> bool:
    if text.endswith("*"):
        return known.startswith(text[:-1])
    return known == text or known.startswith(f"{text}.")
