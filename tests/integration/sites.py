"""A house with its pages: a real uvicorn on loopback, asked as browsers and mail programs ask."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import requests
import uvicorn
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser

from service.errors import LinkError
from service.links import Purpose
from service.model import Subscriber, SubscriberState
from service.web import create_app
from service.web.timing import STEP
from tests.integration.worlds import House, house

Sent = Mapping[str, object] | Iterable[bytes] | list[tuple[str, str]] | str | bytes | None


class Options(TypedDict, total=False):
    """What a request may carry."""

    headers: Mapping[str, str]
    params: Mapping[str, str | int | Sequence[str]] | Iterable[tuple[str, str | bytes]]
    json: object


@dataclass
class Site:
    """The pages of a house. Redirects are not followed, so that tests see them."""

    house: House
    url: str
    app: FastAPI

    def get(self, path: str, **options: Unpack[Options]) -> requests.Response:
        """Open a page."""
        return self._ask("GET", path, **options)

    def post(self, path: str, data: Sent = None, **options: Unpack[Options]) -> requests.Response:
        """Send a form; a list of pairs or a dict, or bytes as they are."""
        return self._ask("POST", path, data, **options)

    def _ask(self, method: str, path: str, data: Sent = None, **options: Unpack[Options]) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # Looking for a proxy to loopback takes as long as an answer.
            return session.request(method, self.url + path, data=data, timeout=30, allow_redirects=False, **options)

    def token(self, email: str, purpose: Purpose) -> str:
        """The token a mail would carry."""
        return self.house.token(email, purpose)

    def reader(self, email: str) -> Subscriber:
        """The subscriber with this address."""
        found = self.house.world.subscriptions.find(email)
        assert found is not None
        return found

    def state(self, email: str) -> SubscriberState:
        """How it stands with this address."""
        return self.reader(email).state

    def mails(self) -> list[str]:
        """Who mails are waiting for or went to, with their kinds, after delivering."""
        self.house.world.pipeline.deliver(self.house.clock())
        return [f"{each.recipient}: {each.subject}" for each in self.house.world.operations.mailbox()]

    def forged(self, token: str) -> bool:
        """Whether our own signer refuses this token as an unsubscribe link."""
        try:
            self.house.world.signer.verify(Purpose.UNSUBSCRIBE, token, self.house.clock())
        except LinkError:
            return True
        return False


def site(folder: Path, **settings: str) -> AbstractContextManager[Site]:
    """Serve a fresh house; the port is the system's choice. Its answers are evened by much less than in earnest."""
    return _served(folder, 0.001, settings)


def earnest_site(folder: Path, **settings: str) -> AbstractContextManager[Site]:
    """Serve a fresh house that takes as long for its answers as any other."""
    return _served(folder, STEP, settings)


class Pages(uvicorn.Server):
    """uvicorn's server, which sees within a hundredth of a second that it is to end, and ends when all is answered.

    uvicorn's own looks ten times a second and then waits as long again, and hundreds of tests would wait with it.
    """

    TICK, MOST_TICKS = 0.01, 1000

    async def main_loop(self) -> None:
        """Wait for the end."""
        for counter in itertools.count():
            # Every tenth makes the Date header anew.
            if await self.on_tick(counter):
                return
            await asyncio.sleep(self.TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, and let those that are at work end."""
        assert not sockets
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(self.MOST_TICKS):
            if not (self.server_state.connections or self.server_state.tasks):
                break
            await asyncio.sleep(self.TICK)
        await self.lifespan.shutdown()


@contextmanager
def _served(folder: Path, step: float, settings: Mapping[str, str]) -> Iterator[Site]:
    with house(folder, **settings) as home:
        trusted = home.world.settings.trusted_proxies
        app = create_app(home.world, step)
        quiet = uvicorn.Config(app, "127.0.0.1", 0, log_level="critical", access_log=False, forwarded_allow_ips=trusted)
        server = Pages(quiet)
        thread = threading.Thread(target=server.run, name="pages", daemon=True)
        thread.start()
        try:
            yield Site(home, f"http://127.0.0.1:{_port(server, thread)}", app)
        finally:
            server.should_exit = True
            thread.join(10)


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    deadline = time.monotonic() + 15
    while not server.started:
        assert thread.is_alive(), "the server died while starting"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    return int(server.servers[0].sockets[0].getsockname()[1])


def text(answer: requests.Response, selector: str = "body") -> str:
    """What a person reads on the page, white space folded."""
    found = LexborHTMLParser(answer.text).css_first(selector)
    return " ".join(found.text().split()) if found is not None else ""


def value(answer: requests.Response, field: str) -> str:
    """What stands in a field of the page."""
    found = LexborHTMLParser(answer.text).css_first(f"#{field}")
    assert found is not None, f"the page has no field {field}"
    if found.tag == "textarea":
        return found.text().removeprefix("\n")
    if found.tag == "select":
        chosen = found.css_first("option[selected]")
        return (chosen.attributes["value"] or "") if chosen is not None else ""
    return found.attributes.get("value") or ""


def ticked(answer: requests.Response) -> list[str]:
    """The days that are ticked."""
    return [str(node.attributes["value"]) for node in LexborHTMLParser(answer.text).css("[name=weekdays][checked]")]


def form(email: str = "ada@uni.example", *topics: str, **fields: object) -> dict[str, object]:
    """The sign-up form as a browser sends it."""
    whole: dict[str, object] = {"email": email, "keywords": "\r\n".join(topics), "weekdays": ["1", "2", "3", "4", "5"]}
    return whole | {"hour": "7", "timezone": "Europe/Berlin", "company": ""} | fields
