"""Papers as records for programs and as a table for people.

Comes in: papers. Goes out: one JSON object for each, or a readable table. Refuses to know: where papers come from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from service.cli.screen import Screen
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


def name_of(paper: Paper) -> str:
    """Return the name people know a paper by, or nothing where its title is all the page gave."""
    name = keys(paper)[0]
    return name if name.startswith(("arxiv:", "doi:", "openreview:")) else ""


def table(papers: Iterable[Text], title: str) -> None:
    """Print numbered rows for people."""
    rows = Table(box=None, show_header=False, pad_edge=False, title=escape(title), title_justify="left")
    rows.add_column(style="dim", justify="right", no_wrap=True)
    rows.add_column()
    for number, text in enumerate(papers, 1):
        rows.add_row(str(number), text)
    Screen().print(rows)
