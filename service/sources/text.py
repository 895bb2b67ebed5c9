"""Foreign text, links and times → values that the rest of the house can trust.

Comes in: strings, HTML fragments and JSON values as a source wrote them. Goes out: folded text, http(s) links, aware
times. Refuses to know: which source they came from.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any
from urllib.parse import quote, urljoin

from service.sources import scripts

# PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, and no title means any of these characters.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# Where one space stands, nothing needs to be done.
_SPACES = re.compile(r"[^\S ]\s*| \s+")
_PIECE = 100_000
_LONGEST_LINK = 2000
_LINK = re.compile(r"(https?://[^\s/?#\\@\"'<>]+)((?:[/?#].*)?)", re.IGNORECASE | re.DOTALL)
_UNSAFE = re.compile(r"[\s\"'<>\\]")
_UNREAD = re.compile(
    r"<!--|<(script|style|template|iframe|noscript|svg|figure|(?:mml:)?annotation(?:-xml)?)(?=[\s/>])", re.IGNORECASE
)
# Only names that HTML has, MathML, and publishers' own XML; attributes have values, or are known to have none: in an
# abstract, neither "a<n and c>d" nor "a<b and c>d" holds a tag.
_TAG = re.compile(
    r"</?(?:a|abbr|acronym|address|article|aside|audio|b|bdi|bdo|big|blockquote|body|br|button|caption|center|cite|code"
    r"|col|colgroup|dd|del|details|dfn|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|header"
    r"|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|mark|meta|nav|noscript|object|ol|option|p|param"
    r"|picture|pre|q|s|samp|script|sec|section|select|small|source|span|st|strike|strong|style|sub|summary|sup|svg|table|tbody"
    r"|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr|(?:jats|mml|ce):[\w-]+"
    r"|(?:inline|disp)-formula|tex(?:-math)?|alternatives|italic|bold|roman|monospace|underline|scp?|xref|ext-link"
    r"|math|m(?:i|n|o|row|s(?:u[bp]|ubsup|qrt|pace|tyle)|text|frac|over|under|underover|root|table|t[rd])|semantics)"
    r"(?:\s+(?:nowrap|noshade|compact|hidden|clear|itemscope|async|defer|controls|disabled|checked|allowfullscreen))*"
    r"(?:\s+[\w:@.-]{1,60}\s?=[^<>]{0,4000})?\s{0,9}/?\s?>",
    re.IGNORECASE,
)
# A text that is said to be plain and holds one of these is HTML.
MARKED_UP = re.compile(r"</[a-zA-Z]+\s*>|<br\s*/?>")
_BLOCK = re.compile(
    r"</?(?:br|p|div|li|ul|ol|tr|td|th|table|h[1-6]|blockquote|pre|hr|dd|dt|jats:p|jats:title)\b", re.IGNORECASE
)


def fold(text: str) -> str:
    """Fold white space to single spaces and drop control characters; everything else stands to the letter."""
    if len(text) <= _PIECE:
        return " ".join(_UNWANTED.sub("", text).split())
    return spaced(text, _UNWANTED).strip()


def spaced(text: str, unwanted: re.Pattern[str]) -> str:
    """Fold white space to single spaces without what is unwanted, piece by piece.

    A list of all words of 8 MB takes two hundred.
    """
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    folded = "".join(_SPACES.sub(" ", unwanted.sub("", piece)) for piece in pieces)
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return folded


def plain(html: str) -> str:
    """Return the words of an HTML fragment: no tags, no script or style text, references resolved once.

    Powers and indices are raised and lowered.
    """
    if "<" not in html and "&" not in html:
        return fold(html)
    return fold(unescape(scripts.read(_TAG.sub(_space, scripts.told(_spoken(html))))))


def _space(tag: re.Match[str]) -> str:
    if scripts.TAG.fullmatch(tag.group()):
        return tag.group()
    return " " if _BLOCK.match(tag.group()) else ""


def _spoken(html: str) -> str:
    """Cut comments and elements whose content is not meant to be read; one left open takes the rest with it."""
    pieces, at = [], 0
    while found := _UNREAD.search(html, at):
        pieces.append(html[at : found.start()])
        end = re.compile("-->" if not found[1] else f"</{found[1]}[^<>]*>", re.IGNORECASE).search(html, found.end())
        if not end:
            return " ".join(pieces)
        at = end.end()
    return " ".join([*pieces, html[at:]])


def web_link(value: Any) -> str:
    """Return an http(s) link, or "" for any other scheme, white space in its host, and overlong ones.

    Spaces, quotes and the like behind the host are written as browsers send them: `/a b` is `/a%20b`.
    """
    found = _LINK.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= 2 * _LONGEST_LINK else None
    if not found or _UNWANTED.search(found[0]):
        return ""
    link = found[1] + _UNSAFE.sub(lambda sign: quote(sign[0]), found[2])
    return link if len(link) <= _LONGEST_LINK else ""


def joined(base: str, value: Any) -> str:
    """Return an http(s) link that may be relative to the address `base`, or ""."""
    try:
        return web_link(urljoin(base, value.strip())) if isinstance(value, str) and value.strip() else ""
    except ValueError:
        return ""


def moment(value: Any) -> datetime | None:
    """Return an ISO 8601 time in UTC (one without a zone is taken as UTC), or None where it is none."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(value: Any) -> date | None:
    """Return the calendar day of an ISO 8601 day or time, or None; a week or a month is no day."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    read = moment(value)
    return read.date() if read else None


def count(value: Any) -> int | None:
    """Return a whole number from 0 to 2**31 - 1, or None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PRINTED_DAY = re.compile(r"(?:[a-z]{3,9},? )?(?P<month>[a-z]{3})[a-z]{0,6}\.? (?P<day>\d{1,2})(?:, ?(?P<year>\d{4}))?")


def printed_day(line: str) -> tuple[bool, date | None]:
    """Say whether a line is nothing but a printed day ("Mar 11", "Oct 4, 2025"), and which, where it names the year."""
    found = _PRINTED_DAY.fullmatch(line.casefold()) if len(line) < 40 else None
    if not found or found["month"] not in _MONTHS:
        return False, None
    try:
        month, number = _MONTHS.index(found["month"]) + 1, int(found["day"])
        year = int(found["year"] or 2000)
        return True, date(year, month, number) if found["year"] else None
    except ValueError:
        return False, None
