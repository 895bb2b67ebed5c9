"""Standard input, as a shell or a mail server hands it over.

Comes in: nothing. Goes out: its bytes, or a sentence where there is none. Refuses to know: what they mean.
"""

from __future__ import annotations

import sys

from service.errors import InputError


def standard_input(most: int = -1) -> bytes:
    """What standard input holds, so many bytes at most. Raises InputError where it is closed."""
    if sys.stdin is None:
        raise InputError("standard input is closed; name a file, or let one be read with <")
    return sys.stdin.buffer.read(most)
