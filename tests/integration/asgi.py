"""An application asked without a server, from any address: what a test wants to see on the event loop itself."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI


async def ask(app: FastAPI, path: str, client: str = "192.0.2.7") -> int:
    """Open a page; returns the status of the answer."""
    place, _, query = path.partition("?")
    answers: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": (client, 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return int(answers[0]["status"])
