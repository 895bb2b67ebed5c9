"""The command line as a shell sees it: what it prints, where, and with which exit code."""

from __future__ import annotations

import contextlib
import csv
import http.server
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from service.cli import app
from service.cli.web_server import listen
from tests.forked import begin, on_a_terminal, paperround
from tests.servers import free_port

CAPTURE = """\
Title: Low-Rank Adaptation of Small Things
PDF: https://arxiv.org/pdf/2501.00001
Summary: We study low-rank adaptation. It is a method. Short and sweet.

Title: A Survey of Low-Rank Adaptation Methods
PDF: https://arxiv.org/pdf/2501.00002
Summary: We survey everything about adapters in the last decade.

Title: Protein Folding with Neural Tangent Kernels
PDF: https://arxiv.org/pdf/2501.00003
Summary: Proteins fold, kernels help, and nothing else is needed here.
"""


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "capture.txt"
    path.write_text(CAPTURE)
    return str(path)


def run(*arguments: str, stdin: str | bytes | None = None) -> tuple[int, list[dict[str, Any]], str]:
    """Run a command; its exit code, its JSON lines, and what it said on standard error."""
    result = CliRunner().invoke(app, list(arguments), input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    lines = result.stdout.splitlines()
    return result.exit_code, [json.loads(line) for line in lines if line.startswith("{")], result.stderr


def test_parse_prints_one_object_per_paper_in_page_order(capture: str) -> None:
    code, papers, said = run("parse", capture)
    assert (code, said) == (0, "")
    assert [paper["id"] for paper in papers] == ["arxiv:2501.00001", "arxiv:2501.00002", "arxiv:2501.00003"]
    assert list(papers[0])[:8] == [
        "id",
        "title",
        "abstract",
        "authors",
        "url",
        "published",
        "categories",
        "upvotes",
    ]
    assert papers[0]["source"] == capture


def test_parse_reads_the_seeds_whole_and_merges_nothing(seeds: list[Path]) -> None:
    counts = {path.name: len(run("parse", "--json", str(path))[1]) for path in seeds}
    assert sorted(counts.values()) == [20, 47, 48, 119]
    _, papers, _ = run("parse", *map(str, seeds))
    assert len(papers) == 234
    assert len({paper["id"] for paper in papers}) == 220


def test_parse_reads_standard_input() -> None:
    code, papers, _ = run("parse", "-", stdin=CAPTURE)
    assert (code, len(papers)) == (0, 3)


def test_a_page_of_another_kind_is_named_and_ends_with_3(tmp_path: Path) -> None:
    page = tmp_path / "login.html"
    page.write_text("<html><title>Log in</title><form><input type=password name=password></form></html>")
    code, papers, said = run("parse", str(page))
    assert (code, papers) == (3, [])
    assert said.startswith(f"paperround: {page}: ")
    assert said.count("\n") == 1


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path, capture: str) -> None:
    missing = str(tmp_path / "missing.txt")
    code, papers, said = run("parse", missing, capture, str(tmp_path))
    assert (code, len(papers)) == (1, 3)
    assert f"{missing}: cannot be read: No such file or directory" in said
    assert f"{tmp_path}: cannot be read: Is a directory" in said


def test_a_missing_file_alone_is_a_failure(tmp_path: Path) -> None:
    code, papers, said = run("parse", str(tmp_path / "missing.txt"))
    assert (code, papers) == (1, [])
    assert "cannot be read" in said


def test_a_file_beyond_eight_megabytes_is_no_page(tmp_path: Path) -> None:
    big = tmp_path / "big.txt"
    with big.open("wb") as file:
        file.truncate(8_000_001)
    code, _, said = run("parse", str(big))
    assert code == 1
    assert "larger than 8 MB" in said


@pytest.mark.parametrize("body", [b"", b"\0\xff\xfe", b"{}", b"<rss", "\ud800".encode("utf-8", "surrogatepass")])
def test_bytes_that_are_no_page_end_with_3_and_a_sentence(body: bytes) -> None:
    code, papers, said = run("parse", "-", stdin=body)
    assert (code, papers) == (3, [])
    assert said.startswith("paperround: -: ")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line per request, which would mix with what the commands say."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A folder served on loopback."""
    handler = partial(Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_page_on_this_machine_may_be_fetched(served: str, capture: str) -> None:
    code, papers, said = run("parse", f"{served}/{Path(capture).name}")
    assert (code, len(papers), said) == (0, 3, "")


def test_a_page_that_is_not_there_is_a_failure_with_a_sentence(served: str) -> None:
    code, papers, said = run("parse", f"{served}/nothing")
    assert (code, papers) == (1, [])
    assert said.startswith(f"paperround: {served}/nothing: ")


def test_match_prints_the_best_first_with_every_hit(capture: str) -> None:
    code, papers, _ = run("match", "-k", "low-rank adaptation", "-k", "neural tangent kernel", capture)
    assert code == 0
    assert {paper["id"] for paper in papers} == {"arxiv:2501.00001", "arxiv:2501.00002", "arxiv:2501.00003"}
    for paper in papers:
        assert paper["hits"]
        for hit in paper["hits"]:
            assert paper[hit["field"]][hit["start"] : hit["end"]] == hit["text"]
            assert hit["keyword"] in paper["keywords"]
    first = next(paper for paper in papers if paper["id"] == "arxiv:2501.00001")
    assert [(hit["field"], hit["text"]) for hit in first["hits"]] == [
        ("title", "Low-Rank Adaptation"),
        ("abstract", "low-rank adaptation"),
    ]


@pytest.mark.parametrize(
    "exclusion", [("-k", "-survey"), ("-k-survey",), ("--keyword", "-survey"), ("--keyword=-survey",)]
)
def test_an_exclusion_may_begin_with_a_dash(capture: str, exclusion: tuple[str, ...]) -> None:
    code, papers, _ = run("match", "-k", "low-rank adaptation", *exclusion, capture)
    assert (code, [paper["id"] for paper in papers]) == (0, ["arxiv:2501.00001"])


def test_an_exclusion_alone_leaves_the_rest(capture: str) -> None:
    code, papers, _ = run("match", "-k", "-survey", capture)
    assert code == 0
    assert {paper["id"] for paper in papers} == {"arxiv:2501.00001", "arxiv:2501.00003"}


def test_a_paper_on_two_pages_matches_once(capture: str, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(CAPTURE)
    assert len(run("match", "-k", "protein", capture, str(other))[1]) == 1


def test_a_person_gets_a_table_with_the_words_highlighted(capture: str) -> None:
    listed = on_a_terminal("parse", capture)
    assert "3 papers" in listed
    assert "Protein Folding with Neural Tangent Kernels" in listed
    assert '{"id"' not in listed
    matched = on_a_terminal("match", "-k", "protein", capture)
    assert "\x1b[1;30;43mProtein\x1b[0m" in matched
    assert "arxiv:2501.00003" in matched
    assert on_a_terminal("match", "-k", "protein", "--json", capture).startswith('{"id"')


def test_nothing_found_ends_with_3(capture: str) -> None:
    code, papers, said = run("match", "-k", "graph neural network", capture)
    assert (code, papers) == (3, [])
    assert "none of the 3 papers matches" in said


def test_every_bad_keyword_is_named_with_its_place(capture: str) -> None:
    code, papers, said = run("match", "-k", 'lora "x', "-k", "protein", "-k", "a AND (", capture)
    assert (code, papers) == (2, [])
    assert "character 6" in said
    assert "Traceback" not in said
    assert said.startswith("paperround: ")


def cases(shared: Path) -> list[dict[str, str]]:
    text = (shared / "keyword-cases.tsv").read_text("utf-8").splitlines()
    return list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))


def item_of(case: dict[str, str]) -> dict[str, Any]:
    """A feed's entry with the row's text in the field the keyword speaks of, else in the abstract."""
    text = case["text"]
    fields: dict[str, dict[str, Any]] = {
        "au:": {"authors": [{"name": text}]},
        "cat:": {"tags": text.split()},
        "ti:": {"title": text},
    }
    asked = next((value for name, value in fields.items() if name in case["keyword"]), {"content_text": text})
    return {"id": "https://example.org/1", "title": "0", **asked}


def test_the_acceptance_table_holds_on_the_command_line(shared: Path, tmp_path: Path) -> None:
    wrong = []
    for number, case in enumerate(cases(shared)):
        page = tmp_path / f"{number}.json"
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": [item_of(case)]}
        page.write_text(json.dumps(feed))
        code, papers, _ = run("match", "-k", case["keyword"], str(page))
        if (code, len(papers)) != {"yes": (0, 1), "no": (3, 0), "refused": (2, 0)}[case["matches"]]:
            wrong.append((case, code))
    assert wrong == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["parse", "--help"], 0),
        (["--version"], 0),
        ([], 2),
        (["parse"], 2),
        (["prase"], 2),
        (["match", "x"], 2),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], code: int) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == code


def test_help_comes_at_once() -> None:
    """What takes a second to load, the database, the pages, the worker, is not loaded to show it."""
    asked = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "service", "--help"], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in asked.stderr.splitlines()}
    assert "subscriber" in asked.stdout
    assert "service.cli" in loaded
    assert loaded.isdisjoint(
        {"service.bootstrap", "service.web", "sqlalchemy", "pydantic", "celery", "numpy", "jinja2"}
    )


def test_settings_show_no_secret_and_every_origin(tmp_path: Path) -> None:
    paperround("migrate", PAPERROUND_DATA_DIR=str(tmp_path))
    result = paperround(
        "settings",
        "--json",
        PAPERROUND_DATA_DIR=str(tmp_path),
        PAPERROUND_SMTP_URL="",
        PAPERROUND_SERVICE_NAME="Morning",
    )
    rows = {row["name"]: row for row in map(json.loads, result.said.splitlines())}
    assert rows["PAPERROUND_SERVICE_NAME"] == {
        "name": "PAPERROUND_SERVICE_NAME",
        "value": "Morning",
        "source": "environment",
    }
    assert rows["PAPERROUND_SECRET_KEYS"]["value"] == "(hidden)"
    key = (tmp_path / "secret").read_text().split("=")[1].splitlines()[0]
    assert key not in result.said


def test_wrong_settings_end_with_1_and_all_their_sentences(tmp_path: Path) -> None:
    result = paperround(
        "settings", PAPERROUND_DATA_DIR=str(tmp_path), PAPERROUND_SIGNUP="opne", PAPERROUND_SMTP_URL="smtp://x"
    )
    assert result.code == 1
    assert result.said.startswith("paperround: 3 settings are wrong:\n- PAPERROUND_SIGNUP is 'opne'")
    assert "PAPERROUND_SECRET_KEYS is missing" in result.said
    assert "Traceback" not in result.said


@pytest.mark.parametrize(
    ("verb", "sentence"),
    [("pause", "This subscription is not confirmed yet."), ("resend", "ada@example.org is pending and has no page")],
)
def test_who_has_not_confirmed_has_nothing_to_pause_and_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, sentence: str
) -> None:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    assert run("subscriber", "add", "ada@example.org", "-k", "lora")[0] == 0
    code, _, said = run("subscriber", verb, "ada@example.org")
    assert (code, sentence in said) == (2, True)


def test_a_bounce_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    assert run("migrate")[0] == 0
    code, _, said = run("bounces", str(tmp_path / "nothing"))
    assert (code, said) == (2, f"paperround: {tmp_path / 'nothing'} cannot be read: No such file or directory\n")


def test_a_mailbox_that_cannot_be_read_or_changed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    assert run("migrate")[0] == 0
    code, _, said = run("bounces", "x" * 300)
    assert (code, said) == (2, f"paperround: {'x' * 300} cannot be read: File name too long\n")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_text("hello\n")
    (tmp_path / "cur" / "1:2,S" / "in the way").mkdir(parents=True)
    code, _, said = run("bounces", str(tmp_path), "--json")
    assert code == 1
    assert said.startswith("paperround: 1 of them could not be moved from new to cur and will be read again: ")


def test_a_reader_that_goes_away_ends_the_printing_quietly(capture: str) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "parse", capture], stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert b"Traceback" not in process.communicate(timeout=30)[1]


Up = Callable[..., tuple[ForkServerProcess, str]]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """Starts `paperround up` on a free port; whatever still runs at the end is ended."""
    started: list[ForkServerProcess] = []

    def start(command: str = "up", **environ: str) -> tuple[ForkServerProcess, str]:
        port = str(free_port())
        environ["PAPERROUND_DATA_DIR"] = str(tmp_path / "data")
        started.append(begin((command, "--port", port), environ, tmp_path / "said"))
        return started[-1], f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.join(10)


def told_to_end(process: ForkServerProcess, number: int, output: Path) -> str:
    """What a process that this signal ends well has said."""
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join(15)
    assert process.exitcode == 0
    return output.read_text("utf-8")


def ready(url: str, limit: float = 60.0) -> None:
    """Wait until the service answers."""
    begun = time.monotonic()
    while time.monotonic() < begun + limit:
        try:
            if requests.get(f"{url}/healthz", timeout=1).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer within {limit:.0f} s")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_collects_names_what_it_cannot_reach_and_stops_cleanly(
    up: Up, tmp_path: Path, number: int, served: str, capture: str
) -> None:
    away = f"http://127.0.0.1:{free_port()}/papers"
    process, url = up(PAPERROUND_SOURCES=f"{away}, {served}/{Path(capture).name}")
    ready(url)
    assert "Paper Round" in requests.get(url, timeout=5).text
    deadline = time.monotonic() + 60
    while _collected(tmp_path / "data") != (3, 1) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _collected(tmp_path / "data") == (3, 1)
    assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
    said = told_to_end(process, number, tmp_path / "said")
    assert said.rstrip().endswith("Stopped.")
    assert "Traceback" not in said
    assert f"could not collect {away}" in said
    assert "next try at" in said


@pytest.mark.parametrize("command", ["up", "web"])
def test_who_starts_what_is_on_hold_reads_so(up: Up, tmp_path: Path, command: str) -> None:
    assert paperround("migrate", PAPERROUND_DATA_DIR=str(tmp_path / "data")).code == 0
    assert paperround("hold", "a try", PAPERROUND_DATA_DIR=str(tmp_path / "data")).code == 0
    process, url = up(command, PAPERROUND_SOURCES=f"http://127.0.0.1:{free_port()}/papers")
    ready(url)
    said = told_to_end(process, signal.SIGTERM, tmp_path / "said")
    assert re.search(r"^On hold since \S+: a try\. No mail is begun until `paperround release`\.$", said, re.MULTILINE)


def _collected(data: Path) -> tuple[int, int]:
    """How many papers there are, and how many sources failed."""
    with contextlib.closing(sqlite3.connect(data / "paperround.sqlite3")) as database:
        asked = "SELECT (SELECT count(*) FROM paper), (SELECT count(*) FROM source WHERE failures > 0)"
        papers, failed = database.execute(asked).fetchone()
        return int(papers), int(failed)


def test_web_serves_the_pages_alone_once_the_database_is_ready(
    up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = paperround("web", "--port", str(free_port()), PAPERROUND_DATA_DIR=str(tmp_path / "data"))
    assert early.code == 1
    assert "\npaperround: there is no database yet: `paperround up` or `paperround migrate` makes " in early.said
    assert not (tmp_path / "data" / "paperround.sqlite3").exists()
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path / "data"))
    assert run("migrate")[0] == 0
    process, url = up("web")
    ready(url)
    assert "Traceback" not in told_to_end(process, signal.SIGTERM, tmp_path / "said")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        result = paperround("up", "--port", port, "--data", str(tmp_path))
    assert result.code == 1
    assert f"127.0.0.1 port {port} cannot be used (Address already in use). End what listens there" in result.said


@pytest.mark.parametrize("host", ["http://localhost", "192.0.2.1"])
def test_an_address_of_no_machine_of_ours_is_named(tmp_path: Path, host: str) -> None:
    result = paperround("up", "--host", host, "--port", str(free_port()), "--data", str(tmp_path))
    assert result.code == 1
    assert "PAPERROUND_HOST is an address of this machine, such as 127.0.0.1" in result.said
