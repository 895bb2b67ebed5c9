"""An address that a person wants followed → one sentence on what it will not do, and what to name instead.

Comes in: a URL as it was pasted. Goes out: a sentence, or "". Refuses to know: what the address answers.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from service.sources.pasted import ARXIV_HOSTS, HF_HOSTS, HF_SITE, meant

_PERIOD = re.compile(r"/papers/(date|week|month)/")
_ARXIV_PAPER = re.compile(r"/(?:abs|pdf|html|ps|format)/.")
_HF_PAPER = re.compile(r"/papers/\d{4}\.\d{4,5}")
_FIXED_DAYS = re.compile(r"/details/\w+/\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,20}):(?=\S)", re.IGNORECASE)
_PUBMED_FEED = re.compile(r"/rss(?:-feed)?/")
_NO_LISTS = {
    "openreview.net": "OpenReview shows its papers to browsers only; name a feed of the venue",
    "scholar.google.com": "Google Scholar lets no programs in; its alerts come by mail",
}
_PLACES = {"date": "day", "week": "week", "month": "month"}


def refusal(text: str) -> str:
    """Return why a text that is neither a web address nor a file on this machine cannot be read."""
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() != "file" and len(scheme[1]) > 1:
        return f"only http and https addresses, arXiv categories, files and folders can be read, not {scheme[1]}:"
    return f"{text[:200]!r} is no web address, no arXiv category and no file or folder here"


def advice(url: str) -> str:
    """Return what to name instead of an address that brings nothing new, or no papers at all."""
    try:
        parts = urlsplit(meant(url))
        host, path, query = (parts.hostname or ""), parts.path, parse_qs(parts.query)
    except ValueError:
        return ""
    if host in HF_HOSTS:
        return _huggingface(path, query)
    if host in ARXIV_HOSTS and _ARXIV_PAPER.match(path):
        return "It names one paper; name a category such as cs.LG, or a search of arXiv, to get new ones."
    if _FIXED_DAYS.match(path):
        return "It names fixed days and brings nothing new after them; https://www.biorxiv.org has each day's papers."
    if host == "pubmed.ncbi.nlm.nih.gov" and not _PUBMED_FEED.match(path):
        return "PubMed makes a feed of each search: press Create RSS below its field, and name the address it shows."
    return next((f"{said}." for name, said in _NO_LISTS.items() if host == name or host.endswith(f".{name}")), "")


def _huggingface(path: str, query: dict[str, list[str]]) -> str:
    named = _PERIOD.match(path)
    period = _PLACES[named[1]] if named else next((_PLACES[each] for each in _PLACES if each in query), "")
    if period:
        return f"It names one {period} and brings nothing new after it; {HF_SITE}/papers has each day's papers."
    return f"It names one paper; {HF_SITE}/papers has each day's." if _HF_PAPER.match(path) else ""
