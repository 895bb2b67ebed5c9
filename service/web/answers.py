"""What the API takes and answers with, as documented types.

Comes in: papers, counts and suggestions of the pipeline. Goes out: values that become JSON. Refuses to know: requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field

from service.model import Links, Selected
from service.papers import linked
from service.pipeline import Advice, Suggestion


class PaperAnswer(BaseModel):
    """One paper. TeX in its texts stands as the source wrote it."""

    id: int
    title: str
    abstract: str
    authors: list[str]
    url: str
    published: datetime | None
    categories: list[str]
    arxiv_id: str
    doi: str
    upvotes: int | None
    stars: int | None
    links: Links
    keywords: list[str] = Field(description="Those of the keywords asked for that it fits.")
    day: date | None = Field(default=None, description="The day it was news; given where papers are listed by day.")


class TopicAnswer(BaseModel):
    """One keyword, and what it finds among the papers of the last 30 days."""

    keyword: str
    canonical: str = Field(description="The one text that all equal spellings share.")
    exclusion: bool
    count: int
    total: int = Field(description="How many papers there were in those 30 days.")
    days: list[int] = Field(description="The papers of each of those days, the oldest first.")
    last: datetime | None
    warnings: list[str]
    papers: list[int] = Field(description="The ids of those papers below that it fits.")


class PreviewAnswer(BaseModel):
    """What a digest would hold, best papers first."""

    topics: list[TopicAnswer]
    papers: list[PaperAnswer]
    more: int = Field(description="How many papers fit besides.")
    read: int = Field(description="How many papers were looked at.")


class SuggestionAnswer(BaseModel):
    """A keyword to add beside `topic`, or with `instead` to take its place."""

    keyword: str
    kind: str
    topic: str
    count: int = Field(description="How many papers of the last 30 days it finds.")
    instead: bool


class SuggestAnswer(BaseModel):
    """Suggestions, the most useful first."""

    suggestions: list[SuggestionAnswer]


class PapersAnswer(BaseModel):
    """Papers, those of newer days first."""

    papers: list[PaperAnswer]
    next: str | None = Field(
        description="The cursor to go on with; null at the end. There may be more behind an answer without papers."
    )


def _whole(number: object) -> object:
    """JSON knows one kind of number: 5.0 is 5."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


# What has a form of its own beyond its type is named as a format of its own (OpenAPI 3.1, section 4.4).
Topic = Annotated[str, Field(json_schema_extra={"format": "keyword"})]
Hour = Annotated[int, Field(ge=0, le=23), BeforeValidator(_whole)]
Weekday = Annotated[int, Field(ge=1, le=7), BeforeValidator(_whole)]


class Wish(BaseModel):
    """Who wants which papers, and when; the same rules hold as for the form of the front page."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"examples": [{"email": "ada@uni.example", "keywords": ["low-rank adaptation"]}]},
    )

    email: str = Field(json_schema_extra={"format": "email"})
    keywords: Annotated[list[Topic], FailFast()] = []
    timezone: str = Field(
        default="UTC", description="An IANA name, such as Europe/Berlin.", json_schema_extra={"format": "timezone"}
    )
    hour: Hour = 7
    weekdays: Annotated[list[Weekday], FailFast()] = Field(
        default=[1, 2, 3, 4, 5], min_length=1, description="1 is Monday, 7 is Sunday."
    )
    invitation: str = ""


class Accepted(BaseModel):
    """What happens next; it tells nothing of the address."""

    detail: str


def paper_answer(selected: Selected, day: date | None = None) -> PaperAnswer:
    """One paper, and the keywords that found it."""
    stored = selected.paper
    told = linked(stored.paper)
    return PaperAnswer(
        id=stored.id,
        title=told.title,
        abstract=told.abstract,
        authors=list(told.authors),
        url=told.url,
        published=told.published,
        categories=list(told.categories),
        arxiv_id=told.arxiv_id,
        doi=told.doi,
        upvotes=told.upvotes,
        stars=told.stars,
        links=told.links,
        keywords=[each.keyword for each in selected.why],
        day=day,
    )


def topic_answer(advice: Advice, papers: Sequence[PaperAnswer]) -> TopicAnswer:
    """One topic with those of the papers that it fits."""
    return TopicAnswer(
        keyword=advice.keyword,
        canonical=advice.canonical,
        exclusion=advice.exclusion,
        count=advice.count,
        total=advice.total,
        days=list(advice.days),
        last=advice.last,
        warnings=list(advice.warnings),
        papers=[each.id for each in papers if advice.keyword in each.keywords],
    )


def suggestion_answer(found: Suggestion) -> SuggestionAnswer:
    """One suggestion."""
    return SuggestionAnswer(
        keyword=found.keyword, kind=str(found.kind), topic=found.topic, count=found.count, instead=found.instead
    )
