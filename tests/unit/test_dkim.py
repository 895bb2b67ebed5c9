"""DKIM: what this service signs, dkimpy confirms; what is changed on the way, it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dkim.canonicalization import Relaxed
from hypothesis import given
from hypothesis import strategies as st

from service.deliveries.dkim import Seal, relaxed
from service.deliveries.envelope import wire_form
from service.errors import RenderError
from tests.signatures import DOMAIN, arrived, holds, seal

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.eml"))
DIGEST = next(file for file in GOLDEN if file.stem == "digest").read_bytes()


def signatures(mail: bytes) -> list[dict[str, str]]:
    head = mail.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    found = re.findall(r"^DKIM-Signature:(.*)", head, re.MULTILINE)
    return [dict(re.sub(r"\s+", "", tag).split("=", 1) for tag in one.split(";")) for one in found]


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: str(file.stem))
def test_every_mail_holds_as_it_arrives_with_both_keys(file: Path) -> None:
    assert holds(arrived(b"".join(wire_form(seal().signed(file.read_bytes())))), seal()) == [True, True]


def test_a_mail_to_an_address_beyond_ascii_holds() -> None:
    mail = DIGEST.replace(b"To: reader@", "To: jörg@".encode())
    assert holds(arrived(b"".join(wire_form(seal().signed(mail)))), seal()) == [True, True]


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: str(file.stem))
def test_a_signature_covers_all_that_one_click_unsubscribing_needs(file: Path) -> None:
    mail = file.read_bytes()
    rsa, ed25519 = signatures(seal().signed(mail))
    assert (rsa["a"], rsa["s"], ed25519["a"], ed25519["s"]) == ("rsa-sha256", "r1", "ed25519-sha256", "e1")
    for tags in (rsa, ed25519):
        names = tags["h"].split(":")
        assert (tags["v"], tags["c"], tags["d"], tags["t"]) == ("1", "relaxed/relaxed", DOMAIN, "1795154400")
        assert [names.count(name) for name in ("from", "to", "subject")] == [2, 2, 2]
        for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "Date", "Message-ID", "Content-Type"):
            assert names.count(name.lower()) == 2 * (f"\r\n{name}:".encode() in mail), name
        assert {"l", "x"}.isdisjoint(tags)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: Re: "),
        (b"To: ", b"To: mallory@example.net\r\nTo: "),
        (b"From: ", b"From: mallory@example.net\r\nFrom: "),
        (b"Subject: ", b"Subject: More!\r\nSubject: "),
        (b"List-Unsubscribe: ", b"List-Unsubscribe: <https://example.net/>\r\nList-Unsubscribe: "),
        (b"Date: Fri", b"Date: Thu"),
        (b"dense", b"tense"),
        (b"papers match", b"papers  match\r\nmore"),
    ],
)
def test_a_mail_changed_on_the_way_holds_no_longer(old: bytes, new: bytes) -> None:
    mail = seal().signed(DIGEST)
    assert holds(mail.replace(old, new, 1), seal()) == [False, False]


def test_what_relays_may_do_to_a_mail_harms_no_signature() -> None:
    mail = seal().signed(DIGEST)
    moved = mail.replace(b"To: reader", b"to:   reader", 1).replace(b"papers match", b"papers \t match", 1)
    received = b"Received: from here by there;\r\n Fri, 20 Nov 2026 06:00:01 +0000\r\n" + moved + b"\r\n\r\n"
    assert holds(received, seal()) == [True, True]


def test_the_same_mail_signed_again_has_the_same_bytes() -> None:
    # Both kinds of signature are functions of what is signed, and the time is the mail's own.
    assert seal().signed(DIGEST) == seal().signed(DIGEST)


def test_no_line_of_a_signature_is_long_or_bare() -> None:
    head = seal().signed(DIGEST).removesuffix(DIGEST)
    assert head.endswith(b"\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 100
    assert head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r")


def test_lines_that_begin_with_a_dot_and_bare_line_ends_hold_as_they_arrive() -> None:
    mail = DIGEST.partition(b"\r\n\r\n")[0] + b"\r\n\r\n.\r\n..dots\nbare \t\rends.  \r\n\r\n"
    assert holds(arrived(b"".join(wire_form(seal().signed(mail)))), seal()) == [True, True]


@pytest.mark.parametrize("mail", [b"", b"\r\n\r\nno headers", b"From: a@b.c\r\n\r\nno date", b"Date: soon\r\n\r\n"])
def test_what_has_no_date_is_not_signed(mail: bytes) -> None:
    with pytest.raises(RenderError, match="date"):
        seal().signed(mail)


BLANKS = st.text(st.sampled_from("ab. \t"), max_size=8)


@given(st.lists(BLANKS, max_size=8))
def test_a_body_is_read_as_dkimpy_reads_it(lines: list[str]) -> None:
    body = "".join(f"{line}\r\n" for line in lines).encode()
    assert relaxed(body) == Relaxed.canonicalize_body(body)


@given(st.dictionaries(st.sampled_from(["To", "Cc", "List-Id", "Reply-To"]), BLANKS), st.lists(BLANKS, max_size=5))
def test_any_blanks_in_headers_and_body_hold(headers: dict[str, str], lines: list[str]) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    mail = f"{head}From: a@b.example\r\nDate: Fri, 20 Nov 2026 06:00:00 +0000\r\n\r\n" + "\r\n".join(lines)
    one = Seal(DOMAIN, seal().keys[1:])
    assert holds(arrived(b"".join(wire_form(one.signed(mail.encode())))), one) == [True]
