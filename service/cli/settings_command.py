"""`paperround settings`: what is set, and by what.

Comes in: the environment. Goes out: every setting with its value, secrets hidden, and its origin.
"""

from __future__ import annotations

from service.cli.output import Json, rows
from service.settings import described, look


def settings(json: Json = False) -> None:
    """Show every setting, its value with secrets hidden, and where it comes from."""
    rows([row._asdict() for row in described(look())], json, empty="")
