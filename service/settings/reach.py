"""How far this service may reach, which way, and where it is reached itself.

Comes in: a setting as text. Goes out: the same in one form, or ValueError with its mend. Refuses to know: sockets.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit


def networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Take IP networks or single addresses, or the word none."""
    return () if texts == ("none",) else tuple(_network(text) for text in texts)


def home(host: str, port: int) -> str:
    """Return the URL of a service that listens at `host` where none is set, for whoever sits at this machine."""
    try:
        address = ip_address(host)
    except ValueError:
        address = ip_address("127.0.0.1")
    # Elsewhere readers know it by a name that only its operator can tell.
    name = str(address) if address.is_loopback else "127.0.0.1"
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def proxies(text: str) -> str:
    """Take the addresses and networks of reverse proxies, parted by commas or blanks; a star is whoever asks."""
    return (
        "" if text.strip() == "none" else ",".join(_proxy(each) for each in re.split(r"[\s,]+", text.strip()) if each)
    )


def proxy(text: str) -> str:
    """Take the URL of a proxy, or the word none; a path has no meaning there."""
    if text.strip() in ("", "none"):
        return ""
    try:
        parts = urlsplit(text.strip())
        complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete or parts.path.strip("/") or parts.query:
        raise ValueError("write a URL such as http://proxy.example.org:3128")
    return f"{parts.scheme}://{parts.netloc}"


def token(text: str) -> str:
    """Take a token that nobody guesses and every header can carry, or nothing."""
    bare = text.strip()
    if bare and (len(bare) < 16 or not bare.isascii() or not bare.isprintable() or " " in bare):
        raise ValueError("write at least 16 letters and digits, without spaces")
    return bare


def _proxy(text: str) -> str:
    return text if text == "*" or (_network(text) and "/" not in text) else _network(text)


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f"{text} is no network; write networks such as 10.0.0.0/8, or none") from None
