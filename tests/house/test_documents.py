"""The README and the command line say the same as the code."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from service.cli import COMMANDS
from service.keywords import parse
from service.settings.fields import NAMES, Settings
from tests.house.code import ROOT

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("field", NAMES)
def test_every_setting_stands_in_the_readme_with_its_meaning(field: str) -> None:
    row = re.search(rf"^\| `PAPERROUND_{field.upper()}` \|.*$", README, re.MULTILINE)
    assert row, f"PAPERROUND_{field.upper()} has no row in the README's table"
    assert (Settings.model_fields[field].description or "").replace("|", "\\|") in row[0]


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"PAPERROUND_(?!TEST_)([A-Z_]+[A-Z])", README))
    assert {name.removesuffix("_FILE") for name in named} - {name.upper() for name in NAMES} == set()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_what_the_pages_tell_to_type_and_to_set_exists(page: Path) -> None:
    said = page.read_text("utf-8")
    typed = set(re.findall(r"(?:`|&& |bin/|web |argv=)paperround ([a-z]+)", said))
    assert typed - {command for command, *_ in COMMANDS} == set()
    named = {name.removesuffix("_FILE") for name in re.findall(r"PAPERROUND_([A-Z_]+[A-Z])", said)}
    assert named - {name.upper() for name in NAMES} == set()


def _target(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


@pytest.mark.parametrize(("command", "path", "sentence"), COMMANDS)
def test_every_command_says_of_itself_what_the_list_says(command: str, path: str, sentence: str) -> None:
    target = _target(path)
    own = target.info.help if hasattr(target, "info") else target.__doc__.strip().splitlines()[0]
    assert own == sentence, command


@pytest.mark.parametrize(("command", "path", "sentence"), COMMANDS)
def test_every_command_stands_in_the_readme(command: str, path: str, sentence: str) -> None:
    assert f"`paperround {command}" in README, f"{path} ({sentence}) is not in the README"


def test_every_keyword_of_the_readme_can_be_read() -> None:
    table = README.split("## Keywords")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    examples = [keyword for row in rows for keyword in re.findall(r"`([^`]+)`", row)]
    assert len(examples) > 12
    for keyword in examples:
        assert parse(keyword).text == keyword
