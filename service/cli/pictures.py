"""HTML → pictures, by the Chromium of this machine.

Comes in: HTML, widths, colour schemes. Goes out: PNG, as long as the page is. Refuses to know: mails.
The browser is spoken to over two pipes (its DevTools protocol, one JSON object per message, each ended by NUL), so no
port is opened; it resolves no name, so that nothing is asked for from anywhere.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from service.errors import PaperRoundError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDTHS = (360, 600, 900)
# The browser hears commands on the first of these and answers on the second.
_HEARS, _ANSWERS = 3, 4
_LONGEST = 16_000
_PATIENCE = 60
_ENDED = "Chromium has ended by itself; the mails stand there without pictures of them all"


def chromium() -> str:
    """Where Chromium is, or nothing."""
    return next((found for name in NAMES if (found := shutil.which(name))), "")


@dataclass(slots=True)
class Browser:
    """One page of a running browser."""

    commands: int
    answers: int
    session: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _heard: bytes = b""

    def picture(self, html: str, scheme: Scheme, width: int) -> bytes:
        """The whole page at this width in this colour scheme, as PNG; a page of many screens is cut."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=features)
        self._resize(width, 1)
        frame = self.ask("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self.ask("Page.setDocumentContent", frameId=frame, html=html)
        height = self.ask("Runtime.evaluate", expression="document.documentElement.scrollHeight")["result"]["value"]
        self._resize(width, max(1, min(int(height), _LONGEST)))
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its answer. Raises PaperRoundError where the browser refuses or ends."""
        number = next(self._numbers)
        command: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        self._say(json.dumps(command).encode() + b"\0")
        while (answer := self._answer()).get("id") != number:
            pass
        if "error" in answer:
            raise PaperRoundError(f"Chromium refused {method}: {answer['error'].get('message', '')}")
        result: dict[str, Any] = answer["result"]
        return result

    def _say(self, message: bytes) -> None:
        try:
            while message:
                message = message[os.write(self.commands, message) :]
        except BrokenPipeError as error:
            raise PaperRoundError(_ENDED) from error

    def _answer(self) -> dict[str, Any]:
        while b"\0" not in self._heard:
            if not select.select([self.answers], [], [], _PATIENCE)[0]:
                raise PaperRoundError(f"Chromium has not answered for {_PATIENCE} seconds")
            piece = os.read(self.answers, 1 << 16)
            if not piece:
                raise PaperRoundError(_ENDED)
            self._heard += piece
        message, _, self._heard = self._heard.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)


@contextmanager
def browser(program: str) -> Iterator[Browser]:
    """A browser with one empty page, ended with the block."""
    with tempfile.TemporaryDirectory(prefix="paperround-", ignore_cleanup_errors=True) as profile:
        hears, commands = _pipe()
        answers, speaks = _pipe()
        process = _start(program, profile, hears, speaks)
        os.close(hears)
        os.close(speaks)
        try:
            one = Browser(commands, answers)
            page = one.ask("Target.createTarget", url="about:blank")["targetId"]
            one.session = one.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            yield one
        finally:
            os.close(commands)
            os.close(answers)
            os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)


def _start(program: str, profile: str, hears: int, speaks: int) -> int:
    options = (
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe",
        "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}",
    )  # fmt: skip
    nothing = os.open(os.devnull, os.O_RDWR)
    ends = ((hears, _HEARS), (speaks, _ANSWERS), (nothing, 1), (nothing, 2))
    try:
        wires = [(os.POSIX_SPAWN_DUP2, old, new) for old, new in ends]
        return os.posix_spawn(program, [program, *options], os.environ, file_actions=wires)
    finally:
        os.close(nothing)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends lie above the numbers that the browser expects its own at."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
