"""Where a keyword hit a paper → the few words around it.

Comes in: a paper and the hits of one keyword. Goes out: one short Passage that shows what was caught. Refuses to know:
keywords, readers, HTML.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.messages.excerpts import excerpt
from service.messages.passages import Passage, passage
from service.model import Field, Hit, Paper

_LIMIT = 110


def snippet(paper: Paper, hits: Sequence[Hit]) -> Passage:
    """Return the title where it was hit, else what stands around the first hit, else the title alone."""
    for field, text in ((Field.TITLE, paper.title), (Field.ABSTRACT, paper.abstract)):
        spans = [(hit.start, hit.end) for hit in hits if hit.field is field]
        if spans:
            return excerpt(passage(text, spans), sentences=1, limit=_LIMIT)
    for field, names in ((Field.AUTHOR, paper.authors), (Field.CATEGORY, paper.categories)):
        for hit in hits:
            if hit.field is field and hit.index < len(names):
                return passage(names[hit.index], [(hit.start, hit.end)])
    return excerpt(passage(paper.title), sentences=1, limit=_LIMIT)
