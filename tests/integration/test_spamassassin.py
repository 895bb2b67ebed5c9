"""SpamAssassin, without the network, about mails as they leave us: nothing we built costs a point."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from service.links import Signer, reader_links, view_link
from service.model import DeliveryKind, Envelope
from tests import corpus, mails, outside

DIGESTS = 200
# Rules about the words of papers; whoever writes such an abstract has it in every mail, and in every mail program.
CONTENT = {
    "LONGWORDS": "ten long words in a row, as abstracts have them",
}
_SCORES = re.compile(rb"^X-Spam-Scores: ((?:.*\n)(?:[ \t].*\n)*)", re.MULTILINE)
# Mails in one file are told apart by such a line (RFC 4155).
_BORDER = b"From digest@papers.example.org Fri Nov 20 06:00:01 2026\n"


@pytest.fixture(scope="module")
def program() -> str:
    return outside.spamassassin()


def envelope() -> Envelope:
    """An envelope with links as they are signed; a made-up word in one could be what a rule looks for."""
    base, issued, signer = mails.IDENTITY.base_url, mails.ENVELOPE.date, Signer(["a key of this test alone"])
    links = reader_links(signer, base, "mH3xV9qTz2Lw", issued)
    return replace(mails.ENVELOPE, links=links._replace(view=view_link(signer, base, 812, "5f0cab1289de", issued)))


def scores(program: str, bodies: Iterable[bytes], home: Path) -> list[dict[str, float]]:
    """What each mail scores, by rule."""
    box = b"".join(_BORDER + re.sub(rb"(?m)^From ", b">From ", body.replace(b"\r\n", b"\n")) + b"\n" for body in bodies)
    wanted = [program, "--local", "--prefs-file=/dev/null", "--mbox", "--cf=add_header all Scores _TESTSSCORES(,)_"]
    done = subprocess.run(wanted, input=box, capture_output=True, env=os.environ | {"HOME": str(home)}, check=True)
    found = ((b"".join(scored.split())).decode() for scored in _SCORES.findall(done.stdout))
    return [{name: float(score) for name, score in (each.split("=") for each in line.split(","))} for line in found]


def assert_welcome(scored: list[dict[str, float]]) -> str:
    """No rule about headers, MIME or markup counts, most mails score nothing, and none comes near a spam folder."""
    totals = [sum(rules.values()) for rules in scored]
    dear = Counter(name for rules in scored for name, score in rules.items() if score > 0.1)
    assert set(dear) <= set(CONTENT)
    assert median(totals) <= 0
    assert max(totals) < 3
    listed = ", ".join(f"{name} {count}x" for name, count in dear.items()) or "none"
    return f"median {median(totals):.3f}, highest {max(totals):.1f}; rules about content: {listed}"


def test_digests_of_real_papers_are_welcome(
    program: str, shared: Path, tmp_path: Path, full: bool, figure: Callable[[str], None]
) -> None:
    renderer, to = mails.renderer(), envelope()
    count = DIGESTS if full else 3
    bodies = [renderer.digest(each, to).body for each in corpus.digests(shared, count, 13)]
    scored = scores(program, bodies, tmp_path)
    assert len(scored) == count
    figure(f"SpamAssassin -L: {count} digests, {assert_welcome(scored)}")


def test_every_other_mail_is_welcome(program: str, tmp_path: Path, full: bool) -> None:
    renderer, to = mails.renderer(), envelope()
    letters = [kind for kind in DeliveryKind if kind is not DeliveryKind.DIGEST][:: 1 if full else 4]
    bodies = [renderer.letter(kind, to, mails.facts(kind)).body for kind in letters]
    scored = scores(program, [*bodies, renderer.digest(mails.digest(**mails.FOOT), to).body], tmp_path)
    assert len(scored) == len(letters) + 1
    assert_welcome(scored)
