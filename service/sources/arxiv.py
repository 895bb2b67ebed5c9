"""What arXiv's feeds put around a title and an abstract, and how to take it off.

Comes in: folded or raw strings of one feed entry. Goes out: the same without the conventions, and what they said.
Refuses to know: XML.
"""

from __future__ import annotations

import re
from html import unescape

from service.model import ArrivalKind

# "(arXiv:1805.06430v2 [nucl-th] UPDATED)" stood at the end of titles until 2024.
_IN_TITLE = re.compile(
    r"\.?\s*\((?P<id>arXiv:[\w./-]{7,30})\s*(?:\[(?P<category>[\w.-]{2,30})\])?\s*(?P<mark>[A-Z][A-Z -]{2,30})?\)\s*$"
)
# Since 2024 a description begins "arXiv:2604.21935v1 Announce Type: replace-cross Abstract: ".
_IN_TEXT = re.compile(r"\s*(?P<id>arXiv:[\w./-]{7,30})\s+Announce Type:\s*(?P<type>[a-z-]{3,20})\s*(?:Abstract:\s*)?")


def title(text: str) -> tuple[str, str, str, ArrivalKind]:
    """Return a title without its arXiv mark, and the id, category and kind that the mark named ("" where none did)."""
    found = _IN_TITLE.search(text, max(0, len(text) - 120))
    if not found:
        return text, "", "", ArrivalKind.NEW
    return text[: found.start()].strip(), found["id"], found["category"] or "", kind(found["mark"] or "")


def abstract(text: str) -> tuple[str, str, ArrivalKind] | None:
    """Return an abstract without its announcement, and the id and kind it named; None where there is no announcement.

    Such a text is no HTML: a `<` in it is a less-than sign.
    """
    found = _IN_TEXT.match(text)
    if not found:
        return None
    return unescape(text[found.end() :]), found["id"], kind(found["type"])


def kind(name: str) -> ArrivalKind:
    """Return what an announce type, or the mark in a title, says; a replaced cross-list is a replacement."""
    lowered = name.casefold()
    if "replace" in lowered or "updated" in lowered:
        return ArrivalKind.REPLACE
    return ArrivalKind.CROSS if "cross" in lowered else ArrivalKind.NEW
