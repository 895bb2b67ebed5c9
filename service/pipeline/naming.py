"""The paper that people mean: by a link, an id, a DOI or the title.

Comes in: one line of text. Goes out: a stored paper, or nothing. Refuses to know: why anyone asks.
"""

from __future__ import annotations

from service.folding import fold_title
from service.model import Paper, StoredPaper
from service.papers import keys, named
from service.pipeline.window import View
from service.sources.text import fold
from service.store import Unit


def paper_named(unit: Unit, view: View, text: str) -> StoredPaper | None:
    """The paper a line names; a title is looked for among all that have its key, then in the window."""
    line = fold(text)
    found = unit.papers.find(named(line, unit.sources.addresses()) | set(keys(Paper(line))))
    if found:
        return found[0]
    title = fold_title(line)
    return next((each for each in reversed(view.papers) if title and fold_title(each.paper.title) == title), None)
