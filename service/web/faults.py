"""A page for everything that can go wrong, in the style of the others; for the API, problem details instead.

Comes in: errors the pages did not answer themselves; what nobody foresaw is caught by `guard`. Goes out: pages that
say what happened and what to do. Refuses to know: which page it was, but for the purpose of a link.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service.errors import InputError, LinkError, StoreError
from service.links import Purpose
from service.web import pages, problems

_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Answer errors with pages."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(LinkError, _link)
    app.add_exception_handler(InputError, _refused)
    app.add_exception_handler(StoreError, _store)


def page(request: Request, status: int) -> Response:
    """The page for a status code."""
    if problems.concerned(request):
        return problems.answer(status)
    return pages.of(request).page("error", status, status=status, message="")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = page(request, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _unreadable(request: Request, error: Exception) -> Response:
    if problems.concerned(request) and isinstance(error, RequestValidationError):
        return problems.unreadable(request, error)
    return page(request, 422)


def _refused(request: Request, error: Exception) -> Response:
    """A wish that came too late for the state of things, such as changing a subscription that has ended."""
    if problems.concerned(request) and isinstance(error, InputError):
        return problems.refused(request, error)
    return pages.of(request).page("error", 409, status=409, message=str(error))


def _link(request: Request, error: Exception) -> Response:
    return pages.of(request).page("broken-link", 410 if _expired(request) else 404, message=str(error))


def _expired(request: Request) -> bool:
    """Whether the link was good once: at the beginning of time no link has expired."""
    purpose = request.url.path.split("/")[1]
    token = str(request.path_params.get("token", ""))
    try:
        pages.of(request).world.signer.verify(Purpose(purpose), token, datetime.fromtimestamp(0, UTC))
    except (LinkError, ValueError):
        return False
    return True


def _store(request: Request, error: Exception) -> Response:
    _log.error("a page could not be answered: %s", error)
    answer = page(request, 503)
    answer.headers["retry-after"] = "60"
    return answer
