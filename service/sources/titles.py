"""A title with what a publisher printed before it → the title proper.

Comes in: a folded title of a feed's entry. Goes out: the authors' own, by which other sources know the paper.
Refuses to know: where it came from.
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
