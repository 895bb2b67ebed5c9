"""A web page → the feeds it names in `<link rel="alternate">`, or else links to.

Comes in: a fetched page. Goes out: addresses, in the order of the page. Refuses to know: HTTP, what the feeds hold.
"""

from __future__ import annotations

import re
from html import unescape
from itertools import islice

from service.model import Page
from service.sources.decoding import decode
from service.sources.text import joined

# A feed may be named twice, for comments too; the first few are enough.
MOST_FEEDS = 3
_LINK = re.compile(r"<link\b([^<>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""([a-z-]{2,20})\s{0,5}=\s{0,5}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))""", re.IGNORECASE
)
_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
# Feeds were also announced as what they are made of, and so are other things; these are tried last.
_PERHAPS = frozenset({"application/json", "application/xml", "text/xml"})
_BASE = re.compile(r"<base\b([^<>]{0,2000})>", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\s([^<>]{0,2000})>", re.IGNORECASE)
_LIKE_A_FEED = re.compile(
    r"[/._-](?:rss|atom|feeds?)(?:\.xml|\.json|/)?(?:[?#]|\Z)|\.(?:rss|rdf|atom|xml)(?:[?#]|\Z)", re.IGNORECASE
)
_MOST_LINKS, _HEAD = 500, 500_000


def feeds(page: Page) -> list[str]:
    """Return the http(s) addresses of at most three feeds that a page names, or links to where it names none."""
    text = decode(page.body, page.media_type, page.charset)[:_HEAD]
    base = _base(page.url, text)
    named = _named(text, base)
    found = named if any(named) else _linked(text, base)
    return list(dict.fromkeys(address for address in found if address and address != page.url))[:MOST_FEEDS]


def _named(text: str, base: str) -> list[str]:
    found: list[str] = []
    perhaps: list[str] = []
    for link in islice(_LINK.finditer(text), _MOST_LINKS):
        said = _attributes(link[1])
        media_type = said.get("type", "").lower().partition(";")[0].strip()
        if "alternate" in said.get("rel", "").lower().split() and media_type in _TYPES | _PERHAPS:
            (found if media_type in _TYPES else perhaps).append(joined(base, said.get("href", "")))
    return found + perhaps


def _linked(text: str, base: str) -> list[str]:
    """What old pages have instead: a link that people click, to something that is called a feed."""
    anchors = (_attributes(each[1]).get("href", "") for each in islice(_ANCHOR.finditer(text), _MOST_LINKS))
    return [joined(base, href) for href in anchors if _LIKE_A_FEED.search(href)]


def _base(url: str, text: str) -> str:
    """What addresses of a page are relative to: the page, or what it names as its base."""
    named = _BASE.search(text)
    return joined(url, _attributes(named[1]).get("href", "")) or url if named else url


def _attributes(tag: str) -> dict[str, str]:
    return {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(tag)}
