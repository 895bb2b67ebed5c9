"""Bombs and servers without an end, taken the whole way from the socket to the papers, each in a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.errors import FetchError
from service.sources.http import Client
from tests.integration.test_http_client import AGENT, LOOPBACK, SLOW
from tests.origins import Answer, Asked, origin, raw
from tests.unit import pages

MOST_EXTRA, MOST_SECONDS = 64 * 2**20, 30.0
LIMIT = 8 * 2**20

# What a child does: read a decent page first, then the bomb; it says how much more it needed, and how long each took.
# A process inherits the ru_maxrss of the one that started it, which held the bombs; the kernel's VmHWM is its own.
CHILD = """
import contextlib, json, pathlib, re, sys, time
from service.errors import PaperRoundError
from service.sources import parse
from service.sources.http import Client

def held():
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024

def read(url):
    with contextlib.suppress(PaperRoundError):
        parse(Client("PaperRound/0", ("127.0.0.1/32",), 30.0).fetch(url))

read(sys.argv[1] + "decent")
before, slowest = held(), 0.0
for _ in range(int(sys.argv[2])):
    began = time.monotonic()
    read(sys.argv[1] + "bomb")
    slowest = max(slowest, time.monotonic() - began)
print(json.dumps([held() - before, slowest]))
"""
RSS = '<?xml version="1.0"?><rss version="2.0"><channel>'
ENTRY, ENDED = f"{RSS}<item><title>a</title>", "</item></channel></rss>"
ITEM = "<item><title>{}</title></item>"
LAUGHS = "".join(f'<!ENTITY l{n} "{"".join([f"&l{n - 1};"] * 10)}">' for n in range(1, 12))


def heap(head: str, piece: str, size: int = LIMIT, *, tail: str = "") -> bytes:
    """Pieces up to the limit; without a tail cut off in the middle of one."""
    room = size - len(tail)
    return ((head + piece * (size // len(piece)))[:room] + tail).encode()


# What is sent, and how it is encoded.
BOMBS: dict[str, Callable[[], tuple[bytes, str]]] = {
    "zeros by gzip": lambda: (gzip.compress(bytes(300 * 2**20)), "gzip"),
    "zeros by deflate": lambda: (zlib.compress(bytes(300 * 2**20)), "deflate"),
    "many members": lambda: (gzip.compress(bytes(2**20)) * 300, "gzip"),
    "gzip of gzip": lambda: (gzip.compress(gzip.compress(bytes(300 * 2**20))), "gzip, gzip"),
    "more than a page": lambda: (bytes(LIMIT + 1), ""),
    "spaces by gzip": lambda: (gzip.compress(b" " * (31 * 2**20)), "gzip"),
    "a feed by gzip": lambda: (gzip.compress(heap(RSS, ITEM.format("kettle"), 31 * 2**20)), "gzip"),
    "laughing entities": lambda: (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]>{RSS[21:]}{ITEM.format("&l11;")}'.encode(),
        "",
    ),
    "one long entity": lambda: (
        f'<!DOCTYPE rss [<!ENTITY a "{"a" * 100_000}">]><rss><channel>{ITEM.format("&a;" * 50_000)}'.encode(),
        "",
    ),
    "entities outside": lambda: (
        f'<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///dev/zero">]><rss><channel>{ITEM.format("&a;")}'.encode(),
        "",
    ),
    "nested XML": lambda: (heap(RSS, "<item>"), ""),
    "nested XHTML": lambda: (heap('<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="xhtml">', "<b>"), ""),
    "nested HTML": lambda: (heap("<!doctype html>", "<div>"), ""),
    "nested tables": lambda: (heap("<!doctype html>", "<table><tr><td>"), ""),
    "open formats": lambda: (heap("<!doctype html>", "<b><i><a href=x>"), ""),
    "nested JSON": lambda: (heap("", "["), ""),
    "nested objects": lambda: (heap("", '{"a":'), ""),
    "many objects": lambda: (heap("[", "{},"), ""),
    "a long number": lambda: (b'{"dailyPapers": ' + b"9" * 4_000_000 + b"}", ""),
    "many attributes": lambda: (heap("<rss ", "a='b' "), ""),
    "many attributes of HTML": lambda: (heap("<!doctype html><html ", "a='b' "), ""),
    "many attributes in turn": lambda: (heap(RSS, "<item " + "a='b' " * 3000 + ">"), ""),
    "many spaces by number": lambda: (heap(RSS + "<item><title>", "&#8195;"), ""),
    "words without end": lambda: (heap("Title: a\nSummary: ", "bb "), ""),
    "many addresses": lambda: (heap(f"{ENTRY}<author>", "a@b.c ", tail=f"</author>{ENDED}"), ""),
    "many authors": lambda: (heap(ENTRY, "<author>a b</author>", tail=ENDED), ""),
    "many links": lambda: (heap(ENTRY, '<link href="/a"/>', tail=ENDED), ""),
    "many names": lambda: (heap(f"{ENTRY}<description>", "<b>a</b>", tail=f"</description>{ENDED}"), ""),
    "many entries": lambda: (heap(RSS, f"{ENTRY[len(RSS) :]}{ENDED[:7]}", tail=ENDED[7:]), ""),
    "torn words": lambda: (heap(f"{ENTRY}<description>", "b\0\n", tail=f"</description>{ENDED}"), ""),
    "data in attributes": lambda: (heap("<html>", '<div data-target="DailyPapers" data-props="{}">'), ""),
}
SLICE = ("many objects", "laughing entities", "many members")


def serving(body: bytes, encoding: str) -> Callable[[Asked], Answer]:
    decent = pages.rss(pages.PAPERS).encode()
    headers = {"Content-Encoding": encoding} if encoding else {}
    return lambda asked: Answer(200, decent) if asked.path == "/decent" else Answer(200, body, headers)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_takes_little_memory_and_time(kind: str, full: bool, figure: Callable[[str], None]) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("how much memory a process held is read from Linux")
    if not full and kind not in SLICE:
        pytest.skip("every bomb ten times: pytest --full")
    with origin(serving(*BOMBS[kind]())) as server:
        command = [sys.executable, "-c", CHILD, server.url(), "10" if full else "1"]
        environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environ)
    assert ran.returncode == 0, ran.stderr[-2000:]
    extra, slowest = json.loads(ran.stdout)
    figure(f"bomb {kind!r}: 10 times, {extra / 2**20:.0f} MB extra, slowest {slowest:.1f} s")
    assert extra <= MOST_EXTRA
    assert slowest <= MOST_SECONDS


def test_slow_servers_are_all_cut_at_the_total_deadline(full: bool, figure: Callable[[str], None]) -> None:
    count, deadline = (50, 5.0) if full else (6, 0.8)
    kinds = [(scheme, behave) for behave in SLOW.values() for scheme in ("http", "https")]
    took: list[float] = []

    def visit(url: str) -> None:
        began = time.monotonic()
        with pytest.raises(FetchError):
            Client(AGENT, LOOPBACK, deadline).fetch(url)
        took.append(time.monotonic() - began)

    with ExitStack() as stack:
        chosen = [kinds[n % len(kinds)] for n in range(count)]
        servers = [(scheme, stack.enter_context(raw(behave))) for scheme, behave in chosen]
        urls = [f"{scheme}://127.0.0.1:{server.port}/" for scheme, server in servers]
        visits = [threading.Thread(target=visit, args=(url,)) for url in urls]
        for each in visits:
            each.start()
        for each in visits:
            each.join(deadline * 4)
    figure(f"{count} slow servers at once: the last was left after {max(took):.1f} s of {deadline:g} s allowed")
    assert len(took) == count
    assert max(took) < deadline + 2.0
