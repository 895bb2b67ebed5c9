"""The DOI of a paper, taken only where it is sure.

Comes in: a link or a guid of a feed's entry. Goes out: a DOI in lower case, or "". Refuses to know: feeds.

A publisher's link may go on behind the DOI (`/doi/10.1093/bioinformatics/btaf123/8000000`), and a DOI may hold a slash:
one with a tail would dispute the true one that another source tells, and the paper would come twice.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from service.papers import doi

_WHOLE = re.compile(r"(?:\A|doi:|/)10\.\d{4,9}/[^\s/?#]{1,200}(?<!v\d)\Z", re.IGNORECASE)
_RESOLVER = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/(10\.[^\s?#]{1,300})", re.IGNORECASE)
# Oxford's are two parts, the journal and the article, before a number of its own.
_OXFORD = re.compile(r"/(10\.1093/[a-z_]{1,40}/[a-z]{2,8}\d{1,6})(?:/\d{1,12})?\Z", re.IGNORECASE)
# Springer, BioMed Central and Frontiers have the DOI for the article's place.
_PLACED = re.compile(r"(?:/(?:articles?|chapter)|//link\.springer\.com)/10\.", re.IGNORECASE)
# Publishers show one article in several ways.
_VIEW = re.compile(r"(?:[?#].*|/(?:pdf|epdf|full|abstract|summary))+\Z")


def of_guid(guid: str) -> str:
    """Return the DOI that ends a guid."""
    end = guid[-300:]
    return doi(end) if _WHOLE.search(end) else ""


def of_link(link: str) -> str:
    """Return the DOI of a link to the resolver, or of a publisher's that speaks of one or has it for a place."""
    resolved = _RESOLVER.match(link)
    if resolved:
        return doi(unquote(resolved[1]))
    if "doi" not in link and not _PLACED.search(link):
        return ""
    bare = _VIEW.sub("", link)
    oxford = _OXFORD.search(bare)
    return doi(oxford[1]) if oxford else of_guid(bare)
