"""The addresses of arXiv's API and of bioRxiv and medRxiv, and how their pages follow each other.

Comes in: URLs, a day, how many entries a page held. Goes out: addresses. Refuses to know: HTTP, what the pages hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from urllib.parse import parse_qs, quote, urlencode, urlsplit

_ARXIV_API = "https://export.arxiv.org/api/query"
_ARXIV_PAGE, _ARXIV_MOST = 200, 2_000
_BIORXIV_API = "https://api.biorxiv.org/details"
# The API has given 100 and 30 entries a page.
_BIORXIV_SHORT, _BIORXIV_MOST = 30, 5_000
_ARXIV_HOSTS = frozenset({"export.arxiv.org", "arxiv.org"})
_BIORXIV_HOSTS = re.compile(r"(?:www\.|connect\.|api\.)?(?P<server>biorxiv|medrxiv)\.org")
_DETAILS = re.compile(r"/details/(?:biorxiv|medrxiv)/\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d(?:/(\d{1,6}))?(?:/json)?/?")
_SERVER = re.compile(r"(biorxiv|medrxiv)_xml\.php")
_COLLECTION = re.compile(r"/collection/([\w-]{3,60})")


def is_arxiv_api(url: str) -> bool:
    """Say whether this is a query of arXiv's API."""
    parts = urlsplit(url)
    return parts.hostname in _ARXIV_HOSTS and parts.path.rstrip("/") == "/api/query"


def arxiv_query(url: str) -> str:
    """Return the query with the newest papers first and pages of a good size, where it does not say otherwise."""
    said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    usual = {} if "id_list" in said else {"sortBy": "submittedDate", "sortOrder": "descending"}
    return f"{_ARXIV_API}?{urlencode(usual | {'start': '0', 'max_results': str(_ARXIV_PAGE)} | said, quote_via=quote)}"


def arxiv_day(wanted: str | Sequence[str], day: date) -> str:
    """Return the query for what was submitted on one day (UTC) to these categories, or of what a query asks for.

    The oldest come first, so that a day read in part is read to its end.
    """
    if isinstance(wanted, str):
        sought = parse_qs(urlsplit(wanted).query).get("search_query", [""])[0]
    else:
        sought = " OR ".join(f"cat:{name}" if "." in name else f"cat:{name}*" for name in wanted)
    when = f"submittedDate:[{day:%Y%m%d}0000 TO {day:%Y%m%d}2359]"
    query = {"search_query": f"({sought}) AND {when}" if sought else when}
    query |= {"sortBy": "submittedDate", "sortOrder": "ascending", "start": "0", "max_results": str(_ARXIV_PAGE)}
    return f"{_ARXIV_API}?{urlencode(query, quote_via=quote)}"


def is_biorxiv(url: str) -> bool:
    """Say whether this is a feed, a collection or an address of the API of bioRxiv or medRxiv."""
    parts = urlsplit(url)
    if not _BIORXIV_HOSTS.fullmatch(parts.hostname or ""):
        return False
    path = parts.path.rstrip("/")
    return bool(not path or _SERVER.search(path) or _COLLECTION.fullmatch(path) or _DETAILS.fullmatch(path))


def biorxiv(url: str, day: date | None) -> list[str]:
    """Return the feed of the newest papers, or the API's address of a day: a feed keeps only the last thirty or so.

    The API takes one category; a feed of several subjects has no days.
    """
    parts = urlsplit(url)
    if _DETAILS.fullmatch(parts.path):
        return [url]
    found = _BIORXIV_HOSTS.fullmatch(parts.hostname or "")
    named = _SERVER.search(parts.path)
    server = named[1] if named else found["server"] if found else "biorxiv"
    collection = _COLLECTION.fullmatch(parts.path.rstrip("/"))
    subject = collection[1].replace("-", "_") if collection else parse_qs(parts.query).get("subject", ["all"])[0]
    feed = f"https://connect.{server}.org/{server}_xml.php?{urlencode({'subject': subject}, quote_via=quote)}"
    if day is None or re.search(r"[+, ]", subject):
        return [feed]
    category = "" if subject == "all" else f"?{urlencode({'category': subject}, quote_via=quote)}"
    return [f"{_BIORXIV_API}/{server}/{day.isoformat()}/{day.isoformat()}/0/json{category}"]


def following(address: str, entries: int) -> str:
    """Return the address of the next page, or "" where this one was the last."""
    parts = urlsplit(address)
    if is_arxiv_api(address):
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        start, size = _number(query.get("start")), _number(query.get("max_results"))
        if entries < max(size, 1) or start + size >= _ARXIV_MOST:
            return ""
        return parts._replace(query=urlencode(query | {"start": str(start + size)}, quote_via=quote)).geturl()
    found = _DETAILS.fullmatch(parts.path) if parts.hostname in ("api.biorxiv.org", "api.medrxiv.org") else None
    cursor = _number(found[1]) + entries if found else 0
    if not found or entries < _BIORXIV_SHORT or cursor >= _BIORXIV_MOST:
        return ""
    whose, since, until = parts.path.split("/")[2:5]
    return parts._replace(path=f"/details/{whose}/{since}/{until}/{cursor}/json").geturl()


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else 0
