"""Source → page → papers: one verb for every form a page may have.

Comes in: a Page. Goes out: a Listing, or a ParseError that says what the page looked like. Refuses to know: the network
(`http` fetches), and names: a page is judged by its bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from service.errors import ParseError
from service.model import Listing, Page, Paper
from service.papers import told_apart
from service.sources import abstracts, biorxiv, capture, feed, html, huggingface, inflate, jsonfeed
from service.sources.decoding import decode
from service.sources.text import fold

MOST_BYTES = 8 * 1024 * 1024
# Who reads which JSON object: a new form is one small file and one line here.
JSON_FORMS: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], Listing]], ...] = (
    (biorxiv.is_answer, biorxiv.read),
)
# The fullest real answers have a hundred thousand such marks a megabyte; an empty object takes 64 bytes of memory.
_MOST_VALUES = 1_000_000
# No title and no name is longer, and each process reads those of all papers; a collaboration has 3,000 authors.
_LONGEST_TITLE, _LONGEST_NAME, _MOST_AUTHORS = 2_000, 300, 10_000
_SKIPPED = re.compile(r"\s+|<\?.*?(?:\?>|\Z)|<!--.*?(?:-->|\Z)|<!\w[^>\[]*+(?:\[.*?(?:\]\s*>|\Z)|>|\Z)", re.DOTALL)
_ROOT = re.compile(r"<([a-zA-Z_][\w.-]*:)?([\w.-]+)")
_FEEDS = frozenset({"rss", "feed", "rdf", "channel"})
_LATE_FEED = re.compile(r"<(?:rss|feed|rdf:RDF)[\s>]")
_HTML = re.compile(r"<(?:!doctype html|html|head|body|main|article)\b|data-target=", re.IGNORECASE)


def parse(page: Page) -> Listing:
    """Read the papers of a page, in page order and without merging.

    A well-formed empty listing has no papers. Raises ParseError, and nothing else, for everything that holds no
    readable paper; it works in time linear in the page, up to 8 MB.
    """
    if len(page.body) > MOST_BYTES:
        raise _too_large()
    text = decode(_unpacked(page.body), page.media_type, page.charset)
    if not text.strip():
        raise ParseError("the page is empty", "an empty page")
    listing = _read(text, page)
    return replace(listing, papers=told_apart([_bounded(paper) for paper in listing.papers]))


def _unpacked(body: bytes) -> bytes:
    """Some servers keep their feeds as gzip files, or pack them twice, and do not say so."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    packed = inflate.Inflater(MOST_BYTES, gzip=True)
    try:
        return b"".join([*packed.feed(body), packed.finish()])
    except inflate.TooLarge as error:
        raise _too_large() from error
    except inflate.Broken as error:
        raise ParseError("this looks like a gzip file that is broken or cut off", "a gzip file") from error


def _too_large() -> ParseError:
    return ParseError(f"the page is larger than {MOST_BYTES >> 20} MB", "a very large page")


def _bounded(paper: Paper) -> Paper:
    authors = tuple(name[:_LONGEST_NAME].rstrip() for name in paper.authors[:_MOST_AUTHORS])
    title, abstract = paper.title[:_LONGEST_TITLE].rstrip(), abstracts.parted(paper.abstract)
    return replace(paper, title=title, abstract=abstract, authors=authors)


def _read(text: str, page: Page) -> Listing:
    start = text.lstrip()[:1]
    if start in "{[":
        return _json(text, page)
    if start == "<":
        return _markup(text, page)
    return _text(text, page)


def _json(text: str, page: Page) -> Listing:
    if sum(map(text.count, '{[",')) > _MOST_VALUES:
        raise ParseError("this looks like JSON of far too many values to be a listing", "a heap of JSON")
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ParseError("this looks like JSON nested too deeply to read", "deeply nested JSON") from error
    except ValueError as error:
        return _broken_json(text, page, error)
    if isinstance(data, list):
        return huggingface.answer(data)
    return _object(data, page.url)


def _broken_json(text: str, page: Page, error: ValueError) -> Listing:
    """A Markdown capture may begin with a bracket too."""
    try:
        return capture.read(text, page.url)
    except ParseError:
        raise ParseError(f"this looks like broken JSON: {error}", "broken JSON") from error


def _object(data: dict[str, Any], url: str) -> Listing:
    if jsonfeed.is_feed(data):
        return jsonfeed.read(data, url)
    for is_ours, read in JSON_FORMS:
        if is_ours(data):
            return read(data)
    if "dailyPapers" in data:
        return huggingface.props(data, "hf-props")
    if huggingface.is_paper(data):
        return huggingface.single(data, "hf-api-paper")
    if "error" in data:
        said = fold(str(data["error"]))[:200]
        raise ParseError(f"this looks like an error of an API: {said}", "an API error")
    named = ", ".join(list(map(str, data))[:5])[:100] or "nothing"
    raise ParseError(f"this looks like a JSON object that is no listing of papers (it holds {named})", "other JSON")


def _markup(text: str, page: Page) -> Listing:
    root = _root(text)
    if root in _FEEDS or (root != "html" and _LATE_FEED.search(text, 0, 8192)):
        return feed.read(text, page.url)
    if text.lstrip().startswith("<?xml") and root != "html":
        what = f"an XML document <{root[:40]}>" if root else "broken XML"
        raise ParseError(f"this looks like {what}, not a feed", what)
    return html.read(text, page.url)


def _root(text: str) -> str:
    """Return the local name of the first element, in lower case, or ""."""
    at = 0
    while found := _SKIPPED.match(text, at):
        at = found.end()
    root = _ROOT.match(text, at)
    return root[2].lower() if root else ""


def _text(text: str, page: Page) -> Listing:
    if _LATE_FEED.search(text, 0, 2048):
        return feed.read(text[text.index("<") :], page.url)
    if _HTML.search(text, 0, 4096):
        return html.read(text, page.url)
    return capture.read(text, page.url)
