"""`/metrics`: how things stand, for a program that watches (the text format of Prometheus, version 0.0.4).

Comes in: requests from this machine, or with the token of the settings. Goes out: numbers by name. Refuses to know:
addresses of readers and of sources, which may hold a key.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from service.bootstrap import World
from service.web.guard import at_this_machine
from service.web.pages import Desk, Here

Sample = tuple[Mapping[str, str], float]
_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def allowed(request: Request, desk: Here) -> None:
    """Answer 404 to everybody else, as if there were no such page."""
    token = desk.world.settings.metrics_token
    shown = request.headers.get("authorization", "").encode()
    if not at_this_machine(request) and not (token and hmac.compare_digest(shown, f"Bearer {token}".encode())):
        raise HTTPException(404)


router = APIRouter(dependencies=[Depends(allowed)])


@router.get("/metrics")
def metrics(desk: Here) -> Response:
    """How things stand, one line for each number."""
    return PlainTextResponse("".join(_lines(desk)), media_type=_FORMAT)


def _lines(desk: Desk) -> Iterator[str]:
    for name, (said, samples) in (_service(desk.world) | _sources(desk.world)).items():
        yield f"# HELP paperround_{name} {said}\n# TYPE paperround_{name} gauge\n"
        for labels, value in samples:
            inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            yield f"paperround_{name}{'{' + inside + '}' if inside else ''} {value:.15g}\n"


def _service(world: World) -> dict[str, tuple[str, list[Sample]]]:
    status = world.operations.status(world.now())
    return {
        "papers": ("Papers that are known.", [({}, status.papers)]),
        "subscribers": ("Subscribers by state.", [({"state": state}, n) for state, n in status.subscribers.items()]),
        "deliveries": (
            "Mails by state: those composed within a day, and whatever is not over.",
            [({"state": state}, n) for state, n in status.deliveries.items()],
        ),
        "overdue": ("Editions that were due over two days ago.", [({}, status.overdue)]),
        "held": ("1 while no mail is begun.", [({}, float(status.hold is not None))]),
        "alive_seconds": (
            "When each part last gave a sign of life, in seconds since 1970.",
            [({"part": name}, at.timestamp()) for name, at in status.beats.items()],
        ),
    }


def _sources(world: World) -> dict[str, tuple[str, list[Sample]]]:
    found = [
        ({"source": str(source.id), "name": standing.name}, source, standing)
        for source, standing in world.operations.standings(world.now())
    ]
    return {
        "source_late": ("1 where papers are late, short or missing.", [(who, float(s.late)) for who, _, s in found]),
        "source_failures": ("Polls in a row that failed.", [(who, source.failures) for who, source, _ in found]),
        "source_papers": ("Papers on the last page.", [(who, source.last_count) for who, source, _ in found]),
        "source_answered_seconds": (
            "When a poll last went well, in seconds since 1970.",
            [(who, source.last_ok_at.timestamp()) for who, source, _ in found if source.last_ok_at],
        ),
    }


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
