"""The sample pages of the demo: invented papers in the forms that real sources have, and a server for them.

Comes in: the day they should be of. Goes out: pages by their path, and their loopback address while they are served.
Refuses to know: what becomes of them. No paper, author or journal in them exists; their arXiv numbers lie beyond the
ones that are given out, and their other links end in names that are reserved for examples (RFC 2606).
"""

from __future__ import annotations

import hashlib
import html
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(__file__).parent
# arXiv gives out some thirty thousand numbers a month; none of these will ever lead to somebody's real paper.
_FIRST_NUMBER = 90_001

PORT = 8079


@dataclass(frozen=True, slots=True)
class _Sample:
    """One invented paper as the templates see it."""

    id: str
    title: str
    abstract: str
    authors: Sequence[str]
    categories: Sequence[str]
    pages: Sequence[str]
    upvotes: int = 0
    code: str = ""
    stars: int = 0
    doi: str = ""
    announce: str = "new"
    version: int = 1


def pages(day: date) -> dict[str, tuple[str, bytes]]:
    """Write the sample pages of that day: path → (media type, bytes); 24 papers, one of them on two pages."""
    papers = _papers(day)
    listing = [paper for paper in papers if "listing" in paper.pages]
    props = Markup(html.escape(json.dumps(_props(listing, day), ensure_ascii=False)))  # noqa: S704 - escaped here
    written = {
        f"/papers/date/{day}": ("text/html", "listing.html.j2", listing),
        "/rss/cs.LG": ("application/rss+xml", "rss.xml.j2", [paper for paper in papers if "rss" in paper.pages]),
        "/journal.atom": ("application/atom+xml", "journal.atom.j2", [p for p in papers if "atom" in p.pages]),
        "/saved-listing.txt": ("text/plain", "capture.txt.j2", [p for p in papers if "capture" in p.pages]),
    }
    facts = _facts(day) | {"props": props}
    return {path: (kind, _render(name, chosen, facts)) for path, (kind, name, chosen) in written.items()}


@contextmanager
def serve(served: Mapping[str, tuple[str, bytes]]) -> Iterator[str]:
    """Serve pages on loopback while the block runs; yields the address, without a slash at its end."""
    server = _server(_handler(served))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="demo-pages", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _server(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """The same port each time where it is free, so that a second run meets the sources of the first."""
    try:
        return ThreadingHTTPServer(("127.0.0.1", PORT), handler)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)


def _handler(served: Mapping[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            media_type, body = served.get(unquote(urlsplit(self.path).path), ("", b""))
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if not media_type:
                self._answer(HTTPStatus.NOT_FOUND, {}, b"")
            elif self.headers.get("If-None-Match") == tag:
                self._answer(HTTPStatus.NOT_MODIFIED, {"ETag": tag}, b"")
            else:
                self._answer(HTTPStatus.OK, {"Content-Type": f"{media_type}; charset=utf-8", "ETag": tag}, body)

        def _answer(self, status: HTTPStatus, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent: the demo tells its own story."""

    return Handler


def _papers(day: date) -> list[_Sample]:
    told = json.loads((_FOLDER / "papers.json").read_text(encoding="utf-8"))["papers"]
    return [_Sample(id=f"{day:%y%m}.{_FIRST_NUMBER + number}", **paper) for number, paper in enumerate(told)]


def _facts(day: date) -> dict[str, object]:
    previous = day - timedelta(days=1)
    return {
        "day": day.isoformat(),
        "day_shown": f"{day:%b} {day.day}",
        "previous": previous.isoformat(),
        "previous_shown": f"{previous:%b} {previous.day}",
        "mail_date": format_datetime(datetime.combine(day, time(4), UTC)),
    }


def _render(name: str, papers: Sequence[_Sample], facts: Mapping[str, object]) -> bytes:
    # The saved text is plain text; everything else is markup.
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=not name.endswith(".txt.j2"),  # noqa: S701 - on wherever there is markup
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name).render(papers=papers, **facts).encode()


def _props(papers: Sequence[_Sample], day: date) -> dict[str, Any]:
    """What a daily listing of 2026 keeps in its `data-props`."""
    return {
        "authLight": True,
        "canSubmit": False,
        "dateString": day.isoformat(),
        "dailyPapers": [_item(paper, day) for paper in papers],
        "prevDate": (day - timedelta(days=1)).isoformat(),
        "publisher": {"type": "user", "name": "demo", "fullname": "Demo", "avatarUrl": "/avatars/demo.svg"},
        "periodType": "day",
        "query": {},
        "isTrending": False,
    }


def _item(paper: _Sample, day: date) -> dict[str, Any]:
    """One entry of a listing: since 2025 its own `publishedAt` is the arXiv date less four hours."""
    written = datetime.combine(day - timedelta(days=2), time(), UTC)
    reader = {"_id": _mark("reader"), "fullname": "Demo Reader", "name": "demo-reader", "type": "user", "isPro": False}
    record = {
        "id": paper.id,
        "authors": [{"_id": _mark(name), "name": name, "hidden": False} for name in paper.authors],
        "publishedAt": _stamp(written),
        "submittedOnDailyAt": _stamp(datetime.combine(day, time(), UTC)),
        "title": paper.title,
        "submittedOnDailyBy": reader,
        "summary": paper.abstract,
        "upvotes": paper.upvotes,
        "discussionId": _mark(paper.id),
    }
    if paper.code:
        record |= {"githubRepo": paper.code, "githubRepoAddedBy": "user", "githubStars": paper.stars}
    return {
        "paper": record,
        "publishedAt": _stamp(written - timedelta(hours=4)),
        "title": paper.title,
        "summary": paper.abstract,
        "thumbnail": f"/social-thumbnails/papers/{paper.id}.png",
        "numComments": 1,
        "submittedBy": reader,
        "isAuthorParticipating": False,
        "upvoted": False,
    }


def _mark(text: str) -> str:
    """Make an identifier in the shape of a database's object id."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
