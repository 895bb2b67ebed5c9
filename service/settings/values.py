"""What a setting's text may look like: text in, value out, or a ValueError that says how to mend it.

Refuses to know: which setting the text belongs to, and where it came from.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import idna

from service.categories import FEEDS, categories

LOOPBACK = ("127.0.0.0/8", "::1/128")
SIGNUP_MODES = ("open", "invite", "closed")
SHORTEST_KEY, SHORTEST_CODE = 16, 8

_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")
_LIMITS = re.compile(r"(?:(?:; )?[1-9][0-9]{0,8} per (?:[1-9][0-9]{0,3} )?(?:second|minute|hour|day)s?)+")
# What stands in a URL or a list of them for something else.
_SIGNS = "; in a password, / is written %2F, ? %3F, # %23, @ %40, a comma %2C and a blank %20"


def items(value: object) -> object:
    """Split a text at blanks and commas; anything else passes as it is."""
    return tuple(filter(None, re.split(r"[\s,]+", value))) if isinstance(value, str) else value


def one_line(text: str) -> str:
    """Take a text without line breaks or other control characters: it may stand in a header."""
    if not text.strip().isprintable():
        raise ValueError("it holds a line break or a control character; write it on one line")
    return text.strip()


def not_empty(text: str) -> str:
    """Take a text that says something."""
    if not text:
        raise ValueError("it is empty")
    return text


def latin(text: str) -> str:
    """Take a text that an HTTP header can carry."""
    if not text.isascii():
        raise ValueError("an HTTP header carries only the letters of ASCII")
    return text


def whole(lowest: int, highest: int) -> Callable[[object], int]:
    """Make the check for a whole number in a range."""

    def check(value: object) -> int:
        text = str(value).strip()
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"write a whole number from {lowest} to {highest}")
        return int(text)

    return check


def one_of(*choices: str) -> Callable[[object], str]:
    """Make the check for one word out of a few."""

    def check(value: object) -> str:
        word = str(value).strip().lower()
        if word not in choices:
            raise ValueError(f"write {_either(choices)}{suggestion(word, choices)}")
        return word

    return check


def suggestion(word: str, choices: Iterable[str]) -> str:
    """Return a question that names the choice `word` was probably meant to be, or nothing."""
    close = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.7)
    return f". Did you mean {close[0]}?" if close else ""


def web_url(value: object, example: str = "http://127.0.0.1:8080 or https://papers.example.org") -> str:
    """Take an http or https URL with a host; a slash at its end is dropped, so that paths can be joined to it."""
    text = str(value).strip()
    parts = _split(text, ("http", "https"), example)
    if parts.query or parts.fragment or parts.username or not text.isprintable() or " " in text:
        raise ValueError("write only scheme, host and path, such as https://papers.example.org")
    return text.rstrip("/")


def own_url(value: object) -> str:
    """Take the URL that readers reach this service by: a host name of its own, without a path behind it.

    It comes back as the DNS has it, since headers and links of mails carry it.
    """
    parts = urlsplit(web_url(value))
    if parts.path:
        raise ValueError("the pages need a host name of their own, such as https://papers.example.org, without a path")
    return f"{parts.scheme}://{parts.netloc.lower() if parts.netloc.isascii() else _wired(parts)}"


def _wired(parts: SplitResult) -> str:
    try:
        name = idna.encode(parts.hostname or "", uts46=True).decode()
    except idna.IDNAError:
        raise ValueError("its host name cannot exist; write one such as https://papers.example.org") from None
    return f"{name}:{parts.port}" if parts.port else name


def web_url_or_none(value: object) -> str:
    """Take what `web_url` takes, or nothing; `none` says nothing."""
    text = str(value).strip()
    return web_url(text, "https://export.arxiv.org/api/query, or none") if text not in ("", "none") else ""


def sources(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Take http and https URLs of pages, and arXiv categories as the URLs of their feeds.

    A name or password in one is refused: it would never be sent, and readers see where papers come from.
    """
    urls = tuple(FEEDS + names if (names := categories(text)) else text for text in texts)
    for url in urls:
        parts = _split(url, ("http", "https"), "https://huggingface.co/papers")
        if "@" in parts.netloc:
            raise ValueError(f"the address of {parts.hostname} carries a name or password; those are not sent")
    return urls


def smtp_urls(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Take the URLs of mail relays."""
    for url in urls:
        _split(url, ("smtp", "smtp+starttls", "smtps"), "smtp+starttls://USER:PASSWORD@mail.example.org:587")
    return urls


def broker_url(value: object) -> str:
    """Take the URL of a broker that the worker knows."""
    text = str(value).strip()
    if text.partition(":")[0] in ("memory", "redis+socket"):
        return "memory://" if text == "memory" else text
    number = _split(text, ("redis", "rediss"), "memory:// or redis://HOST:6379/0").path.strip("/")
    if number and not number.isdecimal():
        raise ValueError("what stands behind the host is the number of a database, as in redis://HOST:6379/0")
    return text.removesuffix("/")


def database_url(value: object) -> str:
    """Take the URL of an SQLite file or a PostgreSQL database."""
    text = str(value).strip()
    scheme, found, rest = text.partition("://")
    example = "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    if not found:
        raise ValueError(f"it is no URL; {example}")
    if scheme.partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
        raise ValueError(f"{scheme} is not a database this service knows; {example}")
    if scheme.startswith("sqlite"):
        if rest and not rest.startswith("/"):
            raise ValueError("a file needs three slashes, sqlite:///FILE (four for an absolute path)")
        if rest.partition("?")[0].strip("/") in ("", ":memory:"):
            raise ValueError("it names no file, so nothing would be kept; write sqlite:///FILE")
        return text
    _split(text, (scheme,), "postgresql://USER:PASSWORD@HOST/NAME", host_needed="host=" not in rest)
    if rest.partition("?")[0].count("@") > 1:
        # SQLAlchemy takes what follows the first one for the host, which errors name.
        raise ValueError("an @ in the name or the password is written %40")
    return f"postgresql://{rest}"


def signup(value: object) -> str:
    """Take open, invite or closed, or mail domains, which come back joined by a comma and a blank."""
    words = [_readable(word.lower().removeprefix("@")) for word in re.split(r"[\s,]+", str(value)) if word]
    if len(words) == 1 and words[0] in SIGNUP_MODES:
        return words[0]
    wrong = [word for word in words if not _DOMAIN.fullmatch(word)]
    if wrong or not words:
        choices = "write open, invite, closed, or mail domains such as example.org, lab.example.edu"
        raise ValueError(choices + suggestion(wrong[0] if wrong else "", SIGNUP_MODES))
    return ", ".join(words)


def key(text: str) -> str:
    """Take a key long enough not to be guessed, or nothing."""
    if text.strip() and len(text.strip()) < SHORTEST_KEY:
        raise ValueError(f"it is too short to be a secret: at least {SHORTEST_KEY} characters, chosen by chance")
    return text.strip()


def keys(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Take keys long enough not to be guessed."""
    return tuple(key(text) for text in texts)


def codes(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Take invitation codes that nobody hits upon by trying."""
    if any(len(text) < SHORTEST_CODE for text in texts):
        raise ValueError(f"a code is too short: at least {SHORTEST_CODE} characters, and no blank or comma in it")
    return texts


def limits(text: str) -> str:
    """Take limits such as `300 per 10 minutes; 2000 per day`; `none` is no limit."""
    plain = " ".join(text.split())
    if plain in ("", "none"):
        return ""
    if not _LIMITS.fullmatch(plain):
        raise ValueError("write limits such as 300 per 10 minutes; 2000 per day, or none")
    return plain


def folder(value: object) -> Path:
    """Take a folder, made absolute: worker and web may be started in different places."""
    text = str(value).strip()
    if "\0" in text:
        raise ValueError("it is no folder name")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError("the home folder it speaks of is not known; write the whole path") from None


def data_folder(shared: str = "") -> Path:
    """Return this user's data folder by the XDG base directory rules; `shared` is what XDG_DATA_HOME says."""
    return folder(Path(shared if Path(shared).is_absolute() else "~/.local/share") / "paperround")


def without_password(url: str) -> str:
    """Return `url` with its password, and whatever its query may hold, hidden."""
    head, _, query = url.partition("?")
    scheme, found, rest = head.partition("://")
    user, at, host = rest.rpartition("@")
    shown = f"{user.partition(':')[0]}:***@{host}" if at and ":" in user else rest
    return f"{scheme}{found}{shown}" + ("?***" if query else "")


def is_loopback(url: str) -> bool:
    """Whether only this machine can follow `url`."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sender(base_url: str) -> str:
    """Return the address mails come from where none is set."""
    host = urlsplit(base_url).hostname or ""
    return f"digest@{host}" if _DOMAIN.fullmatch(host) else "digest@localhost"


def agent(contact: str) -> str:
    """Return the name this service visits sources under, with a way to reach its operator."""
    reach = contact if contact.isascii() else ""
    return f"paperround/{release()}" + (f" (+{reach})" if reach else "")


@cache
def release() -> str:
    """Return the installed release of this service, or "dev" in a tree that is not installed; looked up once."""
    try:
        return version("paperround")
    except PackageNotFoundError:
        return "dev"


def _readable(domain: str) -> str:
    """A domain as people write it, where it was given as the DNS does (`xn--bcher-kva.example`)."""
    try:
        return idna.decode(domain) if "xn--" in domain else domain
    except idna.IDNAError:
        return domain


def _split(text: str, schemes: tuple[str, ...], example: str, host_needed: bool = True) -> SplitResult:
    try:
        parts = urlsplit(text)
        complete = parts.scheme in schemes and (bool(parts.hostname) or not host_needed) and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise ValueError(f"write a URL such as {example}" + (_SIGNS if "@" in text + example else ""))
    return parts


def _either(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
