"""DKIM keys made for the tests, and dkimpy as the one who checks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.deliveries.dkim import DkimKey, Seal

DOMAIN = "papers.example.org"


@lru_cache
def rsa(bits: int = 2048) -> RSAPrivateKey:
    return generate_private_key(65537, bits)


@lru_cache
def ed25519() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def seal() -> Seal:
    return Seal(DOMAIN, (DkimKey("r1", rsa()), DkimKey("e1", ed25519())))


def arrived(wire: bytes) -> bytes:
    """What the server keeps of the octets behind DATA (RFC 5321, section 4.5.2)."""
    assert wire.endswith(b"\r\n.\r\n")
    return b"\r\n".join(line.removeprefix(b".") for line in wire[:-3].split(b"\r\n"))


def holds(mail: bytes, seal: Seal) -> list[bool]:
    """What dkimpy says of each signature of a mail, asking a DNS that holds the records of these keys."""
    records = {f"{key.name(seal.domain)}.".encode(): key.record().encode() for key in seal.keys}

    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name)

    return [_checked(mail, number, dns) for number in range(mail.lower().count(b"dkim-signature:"))]


def _checked(mail: bytes, number: int, dns: Any) -> bool:
    try:
        return bool(dkim.DKIM(mail).verify(number, dnsfunc=dns))
    except dkim.DKIMException:
        return False
