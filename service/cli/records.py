"""Papers as records for programs and as a table for people.

Comes in: papers. Goes out: one JSON object per line, or a readable table. Refuses to know: where papers come from.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.model import Paper
from service.papers import keys

_FIRST = ("id", "title", "abstract", "authors", "url", "published", "categories", "upvotes")


def for_programs(asked: bool) -> bool:
    """Whether to print JSON: it was asked for, or nobody is looking."""
    return asked or not sys.stdout.isatty()


def record(paper: Paper, place: str) -> dict[str, Any]:
    """Return a paper as a JSON object; dates are ISO 8601, links that are not known are left out."""
    facts = asdict(paper) | {"id": keys(paper, place)[0], "source": place}
    facts["links"] = {name: url for name, url in facts["links"].items() if url}
    return {name: facts.pop(name) for name in _FIRST} | facts


def takes_unicode() -> bool:
    """Whether standard output takes every letter; JSON escapes them where it does not."""
    return "utf" in (sys.stdout.encoding or "").lower()


def write(facts: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own."""
    sys.stdout.write(json.dumps(facts, ensure_ascii=not takes_unicode(), default=_plain) + "\n")


def name_of(paper: Paper) -> str:
    """Return the name people know a paper by, or nothing where its title is all the page gave."""
    name = keys(paper)[0]
    return name if name.startswith(("arxiv:", "doi:", "openreview:")) else ""


def table(papers: Iterable[Text], title: str) -> None:
    """Print numbered rows for people."""
    rows = Table(box=None, show_header=False, pad_edge=False, title=title, title_justify="left")
    rows.add_column(style="dim", justify="right", no_wrap=True)
    rows.add_column()
    for number, text in enumerate(papers, 1):
        rows.add_row(str(number), text)
    Console().print(rows)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
