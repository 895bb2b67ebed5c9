"""A title with what a publisher printed around it → the title proper.

Comes in: a folded title of a feed's entry. Goes out: the authors' own, by which other sources know the paper, and the
names behind it. Refuses to know: where it came from.
"""

from __future__ import annotations

import re

# MDPI begins with the place ("Water, Vol. 18, Pages 1234: …"), ACS and The Lancet with the part of the journal.
_BEFORE = re.compile(
    r"(?:[A-Z][^:;.?!]{1,80}, Vol\. \d{1,4}, Pages? [\w-]{1,20}: |\[(?:ASAP|(?:Research )?Articles?|Reviews?)\] )(?=\S)"
)


def proper(text: str) -> str:
    """Return a title without the journal, volume, page or section before it."""
    found = _BEFORE.match(text)
    return text[found.end() :] if found else text


def byline(text: str) -> tuple[str, str]:
    """Return a title and the authors behind it, "" where there are none: NBER writes `Tea -- by Ada Brewer, Bo Cup`."""
    title, _, names = text.rpartition(" -- by ")
    return (title, names) if title and names[:1].isupper() else (text, "")
