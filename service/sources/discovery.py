"""A web page → the feeds it names in `<link rel="alternate">`.

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
_MOST_LINKS, _HEAD = 500, 500_000


def feeds(page: Page) -> list[str]:
    """Return the http(s) addresses of at most three feeds that a page names."""
    text = decode(page.body, page.media_type)[:_HEAD]
    found: list[str] = []
    perhaps: list[str] = []
    base = _base(page.url, text)
    for link in islice(_LINK.finditer(text), _MOST_LINKS):
        said = {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(link[1])}
        media_type = said.get("type", "").lower().partition(";")[0].strip()
        if "alternate" in said.get("rel", "").lower().split() and media_type in _TYPES | _PERHAPS:
            (found if media_type in _TYPES else perhaps).append(joined(base, said.get("href", "")))
    return list(dict.fromkeys(address for address in found + perhaps if address))[:MOST_FEEDS]


def _base(url: str, text: str) -> str:
    """What addresses of a page are relative to: the page, or what it names as its base."""
    named = _BASE.search(text)
    said = {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(named[1])} if named else {}
    return joined(url, said.get("href", "")) or url
