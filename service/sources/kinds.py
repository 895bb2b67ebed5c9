"""What a source URL is, and which addresses to ask for its papers.

Comes in: a URL or a file path as a person typed it, and a day. Goes out: a kind, and addresses to try, best first.
Refuses to know: HTTP, and what the addresses answer.
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from service.categories import FEEDS, categories
from service.sources import preprints
from service.sources.pasted import ARXIV_HOSTS, HF_HOSTS, HF_SITE, meant
from service.sources.saved import path_of

_SITE = HF_SITE
_PERIOD = re.compile(r"/papers/(date|week|month)/([\w-]{6,10})")
_PAPER = re.compile(r"/papers/(\d{4}\.\d{4,5})(?:v\d+)?")
_SEARCH_LIMIT = 120
# The API may give fewer than asked for; a page shorter than its own default is the last one.
_SHORT = 50
_MOST_PAGES = 20


def recognise(url: str) -> str:
    """Return the kind of a source: "huggingface", "arxiv", "biorxiv", "feed"; "capture" for a file on this machine."""
    text = meant(url)
    host, path = _split(text)
    if not host:
        return "capture"
    if host in HF_HOSTS and (path == "/papers" or path.startswith(("/papers/", "/api/daily_papers", "/api/papers"))):
        return "huggingface"
    if preprints.is_biorxiv(text):
        return "biorxiv"
    return "arxiv" if host in ARXIV_HOSTS and (_arxiv_feed(text) or preprints.is_arxiv_api(text)) else "feed"


def pages(url: str, day: date | None = None) -> list[str]:
    """Return the addresses to ask for a source's papers of a day (None: its latest), best first.

    A listing that names its own period keeps it. Of Hugging Face the JSON API comes first: it is smaller and holds
    every abstract; the page people see is the second choice. What is not recognised is asked for as it stands.
    """
    text = meant(url)
    kind = recognise(text)
    if kind == "arxiv":
        return [_arxiv_feed(text) or preprints.arxiv_query(text)]
    if kind == "biorxiv":
        return preprints.biorxiv(text, day)
    return _huggingface(text, day) if kind == "huggingface" else [text]


def past(url: str, day: date) -> list[str]:
    """Return the addresses that hold what a source listed on one past day, best first; none where it keeps no days."""
    text, asked = meant(url), pages(url, day)
    if asked != pages(url):
        return asked
    if recognise(text) != "arxiv":
        return []
    feed = _arxiv_feed(text)
    return [preprints.arxiv_day(text if not feed else feed.rpartition("/")[2].split("+"), day)]


def canonical(url: str) -> str:
    """Return the one address under which a source is kept: what a person types has many spellings."""
    text = meant(url)
    kind = recognise(text)
    if kind == "capture":
        return str(path_of(text)) if text.startswith("file:") else text
    parts = urlsplit(text)
    if kind == "huggingface":
        return parts._replace(
            scheme="https", netloc="huggingface.co", path=parts.path.rstrip("/"), fragment=""
        ).geturl()
    return parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/", fragment="").geturl()


def following(address: str, entries: int, single_day: bool) -> str:
    """Return the address of the next page of a listing, "" where this one was the last.

    Hugging Face's API tells no count, so it is asked until a short page. Without a period it goes on into the past;
    then the next page is wanted only while all that came is of one day (`single_day`).
    """
    host, path = _split(address)
    if host not in HF_HOSTS:
        return preprints.following(address, entries) if host else ""
    parts = urlsplit(address)
    if path != "/api/daily_papers" or entries < _SHORT:
        return ""
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    number = int(query.get("p", "0")) + 1 if query.get("p", "0").isdecimal() else _MOST_PAGES
    bounded = single_day or any(name in query for name in ("date", "week", "month"))
    if query.get("sort") == "trending" or not bounded or number >= _MOST_PAGES:
        return ""
    return f"{_SITE}/api/daily_papers?{urlencode(query | {'p': str(number)}, quote_via=quote)}"


def newest_first(address: str) -> bool:
    """Whether each page of a listing is older than the one before it."""
    return preprints.is_arxiv_api(address) and "sortBy=submittedDate&sortOrder=descending" in address


def label(url: str) -> str:
    """Return what readers call a source: two listings of one site have one name."""
    kind = recognise(url)
    if kind == "capture":
        return "Saved pages"
    if kind == "biorxiv":
        return "medRxiv" if "medrxiv" in url else "bioRxiv"
    host, _ = _split(meant(url))
    return {"huggingface": "Hugging Face", "arxiv": "arXiv"}.get(kind, host.removeprefix("www."))


def rests(url: str) -> bool:
    """Whether an empty page is ordinary: arXiv announces nothing on some days, and a search may find nothing."""
    return recognise(url) in ("arxiv", "biorxiv") or "q=" in urlsplit(meant(url)).query


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else ""
    except ValueError:
        return "", ""
    return host or "", parts.path.rstrip("/")


def _huggingface(url: str, day: date | None) -> list[str]:
    parts = urlsplit(url)
    path, query = parts.path.rstrip("/"), parse_qs(parts.query)
    if path.startswith("/api/"):
        return [url, *_shown(path, query)]
    if words := query.get("q"):
        search = urlencode({"q": words[0], "limit": _SEARCH_LIMIT}, quote_via=quote)
        return [f"{_SITE}/api/papers/search?{search}", f"{_SITE}/papers?{urlencode({'q': words[0]}, quote_via=quote)}"]
    if paper := _PAPER.fullmatch(path):
        return [f"{_SITE}/api/papers/{paper[1]}", f"{_SITE}/papers/{paper[1]}"]
    if path == "/papers/trending":
        return [f"{_SITE}/api/daily_papers?sort=trending&limit=50", f"{_SITE}/papers/trending"]
    period = _PERIOD.fullmatch(path)
    if period or "date" in query:
        return _period(*(period.groups() if period else ("date", query["date"][0])))
    return _period("date", day.isoformat()) if day else [f"{_SITE}/api/daily_papers?limit=100", f"{_SITE}/papers"]


def _shown(path: str, query: dict[str, list[str]]) -> list[str]:
    """The page that people see of what an address of the API answers, for the day that the API changes."""
    if path == "/api/papers/search" and "q" in query:
        return [f"{_SITE}/papers?{urlencode({'q': query['q'][0]}, quote_via=quote)}"]
    if path != "/api/daily_papers" or "submitter" in query:
        return []
    if query.get("sort") == ["trending"]:
        return [f"{_SITE}/papers/trending"]
    named = next((name for name in ("date", "week", "month") if name in query), "")
    return [f"{_SITE}/papers/{named}/{quote(query[named][0])}" if named else f"{_SITE}/papers"]


def _period(name: str, value: str) -> list[str]:
    return [f"{_SITE}/api/daily_papers?{name}={quote(value)}&limit=100", f"{_SITE}/papers/{name}/{quote(value)}"]


def _arxiv_feed(url: str) -> str:
    """Return the address itself where it is the feed of arXiv's categories, else ""."""
    return url if url.startswith(FEEDS) and categories(url.removeprefix(FEEDS)) else ""
