"""The README and the command line say the same as the code."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from service.cli import COMMANDS
from service.keywords import parse
from service.matching import Index
from service.model import Paper
from service.settings.fields import NAMES, Settings
from tests.house.code import ROOT

README = (ROOT / "README.md").read_text("utf-8")
LANGUAGE = README.split("## Keywords")[1].split("\n## ")[0]


@pytest.mark.parametrize("field", NAMES)
def test_every_setting_stands_in_the_readme_with_its_meaning(field: str) -> None:
    row = re.search(rf"^\| `PAPERROUND_{field.upper()}` \|.*$", README, re.MULTILINE)
    assert row, f"PAPERROUND_{field.upper()} has no row in the README's table"
    assert (Settings.model_fields[field].description or "").replace("|", "\\|") in row[0]


def test_the_defaults_of_the_readme_are_those_of_the_code() -> None:
    said = {name: re.search(rf"^\| `PAPERROUND_{name.upper()}` \| (.*?) \|", README, re.MULTILINE) for name in NAMES}
    fixed = {name: field.default for name, field in Settings.model_fields.items() if field.default_factory is None}
    meant = {name: " ".join(text) if isinstance(text, tuple) else str(text) for name, text in fixed.items()}
    wrong = {name: row[1] for name, row in said.items() if row and row[1] != f"`{meant.get(name)}`" and meant.get(name)}
    assert wrong == {}
    assert all(row and row[1].startswith(("none", "made")) for name, row in said.items() if meant.get(name) == "")


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
    rows = re.findall(r"^\| (`.*?) \|", LANGUAGE, re.MULTILINE)
    examples = [keyword for row in rows for keyword in re.findall(r"`([^`]+)`", row)]
    assert len(examples) > 12
    for keyword in examples:
        assert parse(keyword).text == keyword


def _finds(keyword: str, title: str) -> bool:
    return len(Index([Paper(title, "")]).find(parse(keyword)).papers) == 1


def test_keywords_find_what_the_readme_says_they_find() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.*: also .*) \|$", LANGUAGE, re.MULTILINE)
    said = [(keyword, title) for keyword, tells in rows for title in re.findall(r"\*([^*]+)\*", tells)]
    assert len(said) > 2
    assert [pair for pair in said if not _finds(*pair)] == []


def test_what_the_readme_calls_the_same_finds_each_other() -> None:
    groups = [re.findall(r"[*`]([^*`]+)[*`]", group) for group in re.findall(r"\((.*?)\)", _folding())]
    # Of a name with accents its two plain forms are not one another: poem is no spelling of pom.
    pairs = [(group[0], other) for group in groups for other in group[1:]]
    assert len(pairs) > 4
    assert [(one, other) for one, other in pairs if not (_finds(one, other) and _finds(other, one))] == []


def test_what_the_readme_says_is_never_found_is_not() -> None:
    never = re.findall(r"\*(\w+)\* never finds\s\*(\w+)\*", _folding())
    assert never
    assert [pair for pair in never if _finds(*pair)] == []


def _folding() -> str:
    return LANGUAGE.split("These are the same:")[1].split("Acronyms")[0]
