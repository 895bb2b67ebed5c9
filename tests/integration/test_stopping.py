"""A worker that ends tells its own children so, and nobody else: neither the next worker nor one of the same parent."""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from celery.signals import worker_shutting_down

from service.settings import load
from tests.forked import forks
from workers.app import make_app
from workers.embedded import Embedded
from workers.stopping import stopping


def worker(folder: str) -> None:
    """Make a worker as each process does that is one."""
    Embedded(make_app(load({}, None, data_dir=folder)))


def told_to_end(folder: str, said: Connection) -> None:
    worker(folder)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(told, 1)
        os._exit(stopping())
    worker_shutting_down.send(sender="a trial")
    os.write(tell, b"!")
    _, status = os.waitpid(child, 0)
    said.send((stopping(), os.waitstatus_to_exitcode(status)))


def begins(folder: str, said: Connection) -> None:
    worker(folder)
    said.send(stopping())


def one_after_the_other(folder: str, said: Connection) -> None:
    worker(folder)
    before = stopping()
    worker_shutting_down.send(sender="a trial")
    told = stopping()
    worker(folder)
    said.send((before, told, stopping()))


def asked(what: Callable[[str, Connection], None], folder: Path) -> object:
    """What a process of its own says; all of them have one parent, which has loaded the workers."""
    ours, theirs = forks.Pipe()
    process = forks.Process(target=what, args=(str(folder), theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join(20)


def test_a_worker_of_the_same_parent_is_not_asked_to_stop(tmp_path: Path) -> None:
    assert asked(told_to_end, tmp_path) == (True, 1)
    assert asked(begins, tmp_path) is False


def test_a_worker_that_begins_in_the_same_process_is_not_asked_to_stop(tmp_path: Path) -> None:
    assert asked(one_after_the_other, tmp_path) == (False, True, False)
