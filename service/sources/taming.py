"""A feed as a stranger wrote it → one that feedparser reads in bounded time.

Comes in: the text of a feed. Goes out: the same entries as bytes, and how many had to be left out. Refuses to know:
what an entry means.

feedparser works in steps per tag and per piece of text, some of them quadratic in the pieces of one element, and its
search for mail addresses is quadratic in the longest word. So tags are counted, pieces joined, heaps of long words cut.
"""

from __future__ import annotations

import re
import sys
from html import unescape
from itertools import islice

from service.sources.text import spaced

_ENTRY = re.compile(r"<(?:\w{1,20}:)?(item|entry)[\s>]")
# feedparser keeps a kilobyte of each entry, were it empty, two of each author and link, and a hundred bytes of each
# attribute. A day of all computer science has 2,000 entries, a paper of the largest experiments 3,000 authors.
_BUDGET = (
    (re.compile("[<&]"), 80_000),
    (_ENTRY, 20_000),
    (re.compile("=[\"']"), 50_000),
    (re.compile(r"<(?:\w{1,20}:)?link\b"), 12_000),
    (re.compile(r"<(?:\w{1,20}:)?(?:author|creator|contributor|name)\b"), 15_000),
)
# Nothing honest is nested deeper; without a tag that ends, each of a heap of entries is read twice and in vain.
_DEEPEST = 200
_TAG = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<(?P<end>/?)(?P<name>[A-Za-z_][^\s<>/]*+)[^<>]*>", re.DOTALL
)
_NEVER_ENDS = frozenset({"br", "hr", "img", "p", "li", "input", "meta", "wbr", "col", "source"})
_ENTRY_END = re.compile(r"</(?:\w{1,20}:)?(item|entry)\s*>")
_REFERENCE = re.compile(r"&(?:#[xX]?[0-9a-fA-F]{1,8}|\w{2,32});")
_KEPT = frozenset({"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"})
_SIGNIFICANT = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&apos;"}
# In broken XML an ampersand stands for itself (R&D); feedparser would take the word behind it for a reference.
_BARE = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)")
# feedparser cuts an address out of an author by a pattern that knows no domain such as .science, and leaves its end.
_BYLINE = re.compile(
    r"(<(?:\w{1,20}:)?(?:author|creator)\b[^<>]*>\s*(?:<!\[CDATA\[)?)([^<>]{0,2000}@[^<>]{0,2000})(?=\]\]>|</)"
)
_ADDRESS = re.compile(r"(?:&lt;|[(\[])?\s?[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\s?(?:&gt;|[)\]])?")
_BRACKETED = re.compile(r"\(([^()]*)\)")
# Of several identifiers feedparser keeps the last, and HighWire's journals give their own behind the DOI.
_NO_DOI = re.compile(
    r"<(?P<tag>(?:\w{1,20}:)?identifier)>\s{0,9}(?:<!\[CDATA\[)?(?:(?!10\.\d{4})[^<>\]]){0,300}(?:\]\]>)?\s{0,9}</(?P=tag)>"
)
# feedparser would take what describes an image or an episode for the summary of the entry.
_ASIDE = re.compile(r"(</?(?:media|itunes):)(?=(?:description|summary|subtitle)\b)")
ASIDES = ("media_of-description", "itunes_of-summary")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARED = re.compile(r"\A\s*<\?xml[^>]{0,300}\?>")
# No honest tag is so long; each of a million attributes would take 700 bytes.
_ENDLESS_TAG = re.compile(r"<([A-Za-z][\w:.-]{0,60})[^<>]{50000,}")
# feedparser copies a text nine times over, and of none more than this is ever read.
_LONGEST_TEXT = 500_000
_WORD = re.compile(r"[\w.+-]{60,}")
_MOST_IN_LONG_WORDS, _KEPT_OF_WORD = 200_000, 30


def tame(text: str) -> tuple[bytes, int]:
    """Return the feed as UTF-8 and the number of its entries that were left out: cut in the middle, or far too many.

    What is far too much is cut off before anything is copied.
    """
    kept, left_out = _within_budget(text)
    kept = _ENDLESS_TAG.sub(r"<\1", _DECLARED.sub("", _ended(kept) if left_out else kept))
    bounded = "<".join(piece[:_LONGEST_TEXT] for piece in kept.split("<"))
    named = _ASIDE.sub(r"\1of-", _BYLINE.sub(_names, _NO_DOI.sub("", _calm(bounded))))
    return _short_words(named).encode("utf-8", "replace"), left_out


def _names(byline: re.Match[str]) -> str:
    """Leave of an author only the name: `ann@example.org (Ann Bee)` is RSS's own form."""
    rest = _ADDRESS.sub(" ", byline[2]).strip(" ,;")
    bracketed = _BRACKETED.fullmatch(rest)
    return byline[1] + (bracketed[1] if bracketed else rest)


def _within_budget(text: str) -> tuple[str, int]:
    torn = _torn_at(text)
    limit = min(_too_deep(text), *(_start_after(mark, text, most) for mark, most in _BUDGET))
    if limit < sys.maxsize:
        ends = [found.end() for found in _ENTRY_END.finditer(text, 0, limit)]
        limit = ends[-1] if ends else limit
    end = min(limit, torn, len(text))
    return text[:end], sum(1 for _ in _ENTRY.finditer(text, end))


def _torn_at(text: str) -> int:
    """A page cut off in transit ends in half an entry, whose title may be half a title."""
    last = max(text.rfind("<item"), text.rfind("<entry"))
    torn = last >= 0 and _ENTRY.match(text, last) and not _ENTRY_END.search(text, last)
    return last if torn else sys.maxsize


def _ended(text: str) -> str:
    """End what a cut left open around its entries: what is no XML would be read twice, and the second time guessed."""
    first = _ENTRY.search(text)
    around: list[str] = []
    for tag in islice(_TAG.finditer(text, 0, first.start() if first else 0), 1000):
        if tag["end"] and around and around[-1] == tag["name"]:
            around.pop()
        elif tag["name"] and not tag["end"] and not tag[0].endswith("/>"):
            around.append(tag["name"])
    return text + "".join(f"</{name}>" for name in reversed(around))


def _start_after(mark: re.Pattern[str], text: str, most: int) -> int:
    """Where the first match begins that is one too many; beyond any text where there are not so many."""
    one = next(islice(mark.finditer(text), most, None), None)
    return one.start() if one else sys.maxsize


def _too_deep(text: str) -> int:
    """Where an element begins that stands in far too many others; beyond any text where none does."""
    depth = 0
    for tag in islice(_TAG.finditer(text), _BUDGET[0][1]):
        if tag["name"] is None or tag[0].endswith("/>") or tag["name"] in _NEVER_ENDS:
            continue
        depth = max(depth - 1, 0) if tag["end"] else depth + 1
        if tag["end"] and _ENTRY_END.fullmatch(tag[0]):
            depth = 0
        if depth > _DEEPEST:
            return tag.start()
    return sys.maxsize


def _calm(text: str) -> str:
    """Write any white space as one space and, outside CDATA, references as the characters they are."""
    pieces, at = [], 0
    while (start := text.find("<![CDATA[", at)) >= 0:
        end = text.find("]]>", start)
        if end < 0:
            break
        pieces += [_characters(text[at:start]), spaced(text[start : end + 3], _FORBIDDEN)]
        at = end + 3
    return "".join([*pieces, _characters(text[at:])])


def _characters(text: str) -> str:
    return spaced(_BARE.sub("&amp;", _REFERENCE.sub(_character, text)), _FORBIDDEN)


def _character(reference: re.Match[str]) -> str:
    if reference[0] in _KEPT:
        return reference[0]
    meant = unescape(reference[0])
    return "".join(_SIGNIFICANT.get(character, character) for character in _FORBIDDEN.sub("", meant))


def _short_words(text: str) -> str:
    if sum(len(word[0]) for word in _WORD.finditer(text)) <= _MOST_IN_LONG_WORDS:
        return text
    return _WORD.sub(lambda word: word[0][:_KEPT_OF_WORD], text)
