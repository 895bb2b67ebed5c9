"""arXiv's categories as people write them → as its feeds name them.

Comes in: one text. Goes out: names such as `cs.LG+stat.ML`, or "". Refuses to know: addresses, other sources.
"""

from __future__ import annotations

import re

FEEDS = "https://rss.arxiv.org/rss/"
_ARCHIVES = (
    "cs|econ|eess|math|physics|q-bio|q-fin|stat|astro-ph|cond-mat|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|nlin"
    "|nucl-ex|nucl-th|quant-ph"
)
_CATEGORY = re.compile(rf"({_ARCHIVES})(?:\.([a-z-]{{2,9}}))?", re.IGNORECASE)
_CATEGORIES = re.compile(r"(?:arxiv:|cat:)?\s*(.{2,300})", re.IGNORECASE)


def categories(text: str) -> str:
    """Return arXiv categories as its feeds name them, `cs.LG+stat.ML`, or "" where the text is anything else."""
    found = _CATEGORIES.fullmatch(text)
    names = [name for name in re.split(r"[\s,+]+", found[1] if found else "") if name]
    spelt = [_spelt(each) for name in names if (each := _CATEGORY.fullmatch(name))]
    return "+".join(dict.fromkeys(spelt)) if spelt and len(spelt) == len(names) else ""


def _spelt(name: re.Match[str]) -> str:
    """arXiv writes subjects of two letters in capitals and longer ones small: cs.LG, physics.flu-dyn."""
    subject = name[2] or ""
    return name[1].lower() + (f".{subject.upper() if len(subject) == 2 else subject.lower()}" if subject else "")
