"""Where the machine has no thread left to open a connection with, the senders come to an end all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.relays import relay
from workers.fetching import MOST

# There is room for one thread and a half: that which opens the connection is there, its watch is not.
SCRIPT = """
import resource, sys, threading
from service.deliveries.smtp import SmtpMailer
from service.errors import RelayUnavailable
from service.model import Message

mailer = SmtpMailer(sys.argv[1], timeout=5)
threading.stack_size(1 << 29)
with open("/proc/self/statm") as known:
    used = int(known.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (3 << 28),) * 2)
try:
    mailer.send(Message("digest@papers.test", "ada@papers.test", b"Subject: one\\r\\n\\r\\ntext\\r\\n"))
except RelayUnavailable as error:
    print(error)
"""

LATER = """
import resource, threading
from celery import Celery
from workers.bell import CeleryBell
from workers.fetching import MOST, Fetchers

class World:
    pipeline = property(lambda self: self)
    now = collect = due_sources = lambda self, *_: []

fetchers, bell = Fetchers(), CeleryBell(Celery(broker="memory://"))
threading.stack_size(1 << 29)
with open("/proc/self/statm") as known:
    used = int(known.read().split()[0]) * resource.getpagesize()
most = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), most))
failed = 0
for ring in [bell.compose] + MOST * [lambda: fetchers.begin(World(), 1)]:
    try:
        ring()
    except RuntimeError:
        failed += 1
resource.setrlimit(resource.RLIMIT_AS, (most, most))
threading.stack_size(0)
bell.compose()
print(failed, fetchers.begin(World(), 1), fetchers.rest(5), bell.flush(5))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody says how much room a process has taken")
def test_an_opening_that_finds_no_thread_is_told_and_not_waited_for() -> None:
    with relay() as server:
        command = [sys.executable, "-c", SCRIPT, server.url]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.stdout == f"The mail server 127.0.0.1:{server.port} could not be called (RuntimeError).\n"
    assert "can't start new thread" in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody says how much room a process has taken")
def test_what_found_no_thread_finds_one_when_there_are_some_again() -> None:
    ended = subprocess.run([sys.executable, "-c", LATER], capture_output=True, text=True, timeout=30, check=False)
    assert ended.stdout == f"{MOST + 1} True True True\n", ended.stderr
