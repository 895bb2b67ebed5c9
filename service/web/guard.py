"""What holds for every request and every answer, whichever page it is about.

Comes in: the application and two facts about the installation. Goes out: the same application with bounded bodies,
HEAD answered as GET would be, and the headers a browser needs to keep readers safe. Refuses to know: pages, readers.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.links import Purpose

# Ten thousand topics fit, so that the answer can say what is wrong with them and give them back.
BODY_LIMIT = 1 << 20
# A megabyte by the slowest of phones.
PATIENCE = 60.0

# A browser shows an answer only once it has sent its body, so a body somewhat too long is read to its end.
_DRAIN_LIMIT = 16 * BODY_LIMIT

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# With `no-referrer` browsers send `Origin: null` with our own forms; `same-origin` tells other sites just as little.
_ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
}

# What these pages show is one reader's own: nothing between us and the reader may keep it.
_PRIVATE = (*(f"/{purpose}/" for purpose in Purpose), "/manage", "/mailbox", "/subscribe", "/api/v1/subscribe")


class Guard:
    """The outermost application. `page` makes the page for a status: 413 where a body is too large, 500 for a fault.

    A body has to be here within `patience` seconds (408): what has come of it is kept in memory.
    """

    def __init__(
        self, app: ASGIApp, page: Callable[[Request, int], ASGIApp], https: bool, patience: float = PATIENCE
    ) -> None:
        self._app = app
        self._page = page
        self._https = https
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection as ASGI asks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # The server cuts the body of an answer to HEAD itself, by the method it read.
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        dressed = self._dressed(asked, send)
        try:
            async with asyncio.timeout(self._patience):
                body = await _read(receive)
        except ClientDisconnect:
            return  # Half a form must not be taken for a whole one.
        except TimeoutError:
            await self._page(Request(asked), 408)(asked, receive, dressed)
            return
        if body is None:
            await self._page(Request(asked), 413)(asked, receive, dressed)
        else:
            await self._answered(asked, _replay(body, receive), dressed)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if not begun:
                await self._page(Request(scope), 500)(scope, receive, send)
            raise  # The server logs it.

    def _dressed(self, scope: Scope, send: Send) -> Send:
        """Add the headers; one that a page has set itself stands."""
        wanted = _ALWAYS | _keeping(scope["path"], scope["query_string"])
        if self._https:
            wanted["strict-transport-security"] = "max-age=31536000"

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
                _weaken(headers)
            await send(message)

        return dressed


def _weaken(headers: MutableHeaders) -> None:
    """Make an entity tag one of the content, not of its bytes, which may travel packed (RFC 9110, section 8.8.3).

    An answer that says nothing has changed has to name the same tag, so whether this one is packed does not matter.
    """
    tag = headers.get("etag", "")
    if tag:
        headers["etag"] = tag if tag.startswith("W/") else f"W/{tag}"
        headers.add_vary_header("Accept-Encoding")


def _keeping(path: str, query: bytes) -> dict[str, str]:
    """Who may keep the answer: nobody, the browser if it asks each time, or anybody for good."""
    if path.startswith(_PRIVATE):
        return {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow"}
    if path.startswith("/static/") and query.startswith(b"v="):
        return {"cache-control": "public, max-age=31536000, immutable"}
    return {"cache-control": "no-cache"}


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when it is over the limit. Raises ClientDisconnect when it breaks off."""
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= _DRAIN_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        size += len(piece)
        more = message.get("more_body", False)
        if size <= BODY_LIMIT:
            parts.append(piece)
    return b"".join(parts) if size <= BODY_LIMIT else None


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def own_form(request: Request) -> None:
    """Refuse (403) a form that another site's page sent.

    `Sec-Fetch-Site` is believed where the browser sends it; else `Origin` must name this site. Clients that send
    neither are no browsers, and nobody's signed-in state is at stake: the link in the reader's hand is the only key.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise HTTPException(403)
    if site is None and origin is not None and origin.partition("://")[2].lower() not in _names(request):
        raise HTTPException(403)


def at_this_machine(request: Request) -> bool:
    """Whether the client sits at this machine and asked for it by a name of its own.

    A proxy's requests come from this machine too: they carry forwarding headers. A name from elsewhere that points
    here (DNS rebinding) would let any web page read what only the person at the machine may see.
    """
    forwarded = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"} & set(request.headers)
    client = request.client.host if request.client else ""
    return not forwarded and _loopback(client) and _loopback(request.url.hostname or "")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _names(request: Request) -> set[str]:
    """The host names this site goes by: as asked for, and as the settings say where a proxy changes the former."""
    public = urlsplit(request.app.state.desk.identity.base_url).netloc
    return {name.lower() for name in (request.headers.get("host", ""), public) if name}
