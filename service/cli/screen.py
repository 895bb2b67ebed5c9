"""The one place that writes to a terminal: nothing foreign may speak to it, hide in it or turn round what is read.

Comes in: strings, what Rich can show, dictionaries. Goes out: lines on standard output or standard error. Refuses to
know: what they mean.

A title may hold an escape that clears the screen or names the window, or a sign that has the rest of the line read from
right to left. A terminal shows a picture of such a character in its place; JSON holds it as an escape of its own.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

# Controls, formats such as those of direction, halves of pairs, private use, and separators of lines.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_ODD = re.compile(r"[^\t\n -~]")
_DELETE, _PICTURES, _UNKNOWN = "\x7f", 0x2400, "\ufffd"


class Screen(Console):
    """Rich's console, which shows what cannot be seen; letters and their places stay as many as they were."""

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a string what is shown of it."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Show anything else; its strings come by `render_str`."""
        if isinstance(renderable, Text):
            renderable = renderable.copy()
            renderable.plain = visible(renderable.plain)
        return super().render(renderable, options)


class _Line(logging.Formatter):
    """A line of the log, which no foreign text in it ends or begins."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        record.message = visible(record.message).replace("\n", "\u240a")
        return super().formatMessage(record)

    def formatException(self, fault: Any) -> str:  # noqa: N802 - the name that logging calls
        return visible(super().formatException(fault))


def log(level: int = logging.WARNING, clock: bool = False) -> None:
    """Write the log to standard error, from a level on; with `clock` each line says when it was."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Line(f"{'%(asctime)s ' if clock else ''}%(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler])


def visible(text: str) -> str:
    """The same text with a picture of each character that cannot be seen, but for tabs and ends of lines."""
    return _ODD.sub(lambda found: _picture(found[0]), text)


def complain(sentence: str) -> None:
    """Say on standard error what is wrong."""
    tell(f"paperround: {sentence}")


def tell(sentence: str) -> None:
    """One line on standard error."""
    typer.echo(visible(sentence), err=True)


def takes_unicode() -> bool:
    """Whether standard output takes every letter; JSON escapes them where it does not."""
    return "utf" in (sys.stdout.encoding or "").lower()


def write(facts: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own; dates are ISO 8601."""
    line = json.dumps(facts, ensure_ascii=not takes_unicode(), default=_plain)
    sys.stdout.write(_ODD.sub(lambda found: _escaped(found[0]), line) + "\n")


def _picture(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    if character == _DELETE:
        return "\u2421"
    return chr(_PICTURES + ord(character)) if character < " " else _UNKNOWN


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if unicodedata.category(character) in _UNSEEN else character


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
