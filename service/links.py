"""Signed links: who may do what, carried by the link itself, so that nothing has to be stored or looked up first.

Comes in: a purpose, a subject (a subscriber's public name) and the time of signing. Goes out: a short token for a URL,
and from a token the subject again. Refuses to know: what the pages behind the links do, subscribers, clocks.

    66f2a1c0.Qm9vdHN0cmFw.kq3V8m0yWb2x9c4d5e6f7A
    issued   subject      signature over both, with the purpose as salt
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from binascii import b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import itsdangerous
from itsdangerous.signer import HMACAlgorithm

from service.errors import LinkError
from service.model import ReaderLinks


class Purpose(StrEnum):
    """What a link allows; a signature made for one purpose is worth nothing for another."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    PAUSE = "pause"
    UNSUBSCRIBE = "unsubscribe"
    EXPORT = "export"
    ERASE = "erase"
    MOVE = "move"
    ADDRESS = "address"
    VIEW = "view"
    FEED = "feed"
    OWNER = "owner"


# What a digest's links must never be enough for: each asks for a fresh link by mail.
FRESH = (Purpose.EXPORT, Purpose.ERASE, Purpose.MOVE)

_LASTING = (Purpose.MANAGE, Purpose.PAUSE, Purpose.UNSUBSCRIBE)

# A reader may leave by a mail of any age (RFC 8058 knows no expiry), so that purpose has none; nor have those that only
# show what was mailed anyway.
_AGES = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.MANAGE: timedelta(days=365),
    Purpose.PAUSE: timedelta(days=365),
    Purpose.ADDRESS: timedelta(days=1),
    Purpose.OWNER: timedelta(days=30),
} | dict.fromkeys(FRESH, timedelta(hours=2))

_ALLOWS = {
    Purpose.CONFIRM: "confirms a subscription",
    Purpose.MANAGE: "changes a subscription",
    Purpose.PAUSE: "pauses a subscription",
    Purpose.UNSUBSCRIBE: "ends a subscription",
    Purpose.EXPORT: "shows all that is kept of a reader",
    Purpose.ERASE: "erases a reader",
    Purpose.MOVE: "asks for another address",
    Purpose.ADDRESS: "confirms another address",
    Purpose.VIEW: "shows one digest",
    Purpose.FEED: "is the address of a feed",
    Purpose.OWNER: "decides for a list",
}

# The unreserved characters of RFC 3986 pass through every URL and mail program unchanged.
_SUBJECT = re.compile(r"[A-Za-z0-9_.~-]+")

# 128 bits in base64 leave two bits for the last character: only these four spell a signature in its one true form.
_TOKEN = re.compile(r"([0-9a-f]{1,12})\.([A-Za-z0-9_.~-]+)\.[A-Za-z0-9_-]{21}[AQgw]")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class _HalfDigest(HMACAlgorithm):
    """HMAC-SHA-256 cut to 128 bits, as RFC 2104 section 5 allows: the link stays on one line of a plain-text mail."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:16]


class _Seal:
    """The same signature as text, four times in every digest: 2.7 µs for one, where itsdangerous takes 4."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        # What a key costs is paid once: a copy goes on from there (RFC 2104, section 4).
        self._keyed = hmac.new(key, digestmod=hashlib.sha256)

    def of(self, claim: str) -> str:
        """The signature over this."""
        keyed = self._keyed.copy()
        keyed.update(claim.encode("ascii"))
        return b2a_base64(keyed.digest()[:16])[:22].translate(_URL_SAFE).decode("ascii")


class Signer:
    """Signs and verifies tokens; `keys` are newest first: the first signs, every one of them verifies."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise ValueError("signing links needs at least one key, and none may be empty")
        self._keys = tuple(key.encode() for key in keys)
        derived = {purpose: [_derived(key, purpose) for key in self._keys] for purpose in Purpose}
        self._seals = {purpose: _Seal(newest) for purpose, (newest, *_) in derived.items()}
        # itsdangerous wants the newest key last.
        self._signers = {purpose: _signer(newest_first[::-1]) for purpose, newest_first in derived.items()}

    def sign(self, purpose: Purpose, subject: str, issued: datetime) -> str:
        """Return the token that allows `purpose` to whoever holds it.

        Equal arguments give equal tokens; the time counts in whole seconds. `subject` is made of the unreserved
        characters of RFC 3986 (ValueError otherwise).
        """
        return self.signs((purpose,), subject, issued)[0]

    def signs(self, purposes: Sequence[Purpose], subject: str, issued: datetime) -> list[str]:
        """Return one token for each of these purposes. Raises ValueError for a subject that no link can carry."""
        if not _SUBJECT.fullmatch(subject):
            raise ValueError(f"a link cannot carry {subject!r}")
        claim = f"{_seconds(issued):x}.{subject}"
        return [f"{claim}.{self._seals[purpose].of(claim)}" for purpose in purposes]

    def verify(self, purpose: Purpose, token: str, now: datetime) -> str:
        """Return the subject the token was signed for.

        Raises LinkError for a token that is forged or damaged, was signed for another purpose, or is too old. A
        token from the future is taken: a clock that ran ahead while mails were made must not lock readers in.
        """
        parts = _TOKEN.fullmatch(token)
        if parts is None or not self._signed(purpose, token):
            raise LinkError(self._refusal(token if parts else ""))
        age = _AGES.get(purpose)
        if age is not None and _seconds(now) - int(parts[1], 16) > age.total_seconds():
            raise LinkError(f"This link has expired: it worked for {_spoken(age)}. Please ask for a new one.")
        return parts[2]

    def issued(self, token: str) -> datetime:
        """When a token that verifies was signed, in whole seconds of UTC."""
        return datetime.fromtimestamp(int(token.partition(".")[0], 16), UTC)

    def stamp(self, subject: str) -> str:
        """Return `subject` with a mark of 80 bits, in small letters and figures only: it fits into a mail address.

        A mail address may lose its capitals on the way, so a token cannot stand in one.
        """
        return f"{subject}-{_mark(self._keys[0], subject)}"

    def stamped(self, text: str) -> str:
        """Return the subject of a stamp; "" for one that is not ours. Capitals do not count."""
        subject, _, mark = text.lower().rpartition("-")
        ours = any(hmac.compare_digest(_mark(key, subject).encode(), mark.encode()) for key in self._keys)
        return subject if ours else ""

    def _signed(self, purpose: Purpose, token: str) -> bool:
        return self._signers[purpose].validate(token)

    def _refusal(self, token: str) -> str:
        for purpose in Purpose:
            if token and self._signed(purpose, token):
                return f"This link {_ALLOWS[purpose]} and can do nothing else. Please use the link made for this page."
        return "This link is not valid: it may have been cut off or changed on the way. Please copy the whole link."


def reader_links(signer: Signer, base_url: str, public_id: str, issued: datetime, view: str = "") -> ReaderLinks:
    """The links that stay with a running subscription, as absolute URLs, beside the one to the mail itself."""
    manage, pause, unsubscribe = signer.signs(_LASTING, public_id, issued)
    return ReaderLinks(
        manage=f"{base_url}/manage/{manage}",
        pause=f"{base_url}/pause/{pause}",
        unsubscribe=f"{base_url}/unsubscribe/{unsubscribe}",
        view=view,
    )


def link(signer: Signer, base_url: str, purpose: Purpose, subject: str, issued: datetime) -> str:
    """One link as an absolute URL: its purpose is the page's name, so that a token tells where it belongs."""
    return f"{base_url}/{purpose}/{signer.sign(purpose, subject, issued)}"


def view_link(signer: Signer, base_url: str, row: int, uid: str, composed: datetime) -> str:
    """The URL that shows one digest to whoever has it; it names the mail and not its reader."""
    return link(signer, base_url, Purpose.VIEW, viewed(row, uid), composed)


def viewed(row: int, uid: str) -> str:
    """The subject of a link to one digest: its row, and enough of its random name that no other row can take its place.

    A database that was restored may give a number again.
    """
    return f"{row}~{uid[:12]}"


def feed_link(signer: Signer, base_url: str, public_id: str, profile: int, word: str = "") -> str:
    """The URL of the feed of a reader's profile at this position; it is the same until another word stands in it."""
    subject = f"{public_id}~{profile}~{word}".removesuffix("~")
    return link(signer, base_url, Purpose.FEED, subject, datetime.fromtimestamp(0, UTC))


def _derived(key: bytes, purpose: Purpose) -> bytes:
    """The key for one purpose; made once instead of once for each link."""
    return hmac.digest(key, f"paperround.link.{purpose}".encode(), "sha256")


def _signer(oldest_first: list[bytes]) -> itsdangerous.Signer:
    return itsdangerous.Signer(oldest_first, key_derivation="none", algorithm=_HalfDigest(hashlib.sha256))


def _mark(key: bytes, subject: str) -> str:
    digest = hmac.new(key, f"paperround.return.{subject}".encode(), hashlib.sha256).digest()
    return b32encode(digest[:10]).decode().lower()


def _spoken(age: timedelta) -> str:
    return f"{age.days} days" if age.days > 1 else f"{int(age.total_seconds()) // 3600} hours"


def _seconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("times are aware; this one names no time zone")
    return max(0, int(moment.timestamp()))
