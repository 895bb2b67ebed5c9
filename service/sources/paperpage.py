"""The saved page of one paper on Hugging Face, as text or Markdown → that paper.

Comes in: the lines of a saved page. Goes out: one paper, or None. Refuses to know: the other papers that its comments
link to, which are no listing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from service.model import Paper
from service.sources.abstracts import proper
from service.sources.huggingface import paper_links
from service.sources.text import fold, printed_day

_NAMED = re.compile(r"\s*arxiv:\s?(\d{4}\.\d{4,5})(?:v\d+)?\s*", re.IGNORECASE)
_PAGE_TITLE = re.compile(r"[#\s]*(?:title:\s*)?Paper page - (.{3,400})", re.IGNORECASE)
_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,})\s*")
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\]\([^()\s]{0,1000}\)")
_LINK = re.compile(r"\[([^\[\]\n]{0,500})\]\([^()\s]{0,1000}(?:\s+\"[^\"\n]{0,300}\")?\)")
_STOP = re.compile(
    r"view arxiv page|view pdf|arxiv page|add to collection|community|models citing|datasets citing|spaces citing"
    r"|collections including|get this paper|upvote|project page|github|abstract$",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(r"published on ([A-Z][a-z]{2,8} \d{1,2}, \d{4})", re.IGNORECASE)
_UPVOTES = re.compile(r"upvote\s*(\d{1,6})", re.IGNORECASE)


def read(lines: list[str]) -> Paper | None:
    """Return the paper of a page that names its own arXiv id and has an abstract; None for any other page."""
    at = next((place for place, line in enumerate(lines) if _NAMED.fullmatch(line)), None)
    if at is None:
        return None
    name = _NAMED.fullmatch(lines[at])
    words = [_words(line) for line in lines[at + 1 : at + 3000]]
    title = _title(words) or _page_title(lines)
    abstract = _abstract(words)
    if name is None or not title or not abstract:
        return None
    links = paper_links(name[1])
    return Paper(
        title=title,
        abstract=abstract,
        authors=_authors(words),
        url=links.huggingface,
        published=_published(words),
        upvotes=_upvotes(words),
        links=links,
        arxiv_id=name[1],
    )


def _words(line: str) -> str:
    return fold(_LINK.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", line)))).lstrip("#").strip()


def _title(words: list[str]) -> str:
    """The title is the first paragraph after the id; a scraper may have underlined it."""
    paragraph: list[str] = []
    for word in words[:20]:
        if _UNDERLINE.fullmatch(word) or (not word and paragraph) or _PUBLISHED.match(word):
            break
        paragraph += [word] if word else []
    return " ".join(paragraph)[:1000]


def _page_title(lines: list[str]) -> str:
    found = next(filter(None, map(_PAGE_TITLE.fullmatch, lines[:200])), None)
    return fold(found[1]) if found else ""


def _authors(words: list[str]) -> tuple[str, ...]:
    start = next((place for place, word in enumerate(words) if word.casefold().startswith("authors:")), None)
    if start is None:
        return ()
    named = [words[start][len("authors:") :], *_until(words[start + 1 :], re.compile(r"abstract$", re.IGNORECASE))]
    names = [fold(name) for name in " ".join(named).split(",")]
    return tuple(name for name in names if 1 < len(name) < 100)


def _abstract(words: list[str]) -> str:
    start = next((place for place, word in enumerate(words) if word.casefold() == "abstract"), None)
    if start is None:
        return ""
    kept = [word for word in _until(words[start + 1 :], _STOP) if not _UNDERLINE.fullmatch(word)]
    return proper(fold(" ".join(kept)))


def _until(words: list[str], stop: re.Pattern[str]) -> Iterator[str]:
    for word in words:
        if stop.match(word) and len(word) < 120:
            return
        yield word


def _published(words: list[str]) -> datetime | None:
    found = next(filter(None, map(_PUBLISHED.search, words[:200])), None)
    day: date | None = printed_day(found[1])[1] if found else None
    return datetime.combine(day, datetime.min.time(), UTC) if day else None


def _upvotes(words: list[str]) -> int | None:
    found = next(filter(None, map(_UPVOTES.fullmatch, words[:200])), None)
    return int(found[1]) if found else None
