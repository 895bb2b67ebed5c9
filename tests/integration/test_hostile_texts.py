"""Foreign texts on a terminal: whatever would speak to it, or turn what is read around, is shown and does nothing."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.cli.output import rows
from service.cli.screen import log
from service.errors import ParseError
from tests.forked import on_a_terminal, paperround

# Clear the screen, name the window, begin a sequence in eight bits, turn the direction, hide, delete, end the line.
WICKED = "Owned \x1b[2J\x1b]0;pwned\x07 \x9b31m \u202egnp.exe\u2066 \u200bx\x7f [red]y[/] :fire: \u2028z"
# All that the commands may say of their own: colours, and a line's end.
OURS = re.compile("\x1b\\[[0-9;]*m|\r\n|\n")
EVIL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff]")


@pytest.fixture
def feed(tmp_path: Path) -> str:
    entry: dict[str, Any] = {
        "id": "https://papers.example/1",
        "title": WICKED,
        "content_text": f"We study adapters. {WICKED} " * 3,
    }
    entry |= {"authors": [{"name": WICKED}], "url": "https://papers.example/1"}
    path = tmp_path / "feed.json"
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": WICKED, "items": [entry]}
    path.write_text(json.dumps(feed))
    return str(path)


@pytest.mark.parametrize("command", [("parse",), ("match", "-k", "adapters"), ("parse", "--json")])
def test_a_title_speaks_to_no_terminal(feed: str, command: tuple[str, ...]) -> None:
    said = on_a_terminal(*command, feed)
    assert "Owned" in said
    assert "[red]y[/] :fire:" in OURS.sub("", said)
    assert EVIL.findall(OURS.sub("", said)) == []


def test_programs_read_what_the_page_holds(feed: str) -> None:
    pages = [CliRunner().invoke(app, ["parse", "--json", feed]).stdout, paperround("parse", "--json", feed).said]
    for each in pages:
        assert EVIL.findall(OURS.sub("", each)) == []
    assert len({json.loads(each)["title"] for each in pages}) == 1


@pytest.mark.parametrize("json", [True, False])
def test_neither_does_a_row_or_a_sentence(capsys: pytest.CaptureFixture[str], json: bool) -> None:
    rows([{"title": WICKED, WICKED: "x", "all": [WICKED]}], json, empty="")
    rows([], json=False, empty=f"{WICKED} is not here")
    said = capsys.readouterr().out
    assert said.count("Owned") == 4
    assert EVIL.findall(OURS.sub("", said)) == []


def test_what_cannot_be_read_is_named_without_a_word_to_the_terminal(tmp_path: Path) -> None:
    ended = paperround("parse", str(tmp_path / WICKED))
    assert ended.code == 1
    assert EVIL.findall(OURS.sub("", ended.said)) == []
    assert "Owned ␛[2J␛]0;pwned␇ \ufffd31m \ufffdgnp.exe" in ended.said


def test_a_line_of_the_log_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    known = logging.root.handlers[:]
    logging.root.handlers.clear()
    try:
        log(clock=True)
        logging.getLogger("service.trial").warning("could not collect %s", f"{WICKED}\n07:00:00 ERROR all is lost")
        logging.getLogger("service.trial").error("no more", exc_info=ParseError(WICKED))
    finally:
        logging.root.handlers[:] = known
    said = capfd.readouterr().err
    assert EVIL.findall(OURS.sub("", said)) == []
    assert next(line for line in said.splitlines() if "lost" in line).endswith("\u240a07:00:00 ERROR all is lost")
    assert "ParseError: Owned" in said
