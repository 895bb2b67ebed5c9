"""What a DKIM signature costs beside dkimpy, on mails of 46 KB: one RSA-2048 key, the same headers covered."""

from __future__ import annotations

from collections.abc import Sequence

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.ground import Ground
from bench.mails import mails
from bench.measure import AtLeast, Measure, Pair, interleaved, register
from service.deliveries.dkim import DkimKey, Seal

SIZE, DOMAIN, SELECTOR = 46_000, "papers.example.org", "paperround"
HEADERS = (
    "from from to to subject subject date date message-id message-id mime-version mime-version content-type "
    "content-type list-unsubscribe list-unsubscribe list-unsubscribe-post list-unsubscribe-post auto-submitted "
    "list-id feedback-id"
)


def run(ground: Ground) -> Sequence[Pair]:
    """Seconds for the same mails."""
    bodies = mails(ground, ground.size(400, 60), SIZE)
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    seal, covered = Seal(DOMAIN, (DkimKey(SELECTOR, key),)), HEADERS.encode().split()

    def ours() -> None:
        for body in bodies:
            seal.signed(body)

    def other() -> None:
        for body in bodies:
            relaxed = (b"relaxed", b"relaxed")
            dkim.sign(body, SELECTOR.encode(), DOMAIN.encode(), pem, canonicalize=relaxed, include_headers=covered)

    return interleaved(ours, other)


register(
    Measure(
        "DKIM, RSA-2048, 46 KB mails, one thread",
        "dkimpy",
        AtLeast(20),
        run,
        note="all but 0.08 ms of a signature is OpenSSL's own; `cryptography` keeps the interpreter's lock meanwhile.",
    )
)
