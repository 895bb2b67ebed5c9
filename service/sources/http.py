"""Fetch one page of a source, politely and without being led astray.

Comes in: a URL and the validators of its last fetch. Goes out: a Page, or a FetchError with one sentence that names the
host and what happened. Refuses to know: what a page means, when to fetch, where validators are kept.

Polite: conditional requests (RFC 9110, section 13), Retry-After, a User-Agent that says who asks, one request a time.
Guarded: http and https only, public addresses only (see `connections`), no proxies or passwords from the environment,
redirects counted and checked one by one, a total deadline, bounded bodies before and after decompression.
"""

from __future__ import annotations

import contextlib
import io
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import parse_url

from service.deadlines import Watch
from service.errors import FetchError, SettingsError
from service.model import Page
from service.sources import addresses, inflate, replies
from service.sources.connections import Gate, GuardedAdapter, Resolver, system_resolver
from service.sources.manners import Manners
from service.sources.route import Route

MEGABYTE = 1024 * 1024
_MOST_REDIRECTS = 5
# RFC 9110, section 15.4.
_FOR_GOOD = frozenset({301, 308})
_PIECE = 16 * 1024
_ACCEPT = (
    "application/feed+json, application/atom+xml, application/rss+xml, application/json;q=0.9, application/xml;q=0.9, "
    "text/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
)


class _Session(requests.Session):
    """Cookies within one fetch, which some publishers' redirects need, and nothing from the environment.

    requests would read a redirect's whole body before we could measure it; so it is told that there are none.
    """

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", GuardedAdapter(gate))
        self.mount("https://", GuardedAdapter(gate))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Leave redirects to the client."""


class Client:
    """Fetches pages; may be shared between threads. Between two fetches it keeps no more than its manners.

    `allowed_networks` (CIDR) may be reached although they are not public. `deadline` bounds a whole fetch in seconds,
    redirects included. `ca` names a file of certificates to trust instead of the public ones. With a `proxy` nothing is
    reached but through it, see `Route`.
    """

    def __init__(
        self,
        user_agent: str,
        allowed_networks: Sequence[str] = (),
        deadline: float = 30.0,
        max_body: int = 8 * MEGABYTE,
        max_decompressed: int = 32 * MEGABYTE,
        *,
        ca: Path | None = None,
        resolve: Resolver = system_resolver,
        manners: Manners | None = None,
        proxy: str = "",
    ) -> None:
        try:
            self._allowed = addresses.networks(allowed_networks)
        except ValueError as error:
            raise SettingsError(f"The allowed networks cannot be read: {error}.") from error
        self._user_agent = user_agent
        self._deadline = deadline
        self._max_body = max_body
        self._max_decompressed = max_decompressed
        self._verify: str | bool = str(ca) if ca else True
        self._resolve = resolve
        self._route = Route(self._allowed, proxy)
        self._manners = manners or Manners()

    def visit(self, url: str, etag: str = "", last_modified: str = "") -> Page:
        """Fetch as a program that comes by itself: in the host's turn, and where its robots.txt lets us in.

        Raises FetchError and nothing else.
        """
        try:
            _check(url)
            return self._manners.visit(self.fetch, url, etag, last_modified)
        except ValueError as error:
            raise FetchError(f"This is not a web address: {url[:200]!r}.", False) from error

    def fetch(self, url: str, etag: str = "", last_modified: str = "") -> Page:
        """Fetch one page; with validators, a page that has not changed comes back as `not_modified` without a body.

        Raises FetchError and nothing else. `Page.url` is where the redirects ended.
        """
        headers = self._headers(etag, last_modified)
        with Watch(self._deadline) as watch, _Session(self._gate(watch)) as session:
            final, moved, response = self._follow(session, watch, url.strip(), headers)
            with contextlib.closing(response):
                conditional = "If-None-Match" in headers or "If-Modified-Since" in headers
                if response.status_code == requests.codes.not_modified and conditional:
                    return _unchanged(_page(final, moved, response, b""), etag, last_modified)
                replies.check(_host(final), response.status_code, response.headers)
                return _page(final, moved, response, self._read(final, response, watch))

    def _gate(self, watch: Watch) -> Gate:
        return Gate(self._allowed, watch, self._resolve, self._route.place)

    def _headers(self, etag: str, last_modified: str) -> dict[str, str]:
        headers = {"User-Agent": self._user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        return headers | {name: value for name, value in conditions.items() if replies.validator(value)}

    def _follow(
        self, session: _Session, watch: Watch, url: str, headers: dict[str, str]
    ) -> tuple[str, str, requests.Response]:
        """Ask, and ask again wherever a redirect points, each step guarded like the first.

        Returns where it ended, how far of that the redirects were for good ("" where the first was not), the answer.
        """
        first, moved, lasting = url, "", True
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._ask(session, watch, url, headers)
            if not response.is_redirect:
                return url, moved, response
            with contextlib.closing(response):
                target = _target(url, response.headers["Location"])
                lasting = lasting and response.status_code in _FOR_GOOD and not _weaker(url, target)
                url, moved = target, target if lasting else moved
        raise FetchError(f"{_host(first)} redirects more than {_MOST_REDIRECTS} times.", False)

    def _ask(self, session: _Session, watch: Watch, url: str, headers: dict[str, str]) -> requests.Response:
        _check(url)
        proxies = self._route.proxies(_host(url))
        with _translated(url, watch):
            return session.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=watch.backstop(),
                verify=self._verify,
                proxies=proxies,
            )

    def _read(self, url: str, response: requests.Response, watch: Watch) -> bytes:
        """Read the body in small pieces and stop at the first limit it meets."""
        encoding = response.headers.get("Content-Encoding", "")
        decoder = inflate.decoder(encoding, self._max_decompressed)
        if decoder is None:
            raise FetchError(f"{_host(url)} answers in an encoding that was not asked for ({encoding[:40]!r}).", False)
        # Of all that grows, only this gives its bytes away without a second copy.
        body = io.BytesIO()
        taken = 0
        with _translated(url, watch):
            while piece := response.raw.read(_PIECE, decode_content=False):
                taken += len(piece)
                if taken > self._max_body:
                    raise inflate.TooLarge
                if body.tell() > self._max_body and len(body.getbuffer()) < self._max_decompressed:
                    body = _with_room(body, self._max_decompressed)
                body.writelines(decoder.feed(piece))
            body.write(decoder.finish())
            body.truncate()
            if watch.expired:
                raise TimeoutError
        return body.getvalue()


def _with_room(body: io.BytesIO, most: int) -> io.BytesIO:
    """Make room once for the largest page: what grows by pieces is copied on the way, and held twice."""
    roomy = io.BytesIO()
    roomy.seek(most)
    roomy.write(b"\0")
    roomy.seek(0)
    roomy.write(body.getbuffer())
    return roomy


def _page(url: str, moved: str, response: requests.Response, body: bytes) -> Page:
    media_type, _, parameters = response.headers.get("Content-Type", "").partition(";")
    return Page(
        body=body,
        media_type=media_type.strip().lower(),
        url=url,
        fetched_at=datetime.now(UTC),
        etag=replies.validator(response.headers.get("ETag", "")),
        last_modified=replies.validator(response.headers.get("Last-Modified", "")),
        moved_to=moved,
        fresh_for=replies.fresh_for(response.headers),
        charset=replies.charset(parameters),
    )


def _unchanged(page: Page, etag: str, last_modified: str) -> Page:
    """The validators that were right stay right, where the server does not repeat them with its 304."""
    return replace(page, not_modified=True, etag=page.etag or etag, last_modified=page.last_modified or last_modified)


def _host(url: str) -> str:
    """The host a sentence may name; never the whole URL, which may carry a key."""
    try:
        return urlsplit(url).hostname or "The address"
    except ValueError:
        return "The address"


def _check(url: str) -> None:
    """Refuse what is not a plain web address, in the reading of both parsers that will see it."""
    try:
        seen, parsed = urlsplit(url), parse_url(url)
    except (ValueError, LocationParseError) as error:
        raise FetchError(f"This is not a web address: {url[:200]!r}.", False) from error
    if (parsed.scheme or "") not in ("http", "https"):
        raise FetchError(
            f"Only http and https addresses can be fetched, not {parsed.scheme or 'a bare name'!s}.", False
        )
    if not parsed.host:
        raise FetchError(f"This web address names no host: {url[:200]!r}.", False)
    if parsed.auth is not None or "@" in seen.netloc:
        raise FetchError(f"The address of {parsed.host} carries a name or password; those are not sent.", False)


def _weaker(url: str, target: str) -> bool:
    """Whether a redirect leaves TLS: such a one is followed, and never remembered."""
    return url.lower().startswith("https:") and not target.lower().startswith("https:")


def _target(url: str, location: str) -> str:
    """Where a redirect leads: header bytes are UTF-8 in practice. What cannot be printed is written as it is sent."""
    try:
        target = urljoin(url, location.encode("latin-1").decode("utf-8", "replace").strip())
        return "".join(sign if sign.isprintable() else quote(sign) for sign in target)
    except ValueError as error:
        raise FetchError(f"{_host(url)} redirects to something that is no address.", False) from error


@contextlib.contextmanager
def _translated(url: str, watch: Watch) -> Iterator[None]:
    """Turn what requests, urllib3, zlib and sockets raise into a FetchError about this URL's host."""
    try:
        yield
    except FetchError as error:
        raise _overdue(url, watch) if watch.expired else error from error.__cause__
    except inflate.TooLarge as error:
        raise FetchError(f"{_host(url)} sends more than a page may hold.", False) from error
    except inflate.Broken as error:
        raise FetchError(f"{_host(url)} sends a compressed page that is broken or cut off.") from error
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise _failure(url, watch, error) from error


def _overdue(url: str, watch: Watch) -> FetchError:
    return FetchError(f"{_host(url)} did not answer in full within {watch.seconds:g} s.")


def _failure(url: str, watch: Watch, error: Exception) -> FetchError:
    host = _host(url)
    if watch.expired or isinstance(error, (TimeoutError, requests.Timeout)):
        return _overdue(url, watch)
    if isinstance(error, (requests.exceptions.InvalidURL, UnicodeError)):
        return FetchError(f"This is not a web address: {url[:200]!r}.", False)
    if isinstance(error, requests.exceptions.ProxyError):
        return FetchError(f"The proxy does not let this service through to {host}, or does not answer.")
    if isinstance(error, requests.exceptions.SSLError):
        return _distrusted(host, error)
    return FetchError(f"{host} broke the connection off, or did not answer in HTTP.")


def _distrusted(host: str, error: Exception) -> FetchError:
    """A certificate that does not hold needs a person; any other trouble with TLS may pass."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(f"{host}'s certificate does not hold: {cause.verify_message.rstrip('.')}.", False)
        cause = _beneath(cause)
    return FetchError(f"{host} and this service could not agree on TLS.")


def _beneath(error: BaseException) -> BaseException | None:
    """The error inside this one; urllib3 and requests keep it as an argument or a reason."""
    inner = getattr(error, "reason", None) or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
    return inner if isinstance(inner, BaseException) else error.__cause__
