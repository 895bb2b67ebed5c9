"""Whether this worker has been asked to stop, as its tasks may ask between two mails.

Comes in: the worker's own state. Goes out: yes or no, in every process of the worker. Refuses to know: tasks.
"""

from __future__ import annotations

import mmap
from typing import Any

from celery.signals import worker_init, worker_shutting_down
from celery.worker import state

# One byte that a prefork worker shares with its children: they never see what the parent's state says.
_asked = mmap.mmap(-1, 1)


@worker_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def begin(**_: Any) -> None:
    """Take another byte for a worker that begins, before it has children.

    The last one is shared with whoever else was forked by the process that loaded this, and says for good what it said.
    """
    global _asked
    _asked = mmap.mmap(-1, 1)


def stopping() -> bool:
    """Whether to begin nothing more."""
    return state.should_stop is not None or state.should_terminate is not None or _asked[0] != 0


@worker_shutting_down.connect  # type: ignore[untyped-decorator] # Celery ships no types
def stop_children(**_: Any) -> None:
    """Tell every child to come to an end with what it is at."""
    _asked[0] = 1
