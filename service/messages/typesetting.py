"""What templates need to set text well: wrapped lines, marked words, words that may break.

Comes in: clean values from a template. Goes out: text, or markup of escaped text. Refuses to know: mails, readers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment
from markupsafe import Markup, escape

from service.messages.passages import Passage
from service.messages.visible import shorten, web_link

WIDTH = 72
# Holds two words together while lines are made; no clean text has it.
_GLUE = "\0"
_LONG_WORD = re.compile(r"\S{24}(?=\S{6})")
_BLANK_LINES = re.compile(r"\n{3,}")


def install(environment: Environment) -> None:
    """Give an environment the filters of the mail templates; doing so twice does no harm."""
    environment.filters.update(
        breakable=breakable,
        hang=hang,
        instant=instant,
        local=local_time,
        shorten=shorten,
        starred=starred,
        web_link=web_link,
    )


def breakable(text: str) -> Markup:
    """Escape a text and allow long words to break, also in clients that ignore overflow-wrap.

    What a text template's macro says of foreign text claims to be markup; it is escaped all the same.
    """
    if not has_long_word(text):
        return escape(str(text))
    pieces = _LONG_WORD.sub(lambda word: word[0] + "\n", str(text)).split("\n")
    return Markup("<wbr>").join(escape(piece) for piece in pieces)


def has_long_word(text: str) -> bool:
    """Whether `breakable` lets a word of the text break; where it does not, it lets none of its parts."""
    return _LONG_WORD.search(text) is not None


def starred(passage: Passage, before: str = "*", after: str = "*") -> str:
    """Return the text of a passage with an asterisk, or another sign, on both sides of each hit."""
    text, at, pieces = passage.text, 0, list[str]()
    for start, end in passage.hits:
        pieces += text[at:start], before, text[start:end], after
        at = end
    return "".join((*pieces, text[at:]))


def hang(text: str, indent: int = 0, first: str = "") -> str:
    """Wrap one paragraph at 72 columns, whatever its white space, behind an indent; long words stay whole.

    On the first line the indent ends in `first`. The signs of votes and stars stay with their numbers, and no
    line begins with a dot between two facts.
    """
    return wrap(" ".join(_glued(text).split()), indent, first)


def wrap(line: str, indent: int = 0, first: str = "") -> str:
    """Do the same with a line whose words have one space between them."""
    # What `textwrap.fill` does with long words and hyphens kept whole, looking for the end of each line from its right.
    space = " " * indent
    lead = space[: max(indent - len(first), 0)] + first
    words = _glued(line)
    lines, at, room = [], 0, WIDTH - len(lead)
    while len(words) - at > room:
        end = words.rfind(" ", at, at + room + 1)
        if end < 0:
            end = words.find(" ", at + room)
            if end < 0:
                break
        lines.append(words[at:end])
        at, room = end + 1, WIDTH - indent
    lines.append(words[at:])
    return (lead + f"\n{space}".join(lines)).replace(_GLUE, " ") if words else ""


def _glued(text: str) -> str:
    return text.replace("▲ ", f"▲{_GLUE}").replace("★ ", f"★{_GLUE}").replace(" · ", f"{_GLUE}· ")


def local_time(moment: datetime, timezone: str) -> datetime:
    """Return a moment as a clock in that IANA time zone shows it, or as UTC where the zone is no longer known."""
    try:
        return moment.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment.astimezone(ZoneInfo("UTC"))


def instant(moment: datetime) -> str:
    """Return a moment as RFC 3339 writes it in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def settled(text: str) -> str:
    """Tidy what a text template leaves behind: no white space at line ends, no more than one blank line in a row."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return _BLANK_LINES.sub("\n\n", lines).strip("\n") + "\n"
