"""`paperround preview`: every mail as files, for an invented reader and for a real one."""

from __future__ import annotations

import email
import email.policy
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import app, pictures
from service.cli.preview import SAMPLED
from service.model import DeliveryKind
from service.pipeline.drafts import MAILS
from tests.integration.stores import paper
from tests.integration.worlds import House, house

ADA = "ada@uni.example"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("PAPERROUND_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def home(here: Path) -> Iterator[House]:
    """A service whose clock has stood still for years, with one reader."""
    with house(here / "data") as home:
        home.join(ADA, "low-rank adaptation")
        home.arrive(paper("Low-Rank Adaptation of One Thing", url="https://papers.example/1"))
        yield home


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["preview", *arguments])


def test_every_kind_of_mail_can_be_looked_at() -> None:
    for kinds in (MAILS, SAMPLED):
        assert {name.split("-")[0] for name in kinds} == {kind.value for kind in DeliveryKind}


def test_an_invented_reader_shows_mails_and_leaves_no_trace(here: Path, full: bool) -> None:
    names = SAMPLED if full else ("digest", "goodbye", "fresh-erase")
    result = run(*names, "--no-pictures")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (here / "preview").iterdir()) == sorted(
        f"{name}.{ending}" for name in names for ending in ("eml", "html", "txt")
    )
    subjects = {}
    for path in (here / "preview").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.strict)
        subjects[path.stem] = str(mail["Subject"])
        assert path.with_suffix(".html").read_text("utf-8").startswith("<!doctype html>")
        assert str(mail["Subject"]) in path.with_suffix(".html").read_text("utf-8")
    assert not full or subjects["digest-weekly"].startswith("Week ")
    assert len(set(subjects.values())) == len(names)
    assert not (here / "data" / "paperround.sqlite3").exists()
    assert "late" not in (here / "preview" / "digest.txt").read_text("utf-8")


def test_a_subscriber_shows_what_would_come_next_and_nothing_is_stored(home: House, here: Path) -> None:
    before = (here / "data" / "paperround.sqlite3").read_bytes()
    with home.world.store.read() as unit:
        rows = unit.deliveries.of(1)
    result = run("digest", "manage", "--for", ADA, "--to", "seen", "--no-pictures")
    assert (here / "seen").stat().st_mode & 0o077 == 0, "the links in these mails work"
    assert result.exit_code == 0, result.output
    assert "manage.eml" in {path.name for path in (here / "seen").iterdir()}
    assert home.world.subscriptions.find(ADA) is not None
    with home.world.store.read() as unit:
        assert unit.deliveries.of(1) == rows
    assert (here / "data" / "paperround.sqlite3").read_bytes() == before


def test_a_draft_is_the_digest_that_comes(home: House) -> None:
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    draft = home.world.pipeline.drafts.mail("digest", reader, home.clock())
    assert draft is not None
    home.morning()
    assert "One Thing" in home.digests(ADA)[0]
    assert b"One Thing" in draft.body
    again = home.world.pipeline.drafts.mail("digest", reader, home.clock())
    assert again is not None, "where nothing new matches, the last one is shown"
    assert b"One Thing" in again.body


def test_a_name_or_an_address_that_is_not_known_is_said(here: Path) -> None:
    assert run("digests").exit_code == 2
    assert run("digest-weekly", "--for", ADA).exit_code == 2
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    assert run("digest", "--for", ADA).exit_code == 2
    assert not (here / "preview").exists()


def test_pictures_are_as_wide_as_their_names_say(here: Path) -> None:
    if not pictures.chromium():
        pytest.skip("no Chromium on this machine; its package is called chromium on Debian")
    assert run("goodbye").exit_code == 0
    drawn = {}
    for path in (here / "preview").glob("*.png"):
        kind, width, height = path.read_bytes()[:8], *struct.unpack(">II", path.read_bytes()[16:24])
        assert kind == b"\x89PNG\r\n\x1a\n"
        drawn[path.stem] = (width, height)
    assert {name: width for name, (width, _) in drawn.items()} == {
        f"goodbye-{scheme}-{width}": width for scheme in pictures.SCHEMES for width in pictures.WIDTHS
    }
    assert all(100 < height < 600 for _, height in drawn.values())
    assert (here / "preview" / "goodbye-light-600.png").read_bytes() != (
        here / "preview" / "goodbye-dark-600.png"
    ).read_bytes()


def test_a_machine_without_chromium_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(here))
    result = run("test")
    assert result.exit_code == 0
    assert "Chromium is not on this machine" in result.output


def test_a_browser_that_ends_is_said_and_the_mails_stay(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "bin").mkdir()
    program = here / "bin" / "chromium"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{here / 'bin'}:/usr/bin:/bin")
    result = run("test")
    assert result.exit_code == 1
    assert "Chromium has ended" in result.output
    assert (here / "preview" / "test.eml").is_file()
