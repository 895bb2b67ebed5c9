"""A body that never ends is not waited for without end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from service.web import create_app, faults
from service.web.guard import Guard
from tests.integration.worlds import house


def test_a_body_that_stalls_is_let_go_with_what_has_come_of_it(tmp_path: Path) -> None:
    async def asked(guard: Guard, scope: dict[str, Any]) -> list[Any]:
        pieces, answers = [{"type": "http.request", "body": b"email=a", "more_body": True}], list[Any]()

        async def receive() -> Any:
            if not pieces:
                await asyncio.sleep(3600)
            return pieces.pop()

        async def send(message: Any) -> None:
            answers.append(message)

        async with asyncio.timeout(5):
            await guard(scope, receive, send)
        return answers

    with house(tmp_path) as home:
        app = create_app(home.world)
        guard = Guard(app, faults.page, https=False, patience=0.1)
        scope = {
            "type": "http", "method": "POST", "path": "/subscribe", "raw_path": b"/subscribe", "query_string": b"",
            "headers": [(b"host", b"127.0.0.1")], "client": ("192.0.2.7", 1), "server": ("127.0.0.1", 80),
            "scheme": "http", "root_path": "", "http_version": "1.1", "app": app,
        }  # fmt: skip
        start, *body = asyncio.run(asked(guard, scope))
    assert start["status"] == 408
    assert b"That took too long." in b"".join(each["body"] for each in body)
