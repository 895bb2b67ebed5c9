"""Every page of the product, found from the routes of the application, each with a reader of its own in front of it.

Comes in: a site. Goes out: visits, and a browser's page after each. A page that is added later is walked as it stands;
one that needs more than a link, or has several faces, has its visits here.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import requests
from fastapi.routing import APIRoute
from playwright.sync_api import Page

from service.links import Purpose
from service.model import Schedule
from service.web.app import ROUTERS
from tests.integration.sites import Site
from tests.integration.stores import paper
from tests.integration.worlds import DAY

TOPICS = ("low-rank adaptation", "world model*", "-ti:survey")
PAPERS = tuple(
    paper(
        f"{first} {second} {third}",
        f"We study {second.lower()} and {third.lower()}. The method needs no labels, and code is at github.com/x/y.",
        authors=("Ada Lovelace", "Émilie du Châtelet", "Katherine Johnson", "吴恩达"),
        arxiv_id=f"2611.{number:05}",
        upvotes=number * 7 % 40,
    )
    for number, (first, second, third) in enumerate(
        itertools.product(
            ("Sparse", "Fast", "On"),
            ("Low-Rank Adaptation", "World Models", "3D Reconstruction"),
            ("of Very Large Networks", "for Robots", "Revisited"),
        ),
        start=1,
    )
)
NEW = "ada.lovelace@lab.example"


@dataclass(frozen=True)
class Visit:
    """One way to see the page of a route: who stands before it, what is sent, what it is called in a picture."""

    face: str = ""
    state: str = "active"
    data: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    broken: bool = False


FORM = {
    "keywords": "\n".join(TOPICS),
    "email": "eve@uni.example",
    "hour": "7",
    "timezone": "Europe/Berlin",
    "weekdays": "1",
}
WRONG = {"keywords": 'lora "flow\nmamba', "email": "eve@", "hour": "25", "timezone": "Europe/Belin", "weekdays": "9"}
KEPT = "?k=" + "&k=".join(topic.replace(" ", "+") for topic in TOPICS)
LEFT = Visit("left", "left")
DAYS = {"empty": "2026-01-03", "unknown": "yesterday"}

# What is no page: files for programs, and mails, which may run nothing and are looked at by themselves.
FILES = {
    "/view/{token}.bib", "/view/{token}.ris", "/feed/{token}", "/mailbox/{name}/raw", "/healthz", "/robots.txt",
    "/metrics", "/favicon.ico", "/day", "/day/{day}/feed", "/search/feed",
    "/export/{token}", "/view/{token}", "/mailbox/{name}/html",
    "/api/v1/preview", "/api/v1/suggest", "/api/v1/papers", "/api/v1/subscribe", "/api/v1/openapi.json",
}  # fmt: skip
VISITS: dict[tuple[str, str], list[Visit]] = {
    ("GET", "/"): [Visit(), Visit("topics", query=KEPT)],
    ("GET", "/preview"): [],
    ("GET", "/start"): [Visit(), Visit("found", query="?papers=" + PAPERS[0].title.replace(" ", "+") + "&k=lora")],
    ("GET", "/day/{day}"): [Visit(), Visit("empty", "empty"), Visit("unknown", "unknown")],
    ("GET", "/search"): [
        Visit(), Visit("found", query=KEPT), Visit("none", query="?k=zebrafish"), Visit("wrong", query='?k=lora "flow'),
    ],
    ("POST", "/subscribe"): [Visit("inbox", data=FORM), Visit("wrong", data=WRONG)],
    ("GET", "/confirm/{token}"): [
        Visit(state="pending"), Visit("list", "list-pending"), Visit("done"),
        Visit("broken", broken=True),
    ],
    ("POST", "/confirm/{token}"): [
        Visit(state="pending"), Visit("wrong", "pending", {"owner": "eve@"}), Visit("list", "list"),
    ],
    ("POST", "/manage"): [Visit("sent", data=FORM), Visit("wrong", data=WRONG)],
    ("GET", "/manage/{token}"): [
        Visit(), Visit("saved", query="?done=saved"), Visit("paused", "paused"), LEFT,
        Visit("why", query="?paper=" + PAPERS[1].title.replace(" ", "+")),
    ],
    ("POST", "/manage/{token}"): [
        Visit("wrong", data=WRONG), Visit("saved", data=FORM),
        Visit("profiles", data=FORM | {"more": "1", "add": "0:x y"}),
    ],
    ("POST", "/manage/{token}/feeds"): [Visit()],
    ("POST", "/manage/{token}/mend"): [Visit(data={"add": "robots"})],
    ("POST", "/manage/{token}/pause"): [Visit(data={"days": "7"}), Visit("wrong", data={"until": "2020-01-01"})],
    ("POST", "/manage/{token}/records"): [Visit(what, data={"what": what}) for what in ("export", "erase", "move")],
    ("GET", "/export/{token}"): [Visit()],
    ("POST", "/move/{token}"): [Visit("sent", data={"email": NEW}), Visit("wrong", data={"email": "eve@"})],
    ("GET", "/unsubscribe/{token}"): [Visit(), LEFT, Visit("list", "list")],
    ("POST", "/unsubscribe/{token}"): [Visit(), Visit("list", "list")],
    ("POST", "/unsubscribe/{token}/weekly"): [Visit(), LEFT],
    ("POST", "/unsubscribe/{token}/reason"): [Visit(state="left", data={"said": "Too many."})],
    ("POST", "/unsubscribe/{token}/undo"): [LEFT],
    ("POST", "/unsubscribe/{token}/resume"): [Visit(state="paused")],
    ("POST", "/unsubscribe/{token}/pause"): [Visit(data={"days": "30"}), Visit("wrong", data={"until": "soon"})],
    ("GET", "/pause/{token}"): [Visit(), Visit("paused", "paused"), LEFT],
    ("POST", "/pause/{token}"): [Visit(data={"days": "14"}), Visit("left", "left", {"days": "14"})],
    ("POST", "/pause/{token}/resume"): [Visit(state="paused")],
    ("GET", "/owner/{token}"): [Visit(state="list"), Visit("done", "list-left")],
    ("POST", "/owner/{token}"): [
        Visit("stop", "list", {"action": "stop"}), Visit("keep", "list", {"action": "keep"}), Visit("broken", "list"),
    ],
}  # fmt: skip


def routes() -> Iterator[tuple[str, str]]:
    """Every method and path of the application."""
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield from ((method, route.path) for method in sorted(route.methods or ()))


def visits() -> list[tuple[str, str, Visit]]:
    """Every page with every face of it."""
    return [
        (method, path, visit)
        for method, path in routes()
        for visit in VISITS.get((method, path), [] if path in FILES else [Visit()])
    ]


@dataclass
class Walk:
    """A site on its way through the visits."""

    site: Site
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def prepare(self) -> None:
        """Let a week of papers arrive, and mail a digest and a letter."""
        self.site.house.clock.at -= 3 * DAY
        for start in (0, 9, 18):
            self.site.house.arrive(*PAPERS[start : start + 9])
            self.site.house.clock.at += DAY
        self.reader("active")
        self.site.house.morning()

    def open(self, page: Page, method: str, path: str, visit: Visit) -> bool:
        """Bring the browser there; False where the answer is no page."""
        address = self._address(path, visit)
        if method == "GET":
            kind = requests.get(address, timeout=10).headers.get("content-type", "")
            if not kind.startswith("text/html"):
                return False
            page.goto(address)
        else:
            # A page that asks for nothing more: its answers would come among those of the one that is wanted.
            page.goto(self.site.url + "/robots.txt")
            with page.expect_navigation():
                page.evaluate(_SEND, [address, json.dumps(dict(visit.data))])
        return True

    def reader(self, state: str) -> str:
        """A new reader in this state; returns the address."""
        house, email = self.site.house, f"reader{next(self._numbers)}@uni.example"
        if state.startswith("list"):
            email = email.replace("@", "-lab@")
        if state.endswith("pending"):
            house.world.subscriptions.subscribe(email, "\n".join(TOPICS), Schedule("Europe/Berlin"), house.clock())
            return email
        if state.startswith("list"):
            house.world.subscriptions.subscribe(email, "\n".join(TOPICS), Schedule("Europe/Berlin"), house.clock())
            house.world.owners.name(house.token(email, Purpose.CONFIRM), f"owner.{email}", house.clock())
            house.world.subscriptions.confirm(house.token(email, Purpose.CONFIRM), house.clock())
        else:
            house.world.subscriptions.enrol(email, "\n".join(TOPICS), Schedule("Europe/Berlin"), house.clock())
        if state == "paused":
            house.world.subscriptions.pause(house.token(email, Purpose.MANAGE), None, house.clock())
        if state.endswith("left"):
            house.world.subscriptions.end(self.site.reader(email), house.clock())
        return email

    def _address(self, path: str, visit: Visit) -> str:
        if "{name}" in path:
            path = path.replace("{name}", self.site.house.world.operations.mailbox()[0].name)
        if "{day}" in path:
            path = path.replace("{day}", DAYS.get(visit.state, str(self.site.house.clock().date())))
        if "{token}" in path:
            path = path.replace("{token}", "x" if visit.broken else self._token(path.split("/")[1], visit.state))
        return self.site.url + path + visit.query

    def _token(self, page: str, state: str) -> str:
        house, email = self.site.house, self.reader(state)
        signer, reader = house.world.signer, self.site.reader(email)
        if page == Purpose.ADDRESS:
            house.world.records.propose(self.site.token(email, Purpose.MOVE), f"new-{email}", house.clock())
            with house.world.store.read() as unit:
                wanted = unit.mailboxes.proposed(reader.id)
            assert wanted is not None
            return signer.sign(Purpose.ADDRESS, f"{reader.public_id}~{wanted.nonce}", house.clock())
        return signer.sign(Purpose(page), reader.public_id, house.clock())


_SEND = """([address, fields]) => {
  const form = document.createElement("form");
  form.method = "post"; form.action = address;
  for (const [name, value] of Object.entries(JSON.parse(fields))) {
    const field = document.createElement("textarea");
    field.name = name; field.value = value; form.append(field);
  }
  document.body.append(form); form.submit();
}"""
