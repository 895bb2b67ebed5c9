"""The commands of an operator's first hours: what they say is what was done."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app, main
from tests.forked import on_a_terminal
from tests.integration.test_command_line import run

ADA = "ada@example.org"
FILE = "Title: Low-Rank Adaptation of Small Things\nPDF: https://arxiv.org/pdf/2501.00001\nSummary: We study it.\n"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PAPERROUND_SOURCES", "http://127.0.0.1:1/papers")
    return tmp_path


def told(*arguments: str) -> str:
    """What a person reads who runs a command and sends its output on."""
    return CliRunner().invoke(app, list(arguments)).stdout


def test_adding_somebody_again_does_not_say_that_a_mail_is_on_its_way() -> None:
    assert "A confirmation mail is on its way." in told("subscriber", "add", ADA, "-k", "lora")
    again = told("subscriber", "add", ADA, "-k", "orchids")
    assert "nothing is changed" in again
    assert "on its way" not in again
    assert run("subscriber", "add", "bob@example.org", "-k", "lora", "--confirmed")[0] == 0
    assert "They subscribe already" in told("subscriber", "add", "bob@example.org", "-k", "orchids")


def test_an_edition_that_has_not_begun_is_refused_and_nobody_waits_for_it() -> None:
    assert run("subscriber", "add", ADA, "-k", "lora", "--confirmed")[0] == 0
    (before,) = run("subscriber", "list", "--json")[1]
    ahead = f"{datetime.now(UTC) + timedelta(days=366):%Y-%m-%d}"
    code, _, said = run("send", "--day", ahead)
    assert (code, said) == (2, f"paperround: {ahead} has not begun anywhere; its edition is made when it comes\n")
    assert run("subscriber", "list", "--json")[1] == [before]
    assert run("send", "--day", f"{datetime.now(UTC):%Y-%m-%d}")[0] == 0


@pytest.mark.parametrize(
    "command", [["send", "--day", "nope"], ["demo", "--day", "nope"], ["backfill", "1", "--from", "nope", "--to", "x"]]
)
def test_what_is_no_day_is_refused_in_the_same_words_everywhere(command: list[str]) -> None:
    code, _, said = run(*command)
    assert (code, '"nope" is not a day; write it as YYYY-MM-DD' in said) == (2, True)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("command", [["send"], ["demo", "--once"]])
def test_a_day_that_no_paper_is_of_is_refused_before_anything_is_done(command: list[str], day: str) -> None:
    code, _, said = run(*command, "--day", day)
    assert (code, said) == (2, f"paperround: {day} is out of reach; days are those of 1900 to 2199\n")


def test_a_terminal_of_another_encoding_gets_question_marks_and_no_traceback(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = data / "Žižek.txt"
    file.write_text(FILE)
    assert run("source", "add", str(file))[0] == 0
    for arguments, expected in (
        (["source", "list"], "?i?ek.txt"),
        (["source", "list", "--json"], "\\u017di\\u017eek.txt"),
        (["doctor"], "\n- beat"),
    ):
        monkeypatch.setattr("sys.argv", ["paperround", *arguments])
        monkeypatch.setattr("sys.stdout", TextIOWrapper(shown := BytesIO(), "ascii", write_through=True))
        with pytest.raises(SystemExit):
            main()
        assert expected in shown.getvalue().decode()


def test_an_empty_keyword_does_not_match_everything(data: Path) -> None:
    file = data / "page.txt"
    file.write_text(FILE)
    code, papers, said = run("match", "-k", "", str(file))
    assert (code, papers, "the keyword is empty" in said) == (2, [], True)


def test_a_folder_that_cannot_be_written_to_is_named(data: Path) -> None:
    (data / "file").write_text("")
    code, _, said = run("preview", "confirm", "--no-pictures", "--to", str(data / "file"))
    assert (code, said) == (2, f"paperround: {data / 'file'} cannot be written to: File exists\n")


def test_the_doctor_names_a_source_that_fails() -> None:
    assert run("collect")[0] == 1
    found = {row["what"]: row for row in run("doctor", "--json")[1]}["sources"]
    assert (found["well"], found["mend"]) == (False, "paperround source check")
    assert "127.0.0.1 refused the connection" in found["seen"]


def test_what_goes_into_a_pipe_begins_with_its_first_row_and_breaks_none() -> None:
    lines = told("collect").splitlines()
    assert lines[0].split() == ["source", "pages", "papers", "arrived", "skipped", "error"]
    assert len(lines) == 2
    listed = told("source", "list").splitlines()
    assert "http://127.0.0.1:1/papers" in listed[1]
    assert "moved_from" not in listed[0]


def test_a_line_break_in_a_name_or_a_reason_breaks_no_row(data: Path) -> None:
    file = data / "a\nb.txt"
    file.write_text(FILE)
    assert "The source is kept." in told("source", "add", str(file))
    (row,) = (line for line in told("source", "list").splitlines() if "capture" in line)
    assert f"{data}/a b.txt" in row
    assert "(a wrong title and its link)" in told("hold", "a wrong title\nand its link\n")
    (row,) = (line for line in told("status").splitlines() if line.startswith("hold"))
    assert row.rstrip().endswith(": a wrong title and its link")


def test_a_narrow_terminal_shows_a_wide_row_cell_by_cell() -> None:
    assert run("collect")[0] == 1
    shown = on_a_terminal("source", "list", columns=60)
    named = [line.split() for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()]
    assert ["url", "http://127.0.0.1:1/papers"] in named


def test_a_catalogue_without_such_a_category_ends_with_3() -> None:
    assert run("source", "catalogue", "zebra") == (3, [], "")
    assert run("source", "catalogue", "quantum")[0] == 0


def test_one_paper_is_not_spoken_of_as_several(data: Path) -> None:
    file = data / "page.txt"
    file.write_text(FILE)
    assert run("match", "-k", "orchids", str(file)) == (3, [], "paperround: the one paper does not match\n")


@pytest.mark.parametrize("group", ["source", "subscriber", "paper"])
def test_a_group_of_commands_installs_nothing_into_a_shell(group: str) -> None:
    assert "completion" not in told(group, "--help")


def test_a_line_of_env_that_cannot_be_read_is_named_without_what_stands_there(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / ".env").write_text("OTHER 1\n\nPAPERROUND_SECRET_KEYS s3cret\nPAPERROUND_PORT\n")
    monkeypatch.chdir(data)
    assert run("settings") == (1, [], "paperround: .env, line 3: this cannot be read; write NAME=VALUE.\n")


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["doctor"],
        ["settings"],
        ["dkim"],
        ["source", "list"],
        ["source", "catalogue", "cs."],
        ["subscriber", "list"],
        ["subscriber", "pause", ADA],
        ["why", ADA, "2501.00001"],
        ["hold", "why"],
        ["release"],
        ["send"],
        ["backup", "copy"],
    ],
    ids=" ".join,
)
def test_who_looks_where_no_service_is_leaves_nothing_behind(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "of" / "nobody"
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(data))
    code, _, said = run(*command)
    assert not data.parent.exists()
    if code not in (0, 3) and command != ["doctor"]:
        assert said.startswith("paperround: there is no database yet")
        assert code == 1


def test_whoever_has_no_database_yet_is_told_how_one_begins_and_a_hold_in_the_wrong_folder_is_none(data: Path) -> None:
    mend = f"`paperround up` or `paperround migrate` makes {data / 'paperround.sqlite3'}"
    assert mend in run("hold")[2]
    assert mend in told("doctor")
    assert list(data.iterdir()) == []
    (data / "paperround.sqlite3").touch()
    assert mend in run("status")[2]
    assert run("migrate")[0] == 0
    assert run("status")[0] == run("hold")[0] == 0


def test_sending_while_on_hold_says_why_nothing_goes_out() -> None:
    assert run("migrate")[0] == run("hold", "a wrong title")[0] == 0
    assert re.search(r"on hold since \S+: a wrong title; no mail is begun until `paperround release`", run("send")[2])
    assert run("release")[0] == 0
    assert "hold" not in run("send")[2]


def test_a_database_that_takes_no_writing_still_tells_how_things_stand(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERROUND_DATABASE_URL", postgres_database)
    assert run("migrate")[0] == 0
    assert run("status")[0] == 0
    monkeypatch.setenv(
        "PAPERROUND_DATABASE_URL", f"{postgres_database}?options=-c%20default_transaction_read_only%3Don"
    )
    code, told_rows, said = run("status", "--json")
    assert (code, told_rows[0]) == (1, {"what": "papers", "value": 0})
    assert said.startswith("paperround: nothing can be written: the database answered: cannot execute")


def test_a_file_that_is_no_database_gets_a_mend_of_its_own(data: Path) -> None:
    (data / "paperround.sqlite3").write_text("no database, but long enough to be looked at as if it were one\n" * 20)
    found = run("doctor", "--json")[1][0]
    assert found["seen"] == f"the database {data / 'paperround.sqlite3'} is no file of SQLite"
    assert found["mend"] == "run this as the user of the service, or mend PAPERROUND_DATABASE_URL"
