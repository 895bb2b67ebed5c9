"""The demo's account of itself: one line per step, the digest as text, and where to look next.

Comes in: what happened. Goes out: lines on the terminal. Refuses to know: how any of it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from rich.markup import escape

from service.cli.screen import Screen
from service.deliveries.maildir import Letter


class Account:
    """Tells a demo as it goes."""

    def __init__(self) -> None:
        self._console = Screen(highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """One step, with what came of it and how long it took."""
        begun, said = time.monotonic(), [""]
        yield lambda text: said.append(text)
        spent = (time.monotonic() - begun) * 1000
        self._console.print(
            f"[green]✓[/] {escape(title):<34} {escape(said[-1])} [dim]{spent:.0f} ms[/]", soft_wrap=True
        )

    def old(self, day: date) -> None:
        """Say whose day it is where pages are old."""
        self._console.print(f"The pages are of {day}, so the edition is that day's; --day names another.")

    def letter(self, letter: Letter | None) -> None:
        """Show the mail as its reader sees it in a text client."""
        if letter is None:
            return
        self._console.print()
        self._console.rule(f"[bold]{escape(letter.summary.subject)}", align="left", style="dim")
        self._console.print(escape(letter.text.strip()), soft_wrap=True)
        self._console.rule(style="dim")

    def nothing(self, next_due: datetime | None) -> None:
        """Say that no mail was due."""
        when = f"; the next edition is due {next_due:%a %d %b %H:%M} UTC" if next_due else ""
        self._console.print(f"  Nothing new to send{when}.")

    def where(self, mailbox: str, front: str) -> None:
        """Say where to look."""
        self._console.print(f"\n  mailbox   {mailbox}\n  sign up   {front}", soft_wrap=True)

    def staying(self) -> None:
        """Say that the demo goes on."""
        self._console.print("\n  Both pages stay open; sign up yourself. Ctrl-C ends the demo.")

    def goodbye(self) -> None:
        """Say that it is over."""
        self._console.print("\n  The demo is over.")
