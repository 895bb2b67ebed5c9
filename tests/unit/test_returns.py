"""What mails that came back say: real ones of many servers, and some of our own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.deliveries.returns import Verdict, read_return

TOKEN = "1f.abcdef-aaaabbbbccccdddd"
HEAD = f"From: MAILER-DAEMON@mx.example\r\nTo: <bounces+{TOKEN}@papers.example>\r\nMIME-Version: 1.0\r\n"
# What real reports are of no one verdict: some count a full mailbox of many recipients, or a filter, as unknown.
EITHER = {"filtered", "suspend"}


def report(fields: str, kind: str = "delivery-status") -> bytes:
    """A report with these fields and the head of the mail that came back."""
    about = "feedback-report" if kind == "feedback-report" else "report; report-type=delivery-status"
    lines = f"{HEAD}Content-Type: multipart/{about if 'report;' in about else 'report'}; boundary=b\r\n\r\n"
    lines += f"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n"
    lines += "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <0123456789abcdef01234567@papers.example>\r\n"
    return f"{lines}\r\n--b--\r\n".encode()


def recipient(action: str, status: str, said: str = "") -> bytes:
    spoken = f"Diagnostic-Code: smtp; {said}\r\n" if said else ""
    to = "Final-Recipient: rfc822; ada@uni.example"
    return report(f"Reporting-MTA: dns; mx.example\r\n\r\n{to}\r\nAction: {action}\r\nStatus: {status}\r\n{spoken}")


@pytest.mark.parametrize(
    "mail",
    [
        f"{HEAD}\r\n{'-' * 200_000}\r\n".encode(),
        f"{HEAD}\r\n{'-- ' * 60_000}\r\n".encode(),
        recipient("failed", "5.0.0", "550 " + "user <" * 40_000),
        recipient("failed", "5.0.0", "550 " + "no such " * 40_000),
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(6000)),
        b"Content-Type: message/rfc822\n\n" * 8000,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(300))
        + b"\n" * 230_000,
    ],
    ids=[
        "dashes",
        "broken dashes",
        "open brackets",
        "half a sentence",
        "nested",
        "mails in mails",
        "nested around many lines",
    ],
)
def test_a_mail_made_to_be_slow_is_read_like_any_other(mail: bytes) -> None:
    begun = time.process_time()
    assert read_return(mail).verdict in (Verdict.SOFT, Verdict.OTHER)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("mail", "verdict"),
    [
        (recipient("failed", "5.1.1", "550 5.1.1 No such user here"), Verdict.HARD),
        (recipient("failed", "5.1.1"), Verdict.HARD),
        (recipient("failed", "5.1.2", "550 5.1.2 Host unknown"), Verdict.HARD),
        (recipient("failed", "5.0.0", "550 <ada@uni.example>: User unknown"), Verdict.HARD),
        (recipient("failed", "5.2.2", "552 5.2.2 Mailbox full"), Verdict.SOFT),
        (recipient("failed", "5.7.1", "550 5.7.1 Message rejected as spam"), Verdict.SOFT),
        (recipient("failed", "5.1.1", "550 5.1.1 Blocked by our policy, see RBL"), Verdict.SOFT),
        (recipient("failed", "4.4.7", "delivery time expired"), Verdict.SOFT),
        (recipient("delayed", "4.4.1"), Verdict.SOFT),
        (recipient("delivered", "2.0.0"), Verdict.OTHER),
        (report("Feedback-Type: abuse\r\nVersion: 1\r\n", "feedback-report"), Verdict.COMPLAINT),
        (report("Feedback-Type: auth-failure\r\nVersion: 1\r\n", "feedback-report"), Verdict.OTHER),
        (report("Feedback-Type: not-spam\r\nVersion: 1\r\n", "feedback-report"), Verdict.OTHER),
        (
            f"{HEAD}\r\nHi. This is the qmail-send program.\r\nSorry, no mailbox here by that name.\r\n".encode(),
            Verdict.HARD,
        ),
        (HEAD.replace("MAILER-DAEMON", "ada").encode() + b"\r\nNo such user? I am on holiday.\r\n", Verdict.OTHER),
        (b"", Verdict.OTHER),
    ],
)
def test_a_returned_mail_is_judged(mail: bytes, verdict: Verdict) -> None:
    assert read_return(mail).verdict is verdict


def test_a_returned_mail_names_the_one_that_was_sent() -> None:
    found = read_return(recipient("failed", "5.1.1"))
    assert found.tokens == (TOKEN,)
    assert found.message_ids == ("0123456789abcdef01234567",)
    assert found.status == "5.1.1"


def test_capitals_and_quoted_printable_do_not_hide_the_name() -> None:
    assert read_return(f"Return-Path: <BOUNCES+{TOKEN.upper()}@X.EXAMPLE>\r\n\r\n".encode()).tokens == (TOKEN,)
    assert read_return(f"\r\n\r\nTo: bounces+{TOKEN}=40papers.example\r\n".encode()).tokens == (TOKEN,)


def test_real_returned_mails_are_judged_as_others_judge_them(shared: Path, figure: Callable[[str], None]) -> None:
    folder = shared / "corpus" / "bounce"
    expected = json.loads((folder / "sisimai-expected.json").read_text())
    files = {file.stem: file for file in folder.rglob("*.eml")}
    wrong: dict[str, list[str]] = {"missed": [], "false": [], "complaints": []}
    count = dict.fromkeys(wrong, 0)
    for name, told in expected.items():
        found = read_return(files[name].read_bytes()).verdict
        gone = {row[3] == "1" for row in told}
        if all(row[2] == "feedback" and row[4] == "abuse" for row in told):
            count["complaints"] += 1
            wrong["complaints"] += [name] * (found is not Verdict.COMPLAINT)
        elif gone == {True}:
            count["missed"] += 1
            wrong["missed"] += [name] * (found is not Verdict.HARD)
        elif gone == {False} and not {row[2] for row in told} & EITHER:
            count["false"] += 1
            wrong["false"] += [name] * (found in (Verdict.HARD, Verdict.COMPLAINT))
    figure(f"returned mails: { ({name: (len(wrong[name]), count[name]) for name in count}) } wrong of each")
    assert len(wrong["missed"]) <= 0.12 * count["missed"], wrong["missed"]
    assert len(wrong["false"]) <= 0.05 * count["false"], wrong["false"]
    assert len(wrong["complaints"]) <= 2, wrong["complaints"]


@pytest.mark.parametrize("folder", ["bounce", "mime"])
def test_no_real_mail_makes_reading_fail(shared: Path, folder: str) -> None:
    files = [file for file in (shared / "corpus" / folder).rglob("*") if file.is_file()]
    assert len([read_return(file.read_bytes()) for file in files]) > 100


@given(st.lists(st.sampled_from([*report("Feedback-Type: abuse").split(b"\r\n"), b"\xff", b"=?x?q?=", b"--b"])))
def test_no_bytes_make_reading_fail(lines: list[bytes]) -> None:
    assert read_return(b"\r\n".join(lines)).verdict in Verdict
