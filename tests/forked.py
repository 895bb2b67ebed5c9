"""Processes that need not load what they run: each is forked from one that has imported everything, once per run.

Comes in: a function, or the arguments of a command line. Goes out: real processes, to be signalled and waited for.
Refuses to know: what they do. A new interpreter takes one and a half seconds of work to load the service.
"""

from __future__ import annotations

import multiprocessing
import os
import pty
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from celery.__main__ import main as celery_main

from service.cli import main

LIMIT = 60.0
PROGRAMS = {"paperround": main, "celery": celery_main}

forks = multiprocessing.get_context("forkserver")
# One server per test process, so one list for all that use it.
_TRIALS = [f"tests.faults.{name}" for name in ("sender", "pages", "crowd", "sink")]
_CELERY = [
    f"celery.{name}" for name in ("apps.beat", "apps.worker", "bin.celery", "concurrency.prefork", "concurrency.thread")
]
# Not `workers`: a worker shares a byte with its children, and must make its own.
_OURS = ("service.cli.up", "service.cli.demo", "tests.preloaded")
# What is loaded only once a server starts or the first page is read.
_LATE = (
    "anyio._backends._asyncio",
    "numpy.ma",
    "pylatexenc.latex2text._defaultspecs",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "xml.sax.expatreader",
)
forks.set_forkserver_preload([*_TRIALS, *_CELERY, "kombu.transport.redis", *_OURS, *_LATE])


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code, and what it said on both streams."""

    code: int
    said: str


def begin(
    arguments: tuple[str, ...], environ: Mapping[str, str], output: Path, program: str = "paperround"
) -> ForkServerProcess:
    """Start a program with these arguments and, beside what every process has, this environment."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("PAPERROUND_")}
    process = forks.Process(target=_command, args=(program, arguments, {**inherited, **environ}, str(output)))
    process.start()
    return process


def celery(environ: Mapping[str, str], folder: Path, *arguments: str, app: str = "workers.app") -> ForkServerProcess:
    """Start `celery -A …` in this folder, where it writes NAME.log."""
    within = ("--workdir", str(folder), "-A", app)
    return begin((*within, *arguments), environ, folder / f"{arguments[0]}.log", "celery")


def paperround(*arguments: str | Path, **environ: str) -> Ended:
    """Run `paperround` to its end."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "said")
        process = begin(tuple(map(str, arguments)), environ, output)
        process.join(LIMIT)
        if process.exitcode is None:
            process.kill()
            process.join()
        return Ended(process.exitcode or 0, output.read_text("utf-8"))


def on_a_terminal(*arguments: str, columns: int = 120) -> str:
    """What a command writes when a person is looking."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    process = begin(arguments, environ, Path(os.ttyname(theirs)))
    said = b""
    while ours in wait([ours, process.sentinel]):
        said += os.read(ours, 65536)
    process.join()
    os.close(theirs)
    os.close(ours)
    assert process.exitcode == 0, said.decode()
    return said.decode()


def _command(program: str, arguments: tuple[str, ...], environ: Mapping[str, str], output: str) -> None:
    os.environ.clear()
    os.environ.update(environ)
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(written, stream)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)  # Made anew, for a terminal cannot seek.
    sys.argv = [program, *arguments]
    PROGRAMS[program]()
