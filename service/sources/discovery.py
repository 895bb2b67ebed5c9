"""A web page → the feeds it names in `<link rel="alternate">`.

Comes in: a fetched page. Goes out: addresses, in the order of the page. Refuses to know: HTTP, what the feeds hold.
"""

from __future__ import annotations

import re
from html import unescape
from itertools import islice
from urllib.parse import urljoin

from service.model import Page
from service.sources.decoding import decode
from service.sources.text import web_link

# A feed may be named twice, for comments too; the first few are enough.
MOST_FEEDS = 3
_LINK = re.compile(r"<link\b([^<>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""([a-z-]{2,20})\s{0,5}=\s{0,5}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))""", re.IGNORECASE
)
_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
_MOST_LINKS, _HEAD = 500, 500_000


def feeds(page: Page) -> list[str]:
    """Return the http(s) addresses of at most three feeds that a page names."""
    text = decode(page.body, page.media_type)[:_HEAD]
    found = []
    for link in islice(_LINK.finditer(text), _MOST_LINKS):
        said = {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(link[1])}
        if "alternate" in said.get("rel", "").lower().split() and said.get("type", "").lower().strip() in _TYPES:
            found.append(_absolute(page.url, said.get("href", "")))
    return list(dict.fromkeys(address for address in found if address))[:MOST_FEEDS]


def _absolute(base: str, href: str) -> str:
    try:
        return web_link(urljoin(base, href.strip())) if href.strip() else ""
    except ValueError:
        return ""
