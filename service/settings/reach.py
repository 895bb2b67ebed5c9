"""How far this service may reach: networks, as text.

Comes in: a setting as text. Goes out: the same in one form, or ValueError with its mend. Refuses to know: sockets.
"""

from __future__ import annotations

from ipaddress import ip_network


def networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Take IP networks or single addresses, or the word none."""
    return () if texts == ("none",) else tuple(_network(text) for text in texts)


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f"{text} is no network; write networks such as 10.0.0.0/8, or none") from None
