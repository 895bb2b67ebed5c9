"""A mail's bytes on the wire, and back."""

from __future__ import annotations

import quopri
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.deliveries.envelope import wire_form
from service.messages.mime import quoted_printable


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
    wire = b"".join(wire_form(body))
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", wire)
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", body)
    assert received(wire) == (lines if lines.endswith(b"\r\n") else lines + b"\r\n")


@pytest.mark.parametrize("body", [b"plain\r\n", b"..two\r\n\r\n.\r\n", b"a" * 9_999 + b"\r\n.b\r\n"])
def test_a_mail_grows_by_its_leading_dots_and_the_final_one_only(body: bytes) -> None:
    dots = sum(line.startswith(b".") for line in body.split(b"\r\n"))
    assert sum(map(len, wire_form(body))) == len(body) + dots + len(b".\r\n")


@given(st.text(st.sampled_from(".. \n=\raé\u2028") | st.characters()))
@example(".\n..\n" + "." * 200)
@example("a" * 75 + "." + "b" * 75 + "...")
def test_what_was_encoded_is_written_as_it_is(text: str) -> None:
    lines = quoted_printable(text)
    assert wire_form(lines) == wire_form(lines, as_is=True)
    assert max(map(len, lines.split(b"\r\n"))) <= 76
    assert quopri.decodestring(lines) == "".join(f"{line}\r\n" for line in text.splitlines() or [""]).encode(
        errors="replace"
    )
