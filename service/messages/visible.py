"""Foreign text → text that may be shown: one line, NFC, nothing invisible; foreign links → links that may be followed.

Comes in: any string. Goes out: what a reader would see of it. Refuses to know: papers, mails, templates.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlencode, urlsplit

import idna

# Controls, soft hyphen, joiners and zero-width marks, bidi embeddings and isolates, Hangul and other blank fillers,
# interlinear and tag characters, lone surrogates, private use and noncharacters: all of them are invisible or mislead.
_UNSEEN = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ue002-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_INVISIBLE = re.compile(f"{_UNSEEN}+")
_SPACE = re.compile(r"[\s\x1c-\x1f\x85\u2028\u2029]+")
# Nobody writes more than three marks on one letter; a tower of them paints over the lines above and below.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_TOWER = re.compile(f"({_MARK}{{3}}){_MARK}+")
# Whatever `fold` would change besides white space and the composition of letters, and the two marks.
_ODD = re.compile(f"[\ue000\ue001]|{_UNSEEN}|{_MARK}{{4}}")
# Two private-use characters may travel through `fold` as marks of a passage's hits; `clean` drops them as well.
OPEN, CLOSE = "\ue000", "\ue001"
_NO_MARKS = {ord(OPEN): None, ord(CLOSE): None}
_LONGEST_LINK = 1000
# Nearly every link, and all of our own: what the rules below would leave as it is.
_PLAIN_LINK = re.compile(r"https?://[a-z0-9.-]{1,255}(?::[1-9][0-9]{0,3})?/[A-Za-z0-9/._~=-]{0,700}")
_ARXIV_SEARCH = "https://arxiv.org/search/?"


def clean(text: str) -> str:
    """Fold white space to single spaces, compose to NFC, and drop what cannot be seen.

    No line break of any kind survives (RFC 5322's, nor U+0085, U+2028, U+2029, vertical tab, form feed), no control,
    bidi, zero-width, private-use or surrogate character. Cleaning a clean text changes nothing.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    if not _ODD.search(text) and unicodedata.is_normalized("NFC", text):
        return " ".join(text.split())
    return fold(text.translate(_NO_MARKS))


def fold(text: str) -> str:
    """Clean a text that carries the marks OPEN and CLOSE, and leave them where they stand."""
    seen = _INVISIBLE.sub("", _SPACE.sub(" ", text))
    composed = _TOWER.sub(r"\1", unicodedata.normalize("NFC", seen))
    return " ".join(composed.split())


def shorten(text: str, limit: int) -> str:
    """Cut at the end of a word so that `limit` characters hold the text and its ellipsis; short texts stay whole."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 1)]
    words = head[: head.rfind(" ")] if " " in head[len(head) // 2 :] and text[len(head)] != " " else head
    return words.rstrip(" ,;:.-–—(") + "…"


def web_link(url: str) -> str:
    """Return an http(s) link as ASCII (RFC 3986), or "" where it is no link we would send anybody to.

    Refused are other schemes, a user name before the host, white space and controls, and overlong links.
    """
    if _PLAIN_LINK.fullmatch(url):
        return url
    if not url or len(url) > _LONGEST_LINK or clean(url) != url or " " in url:
        return ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in ("http", "https") or parts.username is not None or not _is_host(ascii_host):
        return ""
    netloc = (f"[{ascii_host}]" if ":" in ascii_host else ascii_host) + (f":{port}" if port else "")
    return f"{parts.scheme}://{netloc}{_quoted(parts.path)}{_after('?', parts.query)}{_after('#', parts.fragment)}"


def title_search(title: str) -> str:
    """Return the link that finds a paper by its title, for papers that came without a link of their own."""
    words = " ".join(re.findall(r"\w+", title))[:200]
    return _ARXIV_SEARCH + urlencode({"query": words, "searchtype": "title"})


def _is_host(host: str) -> bool:
    return re.fullmatch(r"[0-9A-Za-z_.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", host) is not None


def _quoted(text: str) -> str:
    return quote(text, safe="/%:@!$&*+,;=~-._")


def _after(mark: str, text: str) -> str:
    return mark + quote(text, safe="/%:@!$&*+,;=~-._?") if text else ""
