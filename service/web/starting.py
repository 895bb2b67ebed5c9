"""Topics from papers that a visitor likes: paste links or titles, choose among what they have in common.

Comes in: lines of text, topics chosen so far. Goes out: a page whose button leads to the front page with the topics.
Refuses to know: how topics are found. Nothing is kept.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.web.limits import paced
from service.web.pages import Here
from service.web.trying import topic

router = APIRouter(dependencies=[Depends(paced)])

_LONGEST = 6000


@router.get("/start")
def start(desk: Here, papers: str = "", k: Annotated[list[str] | None, Query()] = None) -> Response:
    """Ask for papers, and show what they have in common."""
    found = desk.world.pipeline.start(papers[:_LONGEST], desk.now())
    rows = [topic(each) for each in found.topics]
    return desk.page("start", typed=papers[:_LONGEST], found=found, topics=rows, chosen=k or ())
