"""The settings of DKIM: who signs, and the private keys, as `openssl genpkey` writes them.

Comes in: texts, keys in PEM form (RFC 7468). Goes out: values and keys, or a ValueError that says what is wrong and
never shows a piece of a key. Refuses to know: what is signed.
"""

from __future__ import annotations

import re

import idna
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import ValidationInfo

_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
# RFC 8301: below, nobody accepts a signature; above, nobody has to.
_SMALLEST, _LARGEST = 1024, 4096
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def domain(text: str) -> str:
    """Take a domain of mail addresses, in the form in which the DNS knows it."""
    try:
        return idna.encode(text.strip().lower(), uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("write a domain such as papers.example.org") from None


def selectors(names: tuple[str, ...]) -> tuple[str, ...]:
    """Take DKIM selectors (RFC 6376, section 3.1), no two alike."""
    for name in names:
        if not _SELECTOR.fullmatch(name):
            raise ValueError(f"{name} is no selector; write letters, digits and hyphens, such as paperround")
    if len(set(names)) < len(names):
        raise ValueError("each key needs a selector of its own")
    return names


def keys(text: str, info: ValidationInfo) -> str:
    """Take one private key for each selector, or nothing."""
    if not text.strip():
        return ""
    found, names = private_keys(text), info.data.get("dkim_selector", ())
    if names and len(found) != len(names):
        raise ValueError(f"it holds {len(found)} keys, and PAPERROUND_DKIM_SELECTOR names {len(names)}")
    return text


def private_keys(text: str) -> list[RSAPrivateKey | Ed25519PrivateKey]:
    """Read every key of a text; text around them is passed over. Raises ValueError where there is none to read."""
    keys = [_key(block[0], block[1]) for block in _BLOCK.finditer(text)]
    if not keys:
        raise ValueError("it holds no key that begins with -----BEGIN PRIVATE KEY-----; a file is named in …_FILE")
    return keys


def _key(block: str, label: str) -> RSAPrivateKey | Ed25519PrivateKey:
    if "ENCRYPTED" in label or "ENCRYPTED" in block.partition("\n\n")[0]:
        raise ValueError("its key is locked with a password; keep it without one, where only this service reads it")
    if not label.endswith("PRIVATE KEY"):
        raise ValueError(f"it holds a {label.lower()}, and signing needs the private key")
    try:
        key = load_pem_private_key(block.encode("ascii"), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("its key is damaged, or of a kind that is not known here") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("its key is neither of RSA nor of Ed25519, and DKIM knows no other")  # noqa: TRY004 - a text is at fault
    if not _SMALLEST <= key.key_size <= _LARGEST:
        raise ValueError(f"its RSA key has {key.key_size} bits; 2048 are right, {_SMALLEST} to {_LARGEST} are possible")
    return key
