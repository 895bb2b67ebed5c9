"""How trials run: each is a test with a seed; its facts are kept, and one that has held in full is not run again.

`@pytest.mark.trials(row, full=N, slice=M)` runs a test with the seeds 1 to N (to M without `--full`). A failure says
how to run that trial again: PAPERROUND_TEST_SEED chooses one seed, PAPERROUND_TEST_FAULTS the file of results.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests import databases
from tests.faults import ledger
from tests.faults.ledger import Facts, Result

# A slice takes seconds; on a machine that others use too it may wait for them.
FULL_LIMIT, SLICE_LIMIT = 1800, 300
_FACTS = pytest.StashKey[Facts]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "trials(row, full, slice): run with so many seeds, under this row of the table")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("trials")
    if marker is None:
        return
    chosen = os.environ.get("PAPERROUND_TEST_SEED")
    full = metafunc.config.getoption("--full")
    count = marker.kwargs["full" if full else "slice"]
    metafunc.parametrize("seed", [int(chosen)] if chosen else range(1, count + 1))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limit = FULL_LIMIT if config.getoption("--full") else SLICE_LIMIT
    for item in items:
        if item.get_closest_marker("trials"):
            item.add_marker(pytest.mark.timeout(limit))


def pytest_runtest_setup(item: pytest.Item) -> None:
    resuming = item.config.getoption("--full") and "PAPERROUND_TEST_SEED" not in os.environ
    if resuming and any(each.held and each.full and each.trial == item.nodeid for each in ledger.results()):
        pytest.skip("this trial has held already")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    marker = item.get_closest_marker("trials")
    if marker and call.when == "call" and not report.skipped:
        full = bool(item.config.getoption("--full"))
        seed = item.callspec.params["seed"]  # type: ignore[attr-defined]
        facts = item.stash.get(_FACTS, {})
        ledger.append(Result(marker.args[0], item.nodeid, seed, full, report.passed, facts))
        if report.failed:
            whole = " --full" if full else ""
            again = f"PAPERROUND_TEST_SEED={seed} pytest{whole} '{item.nodeid}'\nmeasured: {facts}"
            report.sections.append(("run this trial again", again))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--full"):
        terminalreporter.write_line(ledger.table(ledger.results()))


@pytest.fixture
def facts(request: pytest.FixtureRequest) -> Facts:
    """What this trial measured, by name."""
    measured: Facts = {}
    request.node.stash[_FACTS] = measured
    return measured


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each database in turn."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_database"))
    return databases.sqlite(tmp_path / "paperround.sqlite3")
