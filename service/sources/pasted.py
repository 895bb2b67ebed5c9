"""What a person pasted → the address that was meant.

Comes in: a URL, a bare host, a category or a path, as it was typed or copied. Goes out: an http(s) address where it can
only mean one that can be followed, else the text itself; twice the same. Refuses to know:
files, what an address answers.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from service.categories import FEEDS, categories

ARXIV_HOSTS = frozenset({"arxiv.org", "www.arxiv.org", "export.arxiv.org", "rss.arxiv.org"})
HF_SITE = "https://huggingface.co"
HF_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_WRAPPED = (("<", ">"), ('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("`", "`"), ("(", ")"))
# Programs that read feeds have their own names for http.
_FEED_SCHEME = re.compile(r"(?:feed|rss|atom|itpc|pcast|view-source):(?://)?", re.IGNORECASE)
_TORN = re.compile(r"(https?)(?::/*|//)(?=[^\s/])", re.IGNORECASE)
_BARE = re.compile(
    r"(?P<host>localhost|\d{1,3}(?:\.\d{1,3}){3}|(?:[\w-]{1,63}\.)+(?P<top>[^\W\d_]{2,24}))(?P<port>:\d{1,5})?"
    r"(?P<rest>[/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_OF_FILES = frozenset({"txt", "md", "html", "htm", "json", "xml", "rss", "atom", "csv", "pdf", "zip", "gz"})
_LISTED = frozenset({"rss", "atom", "list", "archive", "catchup"})
_AUTHOR = re.compile(r"/a/([\w-]{3,60})(?:\.atom)?")
_FIELDS = {"all": "all", "title": "ti", "author": "au", "abstract": "abs", "comments": "co", "journal_ref": "jr"}
_FIELDS |= {"report_num": "rn", "cross_list_category": "cat"}
_WEEK = re.compile(r"/papers/week/(\d{4})-w(\d\d?)")
_NEWEST_PREPRINTS = frozenset({"/content/early/recent", "/alertsrss", "/rss"})


def meant(text: str) -> str:
    """Return the address that was meant: `feed:` and missing schemes mended, pages for people turned into lists."""
    bare = _unwrapped(text)
    if names := categories(bare):
        return FEEDS + names
    address = _with_scheme(bare)
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "") if parts.scheme in ("http", "https") else ""
        path, query = parts.path.rstrip("/"), parse_qs(parts.query)
    except ValueError:
        return bare
    if host in ARXIV_HOSTS:
        return _arxiv(host, path, query) or address
    if host in HF_HOSTS:
        return _huggingface(path) or address
    if host.removeprefix("www.") in ("biorxiv.org", "medrxiv.org") and path in _NEWEST_PREPRINTS:
        return f"https://{host}/"
    return address


def _unwrapped(text: str) -> str:
    bare = text.strip()
    for left, right in _WRAPPED:
        if len(bare) > 2 and bare.startswith(left) and bare.endswith(right):
            return bare[1:-1].strip()
    return bare


def _with_scheme(text: str) -> str:
    bare = _FEED_SCHEME.sub("", text, count=1) if _FEED_SCHEME.match(text) else text
    if torn := _TORN.match(bare):
        return f"{torn[1].lower()}://{bare[torn.end() :]}"
    found = _BARE.fullmatch(bare)
    if found is None or ((found["top"] or "").lower() in _OF_FILES and not found["rest"]):
        return text
    # What has a number or a port of its own is a server of one's own, which seldom speaks TLS.
    own = not found["top"] or found["port"] not in (None, ":443")
    return f"{'http' if own else 'https'}://{bare}"


def _huggingface(path: str) -> str:
    if week := _WEEK.fullmatch(path):
        return f"{HF_SITE}/papers/week/{week[1]}-W{int(week[2]):02}"
    return "" if path else f"{HF_SITE}/papers"


def _arxiv(host: str, path: str, query: dict[str, list[str]]) -> str:
    """The feed or the query of the API that says what a page for people shows; "" where there is none."""
    steps = path.strip("/").split("/")
    if len(steps) >= 2 and steps[0] in _LISTED and (names := categories(steps[1])):
        return FEEDS + names
    if host == "export.arxiv.org" and len(steps) == 1 and (names := categories(path.strip("/"))):
        return FEEDS + names
    if author := _AUTHOR.fullmatch(path):
        return f"https://arxiv.org/a/{author[1]}.atom2"
    return _search(steps, query) if steps[0] == "search" and "query" in query else ""


def _search(steps: list[str], query: dict[str, list[str]]) -> str:
    field = _FIELDS.get(query.get("searchtype", ["all"])[0], "all")
    words = re.findall(r'"[^"]+"|[^\s"]+', query["query"][0])
    if field == "au":
        words = [f'"{query["query"][0].strip()}"']
    sought = " AND ".join(f"{field}:{word}" for word in words)
    within = categories(steps[1]) if len(steps) > 1 else ""
    sought += f" AND cat:{within}{'' if '.' in within else '*'}" if within and sought else ""
    return (
        f"https://export.arxiv.org/api/query?{urlencode({'search_query': sought}, quote_via=quote)}" if sought else ""
    )
