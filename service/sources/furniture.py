"""The words of a listing page that are no paper: its head, its buttons, counters and bylines.

Comes in: one line of a saved page. Goes out: what kind of line it is. Refuses to know: papers.
"""

from __future__ import annotations

import re

from service.sources.text import printed_day

_HEAD = re.compile(r"get trending papers in your email inbox( once a day)?!?", re.IGNORECASE)
_BYLINE = re.compile(r"\bby ?(?:\W.{0,300})?AK\b.{0,200}and the research community", re.IGNORECASE)
# A heap of half a byline is tried from each of its words.
_LONGEST_HEAD = 2000
_PAGE_NAME = re.compile(r"(daily|trending) papers( - hugging face)?", re.IGNORECASE)
_LABELS = (
    "new|subscribe|daily|weekly|monthly|daily papers|trending papers|trending|papers|by|ak|and the research community"
    "|hugging face|models|datasets|spaces|buckets|posts|docs|enterprise|pricing|solutions|community|collections|search"
    "|log in|sign up|login|submit|submit paper|previous|next|load more|view all|tos|privacy|about|careers|jobs|website"
    "|company|system theme|arxiv page|arxiv|pdf|github|project page|upvote|share|read paper|add to collection|link"
    "|view arxiv page|view pdf|skip to content|no abstract|home|content|inference endpoints|huggingchat|copy link"
)
_WORDS = frozenset(_LABELS.split("|"))
_COUNTER = re.compile(
    r"[\W\d_]*k?|(\W*\d+[\d,]*\W*)?(\bauthors?\b)?\W*"
    r"|\W*(upvotes?|comments?|github|stars?|link: github|\+)\W*[\d.,]*k?\W*"
    r"|#?\d+ paper of the (day|week|month)|(published|updated|submitted) on .{4,40}|submitted by\W*|\u00a9.{0,60}",
    re.IGNORECASE,
)
_AUTHORS = re.compile(r"\W*\d[\d,]* authors?\W*", re.IGNORECASE)


def is_head(line: str) -> bool:
    """Say whether this line stands only above the papers of a Hugging Face listing."""
    return bool(
        _HEAD.fullmatch(line) or _BYLINE.search(line, 0, _LONGEST_HEAD) or _PAGE_NAME.fullmatch(line.lstrip("# "))
    )


def is_banner(line: str) -> bool:
    """Say whether this is the banner that `Subscribe` follows, sometimes glued to the first title."""
    return bool(_HEAD.fullmatch(line))


def is_submitter(line: str) -> bool:
    """Say whether the next line names who put a paper on the page."""
    return line.casefold().rstrip(": ") == "submitted by"


def counts_authors(line: str) -> bool:
    """Say whether this line counts the authors of a paper, as every card of a day's page does."""
    return bool(_AUTHORS.fullmatch(line))


def is_furniture(line: str) -> bool:
    """Say whether a line is part of the page and not of a paper."""
    if len(line) > 100:
        return False
    return line.casefold() in _WORDS or is_head(line) or bool(_COUNTER.fullmatch(line)) or printed_day(line)[0]
