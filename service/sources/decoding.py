"""Bytes → text: which characters a page is written in.

Comes in: the bytes and the media type of a page. Goes out: its text. Refuses to know: what the text says.
The order is a byte order mark, the media type, what the page says of itself, UTF-8, and at last Windows-1252, as the
WHATWG encoding standard has it; an encoding that is named but does not fit gives way to the next.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

from service.errors import ParseError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Python's registry also holds codecs that are no character encodings, and slow ones; only these are looked up.
_KNOWN = re.compile(
    r"utf-?8|utf-?16(le|be)?|utf-?32(le|be)?|iso-8859-\d{1,2}|windows-125\d|cp125\d|cp874|koi8-[ru]|gb18030|cp949|cp932"
    r"|big5hkscs|euc-jp|iso-2022-jp|mac-(?:roman|cyrillic)"
)
_ISO = re.compile(r"iso-?(8859-\d{1,2})(?::\d{4}|-[ie])?")
# Names that stand for a larger set of characters, as the standard has it, or are but another spelling.
_MEANT = {
    "cp1252": "iso-8859-1 latin1 latin-1 l1 us-ascii ascii cp819 ansi",
    "cp1254": "iso-8859-9 latin5",
    "iso-8859-2": "latin2 l2",
    "cp874": "tis-620 iso-8859-11 windows-874",
    "koi8-r": "koi8 koi8r koi",
    "cp932": "shift-jis shiftjis sjis windows-31j ms-kanji ms932",
    "euc-jp": "eucjp",
    "cp949": "euc-kr euckr ks-c-5601-1987 ks-c-5601-1989 ksc5601 korean windows-949 uhc",
    "gb18030": "gb2312 gb-2312-80 gbk chinese cp936 ms936 euc-cn",
    "big5hkscs": "big5 big5-hkscs cn-big5 big-5",
    "mac-roman": "macintosh mac",
}
_SAME = {name: codec for codec, names in _MEANT.items() for name in names.split()}
# Of these a single broken byte spoils nothing but its neighbour.
_IN_PAIRS = frozenset({"cp932", "euc-jp", "cp949", "gb18030", "big5hkscs", "iso-2022-jp"})
_IN_TYPE = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_IN_PAGE = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})|<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})",
    re.IGNORECASE,
)
_SIGNS = (
    (b"%PDF-", "a PDF file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a zip file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"RIFF", "a media file"),
    (b"SQLite format 3", "a database file"),
    (b"\x7fELF", "a program"),
)


def decode(body: bytes, media_type: str = "", charset: str = "") -> str:
    """Return the text of a page; its characters may be named. Raises ParseError for bytes that are no text."""
    for sign, what in _SIGNS:
        if body.startswith(sign):
            raise ParseError(f"this looks like {what}, not a page of papers", what)
    names = list(_candidates(body, charset or _in(media_type)))
    for name in names:
        try:
            return body.decode(name).removeprefix("\ufeff")
        except (UnicodeError, LookupError):
            continue
    if body.count(0) * 20 > len(body):
        raise ParseError("this looks like binary data, not a page of papers", "binary data")
    return body.decode(_nearest(body, names), "replace").removeprefix("\ufeff")


def _in(media_type: str) -> str:
    named = _IN_TYPE.search(media_type)
    return named[1] if named else ""


def _candidates(body: bytes, charset: str) -> Iterator[str]:
    for mark, name in _MARKS:
        if body.startswith(mark):
            yield name
    head = body[:4096]
    if head[1:2] == b"\0" and head[3:4] == b"\0":
        yield "utf-16-le"
    if head[:1] == b"\0" and head[2:3] == b"\0":
        yield "utf-16-be"
    if charset:
        yield from _named(charset, body)
    said = _IN_PAGE.search(head)
    if said:
        yield from _named((said.group(1) or said.group(2)).decode("ascii", "replace"), body)
    yield "utf-8"


def _named(name: str, body: bytes) -> Iterator[str]:
    """A page that calls itself Latin-1, the default of many servers, and is sound UTF-8, is UTF-8."""
    lowered = _ISO.sub(r"iso-\1", name.lower().replace("_", "-").removeprefix("x-").replace("cp-", "cp"))
    codec = _SAME.get(lowered, lowered)
    if not _KNOWN.fullmatch(codec) or (codec.startswith(("utf-16", "utf16", "utf-32", "utf32")) and b"\0" not in body):
        return
    if codec == "cp1252":
        yield "utf-8"
    yield codec


def _nearest(body: bytes, names: Sequence[str]) -> str:
    """What a page that fits no encoding is most likely written in."""
    if _nearly_utf8(body):
        return "utf-8"
    named = next((name for name in names if name in _IN_PAIRS), "")
    return named if named and body.decode(named, "replace").count("\ufffd") * 100 <= len(body) else "cp1252"


def _nearly_utf8(body: bytes) -> bool:
    """Whether a few broken bytes, or a cut in the middle of a character, are all that is wrong."""
    wrong = body.decode("utf-8", "replace").count("\ufffd")
    return wrong * 4 <= sum(1 for byte in body[:200_000] if byte > 127) or wrong <= 1
