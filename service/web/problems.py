"""What went wrong, for programs: problem details (RFC 9457) in place of the pages of `faults`.

Comes in: status codes and refusals. Goes out: `application/problem+json`. Refuses to know: which question was asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from service.errors import AddressError, InputError, InvitationError, KeywordError, KeywordsError
from service.web.forms import problems

MEDIA_TYPE = "application/problem+json"

_DETAILS = {
    400: "The body could not be read.",
    403: "A page of another site sent this; no page may act in its readers' names.",
    413: "The body is too large.",
    429: "Too many requests have come from your network, or from everywhere; try again after the time in Retry-After.",
    500: "It is not your fault, and it has been noted.",
    503: "The database is busy or out of reach; try again in a minute.",
}
# So much of what is wrong is told of: a megabyte of wrong fields became a gigabyte of sentences.
_MOST_TOLD = 100
# These say when to ask again.
_LATER = (429, 503)


class Fault(BaseModel):
    """One thing that is wrong: what, in which field, and for a keyword the text and the character at fault."""

    detail: str
    field: str = ""
    keyword: str | None = Field(default=None, description="The keyword as it was read.")
    position: int | None = Field(default=None, description="The character at fault, counted from 1.")


class ProblemDetails(BaseModel):
    """An answer to what could not be done (RFC 9457); `keyword` and `position` are those of the first bad keyword."""

    type: str
    title: str
    status: int
    detail: str
    keyword: str | None = None
    position: int | None = None
    errors: list[Fault] | None = Field(default=None, description="What is wrong, a hundred things at most.")


def concerned(request: Request) -> bool:
    """Whether a program asks."""
    return request.url.path.startswith("/api/")


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How these answers stand in the OpenAPI document."""
    return {status: _told_of(status) for status in statuses}


def _told_of(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    told: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
    if status in _LATER:
        whole = {"type": "integer", "minimum": 1}
        told["headers"] = {"Retry-After": {"description": "Seconds.", "required": True, "schema": whole}}
    return told


def answer(status: int) -> Response:
    """The answer to a fault that its status code names well enough."""
    known = HTTPStatus(status)
    detail = _DETAILS.get(status) or known.description or known.phrase
    return _answer(ProblemDetails(type="about:blank", title=known.phrase, status=status, detail=detail))


def refused(request: Request, error: InputError) -> Response:
    """The answer to a wish that cannot be granted as it was put."""
    faults = [
        Fault(detail=each.message, field=each.field, keyword=each.keyword or None, position=each.position)
        for each in problems(error)
    ]
    kind, title = _kind(error)
    return _told(request, kind, title, faults)


def unreadable(request: Request, error: RequestValidationError) -> Response:
    """The answer to parameters or a body of another form than documented."""
    faults = [_fault(each) for each in error.errors()[:_MOST_TOLD]]
    return _told(request, "parameter", "A parameter cannot be read", faults)


def _fault(told: Mapping[str, Any]) -> Fault:
    """One thing that pydantic says; a body that is no JSON object has no field, at most a place where it ends."""
    if told["type"] == "json_invalid":
        return Fault(
            detail=f"The body is no JSON: {told['ctx']['error']} at character {told['loc'][-1] + 1}.", field=""
        )
    if told["loc"] == ("body",):
        # What does not say that it is JSON comes here as it was sent, JSON or not.
        meant = "JSON, sent as Content-Type: application/json" if isinstance(told["input"], bytes) else "a JSON object"
        return Fault(detail=f"The body must be {meant}.")
    return Fault(detail=told["msg"].removeprefix("Value error, "), field=".".join(map(str, told["loc"][1:])))


def _told(request: Request, kind: str, title: str, faults: Sequence[Fault]) -> Response:
    place = f"{request.app.state.desk.identity.base_url}/docs#{kind}"
    first, detail = faults[0], " ".join(f"{each.field}: {each.detail}".removeprefix(": ") for each in faults[:1])
    keyword, position = first.keyword, first.position
    return _answer(
        ProblemDetails(
            type=place, title=title, status=422, detail=detail, keyword=keyword, position=position, errors=list(faults)
        )
    )


def _kind(error: InputError) -> tuple[str, str]:
    if isinstance(error, KeywordError | KeywordsError):
        return "keyword", "A keyword cannot be read"
    if isinstance(error, AddressError):
        return "address", "This address cannot be used"
    if isinstance(error, InvitationError):
        return "invitation", "This address needs an invitation"
    return "parameter", "A parameter cannot be read"


def _answer(problem: ProblemDetails) -> Response:
    # Whatever was sent is named as it was, half a character too: escaped it is JSON still.
    body = json.dumps(problem.model_dump(exclude_none=True))
    return Response(body, problem.status, media_type=MEDIA_TYPE)
