"""Every mail has its folder with three files, and every template can be read."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from service.model import DeliveryKind
from tests import mails

MAILS = sorted(kind.value for kind in DeliveryKind)
SHARED = {"mail", "view", "web"}


def test_every_kind_of_delivery_has_its_folder_and_no_other_folder_stands_there() -> None:
    assert {folder.name for folder in mails.TEMPLATES.iterdir() if folder.is_dir()} - SHARED == set(MAILS)


@pytest.mark.parametrize("name", MAILS)
def test_every_mail_is_three_files(name: str) -> None:
    assert {file.name for file in (mails.TEMPLATES / name).iterdir()} == {"subject.txt", "body.txt", "body.html"}


@pytest.mark.parametrize("name", MAILS)
def test_every_mail_renders(name: str) -> None:
    kind, renderer = DeliveryKind(name), mails.renderer()
    digest = kind is DeliveryKind.DIGEST
    mail = mails.read(
        renderer.digest(mails.digest(), mails.ENVELOPE)
        if digest
        else renderer.letter(kind, mails.ENVELOPE, mails.facts(kind))
    )
    assert mail.mail["Subject"]
    assert mail.flat_text
    assert mail.seen


@pytest.mark.parametrize("path", sorted((mails.TEMPLATES / "mail").iterdir()), ids=lambda path: path.name)
def test_no_mail_template_asks_the_network_for_anything(path: Path) -> None:
    source = path.read_text()
    jinja2.Environment().parse(source)
    assert not any(word in source for word in ("<img", "url(", "@import", "<link", "@font-face", " src="))
