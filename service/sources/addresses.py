"""Which network addresses a fetch may reach.

Comes in: an address a name resolved to, and the networks the operator allows besides. Goes out: yes or no. Refuses to
know: connections, URLs.

The standard library's `is_global` differs between Python releases and says yes to multicast and to addresses that only
wrap another; so what is refused is written out here, after the IANA special-purpose registries (RFC 6890).
"""

from __future__ import annotations

import socket
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Only this part of IPv6 is handed out for use on the Internet (RFC 4291, section 2.4).
_UNICAST = IPv6Network("2000::/3")
# An IPv6-only machine reaches IPv4 through this prefix; the last 32 bits say whom (RFC 6052).
_TRANSLATED = IPv6Network("64:ff9b::/96")
# Special ranges that some supported Python releases still call global: 6to4 and its relays, benchmarking,
# documentation, and the whole block of IETF protocol assignments.
_SPECIAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)


def networks(allowed: Sequence[str]) -> tuple[Network, ...]:
    """Read networks or single addresses in CIDR form; ValueError names the one that cannot be read."""
    return tuple(ip_network(text.strip(), strict=False) for text in allowed if text.strip())


def reachable(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Say whether this numeric address is globally reachable, or lies in a network that is allowed by name."""
    try:
        real = _unwrapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return _named(real, allowed) or _global(real)


def literal(host: str) -> str:
    """Return the address that a host names by itself, in whatever way of writing numbers; "" for a true name."""
    text = unicodedata.normalize("NFKC", host).replace("\u3002", ".").strip("[]").rstrip(".").casefold()
    if text == "localhost" or text.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(text))
    except (OSError, UnicodeError):
        return ""


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that is meant where an IPv6 address only carries one: the machine would connect to that."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _named(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in allowed)


def _global(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not _named(address, _SPECIAL)
