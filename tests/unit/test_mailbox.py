"""The mailbox folder: whole files with lasting names, read back however odd they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.deliveries.maildir import MaildirMailer, letter, letters, links_of
from service.errors import RelayUnavailable
from service.model import Message


def mail(number: object = 1, body: str = "Hello.") -> Message:
    head = f"Message-ID: <{number}@paperround.test>\r\nSubject: Number {number}\r\nFrom: a@example.org\r\n"
    return Message("a@example.org", "b@example.org", f"{head}\r\n{body}\r\n".encode())


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def test_the_same_message_written_twice_is_one_file(tmp_path: Path) -> None:
    mailer = MaildirMailer(tmp_path / "mailbox")
    mailer.send(mail())
    mailer.send(mail())
    [name] = names(tmp_path)
    assert name.endswith(".eml")
    assert (tmp_path / "mailbox" / "new" / name).read_bytes() == mail().body


def test_messages_whose_ids_differ_only_in_signs_or_case_are_two_files(tmp_path: Path) -> None:
    mailer = MaildirMailer(tmp_path)
    for number in ("a/b", "a.b", "A.b", "../../a", "x" * 500, "x" * 501, "ü"):
        mailer.send(mail(number))
    assert len({name.lower() for name in names(tmp_path)}) == 7
    assert all(file.parent == tmp_path / "new" for file in tmp_path.rglob("*.eml"))


def test_a_message_that_a_mail_program_has_read_is_not_new_again(tmp_path: Path) -> None:
    mailer = MaildirMailer(tmp_path)
    mailer.send(mail())
    [file] = (tmp_path / "new").iterdir()
    file.rename(tmp_path / "cur" / f"{file.name}:2,S")
    mailer.send(mail())
    assert names(tmp_path) == [f"{file.name}:2,S"]
    assert [summary.subject for summary in letters(tmp_path)] == ["Number 1"]


def test_only_its_owner_may_look_into_the_mailbox(tmp_path: Path) -> None:
    MaildirMailer(tmp_path / "mailbox").send(mail())
    assert (tmp_path / "mailbox" / "new").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("part", ["", "new", "tmp"])
def test_a_mailbox_that_cannot_be_written_is_said_and_leaves_nothing_behind(tmp_path: Path, part: str) -> None:
    folder = tmp_path / "mailbox"
    if part:
        folder.mkdir()
    (folder / part).write_text("a file stands where a folder belongs")
    with pytest.raises(RelayUnavailable, match="cannot be written") as caught:
        MaildirMailer(folder).send(mail())
    assert caught.value.transient
    assert len(names(tmp_path)) == 1


def test_letters_come_newest_first_and_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert letters(tmp_path / "nowhere") == []
    assert letter(tmp_path / "nowhere", "a.eml") is None
    mailer = MaildirMailer(tmp_path)
    for number in range(5):
        mailer.send(mail(number))
        [file] = [file for file in (tmp_path / "new").iterdir() if file.name.startswith(f"{number}.")]
        os.utime(file, ns=(number * 10**9, number * 10**9))
    assert [summary.subject for summary in letters(tmp_path)] == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
    assert len(letters(tmp_path, limit=2)) == 2


def test_a_letter_shows_its_headers_both_parts_and_its_bytes(tmp_path: Path) -> None:
    raw = (
        b"From: =?utf-8?q?Paper_Round?= <digest@example.org>\r\nTo: j\xc3\xb6rg@example.org\r\n"
        b"Subject: =?utf-8?b?UG9pbmNhcsOp?= and\r\n more\r\nDate: Fri, 20 Nov 2026 07:00:00 +0100\r\n"
        b"Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"Poincar=C3=A9=\r\n's\r\n--x\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
        b"<p>Poincar\xe9</p>\r\n--x--\r\n"
    )
    MaildirMailer(tmp_path).send(Message("digest@example.org", "reader@example.org", raw))
    [summary] = letters(tmp_path)
    assert (summary.subject, summary.sender) == ("Poincaré and more", "Paper Round <digest@example.org>")
    assert summary.recipient == "jörg@example.org"
    assert summary.date is not None
    assert summary.date.isoformat() == "2026-11-20T06:00:00+00:00"
    whole = letter(tmp_path, summary.name)
    assert whole is not None
    assert (whole.text, whole.html, whole.raw) == ("Poincaré's", "<p>Poincaré</p>", raw)
    assert ("Message-ID", "<1@example.org>") in whole.headers
    assert whole.summary == summary


@pytest.mark.parametrize(
    "name",
    [
        "../secret.eml",
        "..%2fsecret.eml",
        "/etc/passwd",
        "new/a.eml",
        "",
        ".",
        "..",
        "a.eml\x00",
        "link.eml",
        "secret",
        "draft",
        "a" * 5000 + ".eml",
        "folder.eml",
        "\ud800.eml",
    ],
)
def test_no_name_leads_out_of_the_mailbox(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "mailbox"
    MaildirMailer(folder).send(mail())
    (tmp_path / "secret.eml").write_bytes(mail("secret").body)
    (folder / "tmp" / "draft").write_bytes(b"half")
    (folder / "new" / "folder.eml").mkdir()
    (folder / "new" / "link.eml").symlink_to(tmp_path / "secret.eml")
    assert letter(folder, name) is None
    assert len(letters(folder)) == 1


def test_odd_and_broken_mails_are_all_read(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    odd = [file for file in sorted((shared / "corpus" / "mime").rglob("*")) if file.is_file()]
    for number, file in enumerate(odd):
        shutil.copy(file, tmp_path / "new" / f"{number}.eml")
    found = letters(tmp_path)
    assert len(found) == len(odd) > 100
    for summary in found:
        whole = letter(tmp_path, summary.name)
        assert whole is not None
        "".join([whole.text, whole.html, summary.subject, *map("".join, whole.headers)]).encode()


HEADS = st.sampled_from(
    [
        b"Content-Type: ",
        b"Subject: ",
        b"Date: ",
        b"From: ",
        b"Content-Transfer-Encoding: ",
        b"\n",
        b"--x\n",
        b"=?utf-8?b?",
    ]
)
VALUES = st.sampled_from(
    [
        b"multipart/mixed; boundary=x",
        b"text/html; charset=nonsense",
        b"base64",
        b"x-uuencode",
        b"quoted-printable",
        b"?=",
        b"text/plain; charset*=''%ff",
        b"message/rfc822",
        b'text/plain; charset="\x00"',
        b"Mon, 99 Foo 99999999999999",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(HEADS, VALUES, st.binary(max_size=20), st.just(b"\n")), max_size=30))
def test_no_bytes_make_reading_fail(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    folder = tmp_path_factory.getbasetemp() / "odd"
    (folder / "new").mkdir(parents=True, exist_ok=True)
    (folder / "new" / "odd.eml").write_bytes(b"".join(pieces))
    [summary] = letters(folder)
    whole = letter(folder, "odd.eml")
    assert whole is not None
    assert whole.summary == summary
    (whole.text + whole.html + summary.subject).encode()


def test_a_mail_nested_without_end_is_read_in_time(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    (tmp_path / "new" / "deep.eml").write_bytes(deep + b"\ntext")
    (tmp_path / "new" / "within.eml").write_bytes(b"Content-Type: message/rfc822\n\n" * 3000 + b"text")
    assert len(letters(tmp_path)) == 2
    assert letter(tmp_path, "deep.eml") is not None
    assert letter(tmp_path, "within.eml") is not None


def test_the_links_of_a_letter_are_read_as_a_person_reads_them(tmp_path: Path) -> None:
    twice = "http://127.0.0.1/confirm/a.b-c_d"
    text = f"Confirm ({twice}), or write <https://example.org/x?y=1&z=2>.\r\n{twice}"
    MaildirMailer(tmp_path).send(mail(body=text))
    whole = letter(tmp_path, letters(tmp_path)[0].name)
    assert whole is not None
    assert links_of(whole) == (twice, "https://example.org/x?y=1&z=2")
