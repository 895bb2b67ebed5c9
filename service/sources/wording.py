"""What an entry of a feed says in words: its title, its description, the whole of its abstract.

Comes in: an entry as feedparser gives it, and the feed's version. Goes out: folded texts, or a description as it stood.
Refuses to know: XML, and what publishers put around an abstract (`abstracts` does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from service.sources import abstracts
from service.sources.taming import ASIDES
from service.sources.text import MARKED_UP, fold, plain

Entry = Mapping[str, Any]
LONGEST = 100_000
# What is longer is an article, not its abstract.
_LONGEST_WHOLE = 6_000
_CUT_SHORT = re.compile(r"\s?(?:\[?(?:…|\.\.\.)\]?)\Z")


def title(entry: Entry, version: str) -> str:
    """Return the entry's own title: that of an image within it may have taken over the details."""
    detail = entry.get("title_detail")
    return words({**detail, "value": entry.get("title", "")}, version) if isinstance(detail, Mapping) else ""


def description(entry: Entry, version: str) -> Entry:
    """Return the first of summary, content, and what images are described by, that has any words."""
    asides = ({"value": entry.get(name, "")} for name in ASIDES)
    return next((each for each in (*_texts(entry), *asides) if _says_something(each, version)), {})


def whole(entry: Entry, summary: str, version: str) -> str:
    """Return the abstract that stands in the entry's content, where the summary is but a piece of it."""
    begins = _CUT_SHORT.sub("", summary)
    for each in list(_texts(entry))[1:]:
        text = _labelled(each, version)
        if len(text) > len(summary):
            return text
        if begins != summary and begins and (text := words(each, version)).startswith(begins):
            return abstracts.proper(text) if len(text) <= _LONGEST_WHOLE else summary
    return summary


def abstract(description: Entry, html: str, version: str) -> str:
    """Return the words of `html`, a piece of a description, without what stands before the label of an abstract."""

    def of(piece: str) -> str:
        return words({**description, "value": piece}, version)

    return abstracts.behind_tag(html[:LONGEST], of) or of(html)


def words(detail: Any, version: str) -> str:
    """RSS texts are HTML; Atom says what its texts are, and is believed unless there is mark-up in plain text."""
    if not isinstance(detail, Mapping):
        return ""
    text = str(detail.get("value", ""))[:LONGEST]
    literal = version.startswith("atom") and detail.get("type") == "text/plain" and not MARKED_UP.search(text)
    return fold(text) if literal else plain(text)


def _says_something(detail: Entry, version: str) -> bool:
    text = str(detail.get("value", "")).strip()
    return bool(text) and ("<" not in text or bool(words(detail, version)))


def _texts(entry: Entry) -> Iterator[Entry]:
    """The summary, be it there or not, and up to three contents."""
    summary = entry.get("summary_detail")
    yield summary if isinstance(summary, Mapping) else {}
    yield from (each for each in entry.get("content", ())[:3] if isinstance(each, Mapping))


def _labelled(content: Entry, version: str) -> str:
    def of(piece: str) -> str:
        return words({**content, "value": piece}, version)

    return abstracts.labelled(str(content.get("value", ""))[:LONGEST], of)
