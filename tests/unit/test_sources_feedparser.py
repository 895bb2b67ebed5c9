"""feedparser's own two thousand pages, where they are at hand: the same entries, titles and links as it finds.

They come with its source: `pip download --no-deps --no-binary feedparser feedparser`, unpacked in `build/`.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import feedparser
import pytest

from service.errors import ParseError
from service.model import Page
from service.sources import parse
from service.sources.text import plain, web_link

FOLDER = Path(__file__).parents[2] / "build"
# Says nothing of its characters, which each of the two then guesses in its own way.
GUESSED = {"illformed/chardet/shiftjis.xml"}


def theirs(body: bytes) -> list[tuple[str, str]]:
    """What feedparser finds, as we would show it: without a title it is no paper, without a link it has its guid's."""
    found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False).entries
    links = [web_link(each.get("link")) or web_link(each.get("id")) for each in found]
    entries = [(plain(str(each.get("title", ""))), link) for each, link in zip(found, links, strict=True)]
    return [entry for entry in entries if entry[0]]


def ours(body: bytes) -> list[tuple[str, str]]:
    try:
        return [(paper.title, paper.url) for paper in parse(Page(body, "", "")).papers]
    except ParseError:
        return []


@pytest.mark.timeout(600)
def test_feedparsers_own_pages_give_the_same_entries(full: bool, figure: Callable[[str], None]) -> None:
    root = next((each / "tests" for each in sorted(FOLDER.glob("feedparser-*")) if (each / "tests").is_dir()), None)
    if root is None:
        pytest.skip("feedparser's own pages are not on this machine (see above)")
    files = sorted(root.rglob("*.xml"))
    other, slowest, entries = [], 0.0, 0
    for file in files if full else files[::20]:
        body = file.read_bytes()
        began = time.process_time()
        found = ours(body)
        slowest = max(slowest, time.process_time() - began)
        entries += len(found)
        if found != theirs(body) and file.relative_to(root).as_posix() not in GUESSED:
            other.append(file.name)
    figure(f"feedparser's pages: {len(files)} files, {entries} entries, all alike, slowest {slowest:.2f} s")
    assert other == []
    assert slowest < 5
