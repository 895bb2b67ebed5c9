"""A mail's bytes on the wire, and back."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.deliveries.envelope import wire_form


def received(wire: bytes) -> bytes:
    """What a server makes of it (RFC 5321, section 4.5.2): it reads lines, and only CRLF ends one."""
    lines = wire.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""]
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@given(st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"a", b"text", b" "])).map(b"".join))
@example(b"")
@example(b".")
@example(b".\r\n.")
@example(b"a\n.\nb\r.\r")
def test_a_server_reads_the_lines_of_the_body_and_never_its_end_too_soon(body: bytes) -> None:
    wire = wire_form(body)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", wire)
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", body)
    assert received(wire) == (lines if lines.endswith(b"\r\n") else lines + b"\r\n")


@pytest.mark.parametrize("body", [b"plain\r\n", b"..two\r\n\r\n.\r\n", b"a" * 9_999 + b"\r\n.b\r\n"])
def test_a_mail_grows_by_its_leading_dots_and_the_final_one_only(body: bytes) -> None:
    dots = sum(line.startswith(b".") for line in body.split(b"\r\n"))
    assert len(wire_form(body)) == len(body) + dots + len(b".\r\n")
