"""`paperround source`: what a person and a program are told of what is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.cli.output import world
from service.sources import kinds
from tests.integration.test_command_line import run
from tests.origins import Answer, Asked, Origin, origin
from tests.unit import pages

EMPTY, MOVED = pages.rss([]), "<html><body><p>We have moved into an app.</p></body></html>"


class Site:
    """A feed on loopback whose page a test may change."""

    def __init__(self) -> None:
        self.body = pages.rss(pages.PAPERS)
        self.robots = Answer(404)
        self.server = Origin()

    def answer(self, asked: Asked) -> Answer:
        return self.robots if asked.path == "/robots.txt" else Answer(200, self.body.encode())

    @property
    def url(self) -> str:
        return self.server.url("/feed")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    here = Site()
    with origin(here.answer) as here.server:
        monkeypatch.setenv("PAPERROUND_SOURCES", here.url)
        yield here


def test_a_checked_source_says_how_many_papers_it_holds(site: Site) -> None:
    assert run("source", "add", site.url)[0] == 0
    code, (row,), _ = run("source", "check", "--json")
    assert (code, row["state"], row["papers"], row["problem"]) == (0, "ok", len(pages.PAPERS), "")


def test_a_source_may_be_pasted_in_the_spelling_of_a_feed_reader(site: Site) -> None:
    pasted = site.url.replace("http://", "feed://")
    assert run("source", "add", pasted)[0] == 0
    assert run("source", "add", site.url.removeprefix("http://"))[0] == 0
    code, (row,), _ = run("source", "list", "--json")
    assert (code, row["url"]) == (0, site.url)
    assert run("source", "remove", pasted)[0] == 0


def test_a_source_that_failed_is_no_longer_listed_once_it_is_removed(site: Site) -> None:
    assert run("source", "add", site.url)[0] == 0
    site.body = MOVED
    assert run("collect")[0] == 1
    assert run("source", "remove", site.url)[0] == 0
    assert run("source", "list", "--json") == (0, [], "")


def test_a_file_by_its_path_and_by_its_address_is_one_source(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "tea & more.xml"
    file.write_text(site.body)
    assert run("source", "add", str(file))[0] == run("source", "add", file.as_uri())[0] == 0
    assert [row["url"] for row in run("source", "list", "--json")[1]] == [str(file)]


@pytest.mark.parametrize("text", ["ftp://papers.example/feed", "no such folder", ""])
def test_what_cannot_be_followed_is_refused_in_a_sentence(site: Site, text: str) -> None:
    code, _, said = run("source", "add", text)
    assert (code, text.split(":")[0] in said, "Traceback" in said) == (1, True, False)


def test_a_file_whose_name_is_no_text_is_refused_with_a_sentence(site: Site, tmp_path: Path) -> None:
    """No row could name it."""
    file = tmp_path / "caf\udce9.xml"
    file.write_text(pages.rss(pages.PAPERS))
    code, found, said = run("source", "add", str(file))
    assert (code, found) == (2, [])
    assert "its name is no text in UTF-8" in said


def test_a_folder_with_a_file_that_is_no_page_is_taken_without_it(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "saved pages"
    folder.mkdir()
    (folder / "notes.pdf").write_bytes(b"%PDF-1.7")
    assert run("source", "add", str(folder))[0] == 1
    (folder / "day.txt").write_text(pages.paragraphs(pages.PAPERS[:1]))
    shown = CliRunner().invoke(app, ["source", "add", str(folder)], env={"COLUMNS": "160"}).stdout
    assert "1 paper found" in shown
    assert "1 entry or file could not be read" in shown
    checked = next(row for row in run("source", "check", "--json")[1] if "saved pages" in row["url"])
    assert (checked["state"], checked["papers"], checked["skipped"], checked["problem"]) == ("ok", 1, 1, "")
    assert checked["concern"].startswith("not read: notes.pdf: this looks like a PDF file")
    monkeypatch.chdir(tmp_path)
    assert run("source", "remove", "saved pages")[0] == 0


@pytest.mark.parametrize("body", [EMPTY, MOVED])
def test_a_source_whose_papers_are_gone_fails_the_check(site: Site, body: str) -> None:
    run("source", "add", site.url)
    assert run("collect")[0] == 0
    site.body = body
    code, (row,), _ = run("source", "check", "--json")
    assert (code, row["state"]) == (1, "fails")
    assert row["problem"].startswith(f"the parser found nothing where {len(pages.PAPERS)} papers were expected")


def test_a_person_sees_the_state_of_a_source_in_colour(site: Site) -> None:
    run("source", "add", site.url)
    shown = CliRunner().invoke(app, ["source", "check"], env={"FORCE_COLOR": "1", "COLUMNS": "160"}, color=True).stdout
    assert "\x1b[32mok\x1b[0m" in shown
    site.body = MOVED
    shown = CliRunner().invoke(app, ["source", "check"], env={"FORCE_COLOR": "1", "COLUMNS": "160"}, color=True).stdout
    assert "\x1b[1;31mfails\x1b[0m" in shown


def test_the_catalogue_is_listed_by_code_name_and_subject(site: Site) -> None:
    code, found, _ = run("source", "catalogue", "--json", "machine learning")
    assert code == 0
    assert [(row["code"], row["subject"]) for row in found] == [
        ("cs.LG", "Computer Science"),
        ("stat.ML", "Statistics"),
    ]
    assert len(run("source", "catalogue", "--json")[1]) == 150


def test_a_backfill_says_which_days_were_known_and_refuses_what_has_no_past(site: Site) -> None:
    run("source", "add", site.url)
    code, _, said = run("backfill", site.url, "--from", "2025-10-01", "--to", "2025-10-02")
    assert (code, "keeps no past days" in said) == (2, True)
    with world() as here:
        source = here.operations.add_source("https://huggingface.co/papers", here.now())
        with here.store.write() as unit:
            for day in (1, 2):
                address = kinds.past(source.url, date(2025, 10, day))[0]
                unit.sources.read_page(source.id, address, ("", ""), 5, here.now())
    code, days, _ = run("backfill", source.url, "--from", "2025-10-01", "--to", "2025-10-02", "--json")
    assert code == 0
    assert [(each["day"], each["known"]) for each in days] == [("2025-10-01", True), ("2025-10-02", True)]
