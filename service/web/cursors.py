"""Where a list goes on, as one opaque word in a link.

Comes in: a mark and what the list is about. Goes out: a cursor; from a cursor the mark, for the same list alone.
Refuses to know: what the list shows. A cursor opens nothing that is not public, so it is checked, not signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import date

from service.pipeline.archive import LAST_ID, Mark, Place

_LONGEST = 200


def write(mark: Mark, about: Sequence[str]) -> str:
    """The cursor for this mark in the list about this."""
    places = [value for place in (mark.last, mark.block) for value in (place.day.toordinal(), place.paper_id)]
    return base64.urlsafe_b64encode(json.dumps([_sum(about, places), *places]).encode()).decode().rstrip("=")


def read(cursor: str, about: Sequence[str]) -> Mark | None:
    """The mark, or None for what is no cursor of this list."""
    try:
        padded = cursor[:_LONGEST] + "=" * (-len(cursor[:_LONGEST]) % 4)
        found, *places = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if found != _sum(about, places):
            return None
        last, last_id, block, block_id = places
        return Mark(_place(last, last_id), _place(block, block_id))
    except (ValueError, TypeError, binascii.Error, OverflowError, RecursionError):
        return None


def _place(day: int, paper_id: int) -> Place:
    if type(paper_id) is not int or not 0 <= paper_id <= LAST_ID:
        raise ValueError("no paper has this number")
    return Place(date.fromordinal(day), paper_id)


def _sum(about: Sequence[str], places: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps([list(about), places]).encode()).hexdigest()[:10]
