"""Papers as JSON and back.

Comes in: a Paper or what `dump` made of one. Goes out: the other. Refuses to know: tables.
Upvotes and stars change hourly and are no part of a paper's text, so they are kept beside it.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import Any

from service.model import ArrivalKind, Links, Paper

_BESIDE = {"upvotes", "stars", "kind"}


def dump(paper: Paper) -> dict[str, Any]:
    """The text of a paper as JSON values; empty fields are left out."""
    body: dict[str, Any] = {}
    for field in fields(paper):
        value = getattr(paper, field.name)
        if field.name in _BESIDE or value in (None, "", ()) or value == Links():
            continue
        body[field.name] = _plain(value)
    return body


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Links):
        return {field.name: getattr(value, field.name) for field in fields(value) if getattr(value, field.name)}
    return list(value) if isinstance(value, tuple) else value


def load(body: dict[str, Any], upvotes: int | None = None, stars: int | None = None) -> Paper:
    """The paper that `dump` wrote."""
    values = dict(body)
    values["authors"] = tuple(values.get("authors", ()))
    values["categories"] = tuple(values.get("categories", ()))
    values["links"] = Links(**values.get("links", {}))
    if "published" in values:
        values["published"] = datetime.fromisoformat(values["published"])
    if "listed" in values:
        values["listed"] = date.fromisoformat(values["listed"])
    return Paper(**values, upvotes=upvotes, stars=stars, kind=ArrivalKind.NEW)
