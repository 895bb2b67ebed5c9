"""DKIM from the settings to the wire: every mail that leaves is signed, or it is said why not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from typer.testing import CliRunner

from service.bootstrap import mailer
from service.bootstrap import seal as built_seal
from service.cli import app
from service.errors import SettingsError
from service.links import Purpose
from service.messages import Renderer
from service.model import Schedule
from service.operations.doctor import Finding, examine, send_test
from service.settings import described, load
from tests import servers
from tests.integration.stores import paper
from tests.integration.worlds import DAY, house
from tests.relays import relay
from tests.signatures import DOMAIN, arrived, ed25519, holds, pem, rsa, seal

ADA = "ada@example.org"
BOTH = pem(rsa()) + "A comment between them\n" + pem(ed25519())
SECRETS = {"secret_keys": "k" * 40, "suppression_key": "s" * 40}
SIGNED = {"dkim_key": BOTH, "dkim_selector": "r1 e1", "mail_from": f"digest@{DOMAIN}", **SECRETS}


def test_every_mail_of_a_reader_arrives_signed(tmp_path: Path, smtp: servers.Sink) -> None:
    with house(tmp_path, smtp_url=smtp.url, service_name="Le Facteur d'Été", **SIGNED) as home:
        home.arrive(paper("Åsa's Kärnmetoder: Kernel Methods for μP", arxiv_id="2611.01001"))
        token = home.join(ADA, "kernel methods")
        home.morning()
        home.world.subscriptions.send_manage_link(ADA, home.clock())
        home.morning()
        home.world.subscriptions.leave(token, home.clock(), Purpose.MANAGE)
        home.morning()
        renderer = Renderer(home.world.templates, home.world.identity)
        assert send_test(ADA, renderer, mailer(home.world.settings), "example.org", home.clock()).well
    mails = [received.body for received in smtp.wait(4)]
    assert [holds(mail, seal()) for mail in mails] == [[True, True]] * len(mails)
    assert sum(b"List-Unsubscribe-Post" in mail for mail in mails) == 1
    assert all(b"From: =?utf-8?" in mail for mail in mails)
    assert any(re.search(rb"\nSubject: .*=\?utf-8\?", mail) for mail in mails)


def test_a_mail_sent_again_has_the_same_bytes(tmp_path: Path) -> None:
    pipelining: dict[str, str | list[str]] = {
        "EHLO": "250-relay.test\r\n250 PIPELINING",
        "DOT": ["451 4.3.0 later", "250 2.0.0 taken"],
    }
    with relay(pipelining) as server, house(tmp_path, smtp_url=server.url, **SIGNED) as home:
        home.world.subscriptions.subscribe(ADA, "kernel methods", Schedule(), home.clock())
        home.morning()
        home.clock.at += DAY
        home.morning()
    first, second = server.bodies
    assert first == second
    assert holds(arrived(first), seal()) == [True, True]


def test_the_local_mailbox_holds_signed_mails_too(tmp_path: Path) -> None:
    with house(tmp_path, **SIGNED) as home:
        home.join(ADA, "kernel methods")
        home.morning()
        letters = [home.world.operations.mail(each.name) for each in home.world.operations.mailbox()]
    assert letters
    assert all(letter and holds(letter.raw, seal()) == [True, True] for letter in letters)


def refusal(**variables: str) -> str:
    with pytest.raises(SettingsError) as error:
        load({f"PAPERROUND_{name.upper()}": text for name, text in variables.items()})
    assert not any(len(word) > 60 for word in str(error.value).split()), "a piece of a key is shown"
    return str(error.value)


def locked() -> str:
    return rsa().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")).decode()


def public() -> str:
    return rsa().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def elliptic() -> str:
    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/etc/dkim.pem", "a file is named in …_FILE"),
        (locked(), "locked with a password"),
        (public(), "holds a public key"),
        (elliptic(), "neither of RSA nor of Ed25519"),
        (pem(rsa()).replace("MII", "NII"), "damaged"),
        (BOTH, "2 keys, and PAPERROUND_DKIM_SELECTOR names 1"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_and_never_shown(text: str, said: str) -> None:
    sentence = refusal(dkim_key=text)
    assert re.match("PAPERROUND_DKIM_KEY: its? ", sentence)
    assert said in sentence


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"dkim_selector": "no good/", "dkim_key": pem(ed25519())}, "good/ is no selector"),
        ({"dkim_selector": "same same", "dkim_key": BOTH}, "a selector of its own"),
        ({"dkim_domain": "a..b", "dkim_key": pem(ed25519())}, "write a domain"),
        ({"dkim_selector": "paperround"}, "DKIM_KEY is not: no mail would be signed"),
        ({"dkim_key_file": "missing.pem"}, "cannot be read: missing.pem (No such file or directory)"),
    ],
)
def test_settings_of_dkim_that_do_not_fit_are_named(variables: dict[str, str], said: str) -> None:
    assert said in refusal(**variables)


def test_a_key_comes_from_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "dkim.pem"
    file.write_text(pem(ed25519()))
    settings = load({"PAPERROUND_DKIM_KEY_FILE": str(file), "PAPERROUND_DATA_DIR": str(tmp_path)})
    rows = {row.name: row for row in described(settings)}
    assert rows["PAPERROUND_DKIM_KEY"] == ("PAPERROUND_DKIM_KEY", "(hidden)", "file")
    signing = built_seal(settings)
    assert signing
    assert (signing.domain, signing.keys[0].selector) == ("localhost", "paperround")
    secret = pem(ed25519()).splitlines()[1]
    assert not any(secret in shown for shown in (repr(settings), str(settings), repr(signing), str(rows)))


def dkim_finding(folder: Path, **options: str) -> Finding:
    with house(folder, **options) as home:
        found = examine(home.world.store, home.world.settings, home.clock())
        return next(each for each in found if each.what == "dkim")


def test_the_doctor_says_whether_signatures_will_count(tmp_path: Path) -> None:
    well = dkim_finding(tmp_path, **SIGNED)
    assert well.well
    assert f"r1._domainkey.{DOMAIN} (rsa), e1._domainkey.{DOMAIN} (ed25519)" in well.seen
    assert dkim_finding(tmp_path, **SIGNED, dkim_domain="example.org").well
    other = dkim_finding(tmp_path, **SIGNED, dkim_domain="example.net")
    assert not other.well
    assert f"set PAPERROUND_DKIM_DOMAIN to {DOMAIN}" in other.mend
    assert not dkim_finding(tmp_path, dkim_key=pem(rsa(1024))).well


def test_the_records_are_shown_as_a_zone_file_and_as_json(tmp_path: Path) -> None:
    environ = {f"PAPERROUND_{name.upper()}": text for name, text in SIGNED.items()} | {
        "PAPERROUND_DATA_DIR": str(tmp_path)
    }
    shown = CliRunner().invoke(app, ["dkim"], env=environ)
    first, second = shown.output.splitlines()
    assert first.startswith(f'r1._domainkey.{DOMAIN}. IN TXT ( "v=DKIM1; k=rsa; p=')
    assert all(len(part) <= 255 for part in re.findall(r'"([^"]*)"', first))
    assert second.startswith(f'e1._domainkey.{DOMAIN}. IN TXT ( "v=DKIM1; k=ed25519; p=')
    rows = [json.loads(line) for line in CliRunner().invoke(app, ["dkim", "--json"], env=environ).output.splitlines()]
    assert [row["value"] for row in rows] == [key.record() for key in seal().keys]
    assert "".join(re.findall(r'"([^"]*)"', first)) == rows[0]["value"]
    unsigned = CliRunner().invoke(app, ["dkim"], env={"PAPERROUND_DATA_DIR": str(tmp_path)})
    assert (unsigned.exit_code, "DKIM_KEY_FILE" in unsigned.output) == (3, True)
