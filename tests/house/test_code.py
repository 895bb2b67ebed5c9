"""The rules of the house that a program can check: imports, sizes, docstrings, errors, what may stand in a file."""

from __future__ import annotations

import ast
import copy
import pickle
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import errors
from service.errors import KeywordError, KeywordsError, PaperRoundError
from tests.house.code import ROOT, functions, modules, name, statement_lines, tracked, tree

# A migration is written once, in the order of the tables, and never read as a whole again.
MIGRATIONS = ROOT / "service" / "store" / "migrations" / "versions"

# Words that name nothing: whatever is called so has no room of its own.
EMPTY_NAMES = re.compile(r"(?i)manager|helper|util(s|ity|ities)?$")

# Put together here, so that this file does not hold what it looks for.
_HALVES = (("py", r"pi\.org"), ("python", "hosted"), (r"registry\.", "npm"), (r"deb\.", "debian"))
REGISTRIES = re.compile("|".join(first + second for first, second in _HALVES))
MACHINE_PATHS = re.compile(r"(?<![\w.~/-])/(?:home|root|Users|work|tmp)/\w")


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield name(path), path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def test_rooms_import_only_what_the_contracts_allow() -> None:
    # A process of its own: the linter sets up logging and silences every logger there is.
    linter = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    command = [sys.executable, "-c", linter]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_functions_are_small() -> None:
    sizes = {
        f"{name(path)}:{function.lineno} {function.name}": statement_lines(function)
        for path in modules("service", "workers")
        if MIGRATIONS not in path.parents
        for function in functions(path)
    }
    assert statistics.median(sizes.values()) <= 7
    assert {where: size for where, size in sizes.items() if size > 40} == {}
    assert sum(size > 20 for size in sizes.values()) <= len(sizes) * 0.05, "over 20 lines is for rare cases"


def test_files_are_small() -> None:
    sizes = {name(path): len(path.read_text("utf-8").splitlines()) for path in modules("service", "workers")}
    assert {file: size for file, size in sizes.items() if size > 300} == {}


@pytest.mark.parametrize("folder", ["service", "workers", "tests", "bench"])
def test_every_module_says_what_it_is_for(folder: str) -> None:
    assert [name(path) for path in modules(folder) if not ast.get_docstring(tree(path))] == []


def test_commands_write_to_a_terminal_in_one_place() -> None:
    writing = re.compile(r"import Console|typer\.echo|std(?:out|err)\.write|(?<!\.)\bprint\(|basicConfig")
    found = {path.name for path in modules("service/cli") if writing.search(path.read_text("utf-8"))}
    assert found == {"__init__.py", "screen.py"}, "the first tells the release"


def test_nothing_has_an_empty_name() -> None:
    named = [
        f"{name(path)}: {node.name}"
        for path in modules("service", "workers")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and EMPTY_NAMES.search(node.name)
    ]
    assert named + [name(path) for path in modules("service", "workers") if EMPTY_NAMES.search(path.stem)] == []


def test_no_test_patches_what_it_could_hand_in() -> None:
    patched = re.compile(
        r"^\s*(?:from unittest(?:\.mock)? import|import unittest\.mock|from mock import|import mock)", re.MULTILINE
    )
    assert [name(path) for path in modules("tests", "bench") if patched.search(path.read_text("utf-8"))] == []


def test_test_names_are_sentences() -> None:
    short = [
        f"{name(path)}: {function.name}"
        for path in modules("tests")
        for function in functions(path)
        if function.name.startswith("test_") and function.name.count("_") < 3
    ]
    assert short == []


def test_no_work_is_left_as_a_note() -> None:
    notes = re.compile("TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK")
    assert [
        file for file, text in texts() if file.endswith((".py", ".html", ".txt", ".md")) and notes.search(text)
    ] == []


def test_no_file_names_a_package_registry() -> None:
    assert [file for file, text in texts() if REGISTRIES.search(text)] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {file: match[0] for file, text in texts() if (match := MACHINE_PATHS.search(text))}
    assert found == {}


def error_classes() -> list[type[PaperRoundError]]:
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PaperRoundError)]
    return sorted(found, key=lambda kind: kind.__name__)


def example(kind: type[PaperRoundError]) -> PaperRoundError:
    """An error of this kind with every field filled."""
    if kind is KeywordsError:
        return KeywordsError((KeywordError("unclosed quote", '"a', 1), KeywordError("too short", "b", None)))
    if kind is KeywordError:
        return KeywordError("unclosed quote at character 7", 'lora "x', 7)
    error = kind("One clear sentence.")
    filled = [field for field in vars(error) if not field.startswith("_")]
    values = {"transient": True, "retry_after": 30.0, "gone": True, "code": 550, "enhanced": "5.1.1"}
    return kind("One clear sentence.", *(values.get(field, "a text") for field in filled))


@pytest.mark.parametrize("kind", error_classes())
def test_every_error_survives_the_way_between_processes(kind: type[PaperRoundError]) -> None:
    error = example(kind)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is kind
        assert str(other) == str(error)
        assert other.transient == error.transient
        assert {name: str(value) for name, value in vars(other).items()} == {
            name: str(value) for name, value in vars(error).items()
        }


def test_the_error_tree_is_drawn_whole() -> None:
    drawn = ast.get_docstring(tree(Path(errors.__file__))) or ""
    assert [kind.__name__ for kind in error_classes() if kind.__name__ not in drawn] == []
