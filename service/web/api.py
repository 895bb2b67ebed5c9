"""The same questions for programs: /api/v1, with an OpenAPI document.

Comes in: keywords, days, cursors. Goes out: JSON, and problem details (RFC 9457) for what cannot be done. Refuses to
know: how papers are kept or chosen, and whether an address is known here.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from service import editions
from service.errors import FieldError
from service.keywords import Keyword, parse_all, split
from service.model import Identity, Schedule
from service.pipeline.archive import Question, Results
from service.web import cursors
from service.web.answers import (
    Accepted,
    PapersAnswer,
    PreviewAnswer,
    SuggestAnswer,
    Topic,
    Wish,
    paper_answer,
    suggestion_answer,
    topic_answer,
)
from service.web.forms import plain
from service.web.guard import own_form
from service.web.limits import measured, paced, weighed
from service.web.pages import Here
from service.web.problems import ProblemDetails, told
from service.web.searching import search
from service.web.timing import even

router = APIRouter(
    prefix="/api/v1", responses=told(422, 500, 503), generate_unique_id_function=lambda route: route.name
)

ASKED: dict[str, Any] = {"responses": told(429), "dependencies": [Depends(paced)]}

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

ACCEPTED = "Look in that inbox: a mail there says how to go on."

Keywords = Annotated[
    list[Topic],
    Query(
        default_factory=list,
        description="A keyword as on the front page; may be given many times, or several with commas between them.",
        examples=[["low-rank adaptation"]],
    ),
]
Days = Annotated[int, Query(ge=1, le=30, description="How many days to look back for papers.")]
Most = Annotated[int, Query(ge=1, le=100, description="The most papers to answer with.")]
Cursor = Annotated[
    str,
    Query(
        description="`next` of the answer before, with all other parameters as they were.",
        json_schema_extra={"format": "cursor"},
    ),
]


def _iso(typed: str) -> str:
    """Refuse what only looks like a day, such as a count of seconds."""
    if not _DAY.fullmatch(typed):
        raise ValueError("a day is written as 2026-11-20")
    return typed


OneDay = Annotated[
    date | None,
    BeforeValidator(_iso),
    Query(description="The day the papers were news.", examples=["2026-11-20"]),
]


def _topics(k: Keywords) -> tuple[Keyword, ...]:
    """The keywords, divided as in the form. Raises KeywordsError."""
    return parse_all(split("\n".join(map(plain, k))))


def _texts(topics: Annotated[tuple[Keyword, ...], Depends(_topics)]) -> list[str]:
    return [each.text for each in topics]


Topics = Annotated[list[str], Depends(_texts)]


@router.get("/preview", summary="What keywords would bring", **ASKED)
def preview(desk: Here, topics: Topics, days: Days = 7, limit: Most = 10) -> PreviewAnswer:
    """Counts over 30 days for each keyword, and the papers a digest of the last days would hold, best first.

    Without any keyword these are the papers with the most upvotes.
    """
    now, pipeline = desk.now(), desk.world.pipeline
    advice = pipeline.advice(topics, now)
    found = pipeline.preview(topics, now, days, limit)
    papers = [paper_answer(each) for each in found.papers]
    rows = [topic_answer(each, papers) for each in advice]
    return PreviewAnswer(topics=rows, papers=papers, more=found.more, read=found.read)


@router.get("/suggest", summary="Keywords to add or to take instead", **ASKED)
def suggest(desk: Here, topics: Topics) -> SuggestAnswer:
    """Other names of these topics, what goes together with them, and what would find more, or less."""
    found = desk.world.pipeline.suggest(topics, desk.now())
    return SuggestAnswer(suggestions=[suggestion_answer(each) for each in found])


class Asked:
    """A question for papers, and what its cursors belong to; FastAPI makes it on a thread."""

    def __init__(
        self,
        topics: Annotated[tuple[Keyword, ...], Depends(_topics)],
        day: OneDay = None,
        cursor: Cursor = "",
        limit: Most = 50,
    ) -> None:
        self.about = ("papers", str(day), *(each.text for each in topics))
        mark = cursors.read(cursor, self.about) if cursor else None
        if cursor and mark is None:
            raise FieldError("This cursor is cut off or belongs to another question.", "cursor")
        self.question = Question(topics, mark, limit, day)


@router.get("/papers", summary="Papers by day and by keywords", response_model=PapersAnswer, **ASKED)
async def papers(request: Request, desk: Here, asked: Annotated[Asked, Depends()]) -> Response:
    """All papers that any keyword and no exclusion fits, of one day or of all days, a page at a time.

    Without keywords these are all papers there are.
    """
    return await run_in_threadpool(_rows, asked, await search(request, desk, asked.question))


def _rows(asked: Asked, found: Results) -> Response:
    """A hundred papers take their time to be made into JSON, which no other request waits for."""
    rows = [paper_answer(each.selected, each.day) for each in found.papers]
    answer = PapersAnswer(papers=rows, next=cursors.write(found.mark, asked.about) if found.mark else None)
    return Response(answer.model_dump_json(), media_type="application/json")


@router.post(
    "/subscribe",
    status_code=202,
    summary="Subscribe an address",
    responses=told(400, 403, 413, 429),
    dependencies=[Depends(own_form), Depends(measured), Depends(weighed)],
)
def subscribe(desk: Here, wish: Wish) -> Accepted:
    """Mail a link to confirm with; the answer is the same whatever is known of the address."""
    with even(desk.step):
        schedule = Schedule(editions.check_timezone(wish.timezone), wish.hour, frozenset(wish.weekdays))
        topics = "\n".join(map(plain, wish.keywords))
        desk.world.subscriptions.subscribe(plain(wish.email), topics, schedule, desk.now(), plain(wish.invitation))
    return Accepted(detail=ACCEPTED)


@router.get("/openapi.json", include_in_schema=False)
def openapi(desk: Here) -> dict[str, Any]:
    """All of this, for programs that make clients."""
    return document(desk.identity)


@lru_cache(maxsize=4)
def document(identity: Identity) -> dict[str, Any]:
    """The OpenAPI document of this installation."""
    servers = [{"url": identity.base_url}]
    made = get_openapi(title=f"{identity.name} API", version="1", routes=router.routes, servers=servers)
    for question in (each for methods in made["paths"].values() for each in methods.values()):
        question.get("parameters", []).sort(key=lambda each: each["name"] != "k")  # What matters most stands first.
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    made["components"]["schemas"] |= problem.pop("$defs") | {"ProblemDetails": problem}
    return made
