"""The API explained to people: the OpenAPI document as a page, with an example of each question.

Comes in: the OpenAPI document. Goes out: /docs. Refuses to know: what the API does.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from service.web.api import document
from service.web.pages import Here

router = APIRouter()

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter, or a field of a body: `kind` says what stands in it."""

    name: str
    kind: str
    text: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask, with all that may be answered: codes with what they mean."""

    name: str
    method: str
    path: str
    summary: str
    text: str
    parts: tuple[Part, ...]
    gives: str
    answers: tuple[tuple[str, str], ...]
    example: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A JSON object of the answers or questions."""

    name: str
    text: str
    parts: tuple[Part, ...]


@router.get("/docs")
def docs(desk: Here) -> Response:
    """What programs may ask, and how."""
    made = document(desk.identity)
    return desk.page("docs", questions=questions(made), shapes=shapes(made))


def questions(made: Json) -> list[Question]:
    """Everything that can be asked."""
    return [
        _question(made, path, method, each)
        for path, methods in made["paths"].items()
        for method, each in methods.items()
    ]


def shapes(made: Json) -> list[Shape]:
    """Every object that questions and answers are made of."""
    return [
        Shape(name, each.get("description", ""), tuple(_fields(each)))
        for name, each in made["components"]["schemas"].items()
    ]


def _question(made: Json, path: str, method: str, told: Json) -> Question:
    given = told.get("parameters", ())
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    parts = [Part(each["name"], _kind(each["schema"]), each.get("description", ""), each["required"]) for each in given]
    gives = next(_kind(each["content"]["application/json"]["schema"]) for each in told["responses"].values())
    if body:
        parts += _fields(_found(made, body))
    address = made["servers"][0]["url"] + path
    return Question(
        told["operationId"],
        method.upper(),
        path,
        told["summary"],
        told["description"],
        tuple(parts),
        gives,
        tuple((code, each["description"]) for code, each in sorted(told["responses"].items())),
        _sending(address, _found(made, body)) if body else _asking(address, given),
    )


def _asking(address: str, parameters: Sequence[Json]) -> str:
    pairs = [f"{each['name']}={example}" for each in parameters for example in _examples(each["schema"])]
    return "curl -G " + " ".join([address, *(f"--data-urlencode {shlex.quote(pair)}" for pair in pairs)])


def _sending(address: str, schema: Json) -> str:
    body = shlex.quote(json.dumps(schema["examples"][0], ensure_ascii=False))
    return f"curl {address} -H 'Content-Type: application/json' -d {body}"


def _examples(schema: Json) -> Sequence[str]:
    first = next(iter(schema.get("examples", ())), ())
    return [first] if isinstance(first, str) else first


def _found(made: Json, schema: Json) -> Json:
    found: Json = made["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _fields(schema: Json) -> Iterator[Part]:
    needed = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        yield Part(name, _kind(each), each.get("description", ""), name in needed)


def _kind(schema: Json) -> str:
    """What stands in a value, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    bounds = [f"{schema[name]:g}" for name in ("minimum", "maximum") if name in schema]
    kind = str(schema.get("format") or schema.get("type", "anything"))
    return f"{kind} {' to '.join(bounds)}".strip()
