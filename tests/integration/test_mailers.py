"""Both mailers keep the same promises; the one over SMTP keeps them with real servers, good and bad."""

from __future__ import annotations

import pickle
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from service.deliveries.maildir import MaildirMailer
from service.deliveries.smtp import SmtpMailer
from service.errors import (
    AddressRefused,
    DeliveryError,
    MessageRefused,
    PolicyRefused,
    RecipientBarred,
    RelayUnavailable,
    SettingsError,
    TemporaryRefusal,
)
from service.model import Mailer, Message
from tests import servers
from tests.origins import raw
from tests.relays import DROP, HANG, relay

READER = "reader@example.org"


def mail(number: int = 1, text: str = "Hello.", recipient: str = READER) -> Message:
    head = f"Message-ID: <{number}@paperround.test>\r\nSubject: Number {number}\r\nTo: {READER}\r\n"
    return Message("digest@paperround.test", recipient, f"{head}\r\n{text}\r\n".encode())


def failure(mailer: Mailer, message: Message | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        mailer.send(message or mail())
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert (str(again), again.code, again.in_doubt) == (str(caught.value), caught.value.code, caught.value.in_doubt)
    assert READER not in str(again)
    return caught.value


@dataclass
class Neighbour:
    """A mailer and what has arrived on its other side."""

    mailer: Mailer
    arrived: Callable[[], list[bytes]]


@pytest.fixture(params=["smtp", "maildir"])
def neighbour(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Neighbour]:
    if request.param == "maildir":
        folder = tmp_path / "mailbox"
        yield Neighbour(MaildirMailer(folder), lambda: sorted(file.read_bytes() for file in folder.glob("new/*.eml")))
        return
    with servers.smtp() as sink:
        mailer = SmtpMailer(sink.url)
        yield Neighbour(mailer, lambda: sorted(message.body for message in sink.messages))
        mailer.close()


def test_a_message_arrives_byte_for_byte(neighbour: Neighbour) -> None:
    message = mail(text="Poincaré\r\n.\r\n..dots\r\n.leading\r\n\r\nend")
    neighbour.mailer.send(message)
    assert neighbour.arrived() == [message.body]


def test_many_messages_arrive_once_each(neighbour: Neighbour) -> None:
    messages = [mail(number) for number in range(50)]
    for message in messages:
        neighbour.mailer.send(message)
    assert neighbour.arrived() == sorted(message.body for message in messages)


def test_closing_twice_or_before_anything_is_sent_is_no_error(neighbour: Neighbour) -> None:
    neighbour.mailer.close()
    neighbour.mailer.send(mail(1))
    neighbour.mailer.close()
    neighbour.mailer.close()


def test_a_closed_mailer_opens_again_for_the_next_message(neighbour: Neighbour) -> None:
    neighbour.mailer.send(mail(1))
    neighbour.mailer.close()
    neighbour.mailer.send(mail(2))
    assert len(neighbour.arrived()) == 2


def test_a_message_without_a_message_id_arrives_too(neighbour: Neighbour) -> None:
    neighbour.mailer.send(Message("a@example.org", READER, b"Subject: bare\r\n\r\nbody\r\n"))
    assert neighbour.arrived() == [b"Subject: bare\r\n\r\nbody\r\n"]


def test_a_message_that_no_socket_takes_at_once_arrives_whole(neighbour: Neighbour) -> None:
    lines = (f"{number:08}{'.' * 900}" for number in range(12_000))
    message = mail(text="\r\n".join(lines))
    neighbour.mailer.send(message)
    assert neighbour.arrived() == [message.body]


def test_one_connection_carries_many_messages() -> None:
    with servers.smtp() as sink:
        mailer = SmtpMailer(sink.url)
        for number in range(20):
            mailer.send(mail(number))
        mailer.close()
        assert (sink.connections, len(sink.messages)) == (1, 20)
        assert (sink.messages[0].sender, sink.messages[0].recipients) == ("digest@paperround.test", (READER,))


# TLS and AUTH against a real server with a certificate of its own authority.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def sent(url: str) -> None:
    mailer = SmtpMailer(url, timeout=5.0)
    mailer.send(mail(1))
    mailer.send(mail(2))
    mailer.close()


@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls", "smtps"])
def test_each_scheme_speaks_tls_to_a_server_it_trusts(scheme: str, tls: ssl.SSLContext, ca: Path) -> None:
    with servers.smtp(tls=tls, implicit=scheme == "smtps", account=("me", "p@ss:/word")) as sink:
        sent(f"{scheme}://me:p%40ss%3A%2Fword@127.0.0.1:{sink.port}?ca={ca}")
    assert [(message.tls, message.account) for message in sink.messages] == [(True, "me")] * 2
    assert sink.connections == 1


@pytest.mark.parametrize("url", ["smtp://me:x@127.0.0.1:{}", "smtp+starttls://127.0.0.1:{}", "smtps://127.0.0.1:{}"])
def test_a_certificate_nobody_vouches_for_stops_the_mail(url: str, tls: ssl.SSLContext) -> None:
    with servers.smtp(tls=tls, implicit=url.startswith("smtps")) as sink:
        error = failure(SmtpMailer(url.format(sink.port)))
        assert isinstance(error, RelayUnavailable)
        assert "certificate that does not hold" in str(error)
        assert sink.messages == []


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_certificate_for_another_name_stops_the_mail(scheme: str, authority: trustme.CA, ca: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(context)
    with servers.smtp(tls=context, implicit=scheme == "smtps") as sink:
        error = failure(SmtpMailer(f"{scheme}://127.0.0.1:{sink.port}?ca={ca}"))
        assert "certificate that does not hold" in str(error)
        assert sink.messages == []


@pytest.mark.parametrize(
    "url", ["smtp://127.0.0.1:{}", "smtps://127.0.0.1:{}?verify=no", "smtp+starttls://127.0.0.1:{}?verify=no"]
)
def test_an_unknown_certificate_is_taken_where_nothing_was_promised(url: str, tls: ssl.SSLContext) -> None:
    with servers.smtp(tls=tls, implicit=url.startswith("smtps")) as sink:
        sent(url.format(sink.port))
        assert [message.tls for message in sink.messages] == [True, True]


def test_demanded_tls_is_never_given_up() -> None:
    with servers.smtp() as sink:
        error = failure(SmtpMailer(f"smtp+starttls://127.0.0.1:{sink.port}"))
    assert isinstance(error, RelayUnavailable)
    assert "offers no TLS" in str(error)
    assert sink.messages == []


def test_a_server_that_takes_starttls_back_is_used_in_the_clear_only_where_tls_was_not_demanded() -> None:
    script = {"EHLO": "250-relay.test\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 not now"}
    with relay(script) as server:
        SmtpMailer(server.url).send(mail())
        error = failure(SmtpMailer(f"smtp+starttls://127.0.0.1:{server.port}"))
    assert len(server.bodies) == 1
    assert "offers no TLS" in str(error)


def test_plain_smtp_where_tls_was_expected_is_said() -> None:
    with servers.smtp() as sink:
        error = failure(SmtpMailer(f"smtps://127.0.0.1:{sink.port}", timeout=5))
    assert isinstance(error, RelayUnavailable)
    assert "could not agree on TLS" in str(error)


def test_a_wrong_password_is_our_fault_not_the_readers(tls: ssl.SSLContext, ca: Path) -> None:
    with servers.smtp(tls=tls, account=("me", "right")) as sink:
        error = failure(SmtpMailer(f"smtp://me:wr%C3%B6ng@127.0.0.1:{sink.port}?ca={ca}"))
        assert isinstance(error, PolicyRefused)
        assert error.code == 535
        assert "wr" not in str(error).split("password")[-1]
        assert sink.messages == []


def test_a_password_beyond_ascii_logs_in(tls: ssl.SSLContext, ca: Path) -> None:
    with servers.smtp(tls=tls, account=("mé", "pässwörd")) as sink:
        sent(f"smtp://m%C3%A9:p%C3%A4ssw%C3%B6rd@127.0.0.1:{sink.port}?ca={ca}")
    assert [message.account for message in sink.messages] == ["mé", "mé"]


def test_a_password_goes_unencrypted_to_this_machine_only_or_where_the_url_says_so() -> None:
    script = {"EHLO": "250-relay.test\r\n250 AUTH PLAIN LOGIN", "AUTH": "235 2.7.0 welcome"}
    with relay(script) as server:
        SmtpMailer(f"smtp://me:secret@127.0.0.1:{server.port}").send(mail())
        # 127.0.0.2 stands for another machine: only the usual names of this one are taken for it.
        elsewhere = SmtpMailer(f"smtp://me:secret@127.1:{server.port}")
        error = failure(elsewhere)
        SmtpMailer(f"smtp://me:secret@127.1:{server.port}?cleartext=yes").send(mail())
    assert "not sent in the clear" in str(error)
    assert len(server.bodies) == 2
    assert server.verbs().count("AUTH") == 2


def test_a_server_without_auth_is_our_fault() -> None:
    with relay() as server:
        assert isinstance(failure(SmtpMailer(f"smtp://me:secret@127.0.0.1:{server.port}")), PolicyRefused)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://mail.example", "must begin with"),
        ("mail.example:25", "must begin with"),
        ("smtp://", "names no host"),
        ("smtp://me:pass/word@mail.example:25", "%2F"),
        ("smtp://me:pass#word@mail.example", "%23"),
        ("smtp://mail.example:port", "cannot be read"),
        ("smtp://mail.example:99999", "cannot be read"),
        ("smtp://mail.example?verfy=no", "verfy"),
        ("smtp://mail.example?verify=perhaps", "yes or no"),
        ("smtps://mail.example?ca=/nowhere.pem", "does not exist"),
        ("smtp://mail.example?helo=a%0D%0AMAIL", "helo"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_before_any_mail(url: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        SmtpMailer(url)
    assert words in str(caught.value)
    assert "pass/word" not in str(caught.value)
    assert "pass#word" not in str(caught.value)


def test_a_file_that_holds_no_authority_is_refused_before_any_mail(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(SettingsError, match="cannot be used"):
        SmtpMailer(f"smtps://mail.example?ca={tmp_path / 'ca.pem'}")


# What a reply means.

REFUSALS: list[tuple[str, str, type[DeliveryError]]] = [
    ("GREETING", "421 4.3.2 busy", RelayUnavailable),
    ("GREETING", "450 come back", RelayUnavailable),
    ("GREETING", "554 5.7.1 you are listed", PolicyRefused),
    ("GREETING", "554 no SMTP service here", PolicyRefused),
    ("EHLO", "421 4.3.2 busy", RelayUnavailable),
    ("MAIL", "421 4.7.0 too many messages", RelayUnavailable),
    ("MAIL", "451 4.3.0 try again", TemporaryRefusal),
    ("MAIL", "452 4.3.1 disk full", TemporaryRefusal),
    ("MAIL", "530 5.7.0 authentication required", PolicyRefused),
    ("MAIL", "550 5.1.8 bad sender", PolicyRefused),
    ("MAIL", "553 not your address", PolicyRefused),
    ("RCPT", "421 4.3.2 shutting down", RelayUnavailable),
    ("RCPT", "450 4.2.0 greylisted", TemporaryRefusal),
    ("RCPT", "451 4.7.1 later", TemporaryRefusal),
    ("RCPT", "452 4.2.2 mailbox full", TemporaryRefusal),
    ("RCPT", "550 5.1.1 <reader@example.org>: no such user", AddressRefused),
    ("RCPT", "550 no such user READER@example.org", AddressRefused),
    ("RCPT", "550-5.1.1 The email account that you tried\r\n550 5.1.1 to reach does not exist", AddressRefused),
    ("RCPT", "551 user not local", AddressRefused),
    ("RCPT", "553 5.1.3 bad address", AddressRefused),
    ("RCPT", "501 5.1.3 bad address syntax", AddressRefused),
    ("RCPT", "550 5.2.1 mailbox disabled", AddressRefused),
    ("RCPT", "552 5.2.2 mailbox full", AddressRefused),
    ("RCPT", "550 5.4.4 no route to that domain", AddressRefused),
    ("RCPT", "556 5.1.10 null MX", AddressRefused),
    ("RCPT", "552 too many recipients", TemporaryRefusal),
    ("RCPT", "550 5.7.1 relaying denied", RecipientBarred),
    ("RCPT", "554 5.7.1 blocked", RecipientBarred),
    ("RCPT", "550 relaying denied", RecipientBarred),
    ("RCPT", "554 Relay access denied", RecipientBarred),
    ("RCPT", "550 IP blocked by blocklist", RecipientBarred),
    ("RCPT", "503 5.5.1 bad sequence", PolicyRefused),
    ("RCPT", "555 parameters", PolicyRefused),
    ("RCPT", "530 authentication required", PolicyRefused),
    ("DATA", "421 4.3.2 shutting down", RelayUnavailable),
    ("DATA", "451 4.3.0 try again", TemporaryRefusal),
    ("DATA", "554 5.5.1 no valid recipients", MessageRefused),
    ("DATA", "250 what?", RelayUnavailable),
    ("DOT", "421 4.3.2 shutting down", RelayUnavailable),
    ("DOT", "451 4.3.0 try again", TemporaryRefusal),
    ("DOT", "452 4.3.1 disk full", TemporaryRefusal),
    ("DOT", "550 5.6.0 content rejected", MessageRefused),
    ("DOT", "552 5.3.4 too big", MessageRefused),
    ("DOT", "552 5.2.3 too long for that mailbox", MessageRefused),
    ("DOT", "554 transaction failed", MessageRefused),
    ("DOT", "554 5.7.1 looks like spam", PolicyRefused),
    ("DOT", "550 5.1.1 no such user after all", AddressRefused),
]


@pytest.mark.parametrize(("step", "reply", "kind"), REFUSALS)
def test_each_refusal_finds_its_place_in_the_error_tree(step: str, reply: str, kind: type[DeliveryError]) -> None:
    script: dict[str, str | list[str]] = {step: reply}
    with relay(script) as server:
        error = failure(SmtpMailer(server.url, timeout=5))
    assert type(error) is kind, str(error)
    assert error.code == int(reply[:3])
    assert not error.in_doubt
    assert str(server.port) in str(error)
    assert reply[4:12].split(" ")[0] in ("", error.enhanced) or error.enhanced in ("", reply.split()[0][4:])


@pytest.mark.parametrize("sign", ["\r", "\v", "\f", "\x1c", "\x85", "\u2028"])
def test_a_reply_ends_with_its_line_whatever_signs_stand_in_it(sign: str) -> None:
    with relay(
        {"RCPT": ["250 2.1.5 ok", f"550 5.1.1 no{sign}such user"], "DOT": f"250 2.0.0 ok{sign}queued"}
    ) as server:
        mailer = SmtpMailer(server.url, timeout=5)
        mailer.send(mail(1))
        assert isinstance(failure(mailer), AddressRefused)
        mailer.close()
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        (step, reply)
        for step, reply, kind in REFUSALS
        if step in ("MAIL", "RCPT", "DATA", "DOT") and kind is not RelayUnavailable
    ],
)
def test_a_refused_message_never_harms_the_next_one(step: str, reply: str) -> None:
    usual = {"DATA": "354 go ahead"}.get(step, "250 2.0.0 ok")
    with relay({step: [reply, usual]}) as server:
        mailer = SmtpMailer(server.url, timeout=5)
        failure(mailer)
        mailer.send(mail(2))
        assert server.connections == 1
        assert server.verbs().count("RSET") == 1
        assert b"Number 2" in server.bodies[-1]


@pytest.mark.parametrize("answer", ["421 4.3.2 no", DROP, "500 5.5.1 what"])
def test_a_connection_that_cannot_be_reset_is_replaced(answer: str) -> None:
    with relay({"RCPT": ["550 5.1.1 no such user", "250 ok"], "RSET": answer}) as server:
        mailer = SmtpMailer(server.url, timeout=5)
        assert isinstance(failure(mailer), AddressRefused)
        mailer.send(mail(2))
        assert (server.connections, len(server.bodies)) == (2, 1)


def test_the_servers_words_are_kept_but_not_the_address_or_line_breaks() -> None:
    with relay({"RCPT": "550-5.1.1 <Reader@Example.org>\r\n550 5.1.1 \x1b[31munknown"}) as server:
        error = failure(SmtpMailer(server.url))
    assert str(error).endswith("refused the address: 550 5.1.1 <…> 5.1.1 [31munknown")
    assert error.enhanced == "5.1.1"


# Connections that go away.


@pytest.mark.parametrize("way", [DROP, "421 4.4.2 idle for too long"])
def test_a_connection_closed_while_idle_is_opened_again_unnoticed(way: str) -> None:
    with relay({"MAIL": ["250 ok", way, "250 ok"]}) as server:
        mailer = SmtpMailer(server.url, timeout=5)
        mailer.send(mail(1))
        mailer.send(mail(2))
        assert (server.connections, len(server.bodies)) == (2, 2)


def test_a_server_that_closes_after_each_message_still_gets_them_all() -> None:
    with relay({"MAIL": ["250 ok", DROP, "250 ok", "421 enough", "250 ok"]}) as server:
        mailer = SmtpMailer(server.url, timeout=5)
        for number in range(3):
            mailer.send(mail(number))
        assert (server.connections, len(server.bodies)) == (3, 3)


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_dot_is_not_in_doubt(step: str) -> None:
    with relay({step: DROP}) as server:
        error = failure(SmtpMailer(server.url, timeout=5))
    assert type(error) is RelayUnavailable
    assert not error.in_doubt
    assert "broke the connection off" in str(error)
    assert server.bodies == []


@pytest.mark.parametrize("answer", [DROP, "gibberish", "99", "999 what"])
def test_a_connection_lost_after_the_dot_is_in_doubt(answer: str) -> None:
    with relay({"DOT": answer}) as server:
        error = failure(SmtpMailer(server.url, timeout=5))
    assert type(error) is RelayUnavailable
    assert error.in_doubt
    assert "may go out" in str(error)
    assert len(server.bodies) == 1


def test_a_connection_lost_while_the_message_is_written_is_not_in_doubt() -> None:
    def hang_up(connection: socket.socket) -> None:
        file = connection.makefile("rb")
        for reply in (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            connection.sendall(reply)
            file.readline()

    with raw(hang_up) as server:
        error = failure(
            SmtpMailer(f"smtp://127.0.0.1:{server.port}", timeout=5), mail(text=("x" * 900 + "\r\n") * 8_000)
        )
    assert isinstance(error, RelayUnavailable)
    assert not error.in_doubt


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
def test_a_server_that_never_answers_is_left_at_the_deadline(step: str) -> None:
    with relay({step: HANG}) as server:
        began = time.monotonic()
        error = failure(SmtpMailer(server.url, timeout=0.2))
        assert 0.15 < time.monotonic() - began < 1.5
    assert type(error) is RelayUnavailable
    assert error.in_doubt is (step == "DOT")
    assert "did not finish within 0.2 s" in str(error)


def test_a_kept_connection_that_falls_silent_is_left_at_the_deadline() -> None:
    with relay({"MAIL": ["250 ok", HANG, "250 ok"]}) as server:
        mailer = SmtpMailer(server.url, timeout=0.3)
        mailer.send(mail(1))
        began = time.monotonic()
        assert isinstance(failure(mailer), RelayUnavailable)
        assert time.monotonic() - began < 1.5
        mailer.send(mail(2))
        assert len(server.bodies) == 2


def test_a_server_that_takes_a_byte_a_moment_is_cut_at_the_deadline() -> None:
    def sip(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for reply in (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            connection.sendall(reply)
            connection.recv(1000)
        while connection.recv(1):
            time.sleep(0.05)

    with raw(sip) as server:
        began = time.monotonic()
        mailer = SmtpMailer(f"smtp://127.0.0.1:{server.port}", timeout=0.4)
        error = failure(mailer, mail(text=("x" * 900 + "\r\n") * 8_000))
        assert time.monotonic() - began < 1.5
    assert "did not finish within 0.4 s" in str(error)


def test_a_server_that_drips_its_reply_is_cut_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220-x\r\n")
            time.sleep(0.05)

    with raw(drip) as server:
        began = time.monotonic()
        failure(SmtpMailer(f"smtp://127.0.0.1:{server.port}", timeout=0.3))
        assert time.monotonic() - began < 1.5


def test_leave_is_taken_after_the_last_answer() -> None:
    early: list[bytes] = []
    with raw(lambda connection: refuse_slowly(connection, early)) as server:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{server.port}", timeout=5)
        assert isinstance(failure(mailer), AddressRefused)
        mailer.close()
    assert early == [b"", b"QUIT\r\n"]


def refuse_slowly(connection: socket.socket, early: list[bytes]) -> None:
    """Answer RSET late, and note what has come before the answer and after it; PIPELINING is not offered."""
    file = connection.makefile("rb")
    for reply in (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"550 5.1.1 nobody\r\n"):
        connection.sendall(reply)
        file.readline()
    early.append(connection.recv(100) if select.select([connection], [], [], 0.2)[0] else b"")
    connection.sendall(b"250 ok\r\n")
    early.append(file.readline())


def test_closing_does_not_wait_for_a_server_that_says_nothing() -> None:
    with relay({"QUIT": HANG}) as server:
        mailer = SmtpMailer(server.url)
        mailer.send(mail())
        began = time.monotonic()
        mailer.close()
        assert time.monotonic() - began < 3


def test_a_mail_server_that_is_not_there_is_one_sentence() -> None:
    port = servers.free_port()
    error = failure(SmtpMailer(f"smtp://127.0.0.1:{port}"))
    assert str(error) == f"The mail server 127.0.0.1:{port} refused the connection: nothing listens there."
    assert error.transient


def test_a_mail_server_whose_name_cannot_be_is_one_sentence() -> None:
    error = failure(SmtpMailer("smtp://nowhere.invalid:25", timeout=10))
    assert isinstance(error, RelayUnavailable)


# Addresses.


def test_an_international_domain_is_written_in_ascii() -> None:
    with servers.smtp(utf8=False) as sink:
        SmtpMailer(sink.url).send(mail(recipient="reader@straße.example"))
        assert sink.wait(1)[0].recipients == ("reader@xn--strae-oqa.example",)


def test_an_international_address_needs_a_server_that_knows_them() -> None:
    with servers.smtp(utf8=True) as sink:
        SmtpMailer(sink.url).send(mail(recipient="用户@例子.example"))
        received = sink.wait(1)[0]
        assert received.recipients == ("用户@xn--fsqu00a.example",)
        assert "SMTPUTF8" in received.options
    with servers.smtp(utf8=False) as sink:
        mailer = SmtpMailer(sink.url)
        assert isinstance(failure(mailer, mail(recipient="用户@例子.example")), MessageRefused)
        mailer.send(mail(2))
        assert sink.connections == 1


def test_eight_bit_text_is_declared_where_the_server_knows_it() -> None:
    with servers.smtp() as sink:
        SmtpMailer(sink.url).send(mail(text="Poincaré"))
        assert "BODY=8BITMIME" in sink.wait(1)[0].options


@pytest.mark.parametrize(
    "address",
    ["a@b>\r\nRCPT TO:<c@d", "a b@example.org", "", "nobody", "a@b\x00", "<a@b>", "a@" + "x" * 70 + "ü.example"],
)
def test_an_address_that_could_end_its_command_never_reaches_the_server(address: str) -> None:
    with relay() as server:
        with pytest.raises(AddressRefused):
            SmtpMailer(server.url).send(mail(recipient=address))
        assert server.connections == 0


def test_no_lone_line_end_leaves_the_house() -> None:
    with relay() as server:
        SmtpMailer(server.url).send(mail(text="a\n.\nMAIL FROM:<evil@example.org>\r.\r\nend"))
        assert len(server.bodies) == 1
        body = server.bodies[0]
    assert b"\r\na\r\n..\r\nMAIL FROM:<evil@example.org>\r\n..\r\nend\r\n" in body
    assert body.count(b"\n") == body.count(b"\r\n") == body.count(b"\r")
